/* test_simulator_sendgrid - the simulated SendGrid takes, answers and reports as the real one. */
#include "tests/simulator/sendgrid.h"

#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

#define PATH "/v3/mail/send"
#define JSON "application/json"
#define TO "\"personalizations\":[{\"to\":[{\"email\":\"ada@example.com\",\"name\":\"Ada\"}]," \
           "\"custom_args\":{\"notification_id\":\"m.0\"}}]"
#define FROM ",\"from\":{\"email\":\"notices@example.com\",\"name\":\"Notices\"}"
#define SUBJECT ",\"subject\":\"Hello\""
#define TEXT "{\"type\":\"text/plain\",\"value\":\"hi\"}"
#define HTML "{\"type\":\"text/html\",\"value\":\"<p>hi</p>\"}"
#define CONTENT ",\"content\":[" TEXT "," HTML "]"
#define REST FROM SUBJECT CONTENT
#define RIGHT "{" TO REST "}"
/* A right request with one more member. */
#define WITH(member) "{" TO REST "," member "}"
/* A right request whose only personalization is this. */
#define PERSON(members) "{\"personalizations\":[{" members "}]" REST "}"
#define ADA "\"to\":[{\"email\":\"ada@example.com\"}]"

static struct settings settings = {
    .sendgrid = { .key = "SG.key", .webhook = "http://127.0.0.1:9/webhooks/sendgrid" },
};
static const struct sample sample = { PATH, "Bearer SG.key", JSON };

static void ask(struct exchange *x, const char *body)
{
    sample_prepare(x, &sample, body);
    provider_serve(&settings, x);
}

static void expect_refused(const struct exchange *x, int status, const char *field,
                           const char *what)
{
    SCOPED(json_t) body = sample_answer(x);
    json_t *error = sample_at(body, "errors/0"), *its_field = json_object_get(error, "field");

    ck_assert_msg(!x->ok && x->id == NULL, "%s: taken", what);
    ck_assert_msg(x->answer.status == status, "%s: %d %s", what, x->answer.status,
                  x->answer.problem);
    ck_assert_str_eq(x->provider->name, "sendgrid");
    ck_assert_int_eq(json_array_size(sample_at(body, "errors")), 1);
    ck_assert_ptr_nonnull(sample_text(error, "message"));
    ck_assert_ptr_nonnull(json_object_get(error, "help"));
    if (field == NULL)
        ck_assert_msg(json_is_null(its_field), "%s: %s", what, json_string_value(its_field));
    else
        ck_assert_msg(strcmp(json_string_value(its_field), field) == 0, "%s: %s", what,
                      json_string_value(its_field));
    ck_assert_ptr_nonnull(exchange_header(x, "X-RateLimit-Reset"));
}

START_TEST(a_wrong_mail_is_refused_with_the_path_to_its_field)
{
    static const struct {
        const char *body, *field;
    } rows[] = {
        { "", NULL },
        { "[]", NULL },
        { "{\"from\":", NULL },
        { "{}", "personalizations" },
        { WITH("\"bcc\":[]"), "bcc" },
        { WITH("\"send_at\":\"1795500020\""), "send_at" },
        { WITH("\"custom_args\":{\"order\":4711}"), "custom_args.order" },
        { WITH("\"headers\":{\"X-A\":1}"), "headers.X-A" },
        { "{\"personalizations\":{}" REST "}", "personalizations" },
        { "{\"personalizations\":[]" REST "}", "personalizations" },
        { "{\"personalizations\":[1]" REST "}", "personalizations.0" },
        { PERSON(""), "personalizations.0.to" },
        { PERSON("\"to\":[]"), "personalizations.0.to" },
        { PERSON("\"to\":\"ada@example.com\""), "personalizations.0.to" },
        { PERSON("\"to\":[\"ada@example.com\"]"), "personalizations.0.to.0" },
        { PERSON("\"to\":[{\"name\":\"Ada\"}]"), "personalizations.0.to.0.email" },
        { PERSON("\"to\":[{\"email\":\"ada\"}]"), "personalizations.0.to.0.email" },
        { PERSON("\"to\":[{\"email\":\"Ada <ada@example.com>\"}]"), "personalizations.0.to.0.email" },
        { PERSON("\"to\":[{\"email\":\"ada@example.com\",\"mail\":\"x\"}]"),
          "personalizations.0.to.0.mail" },
        { PERSON("\"to\":[{\"email\":\"ada@example.com\",\"name\":\"a\\nb\"}]"),
          "personalizations.0.to.0.name" },
        { PERSON(ADA ",\"cc\":[{\"email\":\"x\"}]"), "personalizations.0.cc.0.email" },
        { PERSON(ADA ",\"bcc\":[{\"email\":\"b@example.com\"},{\"email\":\"x\"}]"),
          "personalizations.0.bcc.1.email" },
        { PERSON(ADA ",\"cc\":[{\"email\":\"ADA@example.com\"}]"), "personalizations.0" },
        { PERSON("\"to\":[{\"email\":\"a@example.com\"},{\"email\":\"a@example.com\"}]"),
          "personalizations.0" },
        { PERSON(ADA ",\"custom_args\":{\"n\":1}"), "personalizations.0.custom_args.n" },
        { PERSON(ADA ",\"custom_args\":[]"), "personalizations.0.custom_args" },
        { PERSON(ADA ",\"headers\":{\"To\":\"x\"}"), "personalizations.0.headers.To" },
        { PERSON(ADA ",\"subject\":\"a\\r\\nb\""), "personalizations.0.subject" },
        { PERSON(ADA ",\"send_at\":1795759221"), "personalizations.0.send_at" },
        { PERSON(ADA ",\"from\":{\"email\":\"x\"}"), "personalizations.0.from.email" },
        { "{" TO SUBJECT CONTENT "}", "from.email" },
        { "{" TO SUBJECT CONTENT ",\"from\":{\"name\":\"x\"}}", "from.email" },
        { "{" TO SUBJECT CONTENT ",\"from\":{\"email\":\"x\"}}", "from.email" },
        { WITH("\"reply_to\":{\"email\":\"a@example.com\"},\"reply_to_list\":[]"), "reply_to" },
        { WITH("\"reply_to\":{\"email\":\"a\"}"), "reply_to.email" },
        { WITH("\"reply_to_list\":[{\"email\":\"a\"}]"), "reply_to_list.0.email" },
        { "{" TO FROM CONTENT "}", "subject" },
        { "{" TO FROM CONTENT ",\"subject\":\"\"}", "subject" },
        { "{" TO FROM CONTENT ",\"subject\":\"a\\nb\"}", "subject" },
        { "{" TO FROM CONTENT ",\"subject\":7}", "subject" },
        { "{" TO FROM SUBJECT "}", "content" },
        { "{" TO FROM SUBJECT ",\"content\":[]}", "content" },
        { "{" TO FROM SUBJECT ",\"content\":[\"hi\"]}", "content.0" },
        { "{" TO FROM SUBJECT ",\"content\":[{\"value\":\"hi\"}]}", "content.0.type" },
        { "{" TO FROM SUBJECT ",\"content\":[{\"type\":\"\",\"value\":\"hi\"}]}", "content.0.type" },
        { "{" TO FROM SUBJECT ",\"content\":[{\"type\":\"plain\",\"value\":\"hi\"}]}",
          "content.0.type" },
        { "{" TO FROM SUBJECT ",\"content\":[{\"type\":\"text/plain; charset=utf-8\",\"value\":\"hi\""
          "}]}",
          "content.0.type" },
        { "{" TO FROM SUBJECT ",\"content\":[{\"type\":\"text/plain\"}]}", "content.0.value" },
        { "{" TO FROM SUBJECT ",\"content\":[" TEXT ",{\"type\":\"text/html\",\"value\":\"\"}]}",
          "content.1.value" },
        { "{" TO FROM SUBJECT ",\"content\":[" HTML "," TEXT "]}", "content" },
        { "{" TO FROM SUBJECT ",\"content\":[{\"type\":\"text/x-amp-html\",\"value\":\"a\"}," HTML
          "]}",
          "content" },
        { WITH("\"attachments\":[{\"content\":\"!\",\"filename\":\"a\"}]"), "attachments.0.content" },
        { WITH("\"attachments\":[{\"filename\":\"a\"}]"), "attachments.0.content" },
        { WITH("\"attachments\":[{\"content\":\"aGk=\"}]"), "attachments.0.filename" },
        { WITH("\"headers\":{\"X-SG-ID\":\"x\"}"), "headers.X-SG-ID" },
        { WITH("\"headers\":{\"x-sg-eid\":\"x\"}"), "headers.x-sg-eid" },
        { WITH("\"headers\":{\"Received\":\"x\"}"), "headers.Received" },
        { WITH("\"headers\":{\"DKIM-Signature\":\"x\"}"), "headers.DKIM-Signature" },
        { WITH("\"headers\":{\"Content-Type\":\"x\"}"), "headers.Content-Type" },
        { WITH("\"headers\":{\"Content-Transfer-Encoding\":\"x\"}"),
          "headers.Content-Transfer-Encoding" },
        { WITH("\"headers\":{\"From\":\"x\"}"), "headers.From" },
        { WITH("\"headers\":{\"Subject\":\"x\"}"), "headers.Subject" },
        { WITH("\"headers\":{\"Reply-To\":\"x\"}"), "headers.Reply-To" },
        { WITH("\"headers\":{\"cc\":\"x\"}"), "headers.cc" },
        { WITH("\"headers\":{\"BCC\":\"x\"}"), "headers.BCC" },
        { WITH("\"headers\":{\"X A\":\"x\"}"), "headers.X A" },
        { WITH("\"headers\":{\"X-A\":\"a\\r\\nBcc: b@example.com\"}"), "headers.X-A" },
        { WITH("\"categories\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\"]"),
          "categories" },
        { WITH("\"categories\":[1]"), "categories.0" },
        { WITH("\"send_at\":1795759221"), "send_at" },
        { WITH("\"ip_pool_name\":\"x\""), "ip_pool_name" },
        { WITH("\"asm\":{}"), "asm.group_id" },
        { WITH("\"mail_settings\":{\"sandbox_mode\":{\"enable\":\"true\"}}"),
          "mail_settings.sandbox_mode.enable" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask(&x, rows[i].body);
        expect_refused(&x, 400, rows[i].field, rows[i].body);
        sample_done(&x);
    }
}
END_TEST

START_TEST(a_right_mail_is_taken)
{
    static const char *const rows[] = {
        RIGHT,
        "{" TO FROM SUBJECT ",\"content\":[" TEXT "]}",
        "{" TO FROM SUBJECT ",\"content\":[" HTML "]}",
        "{" TO FROM SUBJECT ",\"content\":[" TEXT "," HTML
        ",{\"type\":\"text/calendar\",\"value\":\"x\"}]}",
        "{\"personalizations\":[{" ADA ",\"subject\":\"s\"}]" FROM CONTENT "}",
        "{\"personalizations\":[{" ADA ",\"dynamic_template_data\":{\"a\":[1]}}]" FROM
        ",\"template_id\":\"d-1\"}",
        PERSON(ADA ",\"cc\":[{\"email\":\"b@example.com\"}],\"bcc\":[{\"email\":\"c@example.com\"}],"
                   "\"send_at\":1795759220,\"headers\":{\"X-A\":\"b\"},\"substitutions\":{\"a\":\"b\"},"
                   "\"from\":{\"email\":\"x@example.com\"}"),
        WITH("\"reply_to\":{\"email\":\"r@example.com\"},\"categories\":[\"a\",\"b\"],"
             "\"send_at\":1795759220,\"batch_id\":\"b\",\"asm\":{\"group_id\":7},\"ip_pool_name\":"
             "\"ab\",\"mail_settings\":{\"footer\":{}},\"tracking_settings\":{},\"headers\":{"
             "\"List-Unsubscribe\":\"<https://example.com/>\"},\"custom_args\":{\"a\":\"1\"},"
             "\"attachments\":[{\"content\":\"aGk=\",\"filename\":\"a.txt\"}]"),
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask(&x, rows[i]);
        ck_assert_msg(x.ok && x.answer.status == 202, "%s: %s", rows[i], x.answer.problem);
        sample_done(&x);
    }
}
END_TEST

START_TEST(the_key_comes_before_all_else)
{
    static const char *const rows[] = { NULL, "", "Bearer", "Bearer SG.ke", "Bearer SG.keys",
                                        "Basic SG.key", "SG.key" };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        sample_prepare(&x, &sample, "");
        x.request.authorization = rows[i];
        x.request.path = "/v3/nothing";
        provider_serve(&settings, &x);
        expect_refused(&x, 401, NULL, rows[i] != NULL ? rows[i] : "none");
        sample_done(&x);
    }
}
END_TEST

START_TEST(another_path_method_or_type_is_refused)
{
    static const struct {
        const char *method, *path, *type;
        int status;
    } rows[] = {
        { "POST", "/v3/mail/send/", JSON, 404 },
        { "POST", "/v3/mail", JSON, 404 },
        { "GET", PATH, JSON, 405 },
        { "POST", PATH, "application/x-www-form-urlencoded", 415 },
        { "POST", PATH, NULL, 415 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        sample_prepare(&x, &sample, RIGHT);
        x.request.method = rows[i].method;
        x.request.path = rows[i].path;
        x.request.content_type = rows[i].type;
        provider_serve(&settings, &x);
        expect_refused(&x, rows[i].status, NULL, rows[i].path);
        sample_done(&x);
    }
}
END_TEST

START_TEST(only_a_verified_sender_may_send)
{
    struct settings own = settings;
    struct exchange x;

    own.sendgrid.from = "Notices@example.com";
    sample_prepare(&x, &sample, RIGHT);
    provider_serve(&own, &x);
    ck_assert(x.ok);
    sample_done(&x);
    own.sendgrid.from = "other@example.com";
    sample_prepare(&x, &sample, RIGHT);
    provider_serve(&own, &x);
    expect_refused(&x, 403, "from", "another sender");
    sample_done(&x);
}
END_TEST

/* A request of `count` times a part between the other two; a '#' in it is its number. */
static void ask_repeated(struct exchange *x, const char *before, const char *part, int count,
                         const char *after)
{
    sample_prepare(x, &sample, before);
    x->request.body.limit = SENDGRID_BODY_MAX;
    for (int i = 0; i < count; i++)
        for (const char *c = part; *c != '\0'; c++)
            if (*c == '#')
                buf_add_i64(&x->request.body, i);
            else
                buf_addc(&x->request.body, *c);
    buf_adds(&x->request.body, after);
    provider_serve(&settings, x);
}

START_TEST(sizes_are_bounded)
{
    static const struct {
        const char *before, *part;
        int good, bad;
        const char *after, *field;
    } rows[] = {
        { "{\"personalizations\":[{\"to\":[{\"email\":\"x@example.com\"}", ",{\"email\":\"a#@example.com\"}",
          999, 1000, "]}]" REST "}", "personalizations" },
        { "{\"personalizations\":[{" ADA "}", ",{" ADA "}", 999, 1000, "]" REST "}",
          "personalizations" },
        /* {"x":"..."} has 8 bytes of its own, and the other arguments 25. */
        { "{" TO REST ",\"custom_args\":{\"x\":\"", "a", 9992 - 25, 9993 - 25, "\"}}",
          "personalizations.0.custom_args" },
        { "{\"personalizations\":[{" ADA ",\"substitutions\":{\"x\":\"", "a", 9992, 9993,
          "\"}}]" REST "}", "personalizations.0.substitutions" },
        { "{" TO FROM CONTENT ",\"subject\":\"", "a", 998, 999, "\"}", "subject" },
        { "{" TO REST ",\"categories\":[\"", "a", 255, 256, "\"]}", "categories.0" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask_repeated(&x, rows[i].before, rows[i].part, rows[i].good, rows[i].after);
        ck_assert_msg(x.answer.status == 202, "%s: %s", rows[i].before, x.answer.problem);
        sample_done(&x);
        ask_repeated(&x, rows[i].before, rows[i].part, rows[i].bad, rows[i].after);
        expect_refused(&x, 400, rows[i].field, rows[i].before);
        sample_done(&x);
    }
}
END_TEST

START_TEST(a_mail_of_more_than_30_megabytes_is_refused)
{
    struct exchange x;

    sample_prepare(&x, &sample, "");
    x.request.body.overflowed = true;
    provider_serve(&settings, &x);
    expect_refused(&x, 413, NULL, "too large");
    ck_assert_uint_eq(sendgrid_provider.body_max, 30 * 1024 * 1024);
    sample_done(&x);
}
END_TEST

START_TEST(an_accepted_mail_has_its_id_in_a_header)
{
    struct exchange x;

    ask(&x, RIGHT);
    ck_assert_int_eq(x.answer.status, 202);
    ck_assert_uint_eq(x.answer.body_len, 0);
    ck_assert_str_eq(exchange_header(&x, "X-Message-Id"), x.id);
    ck_assert_int_eq(strlen(x.id), 22);
    ck_assert_str_eq(exchange_header(&x, "X-RateLimit-Limit"), "10000");
    ck_assert_str_eq(exchange_header(&x, "X-RateLimit-Remaining"), "9999");
    ck_assert_str_eq(exchange_header(&x, "X-RateLimit-Reset"), "1795500021");
    ck_assert_str_eq(x.message.to, "ada@example.com");
    ck_assert_str_eq(x.message.from, "notices@example.com");
    ck_assert_str_eq(x.message.subject, "Hello");
    ck_assert_str_eq(x.message.text, "hi");
    ck_assert_str_eq(x.message.html, "<p>hi</p>");
    ck_assert_str_eq(x.message.recipient_id, "m.0");
    ck_assert_uint_eq(x.other_count, 0);
    sample_done(&x);
}
END_TEST

START_TEST(in_the_sandbox_nothing_is_sent)
{
    struct exchange x;

    ask(&x, WITH("\"mail_settings\":{\"sandbox_mode\":{\"enable\":true}}"));
    ck_assert(x.ok);
    ck_assert_int_eq(x.answer.status, 200);
    ck_assert_ptr_null(x.id);
    ck_assert_ptr_null(exchange_header(&x, "X-Message-Id"));
    sample_done(&x);
    ask(&x, WITH("\"mail_settings\":{\"sandbox_mode\":{\"enable\":false}}"));
    ck_assert_int_eq(x.answer.status, 202);
    sample_done(&x);
}
END_TEST

START_TEST(each_recipient_has_events_of_its_own)
{
    struct exchange x;

    ask(&x, "{\"personalizations\":[{\"to\":[{\"email\":\"a@example.com\"},{\"email\":"
            "\"b+7000@example.com\"}],\"custom_args\":{\"notification_id\":\"m.1\"}},"
            "{\"to\":[{\"email\":\"c+5001@example.com\"}],\"bcc\":[{\"email\":\"d@example.com\"}]}]"
            ",\"custom_args\":{\"notification_id\":\"m.2\"}" REST "}");
    ck_assert_int_eq(x.answer.status, 202);
    ck_assert_str_eq(x.notice.to, "a@example.com");
    ck_assert_str_eq(x.notice.recipient_id, "m.1");
    ck_assert_uint_eq(x.other_count, 3);
    ck_assert_str_eq(x.others[0].to, "b+7000@example.com");
    ck_assert_str_eq(x.others[0].recipient_id, "m.1");
    ck_assert_int_eq(x.others[0].plan->steps[1].event, EVENT_UNDELIVERED);
    ck_assert_str_eq(x.others[1].recipient_id, "m.2");
    ck_assert_int_eq(x.others[1].plan->steps[1].event, EVENT_DELIVERED);
    ck_assert_str_eq(x.others[2].to, "d@example.com");
    ck_assert_int_eq(x.others[2].place, 3);
    ck_assert_str_eq(x.others[2].id, x.id);
    sample_done(&x);
}
END_TEST

static void ask_number(struct exchange *x, int number)
{
    sample_prepare(x, &sample, "");
    buf_addf(&x->request.body, "{\"personalizations\":[{\"to\":[{\"email\":\"ada+%04d@example.com\"}]"
                               "}]" REST "}", number);
    provider_serve(&settings, x);
}

START_TEST(the_last_digits_choose_the_behaviour)
{
    static const struct sample_behaviour rows[] = {
        { 1234, "delivered", 202, 0, 202 },
        { 4290, "limited_once", 429, 0, 202 },
        { 4291, "limited_always", 429, 0, 429 },
        { 4292, "limited_longer_once", 429, 0, 202 },
        { 4000, "bad_address", 400, 0, 400 },
        { 4010, "bad_credentials", 401, 0, 401 },
        { 4030, "forbidden", 403, 0, 403 },
        { 4100, "suppressed", 202, 0, 202 },
        { 4130, "too_large", 413, 0, 413 },
        { 5000, "server_error_once", 500, 0, 202 },
        { 5001, "server_error_always", 500, 0, 500 },
        { 5030, "unavailable_once", 503, 0, 202 },
        { 4080, "hang_always", 0, 0, 0 },
        { 4081, "hang_once", 0, 0, 202 },
        { 4990, "reset_always", 0, 0, 0 },
        { 4991, "reset_once", 0, 0, 202 },
        { 4992, "cut_once", 202, 0, 202 },
        { 6000, "broken_json", 202, 0, 202 },
        { 6001, "html", 202, 0, 202 },
        { 6002, "drip", 202, 0, 202 },
        { 6003, "huge", 202, 0, 202 },
        { 7000, "undelivered", 202, 0, 202 },
        { 7010, "blocked", 202, 0, 202 },
        { 7011, "deferred", 202, 0, 202 },
        { 7012, "late_bounce", 202, 0, 202 },
        { 7013, "spam_report", 202, 0, 202 },
        { 8050, "late", 202, 0, 202 },
    };

    sample_behaviours(rows, COUNT(rows), ask_number);
}
END_TEST

START_TEST(once_counts_for_an_address_and_not_for_its_number)
{
    struct exchange x;

    ask_number(&x, 5000);
    ck_assert_int_eq(x.answer.status, 500);
    sample_done(&x);
    ask(&x, "{\"personalizations\":[{\"to\":[{\"email\":\"grace+5000@example.com\"}]}]" REST "}");
    ck_assert_int_eq(x.answer.status, 500);
    sample_done(&x);
}
END_TEST

START_TEST(a_limited_request_is_told_when_to_come_back)
{
    struct exchange x;

    ask_number(&x, 4291);
    SCOPED(json_t) body = sample_answer(&x);
    ck_assert_str_eq(sample_text(body, "errors/0/message"), "too many requests");
    ck_assert(json_is_null(sample_at(body, "errors/0/field")));
    ck_assert_str_eq(exchange_header(&x, "X-RateLimit-Remaining"), "0");
    ck_assert_str_eq(exchange_header(&x, "X-RateLimit-Reset"), "1795500021");
    sample_done(&x);
    ask_number(&x, 4292);
    ck_assert_str_eq(exchange_header(&x, "X-RateLimit-Reset"), "1795500023");
    sample_done(&x);
}
END_TEST

/* An answer without a body could be neither cut nor slow. */
START_TEST(a_behaviour_of_bodies_has_a_body)
{
    static const int numbers[] = { 4992, 6000, 6001, 6002, 6003 };

    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct exchange x;

        ask_number(&x, numbers[i]);
        ck_assert_msg(x.answer.body_len > 1, "%d", numbers[i]);
        SCOPED(json_t) body = sample_answer(&x);
        ck_assert_ptr_null(body);
        sample_done(&x);
    }
}
END_TEST

START_TEST(the_last_digits_choose_the_callbacks)
{
    static const struct {
        int number;
        const char *plan;
    } rows[] = {
        { 1234, "processed delivered" },
        { 4100, "dropped" },
        { 7000, "processed bounce" },
        { 7001, "dropped" },
        { 7002, "processed processed delivered delivered" },
        { 7003, "delivered processed" },
        { 7004, "delivered" },
        { 7005, "" },
        { 7006, "!dropped processed delivered" },
        { 7007, "processed delivered open" },
        { 7010, "processed bounce" },
        { 7011, "processed deferred deferred delivered" },
        { 7012, "processed delivered bounce" },
        { 7013, "processed delivered spamreport" },
    };
    struct arena mem = ARENA_INIT;

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_str_eq(sample_plan(&sendgrid_provider, rows[i].number, &mem), rows[i].plan);
    arena_done(&mem);
}
END_TEST

#define KEY_1                                                                                    \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw" \
    "+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
#define SIGNATURE_1                                                                        \
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtE" \
    "ZtM="
#define BODY_1                                                                                     \
    "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\","        \
    "\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":"  \
    "\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":" \
    "\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n"

/* What is signed with, is judged by the published vectors. */
START_TEST(signatures_match_the_published_ones)
{
    static const struct {
        const char *key, *time, *signature, *body;
        bool right;
    } rows[] = {
        { KEY_1, "1600112502", SIGNATURE_1, BODY_1, true },
        { "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ4LIFtWztlsF7skFqOncjD1lun4H5w8XOhyOArHW9RcIx/FfEzx6ci"
          "kC/yPfUvwaX/JScE7Fc9CJD2afQ9Ok3Q==",
          "1619651159",
          "MEYCIQC/I4o6vCgqRYrTljjoVWB/GRWNtxeePlLMHr3x9ETeRQIhAIpV+03nREPTTHWSW0wIOA0EoMPdcNgXa70yCa"
          "qDJlu5",
          "[{\"email\":\"invalid@gmail.com\",\"event\":\"processed\",\"send_at\":0,\"sg_event_id\":"
          "\"cHJvY2Vzc2VkLTE5OTQyMTEyLXFOd0JMZ1BRUWpXNkRKdktRd1NBYnctMA\",\"sg_message_id\":"
          "\"qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0\",\"smtp-id\":"
          "\"<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>\",\"timestamp\":1619651146},\r\n"
          "{\"email\":\"invalid@gmail.com\",\"event\":\"bounce\",\"ip\":\"167.89.101.76\",\"reason\":"
          "\"552 5.2.2 The email account that you tried to reach is over quota and inactive. Please "
          "direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm c17si1130468pgv.34 "
          "- gsmtp\",\"sg_event_id\":\"Ym91bmNlLTAtMTk5NDIxMTItcU53QkxnUFFRalc2REp2S1F3U0Fidy0w\","
          "\"sg_message_id\":\"qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56"
          ".0\",\"smtp-id\":\"<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>\",\"status\":"
          "\"5.2.2\",\"timestamp\":1619651147,\"tls\":1,\"type\":\"blocked\"}]\r\n",
          true },
        { "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REnt"
          "lo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA==",
          "1600112502", SIGNATURE_1, BODY_1, false },
        { KEY_1, "1600112502",
          "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYN"
          "H3j/0=",
          BODY_1, false },
        { KEY_1, "1600112502", SIGNATURE_1, "payload", false },
        { KEY_1, "timestamp", SIGNATURE_1, BODY_1, false },
        { "no key", "1600112502", SIGNATURE_1, BODY_1, false },
        { KEY_1, "1600112502", "no signature", BODY_1, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(ecdsa_verify(rows[i].key, rows[i].signature, rows[i].time, rows[i].body,
                                   strlen(rows[i].body)) == rows[i].right,
                      "%zu", i);
}
END_TEST

START_TEST(what_is_signed_verifies_under_its_public_key)
{
    char signature[ECDSA_SIGNATURE_BYTES];
    struct ecdsa *e;
    struct error err;

    ck_assert_int_eq(ecdsa_open(&e, NULL, &err), ST_OK);
    ck_assert_int_eq(strncmp(ecdsa_public(e), "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", 36), 0);
    for (int i = 0; i < 100; i++) {
        ecdsa_sign(e, false, "1", "a", 1, signature);
        ck_assert(ecdsa_verify(ecdsa_public(e), signature, "1", "a", 1));
        ck_assert(!ecdsa_verify(ecdsa_public(e), signature, "1", "b", 1));
        ecdsa_sign(e, true, "1", "a", 1, signature);
        ck_assert(!ecdsa_verify(ecdsa_public(e), signature, "1", "a", 1));
    }
    ecdsa_close(e);
    ck_assert_int_eq(ecdsa_open(&e, "/dev/null", &err), ST_INVALID);
}
END_TEST

static const struct notice notice = {
    .provider = &sendgrid_provider, .url = "http://127.0.0.1:9/webhooks/sendgrid",
    .to = "ada@example.com", .id = "LRzXl_NHStOGhQ4kofSm_A",
    .extra = "\"notification_id\":\"m.0\",\"category\":\"codes\"", .recipient_id = "m.0",
    .first_ms = 1795500020000,
};

static json_t *callback(struct arena *mem, const struct item *items, size_t count,
                        struct post *out)
{
    struct error err;

    if (settings.sendgrid.signer == NULL) {
        struct ecdsa *signer;

        ck_assert_int_eq(ecdsa_open(&signer, NULL, &err), ST_OK);
        settings.sendgrid.signer = signer;
    }
    *out = (struct post){ .body = BUF_INIT(POST_MAX) };
    sendgrid_callback(&settings, items, count, mem, out);
    return json_read(buf_str(&out->body), out->body.len, NULL);
}

static bool is_signed(const struct post *p)
{
    return ecdsa_verify(ecdsa_public(settings.sendgrid.signer),
                        sample_header(p, "X-Twilio-Email-Event-Webhook-Signature"),
                        sample_header(p, "X-Twilio-Email-Event-Webhook-Timestamp"),
                        buf_str(&p->body), p->body.len);
}

START_TEST(a_callback_is_an_array_of_events)
{
    const struct item items[] = {
        { &notice, { EVENT_SENT, false }, 1795500020123 },
        { &notice, { EVENT_UNDELIVERED, false }, 1795500021000 },
        { &notice, { SENDGRID_BLOCKED, false }, 1795500021000 },
        { &notice, { SENDGRID_DEFERRED, false }, 1795500021000 },
        { &notice, { EVENT_READ, false }, 1795500021000 },
        { &notice, { EVENT_FAILED, false }, 1795500021000 },
    };
    struct arena mem = ARENA_INIT;
    struct post post;
    SCOPED(json_t) body = callback(&mem, items, COUNT(items), &post);

    ck_assert_str_eq(post.url, notice.url);
    ck_assert(is_signed(&post));
    ck_assert_uint_eq(json_array_size(body), COUNT(items));
    ck_assert_str_eq(sample_text(body, "0/email"), "ada@example.com");
    ck_assert_int_eq(sample_number(body, "0/timestamp"), 1795500020);
    ck_assert_str_eq(sample_text(body, "0/event"), "processed");
    ck_assert_str_eq(sample_text(body, "0/notification_id"), "m.0");
    ck_assert_str_eq(sample_text(body, "0/category"), "codes");
    ck_assert_str_eq(sample_text(body, "0/smtp-id"),
                     "<LRzXl_NHStOGhQ4kofSm_A@geopod-ismtpd-simulator>");
    ck_assert_int_eq(strncmp(sample_text(body, "0/sg_message_id"), "LRzXl_NHStOGhQ4kofSm_A.", 23),
                     0);
    ck_assert_str_eq(sample_text(body, "1/type"), "bounce");
    ck_assert_str_eq(sample_text(body, "1/status"), "5.1.1");
    ck_assert_str_eq(sample_text(body, "2/event"), "bounce");
    ck_assert_str_eq(sample_text(body, "2/type"), "blocked");
    ck_assert_str_eq(sample_text(body, "3/event"), "deferred");
    ck_assert_str_eq(sample_text(body, "3/attempt"), "1");
    ck_assert_str_eq(sample_text(body, "4/event"), "open");
    ck_assert_str_eq(sample_text(body, "5/reason"), "Bounced Address");
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(events_are_parted_and_ended_as_sendgrid_does)
{
    const struct item items[] = {
        { &notice, { EVENT_SENT, false }, 0 },
        { &notice, { EVENT_DELIVERED, false }, 0 },
    };
    struct arena mem = ARENA_INIT;
    struct post post;
    SCOPED(json_t) body = callback(&mem, items, COUNT(items), &post);
    const char *text = buf_str(&post.body);

    ck_assert_ptr_nonnull(body);
    ck_assert_int_eq(text[0], '[');
    ck_assert_ptr_nonnull(strstr(text, "},\r\n{"));
    ck_assert_str_eq(text + post.body.len - 4, "}]\r\n");
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(only_a_repeat_has_the_same_event_id)
{
    struct notice other = notice;
    const struct item items[] = {
        { &notice, { EVENT_SENT, false }, 0 },
        { &notice, { EVENT_SENT, false }, 5000 },
        { &notice, { EVENT_DELIVERED, false }, 0 },
        { &other, { EVENT_SENT, false }, 0 },
    };
    struct arena mem = ARENA_INIT;
    struct post post;

    other.place = 1;
    SCOPED(json_t) body = callback(&mem, items, COUNT(items), &post);
    ck_assert_str_eq(sample_text(body, "0/sg_event_id"), sample_text(body, "1/sg_event_id"));
    ck_assert_str_ne(sample_text(body, "0/sg_event_id"), sample_text(body, "2/sg_event_id"));
    ck_assert_str_ne(sample_text(body, "0/sg_event_id"), sample_text(body, "3/sg_event_id"));
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(a_late_bounce_knows_little)
{
    const struct item item = { &notice, { SENDGRID_LATE_BOUNCE, false }, 0 };
    struct arena mem = ARENA_INIT;
    struct post post;
    SCOPED(json_t) body = callback(&mem, &item, 1, &post);

    ck_assert_str_eq(sample_text(body, "0/email"), "ada@example.com");
    ck_assert_str_eq(sample_text(body, "0/type"), "bounce");
    ck_assert_ptr_null(sample_at(body, "0/notification_id"));
    ck_assert_ptr_null(sample_at(body, "0/sg_message_id"));
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(a_forged_callback_is_signed_by_another)
{
    const struct item item = { &notice, { EVENT_FAILED, true }, 0 };
    struct arena mem = ARENA_INIT;
    struct post post;
    SCOPED(json_t) body = callback(&mem, &item, 1, &post);

    ck_assert_ptr_nonnull(body);
    ck_assert(!is_signed(&post));
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(arguments_and_categories_come_back)
{
    static const struct {
        const char *doc, *person, *extra;
    } rows[] = {
        { "{}", "{}", NULL },
        { "{\"custom_args\":{\"a\":\"1\",\"b\":\"2\"}}", "{\"custom_args\":{\"b\":\"3\"}}",
          "\"a\":\"1\",\"b\":\"3\"" },
        { "{\"categories\":[\"x\"]}", "{}", "\"category\":\"x\"" },
        { "{\"categories\":[\"x\",\"y\"]}", "{\"custom_args\":{\"a\":\"1\"}}",
          "\"a\":\"1\",\"category\":[\"x\",\"y\"]" },
        /* SendGrid's own members win. */
        { "{}", "{\"custom_args\":{\"event\":\"delivered\",\"email\":\"x\",\"a\":\"1\"}}",
          "\"a\":\"1\"" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena mem = ARENA_INIT;
        SCOPED(json_t) doc = json_read(rows[i].doc, strlen(rows[i].doc), NULL);
        SCOPED(json_t) person = json_read(rows[i].person, strlen(rows[i].person), NULL);
        const char *extra = sendgrid_extra(&mem, doc, person);

        if (rows[i].extra == NULL)
            ck_assert_ptr_null(extra);
        else
            ck_assert_str_eq(extra, rows[i].extra);
        arena_done(&mem);
    }
}
END_TEST

START_TEST(the_documentation_names_each_behaviour)
{
    sample_expect_documented(&sendgrid_provider);
}
END_TEST

SUITE("simulator_sendgrid", a_wrong_mail_is_refused_with_the_path_to_its_field,
      a_right_mail_is_taken, the_key_comes_before_all_else, another_path_method_or_type_is_refused,
      only_a_verified_sender_may_send, sizes_are_bounded,
      a_mail_of_more_than_30_megabytes_is_refused, an_accepted_mail_has_its_id_in_a_header,
      in_the_sandbox_nothing_is_sent, each_recipient_has_events_of_its_own,
      the_last_digits_choose_the_behaviour, once_counts_for_an_address_and_not_for_its_number,
      a_limited_request_is_told_when_to_come_back, a_behaviour_of_bodies_has_a_body,
      the_last_digits_choose_the_callbacks, signatures_match_the_published_ones,
      what_is_signed_verifies_under_its_public_key, a_callback_is_an_array_of_events,
      events_are_parted_and_ended_as_sendgrid_does, only_a_repeat_has_the_same_event_id,
      a_late_bounce_knows_little, a_forged_callback_is_signed_by_another,
      arguments_and_categories_come_back, the_documentation_names_each_behaviour)
