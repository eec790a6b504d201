/* Tests of workerd/adapters/smtp: what is submitted, and what a server's answers mean. */
#include "tests/unit/suite.h"
#include "tests/unit/exchange.h"

static const struct provider_config config = {
    .name = "mail",
    .kind = "smtp",
    .base_url = "",
    .timeout_ms = 20000,
    .url = "smtp://mail.example.com:587",
    .username = "notices",
    .password = "secret",
    .starttls = STARTTLS_REQUIRED,
    .list_unsubscribe = "",
};
static const struct delivery mail = {
    .recipient_id = "019a2b3c-4d5e-7f60-8123-456789abcdef.7",
    .platform = PF_EMAIL,
    .address = "ada@example.com",
    .content = "Hello",
    .subject = "Greetings",
    .from = "Notices <notices@example.org>",
    .created_ms = 0,
    .expires_ms = -1,
    .now_ms = 1796115600000,
    .attempt = 1,
};

static const struct adapter *smtp;
static struct provider *provider;
static struct arena mem;
static struct error err;

static void open_with(const struct provider_config *cfg, const char *public_url)
{
    smtp = adapter_find("smtp");
    ck_assert_int_eq(smtp->open(&provider, cfg, public_url, &err), ST_OK);
}

static void close_all(void)
{
    smtp->close(provider);
    arena_done(&mem);
}

static void replay(const char *file, const json_t *doc)
{
    struct reply reply = exchange_reply(doc);
    struct verdict v = smtp->judge(provider, &reply, &mem);

    exchange_check_verdict(file, doc, &v);
}

START_TEST(recorded_answers_are_understood)
{
    open_with(&config, "");
    ck_assert_int_ge(exchange_each("smtp", replay), 24);
    close_all();
}
END_TEST

START_TEST(a_delivery_becomes_a_submission)
{
    struct transfer t;

    open_with(&config, "");
    ck_assert_int_eq(smtp->build(provider, &mail, &mem, &t, &err), ST_OK);
    ck_assert_int_eq(t.kind, TRANSFER_SMTP);
    ck_assert_str_eq(t.username, "notices");
    ck_assert_str_eq(t.password, "secret");
    ck_assert_str_eq(t.mail_from, "notices@example.org");
    ck_assert_str_eq(t.mail_to, "ada@example.com");
    ck_assert_int_eq(t.starttls, STARTTLS_REQUIRED);
    ck_assert_int_eq(t.timeout_ms, 20000);
    ck_assert_str_eq(t.own_id, "<019a2b3c-4d5e-7f60-8123-456789abcdef.7@example.org>");
    ck_assert_str_eq(t.body, "Date: Tue, 01 Dec 2026 09:00:00 +0000\r\n"
                             "From: \"Notices\" <notices@example.org>\r\n"
                             "To: ada@example.com\r\n"
                             "Subject: Greetings\r\n"
                             "Message-ID: <019a2b3c-4d5e-7f60-8123-456789abcdef.7@example.org>\r\n"
                             "MIME-Version: 1.0\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n"
                             "\r\n"
                             "Hello\r\n");
    ck_assert_uint_eq(strlen(t.body), t.body_len);
    close_all();
}
END_TEST

START_TEST(the_ehlo_name_is_the_public_host)
{
    static const struct {
        const char *url, *public_url, *full;
    } rows[] = {
        { "smtp://m:25", "", "smtp://m:25/" },
        { "smtp://m:25", "https://notify.example.com", "smtp://m:25/notify.example.com" },
        { "smtp://m:25/", "https://notify.example.com:8443/x", "smtp://m:25/notify.example.com" },
        { "smtp://m:25/mx.example.org", "https://notify.example.com",
          "smtp://m:25/mx.example.org" },
        { "smtps://m", "http://localhost", "smtps://m/localhost" },
        { "smtps://m", "http://127.0.0.1:80", "smtps://m/" },
        { "smtps://m", "http://[::1]:80", "smtps://m/" },
        { "smtps://m", "http://user@host", "smtps://m/" },
        { "smtps://m", "http://", "smtps://m/" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_config cfg = config;
        struct transfer t;

        cfg.url = rows[i].url;
        open_with(&cfg, rows[i].public_url);
        ck_assert_int_eq(smtp->build(provider, &mail, &mem, &t, &err), ST_OK);
        ck_assert_str_eq(t.url, rows[i].full);
        close_all();
    }
}
END_TEST

START_TEST(the_way_out_of_a_list_is_in_the_mail)
{
    struct provider_config cfg = config;
    struct delivery d = mail;
    struct transfer t;

    cfg.list_unsubscribe = "<https://example.org/leave?id={id}>, <mailto:leave@example.org>";
    d.subject = NULL;
    open_with(&cfg, "");
    ck_assert_int_eq(smtp->build(provider, &d, &mem, &t, &err), ST_OK);
    ck_assert_str_eq(
        t.body, "Date: Tue, 01 Dec 2026 09:00:00 +0000\r\n"
                "From: \"Notices\" <notices@example.org>\r\n"
                "To: ada@example.com\r\n"
                "Subject: Hello\r\n"
                "Message-ID: <019a2b3c-4d5e-7f60-8123-456789abcdef.7@example.org>\r\n"
                "List-Unsubscribe:\r\n"
                " <https://example.org/leave?id=019a2b3c-4d5e-7f60-8123-456789abcdef.7>,\r\n"
                " <mailto:leave@example.org>\r\n"
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                "MIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n"
                "\r\n"
                "Hello\r\n");
    close_all();
}
END_TEST

START_TEST(without_a_login_none_is_offered)
{
    struct provider_config cfg = config;
    struct transfer t;

    cfg.username = cfg.password = "";
    open_with(&cfg, "");
    ck_assert_int_eq(smtp->build(provider, &mail, &mem, &t, &err), ST_OK);
    ck_assert_ptr_null(t.username);
    ck_assert_ptr_null(t.password);
    close_all();
}
END_TEST

START_TEST(a_configuration_that_cannot_work_is_refused)
{
    static const char *const urls[] = { "",
                                        "mail.example.com",
                                        "http://mail.example.com",
                                        "smtp://",
                                        "smtp:///x",
                                        "smtps://:465",
                                        "smtp://user:secret@mail.example.com" };
    struct provider_config cfg = config;

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cfg.url = urls[i];
        ck_assert_int_eq(adapter_find("smtp")->open(&provider, &cfg, "", &err), ST_INVALID);
        ck_assert_ptr_null(strstr(err.text, "secret"));
    }
    cfg = config;
    cfg.password = "";
    ck_assert_int_eq(adapter_find("smtp")->open(&provider, &cfg, "", &err), ST_INVALID);
    cfg = config;
    cfg.list_unsubscribe = "https://example.org/leave\r\nBcc: x";
    ck_assert_int_eq(adapter_find("smtp")->open(&provider, &cfg, "", &err), ST_INVALID);
    ck_assert_str_eq(err.text, "provider mail: list_unsubscribe must be <https://...>, "
                               "<mailto:...> or both, with a comma between them");
}
END_TEST

START_TEST(what_cannot_be_a_mail_fails_with_a_code)
{
    static const struct {
        const char *from, *subject, *address, *code;
    } rows[] = {
        { NULL, "x", "ada@example.com", "no_sender: " },
        { "notices", "x", "ada@example.com", "bad_sender: " },
        { "a@b.example\r\nBcc: c@d.example", "x", "ada@example.com", "bad_sender: " },
        { "a@b.example", "x\r\nBcc: c@d.example", "ada@example.com", "bad_header: " },
        { "a@b.example", "x\ny", "ada@example.com", "bad_header: " },
        { "a@b.example", "x", "ada@example.com\r\nBcc: c@d.example", "bad_header: " },
    };

    open_with(&config, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delivery d = mail;
        struct transfer t;

        d.from = rows[i].from;
        d.subject = rows[i].subject;
        d.address = rows[i].address;
        ck_assert_int_eq(smtp->build(provider, &d, &mem, &t, &err), ST_INVALID);
        ck_assert_ptr_eq(strstr(err.text, rows[i].code), err.text);
    }
    close_all();
}
END_TEST

START_TEST(the_largest_content_fits_a_mail)
{
    static char text[65537], html[262145];
    struct delivery d = mail;
    struct transfer t;

    memset(text, 0xFF, sizeof text - 1);
    memset(html, '=', sizeof html - 1);
    d.content = text;
    d.html = html;
    open_with(&config, "");
    ck_assert_int_eq(smtp->build(provider, &d, &mem, &t, &err), ST_OK);
    memset(html, '\n', sizeof html - 1);
    ck_assert_int_eq(smtp->build(provider, &d, &mem, &t, &err), ST_OK);
    close_all();
}
END_TEST

START_TEST(every_code_of_a_server_has_its_class)
{
    open_with(&config, "");
    for (int code = 200; code < 600; code++) {
        struct reply r = { .reach = REACH_ANSWERED,
                           .status = code,
                           .body = "x",
                           .body_len = 1,
                           .retry_after_ms = -1 };
        enum verdict_class wanted = VERDICT_UNCLEAR;

        if (code == 250)
            wanted = VERDICT_ACCEPTED;
        else if (code == 530 || code == 534 || code == 535)
            wanted = VERDICT_CREDENTIALS;
        else if (code >= 400)
            wanted = code < 500 ? VERDICT_NOT_SENT : VERDICT_REFUSED;
        ck_assert_int_eq(smtp->judge(provider, &r, &mem).class, wanted);
    }
    close_all();
}
END_TEST

/* The codes that speak of the sender or the server, their neighbours, and the same for now. */
START_TEST(a_refusal_of_the_servers_own_leaves_others_to_try)
{
    static const char *const here[] = { "5.1.7",  "5.1.8",  "5.3.4",  "5.6.7",  "5.7.1",
                                        "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24",
                                        "5.7.25", "5.7.26", "5.7.27" };

    open_with(&config, "");
    for (int subject = 0; subject < 8; subject++)
        for (int detail = 0; detail < 35; detail++)
            for (int class = 4; class <= 5; class++) {
                const char *code = arena_printf(&mem, "%d.%d.%d", class, subject, detail);
                const char *body = arena_printf(&mem, "%d50 %s no", class, code);
                struct reply r = { .reach = REACH_REFUSED,
                                   .status = class * 100 + 50,
                                   .body = body,
                                   .body_len = strlen(body),
                                   .retry_after_ms = -1 };
                struct verdict v = smtp->judge(provider, &r, &mem);
                enum verdict_class wanted = class == 4 ? VERDICT_NOT_SENT : VERDICT_REFUSED;

                for (size_t i = 0; i < sizeof here / sizeof *here; i++)
                    if (strcmp(here[i], code) == 0)
                        wanted = VERDICT_REFUSED_HERE;
                ck_assert_msg(v.class == wanted, "%s is %s", code, verdict_name(v.class));
                ck_assert_str_eq(v.code, code);
                ck_assert_str_eq(v.message, "no");
            }
    close_all();
}
END_TEST

START_TEST(a_server_that_offers_no_login_of_ours_gives_no_reason)
{
    struct reply r = { .reach = REACH_CREDENTIALS,
                       .status = 250,
                       .body = "250-mail.example.com\r\n250 AUTH GSSAPI\r\n",
                       .body_len = 39,
                       .retry_after_ms = -1,
                       .trouble = "Login denied" };
    struct verdict v;

    open_with(&config, "");
    v = smtp->judge(provider, &r, &mem);
    ck_assert_int_eq(v.class, VERDICT_CREDENTIALS);
    ck_assert_str_eq(v.code, "login_refused");
    ck_assert_str_eq(v.message, "Login denied");
    close_all();
}
END_TEST

SUITE("smtp", recorded_answers_are_understood, a_delivery_becomes_a_submission,
      the_way_out_of_a_list_is_in_the_mail, the_ehlo_name_is_the_public_host,
      without_a_login_none_is_offered, a_configuration_that_cannot_work_is_refused,
      what_cannot_be_a_mail_fails_with_a_code, the_largest_content_fits_a_mail, every_code_of_a_server_has_its_class,
      a_refusal_of_the_servers_own_leaves_others_to_try,
      a_server_that_offers_no_login_of_ours_gives_no_reason)
