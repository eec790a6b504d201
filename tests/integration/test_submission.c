/* What kind = smtp says to a mail server, and what becomes of a mail wherever it is refused. */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/transport/transport.h"
#include "tests/unit/suite.h"
#include "workerd/adapters/adapter.h"

static const struct transfer_limits limits = {
    .connect_ms = 5000, .low_speed_bytes = 1, .ca_bundle = "", .connections = 2
};

/* ---- a mail server of fixed answers, one connection at a time ---- */

enum step { GREETING, EHLO, MAIL, RCPT, DATA, DOT, RSET, QUIT, STEPS };

static const char *const commands[STEPS] = {
    [EHLO] = "EHLO ", [MAIL] = "MAIL ", [RCPT] = "RCPT ", [DATA] = "DATA", [RSET] = "RSET", [QUIT] = "QUIT"
};
static const char *const friendly[STEPS] = {
    [GREETING] = "220 mail.example.com ESMTP\r\n",
    [EHLO] = "250-mail.example.com\r\n250-SIZE 10000000\r\n250 8BITMIME\r\n",
    [MAIL] = "250 2.1.0 Ok\r\n",
    [RCPT] = "250 2.1.5 Ok\r\n",
    [DATA] = "354 End data with <CR><LF>.<CR><LF>\r\n",
    [DOT] = "250 2.0.0 Ok: queued as 4F1xYz\r\n",
    [RSET] = "250 2.0.0 Ok\r\n",
    [QUIT] = "221 2.0.0 Bye\r\n",
};

static struct {
    const char *answers[STEPS]; /* "": closes instead */
    char said[65536];           /* all that came, commands and mails */
    int listener;
    char url[64];
    pthread_t thread;
} server;

/* False: the client went, or we closed. */
static bool answer(int fd, enum step step)
{
    const char *text = server.answers[step];

    return *text != '\0' && send(fd, text, strlen(text), MSG_NOSIGNAL) > 0;
}

static bool hear(FILE *in, char line[1024])
{
    if (fgets(line, 1024, in) == NULL)
        return false;
    strcat(server.said, line);
    return true;
}

static bool hear_mail(FILE *in)
{
    char line[1024];

    while (hear(in, line))
        if (strcmp(line, ".\r\n") == 0)
            return true;
    return false;
}

static void converse(int fd)
{
    FILE *in = fdopen(fd, "r");
    bool goes_on = answer(fd, GREETING);
    char line[1024];

    while (goes_on && hear(in, line)) {
        goes_on = false;
        for (int i = EHLO; i < STEPS; i++)
            if (commands[i] != NULL && strncasecmp(line, commands[i], strlen(commands[i])) == 0)
                goes_on = answer(fd, (enum step)i);
        if (goes_on && strncmp(line, "DATA", 4) == 0 && *server.answers[DATA] == '3')
            goes_on = hear_mail(in) && answer(fd, DOT);
    }
    fclose(in);
}

static void *serve(void *arg)
{
    int fd;

    while ((fd = accept(server.listener, NULL, NULL)) >= 0)
        converse(fd);
    return NULL;
}

static void server_start(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;

    memcpy(server.answers, friendly, sizeof friendly);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server.listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(server.listener, 4), 0);
    ck_assert_int_eq(getsockname(server.listener, (struct sockaddr *)&at, &len), 0);
    snprintf(server.url, sizeof server.url, "smtp://127.0.0.1:%d", ntohs(at.sin_port));
    ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void server_stop(void)
{
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
}

/* ---- the client under test ---- */

static struct arena mem;
static struct provider *provider;
static struct transport *transport;

static const struct delivery mail = {
    .recipient_id = "019a2b3c-4d5e-7f60-8123-456789abcdef.7",
    .platform = PF_EMAIL,
    .address = "ada@example.com",
    .content = "Hello\n.\n..\nend",
    .subject = "Gr\xC3\xBC\xC3\x9F"
               "e",
    .from = "Notices <notices@example.org>",
    .expires_ms = -1,
    .now_ms = 1796115600000,
    .attempt = 1,
};

static void begin(void)
{
    struct provider_config cfg = { .name = "mail",
                                   .kind = "smtp",
                                   .base_url = "",
                                   .username = "",
                                   .password = "",
                                   .list_unsubscribe = "",
                                   .timeout_ms = 15000,
                                   .starttls = STARTTLS_OFF };
    struct error err;

    signal(SIGPIPE, SIG_IGN);
    ck_assert(transport_library_init());
    server_start();
    cfg.url = server.url;
    ck_assert_int_eq(
        adapter_find("smtp")->open(&provider, &cfg, "https://notify.example.com", &err), ST_OK);
    transport = transport_new(2);
}

static void end(void)
{
    transport_free(transport);
    server_stop();
    adapter_find("smtp")->close(provider);
    arena_done(&mem);
}

static struct arena *memory_of(void *owner)
{
    return &mem;
}

static struct verdict submit(void)
{
    struct transfer what;
    struct reply reply;
    struct error err;
    void *owner;

    ck_assert_int_eq(adapter_find("smtp")->build(provider, &mail, &mem, &what, &err), ST_OK);
    what.limits = &limits;
    transport_start(transport, &what, &what);
    while (!transport_next(transport, &owner, memory_of, &reply))
        transport_run(transport, -1, 100);
    return adapter_find("smtp")->judge(provider, &reply, &mem);
}

START_TEST(a_mail_is_submitted_from_us_to_one_recipient)
{
    begin();
    ck_assert_str_eq(submit().provider_id, "4F1xYz");
    ck_assert_str_eq(server.said,
                     "EHLO notify.example.com\r\n"
                     "MAIL FROM:<notices@example.org> SIZE=326\r\n"
                     "RCPT TO:<ada@example.com>\r\n"
                     "DATA\r\n"
                     "Date: Tue, 01 Dec 2026 09:00:00 +0000\r\n"
                     "From: \"Notices\" <notices@example.org>\r\n"
                     "To: ada@example.com\r\n"
                     "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"
                     "Message-ID: <019a2b3c-4d5e-7f60-8123-456789abcdef.7@example.org>\r\n"
                     "MIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n"
                     "\r\n"
                     "Hello\r\n"
                     "..\r\n"
                     "...\r\n"
                     "end\r\n"
                     ".\r\n");
    end();
}
END_TEST

START_TEST(a_refusal_means_the_same_wherever_it_comes)
{
    static const struct {
        enum step step;
        const char *answer;
        enum verdict_class class;
        const char *code, *message;
    } rows[] = {
        { GREETING, "421 4.3.2 going down\r\n", VERDICT_NOT_SENT, "4.3.2", "going down" },
        { GREETING, "554 No SMTP service here\r\n", VERDICT_NOT_SENT, "unreachable", NULL },
        { MAIL, "421 4.7.0 Too many messages\r\n", VERDICT_NOT_SENT, "4.7.0", "Too many messages" },
        { MAIL, "451 4.3.0 later\r\n", VERDICT_NOT_SENT, "4.3.0", "later" },
        { MAIL, "530 5.7.0 Authentication required\r\n", VERDICT_CREDENTIALS, "5.7.0",
          "Authentication required" },
        { MAIL, "550 5.1.8 <notices@example.org>: Domain not found\r\n", VERDICT_REFUSED_HERE,
          "5.1.8", "<[address]>: Domain not found" },
        { RCPT, "450 4.2.0 <ada@example.com>: Greylisted\r\n", VERDICT_NOT_SENT, "4.2.0",
          "<[address]>: Greylisted" },
        { RCPT, "550-5.1.1 <ada@example.com>:\r\n550-5.1.1 no such\r\n550 5.1.1 user\r\n",
          VERDICT_REFUSED, "5.1.1", "<[address]>: no such user" },
        { RCPT, "554 5.7.1 <ada@example.com>: Relay access denied\r\n", VERDICT_REFUSED_HERE,
          "5.7.1", "<[address]>: Relay access denied" },
        { DATA, "554 5.5.1 no valid recipients\r\n", VERDICT_REFUSED, "5.5.1",
          "no valid recipients" },
        { DATA, "452 4.3.1 disk full\r\n", VERDICT_NOT_SENT, "4.3.1", "disk full" },
        { DOT, "421 4.3.2 going down\r\n", VERDICT_NOT_SENT, "4.3.2", "going down" },
        { DOT, "554-5.6.0 spam\r\n554 5.6.0 of a kind\r\n", VERDICT_REFUSED, "5.6.0",
          "spam of a kind" },
        { DOT, "251 odd\r\n", VERDICT_UNCLEAR, "no_answer", "Weird server reply" },
        { DOT, "", VERDICT_UNCLEAR, "no_answer", NULL },
        { RCPT, "", VERDICT_NOT_SENT, NULL, NULL },
        { DATA, "", VERDICT_NOT_SENT, NULL, NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v;

        begin();
        server.answers[rows[i].step] = rows[i].answer;
        v = submit();
        ck_assert_msg(v.class == rows[i].class, "row %zu is %s, %s: %s", i, verdict_name(v.class),
                      v.code, v.message);
        if (rows[i].code != NULL)
            ck_assert_str_eq(v.code, rows[i].code);
        if (rows[i].message != NULL)
            ck_assert_str_eq(v.message, rows[i].message);
        end();
    }
}
END_TEST

START_TEST(a_refused_mail_leaves_the_connection_fit_for_the_next)
{
    begin();
    server.answers[RCPT] = "550 5.1.1 no such user\r\n";
    ck_assert_int_eq(submit().class, VERDICT_REFUSED);
    server.answers[RCPT] = friendly[RCPT];
    ck_assert_int_eq(submit().class, VERDICT_ACCEPTED);
    ck_assert_int_eq(submit().class, VERDICT_ACCEPTED);
    end();
}
END_TEST

SUITE_TIMEOUT("submission", 60, a_mail_is_submitted_from_us_to_one_recipient,
              a_refusal_means_the_same_wherever_it_comes,
              a_refused_mail_leaves_the_connection_fit_for_the_next)
