/* Tests of workerd/adapters/sendgrid: what is asked of SendGrid, and what its answers mean. */
#include "tests/unit/suite.h"
#include "tests/unit/exchange.h"

#define RECIPIENT "019a2b3c-4d5e-7f60-8123-456789abcdef.7"

static const struct provider_config full_config = {
    .name = "bulk",
    .kind = "sendgrid",
    .base_url = "",
    .timeout_ms = 10000,
    .api_key = "SG.s3cret-key",
    .list_unsubscribe = "<https://example.org/leave?id={id}>, <mailto:leave@example.org>",
};
static const struct delivery mail = {
    .recipient_id = RECIPIENT,
    .platform = PF_EMAIL,
    .address = "ada@example.com",
    .content = "Hello",
    .subject = "Greetings",
    .from = "notices@example.org",
    .expires_ms = -1,
    .now_ms = 1796115600000,
    .attempt = 1,
};

static const struct adapter *sendgrid;
static struct provider *provider;
static struct arena mem;
static struct error err;

static void open_with(const struct provider_config *cfg)
{
    sendgrid = adapter_find("sendgrid");
    ck_assert_int_eq(sendgrid->open(&provider, cfg, "https://notify.example.com", &err), ST_OK);
}

static void open_plain(void)
{
    struct provider_config cfg = full_config;

    cfg.list_unsubscribe = "";
    open_with(&cfg);
}

static void close_all(void)
{
    sendgrid->close(provider);
    arena_done(&mem);
}

static struct transfer build(const struct delivery *d)
{
    struct transfer t = { 0 };

    ck_assert_msg(sendgrid->build(provider, d, &mem, &t, &err) == ST_OK, "%s", err.text);
    ck_assert_uint_eq(strlen(t.body), t.body_len);
    return t;
}

static struct verdict judge(struct reply r)
{
    r.body_len = strlen(r.body);
    if (r.retry_after_ms == 0)
        r.retry_after_ms = -1;
    return sendgrid->judge(provider, &r, &mem);
}

static void replay(const char *file, const json_t *doc)
{
    const json_t *given = json_object_get(doc, "delivery");
    struct reply reply = exchange_reply(doc);
    struct verdict v = sendgrid->judge(provider, &reply, &mem);
    struct delivery d = mail;

    exchange_check_verdict(file, doc, &v);
    if (given == NULL)
        return;
    d.address = exchange_text(given, "address");
    d.from = exchange_text(given, "from");
    d.subject = exchange_text(given, "subject");
    d.content = exchange_text(given, "content");
    d.html = exchange_text(given, "html");
    exchange_check_text(file, "request", build(&d).body, exchange_text(doc, "request"));
}

START_TEST(recorded_exchanges_are_understood)
{
    open_with(&full_config);
    ck_assert_int_ge(exchange_each("sendgrid", replay), 22);
    close_all();
}
END_TEST

START_TEST(the_key_signs_in)
{
    struct transfer t;

    open_plain();
    t = build(&mail);
    ck_assert_int_eq(t.kind, TRANSFER_HTTP);
    ck_assert_ptr_null(t.method);
    ck_assert_str_eq(t.url, "https://api.sendgrid.com/v3/mail/send");
    ck_assert_str_eq(t.headers[0], "Content-Type: application/json");
    ck_assert_str_eq(t.headers[1], "Accept: application/json");
    ck_assert_str_eq(t.headers[2], "Authorization: Bearer SG.s3cret-key");
    ck_assert_ptr_null(t.headers[3]);
    ck_assert_str_eq(t.want_headers[0], "X-Message-Id");
    ck_assert_str_eq(t.want_headers[1], "X-RateLimit-Reset");
    ck_assert_ptr_null(t.want_headers[2]);
    ck_assert_ptr_null(t.username);
    ck_assert_int_eq(t.timeout_ms, 10000);
    close_all();
}
END_TEST

START_TEST(base_url_replaces_the_host_and_keeps_the_path)
{
    struct provider_config cfg = full_config;

    cfg.base_url = "http://127.0.0.1:8080/sim";
    open_with(&cfg);
    ck_assert_str_eq(build(&mail).url, "http://127.0.0.1:8080/sim/v3/mail/send");
    close_all();
}
END_TEST

#define HEAD                                                                                       \
    "{\"personalizations\":[{\"to\":[{\"email\":\"ada@example.com\"}],"                            \
    "\"custom_args\":{\"notification_id\":\"" RECIPIENT "\"}}],"
#define FROM "\"from\":{\"email\":\"notices@example.org\"},"

START_TEST(a_delivery_becomes_a_mail_to_one_recipient)
{
    static const struct {
        const char *from, *subject, *content, *html, *body;
    } rows[] = {
        { "notices@example.org", "Greetings", "Hello", NULL,
          HEAD FROM "\"subject\":\"Greetings\","
                    "\"content\":[{\"type\":\"text/plain\",\"value\":\"Hello\"}]}" },
        { "Notices <notices@example.org>", "Greetings", "Hello", "<p>Hello</p>",
          HEAD "\"from\":{\"email\":\"notices@example.org\",\"name\":\"Notices\"},"
               "\"subject\":\"Greetings\",\"content\":["
               "{\"type\":\"text/plain\",\"value\":\"Hello\"},"
               "{\"type\":\"text/html\",\"value\":\"<p>Hello</p>\"}]}" },
        { "\"Doe, \\\"J\\\"\" <notices@example.org>",
          "Gr\xC3\xBC\xC3\x9F"
          "e",
          "\xF0\x9F\x8E\x89", NULL,
          HEAD "\"from\":{\"email\":\"notices@example.org\",\"name\":\"Doe, \\\"J\\\"\"},"
               "\"subject\":\"Gr\xC3\xBC\xC3\x9F"
               "e\","
               "\"content\":[{\"type\":\"text/plain\",\"value\":\"\xF0\x9F\x8E\x89\"}]}" },
        { "notices@example.org", "a\"b\\c/d", "\"\\\b\f\n\r\t\x01\x7F/<>&'", "",
          HEAD FROM "\"subject\":\"a\\\"b\\\\c/d\","
                    "\"content\":[{\"type\":\"text/plain\",\"value\":"
                    "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f/<>&'\"}]}" },
        { "notices@example.org", NULL, "\n Your code\nis 123456", NULL,
          HEAD FROM "\"subject\":\"Your code\","
                    "\"content\":[{\"type\":\"text/plain\",\"value\":"
                    "\"\\n Your code\\nis 123456\"}]}" },
        { "notices@example.org", "", " ", NULL,
          HEAD FROM "\"subject\":\"(no subject)\","
                    "\"content\":[{\"type\":\"text/plain\",\"value\":\" \"}]}" },
        { "notices@example.org", "\"}],\"bcc\":[{\"email\":\"x@y.example\"}],\"x\":\"", "Hello",
          NULL,
          HEAD FROM "\"subject\":\"\\\"}],\\\"bcc\\\":[{\\\"email\\\":\\\"x@y.example\\\"}],"
                    "\\\"x\\\":\\\"\","
                    "\"content\":[{\"type\":\"text/plain\",\"value\":\"Hello\"}]}" },
    };

    open_plain();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delivery d = mail;

        d.from = rows[i].from;
        d.subject = rows[i].subject;
        d.content = rows[i].content;
        d.html = rows[i].html;
        ck_assert_str_eq(build(&d).body, rows[i].body);
    }
    close_all();
}
END_TEST

START_TEST(the_way_out_of_a_list_goes_along)
{
    static const struct {
        const char *configured, *headers;
    } rows[] = {
        { "<https://example.org/{id}>",
          ",\"headers\":{\"List-Unsubscribe\":\"<https://example.org/" RECIPIENT ">\","
          "\"List-Unsubscribe-Post\":\"List-Unsubscribe=One-Click\"}}" },
        { "<http://example.org/{id}>",
          ",\"headers\":{\"List-Unsubscribe\":\"<http://example.org/" RECIPIENT ">\"}}" },
        { "<mailto:leave@example.org>",
          ",\"headers\":{\"List-Unsubscribe\":\"<mailto:leave@example.org>\"}}" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_config cfg = full_config;

        cfg.list_unsubscribe = rows[i].configured;
        open_with(&cfg);
        ck_assert_str_eq(strstr(build(&mail).body, ",\"headers\""), rows[i].headers);
        close_all();
    }
}
END_TEST

START_TEST(what_cannot_be_a_mail_fails_with_a_code)
{
    static const struct {
        const char *from, *subject, *code;
    } rows[] = {
        { NULL, "x", "no_sender: " },
        { "notices", "x", "bad_sender: " },
        { "a@b.example", "x\r\nBcc: c@d.example", "bad_header: " },
        { "a@b.example", "x\ny", "bad_header: " },
    };

    open_plain();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delivery d = mail;
        struct transfer t;

        d.from = rows[i].from;
        d.subject = rows[i].subject;
        ck_assert_int_eq(sendgrid->build(provider, &d, &mem, &t, &err), ST_INVALID);
        ck_assert_ptr_eq(strstr(err.text, rows[i].code), err.text);
    }
    close_all();
}
END_TEST

/* Every byte becomes six, as "\u0001". */
START_TEST(the_largest_content_fits_and_a_larger_one_is_refused)
{
    static char text[65537], html[300000];
    struct delivery d = mail;
    struct transfer t;
    size_t rest;

    open_plain();
    memset(text, 1, 65536);
    memset(html, 1, 262144);
    d.content = text;
    d.html = html;
    rest = (2u << 20) - build(&d).body_len;
    memset(html, 1, 262144 + rest / 6);
    memset(html + 262144 + rest / 6, 'x', rest % 6);
    ck_assert_uint_eq(build(&d).body_len, 2u << 20);
    html[262144 + rest / 6 + rest % 6] = 'x';
    ck_assert_int_eq(sendgrid->build(provider, &d, &mem, &t, &err), ST_INVALID);
    ck_assert_str_eq(err.text, "content_too_long: the mail passes 2097152 bytes");
    close_all();
}
END_TEST

START_TEST(a_configuration_that_cannot_work_is_refused)
{
    static const char *const keys[] = { "", "SG.s3cret key", "SG.s3cret\r\nX: y", "SG.\xC3\xBC",
                                        "SG.s3cret\x7F" };
    struct provider_config cfg = full_config;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cfg.api_key = keys[i];
        ck_assert_int_eq(adapter_find("sendgrid")->open(&provider, &cfg, "", &err), ST_INVALID);
        ck_assert_str_eq(err.text, "provider bulk: api_key is missing or no key");
    }
    cfg = full_config;
    cfg.list_unsubscribe = "<https://example.org>\r\nBcc: x";
    ck_assert_int_eq(adapter_find("sendgrid")->open(&provider, &cfg, "", &err), ST_INVALID);
    ck_assert_ptr_eq(strstr(err.text, "provider bulk: list_unsubscribe must be "), err.text);
}
END_TEST

START_TEST(every_status_has_its_class)
{
    static const char *const bodies[] = {
        "{\"errors\":[]}",
        "{\"errors\":[{\"message\":17,\"field\":{}}]}",
        "{}",
        "",
        "[]",
        "{\"errors\":{}}",
        "not json",
    };

    open_plain();
    for (int status = 100; status < 600; status++)
        for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
            struct verdict v = judge(
                (struct reply){ .reach = REACH_ANSWERED, .status = status, .body = bodies[i] });
            enum verdict_class wanted = VERDICT_UNCLEAR;

            if (status == 200 || status == 202)
                wanted = VERDICT_ACCEPTED;
            else if (status >= 401 && status <= 405)
                wanted = VERDICT_CREDENTIALS;
            else if (status == 421 || status == 425)
                wanted = VERDICT_NOT_SENT;
            else if (status == 429)
                wanted = VERDICT_THROTTLED;
            else if (status == 451)
                wanted = VERDICT_REFUSED_HERE;
            else if (status >= 400 && status < 500 && status != 408)
                wanted = VERDICT_REFUSED;
            ck_assert_msg(v.class == wanted, "%d is %s", status, verdict_name(v.class));
            ck_assert((v.code == NULL) == (wanted == VERDICT_ACCEPTED));
            ck_assert_ptr_null(v.provider_id);
        }
    close_all();
}
END_TEST

START_TEST(the_limits_end_is_waited_for_where_it_can_be_believed)
{
    static const struct {
        const char *reset;
        int64_t retry_after_ms;
    } rows[] = {
        { NULL, -1 },
        { "1796115600", -1 }, /* now */
        { "1796115599", -1 },
        { "1796115601", 1000 },
        { "1796119200", 3600000 },
        { "1796119201", -1 }, /* more than an hour */
        { "0", -1 },
        { "60", -1 }, /* no Unix time */
        { "-1", -1 },
        { "1796115601.5", -1 },
        { "1796115601 ", -1 },
        { "999999999999", -1 },
        { "17961156010000000000000", -1 },
        { "soon", -1 },
    };

    open_plain();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v = judge((struct reply){ .reach = REACH_ANSWERED,
                                                 .status = 429,
                                                 .body = "",
                                                 .headers = { NULL, rows[i].reset },
                                                 .now_ms = 1796115600000 });

        ck_assert_int_eq(v.class, VERDICT_THROTTLED);
        ck_assert_msg(v.retry_after_ms == rows[i].retry_after_ms, "%s: %lld", rows[i].reset,
                      (long long)v.retry_after_ms);
    }
    close_all();
}
END_TEST

START_TEST(the_providers_words_are_cut_at_300_bytes)
{
    char words[400];

    open_plain();
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    ck_assert_uint_eq(
        strlen(judge((struct reply){
                         .reach = REACH_ANSWERED,
                         .status = 400,
                         .body = arena_printf(&mem, "{\"errors\":[{\"message\":\"%s\"}]}", words) })
                   .message),
        300);
    close_all();
}
END_TEST

SUITE("sendgrid", recorded_exchanges_are_understood, the_key_signs_in,
      base_url_replaces_the_host_and_keeps_the_path, a_delivery_becomes_a_mail_to_one_recipient,
      the_way_out_of_a_list_goes_along, what_cannot_be_a_mail_fails_with_a_code,
      the_largest_content_fits_and_a_larger_one_is_refused,
      a_configuration_that_cannot_work_is_refused, every_status_has_its_class,
      the_limits_end_is_waited_for_where_it_can_be_believed,
      the_providers_words_are_cut_at_300_bytes)
