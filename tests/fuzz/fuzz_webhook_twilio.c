/* Fuzz target of Twilio's callbacks: lines of target, content type and signature, then the body. */
#include "common/model/recipient.h"
#include "fcgi/webhooks/webhook.h"
#include "tests/fuzz/fuzz.h"

static const char *signature_header(const struct webhook_request *request, const char *name)
{
    return request->context;
}

/* The text up to the end of the line, which *rest then follows. */
static char *next_line(struct arena *mem, const char **rest, const char *end)
{
    size_t left = (size_t)(end - *rest);
    const char *line = *rest, *stop = left > 0 ? memchr(line, '\n', left) : NULL;

    *rest = stop != NULL ? stop + 1 : end;
    return arena_strndup(mem, line, stop != NULL ? (size_t)(stop - line) : left);
}

static void check_report(const struct callback_report *report)
{
    char message_id[37];
    int n;

    FUZZ_EXPECT(report->provider_id != NULL && report->event_id != NULL);
    FUZZ_EXPECT(report->event_name != NULL);
    FUZZ_EXPECT(report->recipient_id == NULL ||
                recipient_id_parse(report->recipient_id, message_id, &n));
    FUZZ_EXPECT(report->event != EV_REPORTED_FAILED || report->code != NULL);
    FUZZ_EXPECT(report->message == NULL || strlen(report->message) <= 300);
}

/* A signature is never guessed, so what verify refuses is read too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider_config cfg = { .name = "main",
                                                .kind = "twilio",
                                                .auth_token = "12345,67890" };
    const struct webhook *twilio = webhook_find("/webhooks/twilio");
    const char *rest = size > 0 ? (const char *)data : "", *end = rest + size;
    struct arena mem = ARENA_INIT;
    struct webhook_request r = { .public_url = "https://notify.example.com",
                                 .header = signature_header };
    struct callback_report *reports;
    struct error err;
    size_t n;

    r.target = next_line(&mem, &rest, end);
    r.content_type = next_line(&mem, &rest, end);
    r.context = next_line(&mem, &rest, end);
    r.body = rest;
    r.body_len = (size_t)(end - rest);
    twilio->verify(&r, &cfg, &err);
    if (twilio->parse(&r, &mem, &reports, &n, &err) == ST_OK)
        for (size_t i = 0; i < n; i++)
            check_report(&reports[i]);
    arena_done(&mem);
    return 0;
}
