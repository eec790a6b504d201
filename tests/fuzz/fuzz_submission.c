/* Fuzz target of the simulated mail server: any dialogue has answers, and a bad mail is not taken. */
#include "tests/fuzz/fuzz.h"
#include "tests/simulator/mail.h"
#include "tests/simulator/smtp_session.h"

static bool log_line(void *arg, const struct exchange *x)
{
    FUZZ_EXPECT(x->request.method == NULL || strlen(x->request.method) >= 4);
    FUZZ_EXPECT(x->ok || (x->id == NULL && x->answer.status >= 400));
    return true;
}

/* What is stored keeps the rules under the widest terms. */
static bool store_mail(void *arg, const char *from, const char *to, const char *data, size_t len)
{
    struct mail_terms terms = { .from = from, .utf8 = true, .eight_bit = true };
    struct arena mem = ARENA_INIT;
    struct mail mail;

    FUZZ_EXPECT(mail_read(&mem, data, len, &terms, &mail) == NULL);
    FUZZ_EXPECT(mail.from != NULL && mail.to != NULL && mail.message_id != NULL);
    arena_done(&mem);
    return true;
}

static void check_output(struct buf *out)
{
    FUZZ_EXPECT(!buf_overflowed(out));
    FUZZ_EXPECT(out->len == 0 || out->len >= 5);
    buf_clear(out);
}

/* False: the session has ended. */
static bool feed(struct smtp_session *s, const uint8_t *bytes, size_t n)
{
    struct smtp_act act;

    smtp_session_feed(s, bytes, n);
    while (smtp_session_step(s, &act)) {
        check_output(smtp_session_output(s));
        if (act.wish == SMTP_START_TLS)
            smtp_session_secured(s);
        if (act.wish == SMTP_CLOSE || act.wish == SMTP_RESET || act.wish == SMTP_HANG)
            return false;
    }
    return true;
}

/* The first byte says who must log in and whether TLS is wanted; then line by line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t how = size > 0 ? data[0] : 0;
    struct settings settings = { .draw = { .ways = "all" },
                                 .smtp = { .user = (how & 1) != 0 ? "user" : NULL,
                                           .password = "pass",
                                           .tls = (enum smtp_tls)(how / 2 % 3) } };
    struct smtp_hooks hooks = { log_line, store_mail, NULL };
    struct smtp_session *s = smtp_session_new(&settings, &hooks, false);

    check_output(smtp_session_output(s));
    for (size_t at = 1, n; at < size; at += n) {
        const uint8_t *end = memchr(data + at, '\n', size - at);

        n = end != NULL ? (size_t)(end - data) + 1 - at : size - at;
        if (!feed(s, data + at, n))
            break;
    }
    smtp_session_free(s);
    return 0;
}
