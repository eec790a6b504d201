/* test_simulator_whatsapp - the simulated WhatsApp Cloud API takes, answers and reports as Meta's. */
#include "tests/simulator/whatsapp.h"

#include "common/crypto/digest.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

#define PHONE_ID "106540352242922"
#define PATH "/v23.0/" PHONE_ID "/messages"
#define HEAD "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
#define TO "\"to\":\"15551234567\","
#define TEXT "\"type\":\"text\",\"text\":{\"preview_url\":false,\"body\":\"hi\"}"
#define RIGHT HEAD TO TEXT "}"
#define TEMPLATE "\"type\":\"template\",\"template\":"
#define LANGUAGE "\"language\":{\"code\":\"en_US\"}"
/* A template message whose components are these. */
#define COMPONENTS(json) \
    HEAD TO TEMPLATE "{\"name\":\"notice\"," LANGUAGE ",\"components\":" json "}}"
#define BODY(parameters) COMPONENTS("[{\"type\":\"body\",\"parameters\":" parameters "}]")

static const struct settings settings = {
    .whatsapp = { .token = "secret-token",
                  .phone_id = PHONE_ID,
                  .number = "15550783881",
                  .business_id = "102290129340398",
                  .app_secret = "app-secret",
                  .webhook = "http://127.0.0.1:9/webhooks/whatsapp" },
};
static const struct sample sample = { PATH, "Bearer secret-token", "application/json" };

static void ask(struct exchange *x, const char *body)
{
    sample_prepare(x, &sample, body);
    provider_serve(&settings, x);
}

static void expect_refused(const struct exchange *x, int status, int code, const char *what)
{
    SCOPED(json_t) body = sample_answer(x);

    ck_assert_msg(!x->ok && x->id == NULL, "%s: taken", what);
    ck_assert_msg(x->answer.status == status && x->answer.code == code, "%s: %d %d %s", what,
                  x->answer.status, x->answer.code, x->answer.problem);
    ck_assert_str_eq(x->provider->name, "whatsapp");
    ck_assert_int_eq(sample_number(body, "error/code"), code);
    ck_assert_str_eq(sample_text(body, "error/type"), "OAuthException");
    ck_assert_ptr_nonnull(sample_text(body, "error/message"));
    ck_assert_int_eq(strlen(sample_text(body, "error/fbtrace_id")), 23);
}

START_TEST(a_wrong_message_is_refused_with_metas_code)
{
    static const struct {
        const char *body;
        int status, code;
    } rows[] = {
        { "", 400, 100 },
        { "[]", 400, 100 },
        { "{\"to\":", 400, 100 },
        { "{}", 400, 100 },
        { "{" TO TEXT "}", 400, 100 },
        { "{\"messaging_product\":\"Whatsapp\"," TO TEXT "}", 400, 100 },
        { "{\"messaging_product\":1," TO TEXT "}", 400, 100 },
        { "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"group\"," TO TEXT "}", 400, 100 },
        { HEAD TEXT "}", 400, 131008 },
        { HEAD "\"to\":null," TEXT "}", 400, 131008 },
        { HEAD "\"to\":\"\"," TEXT "}", 400, 131008 },
        { HEAD "\"to\":15551234567," TEXT "}", 400, 131009 },
        { HEAD "\"to\":\"1555123456a\"," TEXT "}", 400, 131009 },
        { HEAD "\"to\":\"+1 555 123 4567\"," TEXT "}", 400, 131009 },
        { HEAD "\"to\":\"05551234567\"," TEXT "}", 400, 131009 },
        { HEAD "\"to\":\"++15551234567\"," TEXT "}", 400, 131009 },
        { HEAD "\"to\":\"155512\"," TEXT "}", 400, 131009 },
        { HEAD "\"to\":\"1555123456789012\"," TEXT "}", 400, 131009 },
        { HEAD "\"to\":\"+15550783881\"," TEXT "}", 400, 131021 },
        { HEAD TO "\"type\":\"telegram\",\"telegram\":{}}", 400, 100 },
        { HEAD TO "\"type\":7}", 400, 100 },
        { HEAD TO "\"type\":null," TEXT "}", 400, 100 }, /* a name given twice */
        { HEAD TO "\"type\":\"image\",\"image\":{\"id\":\"1\"}}", 400, 131051 },
        { HEAD TO "\"type\":\"reaction\",\"reaction\":{}}", 400, 131051 },
        { HEAD TO "\"type\":\"text\"}", 400, 131008 },
        { HEAD TO "\"type\":\"text\",\"template\":{}}", 400, 131008 },
        { HEAD TO "\"type\":\"text\",\"text\":\"hi\"}", 400, 100 },
        { HEAD TO "\"type\":\"text\",\"text\":{\"body\":\"hi\",\"bodi\":1}}", 400, 100 },
        { HEAD TO "\"type\":\"text\",\"text\":{}}", 400, 131008 },
        { HEAD TO "\"type\":\"text\",\"text\":{\"body\":\"\"}}", 400, 131008 },
        { HEAD TO "\"type\":\"text\",\"text\":{\"body\":5}}", 400, 131008 },
        { HEAD TO "\"type\":\"text\",\"text\":{\"body\":\"hi\",\"preview_url\":\"no\"}}", 400, 100 },
        { HEAD TO TEMPLATE "[]}", 400, 100 },
        { HEAD TO TEMPLATE "{" LANGUAGE "}}", 400, 131008 },
        { HEAD TO TEMPLATE "{\"name\":\"\"," LANGUAGE "}}", 400, 131008 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\"}}", 400, 131008 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\",\"language\":\"en_US\"}}", 400, 131008 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\",\"language\":{\"code\":\"\"}}}", 400, 131008 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\",\"language\":{\"code\":\"en\",\"x\":1}}}", 400, 131008 },
        { HEAD TO TEMPLATE "{\"name\":\"Notice\"," LANGUAGE "}}", 404, 132001 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\",\"language\":{\"code\":\"en-US\"}}}", 404, 132001 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\",\"language\":{\"code\":\"english\"}}}", 404, 132001 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\",\"language\":{\"code\":\"en_us\"}}}", 404, 132001 },
        { HEAD TO TEMPLATE "{\"name\":\"notice\"," LANGUAGE ",\"parameters\":[]}}", 400, 100 },
        { COMPONENTS("{}"), 400, 100 },
        { COMPONENTS("[1]"), 400, 100 },
        { COMPONENTS("[{\"type\":\"footer\"}]"), 400, 100 },
        { COMPONENTS("[{\"type\":\"body\",\"text\":\"x\"}]"), 400, 100 },
        { BODY("{}"), 400, 100 },
        { BODY("[\"x\"]"), 400, 100 },
        { BODY("[{\"text\":\"x\"}]"), 400, 100 },
        { BODY("[{\"type\":\"word\",\"word\":\"x\"}]"), 400, 100 },
        { BODY("[{\"type\":\"text\"}]"), 400, 100 },
        { BODY("[{\"type\":\"text\",\"text\":\"\"}]"), 400, 100 },
        { BODY("[{\"type\":\"text\",\"text\":1}]"), 400, 100 },
        { BODY("[{\"type\":\"text\",\"text\":\"a\\nb\"}]"), 400, 100 },
        { BODY("[{\"type\":\"text\",\"text\":\"a\\tb\"}]"), 400, 100 },
        { BODY("[{\"type\":\"text\",\"text\":\"a     b\"}]"), 400, 100 },
        { BODY("[{\"type\":\"currency\"}]"), 400, 100 },
        { COMPONENTS("[{\"type\":\"button\",\"index\":\"0\"}]"), 400, 100 },
        { COMPONENTS("[{\"type\":\"button\",\"sub_type\":\"call\",\"index\":\"0\"}]"), 400, 100 },
        { COMPONENTS("[{\"type\":\"button\",\"sub_type\":\"url\"}]"), 400, 100 },
        { COMPONENTS("[{\"type\":\"button\",\"sub_type\":\"url\",\"index\":\"10\"}]"), 400, 100 },
        { COMPONENTS("[{\"type\":\"button\",\"sub_type\":\"url\",\"index\":-1}]"), 400, 100 },
        { HEAD TO "\"context\":\"x\"," TEXT "}", 400, 100 },
        { HEAD TO "\"context\":{}," TEXT "}", 400, 100 },
        { HEAD TO "\"biz_opaque_callback_data\":7," TEXT "}", 400, 100 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask(&x, rows[i].body);
        expect_refused(&x, rows[i].status, rows[i].code, rows[i].body);
        sample_done(&x);
    }
}
END_TEST

START_TEST(a_right_message_is_taken)
{
    static const char *const rows[] = {
        RIGHT,
        "{\"messaging_product\":\"whatsapp\"," TO "\"text\":{\"body\":\"hi\"}}",
        HEAD "\"to\":\"+15551234567\"," TEXT "}",
        HEAD TO "\"context\":{\"message_id\":\"wamid.x\"}," TEXT "}",
        HEAD TO "\"something_new\":1," TEXT "}",
        HEAD TO TEMPLATE "{\"name\":\"notice\"," LANGUAGE "}}",
        HEAD TO TEMPLATE "{\"name\":\"notice_2\",\"language\":{\"code\":\"fil\",\"policy\":"
                         "\"deterministic\"}}}",
        BODY("[{\"type\":\"text\",\"text\":\"a    b\"},{\"type\":\"currency\",\"currency\":{}}]"),
        COMPONENTS("[{\"type\":\"header\",\"parameters\":[{\"type\":\"image\",\"image\":{\"id\":"
                   "\"1\"}}]},{\"type\":\"BODY\"},{\"type\":\"button\",\"sub_type\":\"quick_reply\","
                   "\"index\":\"0\",\"parameters\":[{\"type\":\"payload\",\"payload\":\"p\"}]},"
                   "{\"type\":\"button\",\"sub_type\":\"url\",\"index\":1}]"),
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        ask(&x, rows[i]);
        ck_assert_msg(x.ok && x.answer.status == 200, "%s: %s", rows[i], x.answer.body);
        sample_done(&x);
    }
}
END_TEST

START_TEST(the_token_comes_before_all_else)
{
    static const char *const tokens[] = { NULL, "", "Bearer", "Bearer secret", "Basic secret-token",
                                          "Bearer secret-token2", "secret-token" };

    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct exchange x;

        sample_prepare(&x, &sample, "");
        x.request.authorization = tokens[i];
        x.request.path = "/v23.0/nothing";
        provider_serve(&settings, &x);
        expect_refused(&x, 401, 190, tokens[i] != NULL ? tokens[i] : "none");
        sample_done(&x);
    }
}
END_TEST

START_TEST(another_path_method_or_type_is_refused)
{
    static const struct {
        const char *method, *path, *type;
        int code;
    } rows[] = {
        { "POST", "/v23/" PHONE_ID "/messages", "application/json", 2500 },
        { "POST", "/v23.00/" PHONE_ID "/messages", "application/json", 2500 },
        { "POST", "/v.0/" PHONE_ID "/messages", "application/json", 2500 },
        { "POST", "/v0.0/" PHONE_ID "/messages", "application/json", 2500 },
        { "POST", "/v23.0/" PHONE_ID "/message", "application/json", 2500 },
        { "POST", "/v23.0/" PHONE_ID "/messages/", "application/json", 2500 },
        { "POST", "/v23.0/me/messages", "application/json", 2500 },
        { "POST", "/v23.0//messages", "application/json", 2500 },
        { "POST", "/v23.0/106540352242923/messages", "application/json", 100 },
        { "POST", "/v23.0/10654035224292/messages", "application/json", 100 },
        { "POST", "/v23.0/1065403522429222/messages", "application/json", 100 },
        { "GET", PATH, "application/json", 100 },
        { "POST", PATH, NULL, 100 },
        { "POST", PATH, "application/x-www-form-urlencoded", 100 },
        { "POST", PATH, "application/jsonx", 100 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        sample_prepare(&x, &sample, RIGHT);
        x.request.method = rows[i].method;
        x.request.path = rows[i].path;
        x.request.content_type = rows[i].type;
        provider_serve(&settings, &x);
        expect_refused(&x, 400, rows[i].code, rows[i].path);
        sample_done(&x);
    }
}
END_TEST

START_TEST(any_version_of_the_interface_is_taken)
{
    static const char *const paths[] = { "/v1.0/" PHONE_ID "/messages",
                                         "/v24.0/" PHONE_ID "/messages",
                                         "/v100.9/" PHONE_ID "/messages" };

    for (size_t i = 0; i < COUNT(paths); i++) {
        struct exchange x;

        sample_prepare(&x, &sample, RIGHT);
        x.request.path = paths[i];
        x.request.content_type = "application/json; charset=utf-8";
        provider_serve(&settings, &x);
        ck_assert_msg(x.ok, "%s: %s", paths[i], x.answer.problem);
        sample_done(&x);
    }
}
END_TEST

/* A right request whose text or opaque data has this many characters. */
static int status_for_length(const char *before, size_t characters, const char *after)
{
    struct exchange x;
    int status;

    sample_prepare(&x, &sample, before);
    for (size_t i = 0; i < characters; i++)
        buf_adds(&x.request.body, "\xC3\xB6");
    buf_adds(&x.request.body, after);
    provider_serve(&settings, &x);
    status = x.answer.status;
    sample_done(&x);
    return status;
}

START_TEST(lengths_are_counted_in_characters)
{
    const char *text = HEAD TO "\"text\":{\"body\":\"", *opaque = HEAD TO TEXT
                    ",\"biz_opaque_callback_data\":\"";

    ck_assert_int_eq(status_for_length(text, 4096, "\"}}"), 200);
    ck_assert_int_eq(status_for_length(text, 4097, "\"}}"), 400);
    ck_assert_int_eq(status_for_length(opaque, 512, "\"}"), 200);
    ck_assert_int_eq(status_for_length(opaque, 513, "\"}"), 400);
    ck_assert_int_eq(status_for_length(opaque, BODY_MAX, "\"}"), 413);
}
END_TEST

START_TEST(only_known_templates_are_sent_where_they_are_listed)
{
    static const struct {
        const char *template;
        int status, code;
    } rows[] = {
        { "{\"name\":\"notice\",\"language\":{\"code\":\"en\"}}", 400, 132000 },
        { "{\"name\":\"code\",\"language\":{\"code\":\"pt_BR\"}}", 200, 0 },
        { "{\"name\":\"code\",\"language\":{\"code\":\"pt\"}}", 404, 132001 },
        { "{\"name\":\"cod\",\"language\":{\"code\":\"pt_BR\"}}", 404, 132001 },
        { "{\"name\":\"notice\",\"language\":{\"code\":\"en\"},\"components\":[{\"type\":\"body\","
          "\"parameters\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}]}",
          200, 0 },
    };
    struct settings own = settings;

    own.whatsapp.templates = "notice/en/2,code/pt_BR/0";
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        sample_prepare(&x, &sample, HEAD TO TEMPLATE);
        buf_addf(&x.request.body, "%s}", rows[i].template);
        provider_serve(&own, &x);
        ck_assert_msg(x.answer.status == rows[i].status && x.answer.code == rows[i].code,
                      "%s: %d %d", rows[i].template, x.answer.status, x.answer.code);
        sample_done(&x);
    }
}
END_TEST

START_TEST(an_accepted_message_is_answered_as_meta_does)
{
    static const char number[] = "15551234567";
    uint8_t bytes[64];
    struct exchange x;
    size_t len;

    ask(&x, HEAD "\"to\":\"+15551234567\"," TEXT "}");
    SCOPED(json_t) body = sample_answer(&x);
    ck_assert_str_eq(sample_text(body, "messaging_product"), "whatsapp");
    ck_assert_str_eq(sample_text(body, "contacts/0/input"), "+15551234567");
    ck_assert_str_eq(sample_text(body, "contacts/0/wa_id"), number);
    ck_assert_str_eq(sample_text(body, "messages/0/id"), x.id);
    ck_assert_str_eq(sample_text(body, "messages/0/message_status"), "accepted");
    ck_assert_int_eq(strncmp(x.id, "wamid.HBgL", 10), 0);
    ck_assert(base64_decode(x.id + 6, strlen(x.id) - 6, bytes, &len));
    ck_assert_int_eq(memcmp(bytes + 3, number, strlen(number)), 0);
    sample_done(&x);
}
END_TEST

START_TEST(the_log_is_told_what_was_read)
{
    struct exchange x;

    ask(&x, HEAD TO "\"biz_opaque_callback_data\":\"m.1\"," TEXT "}");
    ck_assert_str_eq(x.message.to, "15551234567");
    ck_assert_str_eq(x.message.from, PHONE_ID);
    ck_assert_str_eq(x.message.text, "hi");
    ck_assert_str_eq(x.message.recipient_id, "m.1");
    ck_assert_ptr_null(x.message.template);
    sample_done(&x);
    ask(&x, BODY("[{\"type\":\"text\",\"text\":\"Ada\"},{\"type\":\"text\",\"text\":\"9:30\"}]"));
    ck_assert_str_eq(x.message.template, "notice");
    ck_assert_str_eq(x.message.text, "Ada\n9:30");
    sample_done(&x);
    ask(&x, "{\"to\":\"15551234567\",\"biz_opaque_callback_data\":\"m.2\"}");
    ck_assert(!x.ok);
    ck_assert_str_eq(x.message.to, "15551234567");
    ck_assert_str_eq(x.message.recipient_id, "m.2");
    sample_done(&x);
}
END_TEST

static void ask_number(struct exchange *x, int number)
{
    sample_prepare(x, &sample, HEAD);
    buf_addf(&x->request.body, "\"to\":\"+1555000%04d\"," TEXT "}", number);
    provider_serve(&settings, x);
}

START_TEST(the_last_digits_choose_the_behaviour)
{
    static const struct sample_behaviour rows[] = {
        { 1234, "delivered", 200, 0, 200 },
        { 4290, "limited_once", 400, 130429, 200 },
        { 4291, "limited_always", 400, 130429, 400 },
        { 4292, "pair_limited_once", 400, 131056, 200 },
        { 4293, "account_limited_once", 400, 80007, 200 },
        { 4294, "spam_limited_once", 400, 131048, 200 },
        { 4295, "limited_once", 400, 130429, 200 },
        { 4000, "bad_address", 400, 131009, 400 },
        { 4010, "bad_credentials", 401, 190, 401 },
        { 4030, "forbidden", 403, 131005, 403 },
        { 4031, "policy", 403, 368, 403 },
        { 4040, "no_account", 400, 131026, 400 },
        { 4041, "not_on_trial", 400, 131030, 400 },
        { 4042, "country_closed", 403, 130497, 403 },
        { 4043, "maintenance_once", 400, 131057, 200 },
        { 4044, "maintenance_always", 400, 131057, 400 },
        { 4100, "unsubscribed", 400, 131050, 400 },
        { 5000, "server_error_once", 500, 131000, 200 },
        { 5001, "server_error_always", 500, 131000, 500 },
        { 5030, "unavailable_once", 503, 131016, 200 },
        { 4080, "hang_always", 0, 0, 0 },
        { 4081, "hang_once", 0, 0, 200 },
        { 4990, "reset_always", 0, 0, 0 },
        { 4991, "reset_once", 0, 0, 200 },
        { 4992, "cut_once", 200, 0, 200 },
        { 6000, "broken_json", 200, 0, 200 },
        { 6001, "html", 200, 0, 200 },
        { 6002, "drip", 200, 0, 200 },
        { 6003, "huge", 200, 0, 200 },
        { 7000, "undelivered", 200, 0, 200 },
        { 7047, "window_closed", 200, 0, 200 },
        { 8050, "late", 200, 0, 200 },
    };

    sample_behaviours(rows, COUNT(rows), ask_number);
}
END_TEST

START_TEST(a_failure_has_metas_shape)
{
    struct exchange x;

    ask_number(&x, 4291);
    SCOPED(json_t) limited = sample_answer(&x);
    ck_assert_str_eq(sample_text(limited, "error/message"), "(#130429) Rate limit hit");
    ck_assert_str_eq(sample_text(limited, "error/error_data/messaging_product"), "whatsapp");
    ck_assert_ptr_nonnull(sample_text(limited, "error/error_data/details"));
    ck_assert_ptr_null(exchange_header(&x, "Retry-After"));
    sample_done(&x);
    ask_number(&x, 4010);
    SCOPED(json_t) expired = sample_answer(&x);
    ck_assert_int_eq(sample_number(expired, "error/error_subcode"), 463);
    ck_assert_ptr_null(sample_at(expired, "error/error_data"));
    sample_done(&x);
    ask_number(&x, 4293);
    ck_assert_ptr_nonnull(strstr(exchange_header(&x, "X-Business-Use-Case-Usage"),
                                 "\"estimated_time_to_regain_access\":1"));
    sample_done(&x);
}
END_TEST

START_TEST(the_last_digits_choose_the_callbacks)
{
    static const struct {
        int number;
        const char *plan;
    } rows[] = {
        { 1234, "sent delivered" },
        { 7000, "sent failed" },
        { 7001, "failed" },
        { 7002, "sent sent delivered delivered" },
        { 7003, "delivered sent" },
        { 7004, "delivered" },
        { 7005, "" },
        { 7006, "!failed sent delivered" },
        { 7007, "sent delivered read" },
        { 7047, "failed" },
    };
    struct arena mem = ARENA_INIT;

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_str_eq(sample_plan(&whatsapp_provider, rows[i].number, &mem), rows[i].plan);
    arena_done(&mem);
}
END_TEST

START_TEST(a_template_gets_through_where_the_window_is_closed)
{
    struct exchange x;

    ask_number(&x, 7047);
    ck_assert_str_eq(x.behaviour->name, "window_closed");
    sample_done(&x);
    ask(&x, HEAD "\"to\":\"15550007047\"," TEMPLATE "{\"name\":\"notice\"," LANGUAGE "}}");
    ck_assert_str_eq(x.behaviour->name, "delivered");
    sample_done(&x);
}
END_TEST

START_TEST(signatures_match_the_published_ones)
{
    static const struct {
        const char *secret, *body, *signature;
    } rows[] = {
        { "TEST_APP_SECRET", "test",
          "sha256=0c61947b610d4f45e65f3d680e26027121ec2413e77598bcb6cfc6e0d9888221" },
        { "It's a Secret to Everybody", "Hello, World!",
          "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
        { "1222e786b144d0e85b9f365372d93676",
          "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"264937493375603\","
          "\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{"
          "\"display_phone_number\":\"15550953877\",\"phone_number_id\":\"277321005464405\"},"
          "\"contacts\":[{\"profile\":{\"name\":\"PyWa Tests\"},\"wa_id\":\"972544401243\"}],"
          "\"messages\":[{\"from\":\"972544401243\",\"id\":\"wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhgg"
          "M0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA\",\"timestamp\":\"1730231903\",\"text\":{"
          "\"body\":\"Hey there! I am using PyWa.\"},\"type\":\"text\"}]},\"field\":\"messages\"}]}]}",
          "sha256=54edfa1d7259e0eb13c677cc7d73d1b5c86cfa12433d19156e058ab9251bc441" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char signature[WHATSAPP_SIGNATURE_BYTES];

        whatsapp_sign(rows[i].secret, rows[i].body, strlen(rows[i].body), signature);
        ck_assert_str_eq(signature, rows[i].signature);
    }
}
END_TEST

static const struct notice notice = {
    .url = "http://127.0.0.1:9/webhooks/whatsapp", .to = "15551234567",
    .recipient_id = "0190a6c2-0000-7000-8000-000000000000.3", .id = "wamid.HBgLMTU1",
};

static void callback(struct arena *mem, const struct item *items, size_t count, struct post *out)
{
    *out = (struct post){ .body = BUF_INIT(POST_MAX) };
    whatsapp_callback(&settings, items, count, mem, out);
}

START_TEST(a_callback_tells_what_became_of_the_message)
{
    const struct item items[] = {
        { &notice, { EVENT_SENT, false }, 1795500020123 },
        { &notice, { EVENT_UNDELIVERED, false }, 1795500021000 },
    };
    struct arena mem = ARENA_INIT;
    struct post post;

    callback(&mem, items, COUNT(items), &post);
    SCOPED(json_t) body = json_read(buf_str(&post.body), post.body.len, NULL);
    json_t *value = sample_at(body, "entry/0/changes/0/value");
    ck_assert_str_eq(post.url, notice.url);
    ck_assert_str_eq(sample_text(body, "object"), "whatsapp_business_account");
    ck_assert_str_eq(sample_text(body, "entry/0/id"), "102290129340398");
    ck_assert_str_eq(sample_text(body, "entry/0/changes/0/field"), "messages");
    ck_assert_str_eq(sample_text(value, "metadata/phone_number_id"), PHONE_ID);
    ck_assert_str_eq(sample_text(value, "metadata/display_phone_number"), "15550783881");
    ck_assert_int_eq(json_array_size(sample_at(value, "statuses")), 2);
    ck_assert_str_eq(sample_text(value, "statuses/0/id"), notice.id);
    ck_assert_str_eq(sample_text(value, "statuses/0/status"), "sent");
    ck_assert_str_eq(sample_text(value, "statuses/0/timestamp"), "1795500020");
    ck_assert_str_eq(sample_text(value, "statuses/0/recipient_id"), "15551234567");
    ck_assert_str_eq(sample_text(value, "statuses/0/biz_opaque_callback_data"),
                     notice.recipient_id);
    ck_assert_ptr_null(sample_at(value, "statuses/0/errors"));
    ck_assert_ptr_nonnull(sample_text(value, "statuses/0/conversation/id"));
    ck_assert_str_eq(sample_text(value, "statuses/1/status"), "failed");
    ck_assert_int_eq(sample_number(value, "statuses/1/errors/0/code"), 131026);
    ck_assert_ptr_nonnull(sample_text(value, "statuses/1/errors/0/error_data/details"));
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(a_closed_window_is_told_by_its_code)
{
    const struct item item = { &notice, { WHATSAPP_WINDOW_CLOSED, false }, 0 };
    struct arena mem = ARENA_INIT;
    struct post post;

    callback(&mem, &item, 1, &post);
    ck_assert_ptr_nonnull(strstr(buf_str(&post.body), "\"code\":131047"));
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(what_is_not_ascii_is_escaped_before_it_is_signed)
{
    struct notice n = notice;
    const struct item item = { &n, { EVENT_SENT, false }, 0 };
    struct arena mem = ARENA_INIT;
    char signature[WHATSAPP_SIGNATURE_BYTES];
    struct post post;

    n.recipient_id = "\xC3\xA4/\xE2\x82\xAC\xF0\x9F\x98\x80\"";
    callback(&mem, &item, 1, &post);
    ck_assert_ptr_nonnull(
        strstr(buf_str(&post.body),
               "\"biz_opaque_callback_data\":\"\\u00e4\\/\\u20ac\\ud83d\\ude00\\\"\""));
    SCOPED(json_t) body = json_read(buf_str(&post.body), post.body.len, NULL);
    ck_assert_str_eq(sample_text(body, "entry/0/changes/0/value/statuses/0/"
                                       "biz_opaque_callback_data"),
                     n.recipient_id);
    whatsapp_sign("app-secret", buf_str(&post.body), post.body.len, signature);
    ck_assert_str_eq(sample_header(&post, "X-Hub-Signature-256"), signature);
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(a_forged_callback_has_a_wrong_signature)
{
    const struct item item = { &notice, { EVENT_FAILED, true }, 0 };
    struct arena mem = ARENA_INIT;
    char signature[WHATSAPP_SIGNATURE_BYTES];
    struct post post;

    callback(&mem, &item, 1, &post);
    whatsapp_sign("app-secret", buf_str(&post.body), post.body.len, signature);
    ck_assert_str_ne(sample_header(&post, "X-Hub-Signature-256"), signature);
    ck_assert_int_eq(strlen(sample_header(&post, "X-Hub-Signature-256")), strlen(signature));
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(the_documentation_names_each_behaviour)
{
    sample_expect_documented(&whatsapp_provider);
}
END_TEST

SUITE("simulator_whatsapp", a_wrong_message_is_refused_with_metas_code, a_right_message_is_taken,
      the_token_comes_before_all_else, another_path_method_or_type_is_refused,
      any_version_of_the_interface_is_taken, lengths_are_counted_in_characters,
      only_known_templates_are_sent_where_they_are_listed,
      an_accepted_message_is_answered_as_meta_does, the_log_is_told_what_was_read,
      the_last_digits_choose_the_behaviour, a_failure_has_metas_shape,
      the_last_digits_choose_the_callbacks, a_template_gets_through_where_the_window_is_closed,
      signatures_match_the_published_ones, a_callback_tells_what_became_of_the_message,
      a_closed_window_is_told_by_its_code, what_is_not_ascii_is_escaped_before_it_is_signed,
      a_forged_callback_has_a_wrong_signature, the_documentation_names_each_behaviour)
