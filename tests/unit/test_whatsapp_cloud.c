/* Tests of workerd/adapters/whatsapp_cloud: what is asked of Meta, and what its answers mean. */
#include "tests/unit/suite.h"
#include "tests/unit/exchange.h"

#include "common/base/utf8.h"

#define RECIPIENT "019a2b3c-4d5e-7f60-8123-456789abcdef.0"
#define TOKEN "EAAGm0PX4ZCpsBAKZCtoken"
#define BODY_LIMIT (512 * 1024)

static const struct provider_config full_config = {
    .name = "main",
    .kind = "whatsapp_cloud",
    .base_url = "",
    .timeout_ms = 10000,
    .access_token = TOKEN,
    .phone_number_id = "106540352242922",
    .api_version = "v23.0",
    .template_name = "",
    .template_language = "en_US",
};
static const struct delivery text_delivery = {
    .recipient_id = RECIPIENT,
    .platform = PF_WHATSAPP,
    .address = "+15551234567",
    .content = "Hello",
    .expires_ms = -1,
    .now_ms = 1700000000000,
    .attempt = 1,
};

static const struct adapter *whatsapp;
static struct provider *provider;
static struct arena mem;
static struct error err;

static void open_with(const struct provider_config *cfg)
{
    whatsapp = adapter_find("whatsapp_cloud");
    ck_assert_msg(whatsapp->open(&provider, cfg, "https://notify.example.com", &err) == ST_OK, "%s",
                  err.text);
}

static void open_with_template(const char *name, const char *language)
{
    struct provider_config cfg = full_config;

    cfg.template_name = name;
    cfg.template_language = language;
    open_with(&cfg);
}

static void close_all(void)
{
    whatsapp->close(provider);
    arena_done(&mem);
}

static struct transfer build(const struct delivery *d)
{
    struct transfer t = { 0 };

    ck_assert_msg(whatsapp->build(provider, d, &mem, &t, &err) == ST_OK, "%s", err.text);
    ck_assert_uint_eq(strlen(t.body), t.body_len);
    return t;
}

static const char *body_for(const char *content, const char *metadata, const char *own_metadata)
{
    struct delivery d = text_delivery;

    d.content = content;
    d.metadata = metadata;
    d.own_metadata = own_metadata;
    return build(&d).body;
}

/* Builds what must fail and returns its words. */
static const char *refusal(const char *content, const char *metadata)
{
    struct delivery d = text_delivery;
    struct transfer t;

    d.content = content;
    d.metadata = metadata;
    ck_assert_msg(whatsapp->build(provider, &d, &mem, &t, &err) == ST_INVALID, "%s is taken",
                  metadata != NULL ? metadata : content);
    return err.text;
}

/* n times the same character. */
static char *repeated(const char *character, size_t n)
{
    size_t step = strlen(character);
    char *text = arena_zero(&mem, n * step + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(text + i * step, character, step);
    return text;
}

static struct verdict judge(int status, const char *body)
{
    struct reply r = { .reach = REACH_ANSWERED,
                       .status = status,
                       .body = body,
                       .body_len = strlen(body),
                       .retry_after_ms = -1 };

    return whatsapp->judge(provider, &r, &mem);
}

static struct verdict judge_code(int status, int code)
{
    return judge(status, arena_printf(&mem, "{\"error\":{\"message\":\"x\",\"code\":%d}}", code));
}

/* ---- recorded exchanges ---- */

static const char *object_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
    const char *copy = arena_strdup(&mem, text);

    free(text);
    return copy;
}

static void replay(const char *file, const json_t *doc)
{
    const json_t *given = json_object_get(doc, "delivery");
    struct reply reply = exchange_reply(doc);
    struct verdict v = whatsapp->judge(provider, &reply, &mem);
    struct delivery d = text_delivery;

    exchange_check_verdict(file, doc, &v);
    if (given == NULL)
        return;
    d.address = exchange_text(given, "address");
    d.content = exchange_text(given, "content");
    d.metadata = object_text(given, "metadata");
    d.own_metadata = object_text(given, "own_metadata");
    exchange_check_text(file, "request", build(&d).body, exchange_text(doc, "request"));
}

START_TEST(recorded_exchanges_are_understood)
{
    open_with(&full_config);
    ck_assert_int_ge(exchange_each("whatsapp_cloud", replay), 31);
    close_all();
}
END_TEST

/* ---- requests ---- */

START_TEST(the_number_sends_with_its_token)
{
    struct transfer t;

    open_with(&full_config);
    t = build(&text_delivery);
    ck_assert_int_eq(t.kind, TRANSFER_HTTP);
    ck_assert_str_eq(t.url, "https://graph.facebook.com/v23.0/106540352242922/messages");
    ck_assert_str_eq(t.headers[0], "Authorization: Bearer " TOKEN);
    ck_assert_str_eq(t.headers[1], "Content-Type: application/json");
    ck_assert_str_eq(t.headers[2], "Accept: application/json");
    ck_assert_ptr_null(t.headers[3]);
    ck_assert_ptr_null(t.username);
    ck_assert_ptr_null(t.method);
    ck_assert_ptr_null(strstr(t.url, TOKEN));
    ck_assert_ptr_null(strstr(t.body, TOKEN));
    ck_assert_int_eq(t.timeout_ms, 10000);
    close_all();
}
END_TEST

START_TEST(base_url_replaces_the_host_and_keeps_the_path)
{
    struct provider_config cfg = full_config;

    cfg.base_url = "http://127.0.0.1:8080/sim";
    cfg.api_version = "v24.0";
    open_with(&cfg);
    ck_assert_str_eq(build(&text_delivery).url,
                     "http://127.0.0.1:8080/sim/v24.0/106540352242922/messages");
    close_all();
}
END_TEST

#define TO(number)                                                                                 \
    "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":\"" number "\","
#define TEXT(body) "\"type\":\"text\",\"text\":{\"preview_url\":false,\"body\":\"" body "\"},"
#define TEMPLATE(name, language, components)                                                       \
    "\"type\":\"template\",\"template\":{\"name\":\"" name "\",\"language\":{\"code\":\"" language \
    "\"}" components "},"
#define PARAMETERS(list) ",\"components\":[{\"type\":\"body\",\"parameters\":[" list "]}]"
#define PARAMETER(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define TRACKED "\"biz_opaque_callback_data\":\"" RECIPIENT "\"}"

START_TEST(a_text_is_written_byte_for_byte)
{
    static const struct {
        const char *content, *written;
    } rows[] = {
        { "Hello", "Hello" },
        { " a  b ", " a  b " },
        { "\"quoted\" \\ / 'x'", "\\\"quoted\\\" \\\\ / 'x'" },
        { "\b\f\n\r\t", "\\b\\f\\n\\r\\t" },
        { "\x01\x0b\x1f\x7f", "\\u0001\\u000b\\u001f\\u007f" },
        { "\xc2\x80\xc2\x9f\xc2\xa0", "\\u0080\\u009f\xc2\xa0" },
        { "Grüße €", "Grüße €" },
        { "🎉 𝄞 \xf4\x8f\xbf\xbf", "🎉 𝄞 \xf4\x8f\xbf\xbf" },
        { "\xe2\x80\xa8\xef\xbb\xbf", "\xe2\x80\xa8\xef\xbb\xbf" },
        { "{\"x\":[1]}", "{\\\"x\\\":[1]}" },
        { "\xff\xc3", "\\ufffd\\ufffd" },
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(body_for(rows[i].content, NULL, NULL),
                         arena_printf(&mem, TO("15551234567") TEXT("%s") TRACKED, rows[i].written));
    close_all();
}
END_TEST

START_TEST(the_recipient_is_written_in_digits)
{
    struct delivery d = text_delivery;

    open_with(&full_config);
    d.address = "+4917012345";
    ck_assert_str_eq(build(&d).body, TO("4917012345") TEXT("Hello") TRACKED);
    d.address = "4917012345";
    ck_assert_str_eq(build(&d).body, TO("4917012345") TEXT("Hello") TRACKED);
    close_all();
}
END_TEST

START_TEST(sender_subject_and_html_play_no_part)
{
    struct delivery d = text_delivery;

    open_with(&full_config);
    d.from = "+15550001111";
    d.subject = "Login code";
    d.html = "<p>Hello</p>";
    d.expires_ms = d.now_ms + 5000;
    ck_assert_str_eq(build(&d).body, TO("15551234567") TEXT("Hello") TRACKED);
    close_all();
}
END_TEST

START_TEST(a_text_has_at_most_4096_characters)
{
    open_with(&full_config);
    body_for(repeated("x", 4095), NULL, NULL);
    body_for(repeated("x", 4096), NULL, NULL);
    body_for(repeated("🎉", 4096), NULL, NULL);
    ck_assert_str_eq(refusal(repeated("x", 4097), NULL),
                     "content_too_long: 4097 characters, at most 4096");
    ck_assert_str_eq(refusal(repeated("🎉", 4097), NULL),
                     "content_too_long: 4097 characters, at most 4096");
    close_all();
}
END_TEST

/* ---- templates ---- */

START_TEST(a_template_of_the_metadata_is_written_byte_for_byte)
{
    static const struct {
        const char *metadata, *written;
    } rows[] = {
        { "{\"whatsapp_template\":{\"name\":\"hello\"}}", TEMPLATE("hello", "en_US", "") },
        { "{\"whatsapp_template\":{\"name\":\"hello\",\"parameters\":[]}}",
          TEMPLATE("hello", "en_US", "") },
        { "{\"whatsapp_template\":{\"name\":\"hello\",\"language\":\"pt_BR\"}}",
          TEMPLATE("hello", "pt_BR", "") },
        { "{\"whatsapp_template\":{\"name\":\"code\",\"language\":\"de\",\"parameters\":[\"1\"]}}",
          TEMPLATE("code", "de", PARAMETERS(PARAMETER("1"))) },
        { "{\"whatsapp_template\":{\"parameters\":[\"a    "
          "b\",\"\\\"\\\\\\u0007\",\"\\ud83c\\udf89\"],"
          "\"name\":\"n\\\"\"},\"order\":[{}]}",
          TEMPLATE("n\\\"", "en_US",
                   PARAMETERS(
                       PARAMETER("a    b") "," PARAMETER("\\\"\\\\\\u0007") "," PARAMETER("🎉"))) },
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(body_for("unused", rows[i].metadata, NULL),
                         arena_printf(&mem, "%s%s%s", TO("15551234567"), rows[i].written, TRACKED));
    close_all();
}
END_TEST

START_TEST(the_recipients_own_template_goes_first_then_the_messages_then_the_configurations)
{
    static const char own[] = "{\"whatsapp_template\":{\"name\":\"own\"}}";
    static const char all[] = "{\"whatsapp_template\":{\"name\":\"all\"}}";
    static const char none[] = "{\"template\":{\"name\":\"x\"},\"x\":{\"whatsapp_template\":1}}";

    open_with_template("code", "de");
    ck_assert_str_eq(body_for("1", all, own), TO("15551234567") TEMPLATE("own", "de", "") TRACKED);
    ck_assert_str_eq(body_for("1", none, own), TO("15551234567") TEMPLATE("own", "de", "") TRACKED);
    ck_assert_str_eq(body_for("1", all, none), TO("15551234567") TEMPLATE("all", "de", "") TRACKED);
    ck_assert_str_eq(body_for("1", none, "{}"),
                     TO("15551234567") TEMPLATE("code", "de", PARAMETERS(PARAMETER("1"))) TRACKED);
    ck_assert_str_eq(body_for("a\"b 🎉", NULL, NULL),
                     TO("15551234567") TEMPLATE("code", "de", PARAMETERS(PARAMETER("a\\\"b 🎉")))
                         TRACKED);
    whatsapp->close(provider);
    open_with(&full_config);
    ck_assert_str_eq(body_for("1", none, "{}"), TO("15551234567") TEXT("1") TRACKED);
    close_all();
}
END_TEST

START_TEST(a_template_of_the_wrong_shape_is_refused_before_it_leaves)
{
    static const struct {
        const char *metadata, *words;
    } rows[] = {
        { "{\"whatsapp_template\":null}", "whatsapp_template is no object" },
        { "{\"whatsapp_template\":\"hello\"}", "whatsapp_template is no object" },
        { "{\"whatsapp_template\":[\"hello\"]}", "whatsapp_template is no object" },
        { "{\"whatsapp_template\":{}}", "whatsapp_template.name is missing or no string" },
        { "{\"whatsapp_template\":{\"name\":\"\"}}",
          "whatsapp_template.name is missing or no string" },
        { "{\"whatsapp_template\":{\"name\":7}}",
          "whatsapp_template.name is missing or no string" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"language\":\"\"}}",
          "whatsapp_template.language is no string like en_US" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"language\":{\"code\":\"de\"}}}",
          "whatsapp_template.language is no string like en_US" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":\"1\"}}",
          "whatsapp_template.parameters is no array of strings" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":null}}",
          "whatsapp_template.parameters is no array of strings" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":[\"1\",2]}}",
          "parameter 2 is no string" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":[\"\"]}}",
          "parameter 1 is empty" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":[\"1\",\"a\\nb\"]}}",
          "parameter 2 holds a line break or a tab" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":[\"a\\r\"]}}",
          "parameter 1 holds a line break or a tab" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":[\"\\t\"]}}",
          "parameter 1 holds a line break or a tab" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"parameters\":[\"a     b\"]}}",
          "parameter 1 holds more than 4 blanks in a row" },
        { "{\"whatsapp_template\":{\"name\":\"x\",\"header\":\"y\"}}",
          "whatsapp_template has name, language and parameters, and no other member" },
        { "{\"whatsapp_template\":{\"name\":\"x\"}", "the metadata is not JSON" },
    };

    open_with_template("code", "de");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(refusal("1", rows[i].metadata),
                         arena_printf(&mem, "bad_template: %s", rows[i].words));
    close_all();
}
END_TEST

START_TEST(content_that_cannot_be_a_parameter_is_refused_before_it_leaves)
{
    static const struct {
        const char *content, *words; /* NULL: it can be one */
    } rows[] = {
        { "a    b", NULL },
        { "a     b", "holds more than 4 blanks in a row" },
        { "line one\nline two", "holds a line break or a tab" },
        { "a\r", "holds a line break or a tab" },
        { "\ta", "holds a line break or a tab" },
    };

    open_with_template("code", "de");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].words == NULL)
            body_for(rows[i].content, NULL, NULL);
        else
            ck_assert_str_eq(
                refusal(rows[i].content, NULL),
                arena_printf(&mem, "bad_template: the content, its parameter, %s", rows[i].words));
    }
    close_all();
}
END_TEST

START_TEST(a_body_passes_no_more_than_512_kib)
{
    size_t frame;

    open_with_template("code", "de");
    frame = strlen(body_for("x", NULL, NULL)) - 1;
    ck_assert_uint_eq(strlen(body_for(repeated("\x01", 65536), NULL, NULL)), frame + 6 * 65536);
    ck_assert_uint_eq(strlen(body_for(repeated("x", BODY_LIMIT - frame), NULL, NULL)), BODY_LIMIT);
    ck_assert_str_eq(refusal(repeated("x", BODY_LIMIT - frame + 1), NULL),
                     "content_too_long: the body passes 524288 bytes");
    close_all();
}
END_TEST

/* ---- configuration ---- */

START_TEST(a_configuration_that_cannot_work_is_refused)
{
    static const struct {
        const char *token, *number_id, *version, *language, *words; /* NULL: it can */
    } rows[] = {
        { "t", "1", "v1.0", "de", NULL },
        { TOKEN "==", "12345678901234567890123456789012", "v999.99", "en_US", NULL },
        { "", "1", "v1.0", "de", "access_token" },
        { "two words", "1", "v1.0", "de", "access_token" },
        { "line\r\nX-Other: 1", "1", "v1.0", "de", "access_token" },
        { "t\x7f", "1", "v1.0", "de", "access_token" },
        { "t\xc3\xa9", "1", "v1.0", "de", "access_token" },
        { "t", "", "v1.0", "de", "phone_number_id" },
        { "t", "+15551234567", "v1.0", "de", "phone_number_id" },
        { "t", "1/../2", "v1.0", "de", "phone_number_id" },
        { "t", "123456789012345678901234567890123", "v1.0", "de", "phone_number_id" },
        { "t", "1", "", "de", "api_version" },
        { "t", "1", "23.0", "de", "api_version" },
        { "t", "1", "v", "de", "api_version" },
        { "t", "1", "v23", "de", "api_version" },
        { "t", "1", "v23.", "de", "api_version" },
        { "t", "1", "v.0", "de", "api_version" },
        { "t", "1", "v23.0/x", "de", "api_version" },
        { "t", "1", "v1.0", "", "template_language" },
    };

    whatsapp = adapter_find("whatsapp_cloud");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_config cfg = full_config;
        enum status st;

        cfg.access_token = rows[i].token;
        cfg.phone_number_id = rows[i].number_id;
        cfg.api_version = rows[i].version;
        cfg.template_language = rows[i].language;
        st = whatsapp->open(&provider, &cfg, "", &err);
        ck_assert_msg((st == ST_OK) == (rows[i].words == NULL), "row %zu: %d", i, st);
        if (st == ST_OK) {
            whatsapp->close(provider);
            continue;
        }
        ck_assert_int_eq(st, ST_INVALID);
        ck_assert_ptr_nonnull(strstr(err.text, "provider main: "));
        ck_assert_ptr_nonnull(strstr(err.text, rows[i].words));
        if (strlen(rows[i].token) > 1)
            ck_assert_ptr_null(strstr(err.text, rows[i].token));
    }
}
END_TEST

/* ---- answers ---- */

/* Each code of Meta's list, given with a status that would say something else. */
START_TEST(every_known_code_has_its_class)
{
    static const struct {
        enum verdict_class class;
        int64_t retry_after_ms;
        bool recipient_only;
        int codes[64]; /* -1 ends */
    } rows[] = {
        { VERDICT_CREDENTIALS,
          -1,
          false,
          { 0, 3, 10, 190, 200, 201, 210, 230, 250, 294, 299, 368, 131005, 131031, -1 } },
        { VERDICT_THROTTLED, -1, false, { 4, 80007, 130429, -1 } },
        { VERDICT_THROTTLED, 3600000, false, { 131048, 131064, -1 } },
        { VERDICT_THROTTLED, 6000, true, { 131056, -1 } },
        { VERDICT_UNCLEAR, -1, false, { 1, 2, 131000, 131016, 133004, -1 } },
        { VERDICT_NOT_SENT, -1, false, { 131057, -1 } },
        { VERDICT_NOT_SENT, 3600000, false, { 132015, 132069, -1 } },
        { VERDICT_REFUSED_HERE, -1, false, { 130497, 131030, 131037, 131042, 131045, 131063, -1 } },
        { VERDICT_REFUSED, -1, false, { 33,     100,    130472, 131008, 131009, 131021,
                                        131026, 131047, 131049, 131050, 131051, 131052,
                                        131053, 132000, 132001, 132005, 132007, 132008,
                                        132012, 132016, 132068, 135000, -1 } },
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (const int *code = rows[i].codes; *code >= 0; code++) {
            struct verdict v = judge_code(rows[i].class == VERDICT_REFUSED ? 503 : 400, *code);

            ck_assert_msg(v.class == rows[i].class, "%d is %s", *code, verdict_name(v.class));
            ck_assert_msg(v.retry_after_ms == rows[i].retry_after_ms, "%d waits %lld ms", *code,
                          (long long)v.retry_after_ms);
            ck_assert_msg(v.recipient_only == rows[i].recipient_only, "%d", *code);
            ck_assert_str_eq(v.code, arena_printf(&mem, "%d", *code));
            ck_assert_str_eq(v.message, "x");
        }
    close_all();
}
END_TEST

START_TEST(the_neighbours_of_known_codes_are_unknown)
{
    static const int codes[] = {
        -1,     5,      9,      11,     32,     34,     99,     101,    189,    191,    199,
        300,    367,    369,    80006,  80008,  130428, 130430, 130471, 130473, 130496, 130498,
        130999, 131001, 131004, 131006, 131007, 131010, 131015, 131017, 131020, 131022, 131025,
        131027, 131029, 131032, 131036, 131038, 131041, 131043, 131044, 131046, 131054, 131055,
        131058, 131062, 131065, 131999, 132002, 132004, 132006, 132009, 132011, 132013, 132014,
        132017, 132067, 132070, 133003, 133005, 134999, 135001,
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct verdict v = judge_code(425, codes[i]);

        ck_assert_msg(v.class == VERDICT_NOT_SENT, "%d is %s", codes[i], verdict_name(v.class));
        ck_assert_str_eq(v.code, arena_printf(&mem, "%d", codes[i]));
    }
    close_all();
}
END_TEST

START_TEST(an_unknown_code_goes_by_the_status)
{
    static const struct {
        int status;
        enum verdict_class class;
    } rows[] = {
        { 100, VERDICT_UNCLEAR },     { 200, VERDICT_UNCLEAR },     { 302, VERDICT_UNCLEAR },
        { 400, VERDICT_REFUSED },     { 401, VERDICT_CREDENTIALS }, { 403, VERDICT_CREDENTIALS },
        { 404, VERDICT_CREDENTIALS }, { 408, VERDICT_UNCLEAR },     { 413, VERDICT_REFUSED },
        { 425, VERDICT_NOT_SENT },    { 429, VERDICT_THROTTLED },   { 500, VERDICT_UNCLEAR },
        { 503, VERDICT_UNCLEAR },     { 999, VERDICT_UNCLEAR },
    };
    static const struct {
        const char *body, *code; /* NULL: http_STATUS, or unreadable_answer for a 2xx */
    } bodies[] = {
        { "{\"error\":{\"code\":999999}}", "999999" },
        { "{\"error\":{\"code\":-7}}", "-7" },
        { "{\"error\":{}}", NULL },
        { "{\"error\":{\"code\":\"190\"}}", NULL },
        { "{\"error\":{\"code\":190.0}}", NULL },
        { "{\"error\":\"190\"}", NULL },
        { "{\"code\":190}", NULL },
        { "{}", NULL },
        { "[]", NULL },
        { "", NULL },
        { "not json", NULL },
        { "{\"error\":{\"code\":190}", NULL },
        { "{\"error\":{\"code\":190,\"code\":190}}", NULL },
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
            struct verdict v = judge(rows[i].status, bodies[k].body);

            ck_assert_msg(v.class == rows[i].class, "%d with %s is %s", rows[i].status,
                          bodies[k].body, verdict_name(v.class));
            ck_assert_ptr_null(v.provider_id);
            if (bodies[k].code != NULL)
                ck_assert_str_eq(v.code, bodies[k].code);
            else if (rows[i].status != 200)
                ck_assert_str_eq(v.code, arena_printf(&mem, "http_%d", rows[i].status));
        }
    close_all();
}
END_TEST

START_TEST(every_message_status_of_a_success_is_an_acceptance)
{
    static const char *const statuses[] = {
        "",
        ",\"message_status\":\"accepted\"",
        ",\"message_status\":\"held_for_quality_assessment\"",
        ",\"message_status\":\"paused\"",
        ",\"message_status\":\"of later days\"",
        ",\"message_status\":null",
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct verdict v = judge(
            200, arena_printf(&mem, "{\"messages\":[{\"id\":\"wamid.A==\"%s}]}", statuses[i]));

        ck_assert_int_eq(v.class, VERDICT_ACCEPTED);
        ck_assert_str_eq(v.provider_id, "wamid.A==");
        ck_assert_ptr_null(v.code);
    }
    close_all();
}
END_TEST

START_TEST(an_id_that_cannot_be_stored_is_not_an_acceptance)
{
    static const char *const messages[] = {
        "null",
        "17",
        "{}",
        "[]",
        "[null]",
        "[17]",
        "[{}]",
        "[{\"id\":null}]",
        "[{\"id\":17}]",
        "[{\"id\":\"\"}]",
        "[{\"id\":\"wamid 1\"}]",
        "[{\"id\":\"wamid\\n\"}]",
        "[{\"id\":\"wamid\\u00e9\"}]",
        "{\"id\":\"wamid.1\"}",
        "[[{\"id\":\"wamid.1\"}]]",
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct verdict v = judge(200, arena_printf(&mem, "{\"messages\":%s}", messages[i]));

        ck_assert_msg(v.class == VERDICT_UNCLEAR, "%s", messages[i]);
        ck_assert_str_eq(v.code, "unreadable_answer");
    }
    ck_assert_str_eq(
        judge(200, arena_printf(&mem, "{\"messages\":[{\"id\":\"%s\"}]}", repeated("w", 255)))
            .provider_id,
        repeated("w", 255));
    ck_assert_int_eq(
        judge(200, arena_printf(&mem, "{\"messages\":[{\"id\":\"%s\"}]}", repeated("w", 256)))
            .class,
        VERDICT_UNCLEAR);
    close_all();
}
END_TEST

START_TEST(an_id_with_a_status_that_refuses_is_no_acceptance)
{
    open_with(&full_config);
    ck_assert_int_eq(judge(199, "{\"messages\":[{\"id\":\"wamid.1\"}]}").class, VERDICT_UNCLEAR);
    ck_assert_int_eq(judge(201, "{\"messages\":[{\"id\":\"wamid.1\"}]}").class, VERDICT_ACCEPTED);
    ck_assert_int_eq(judge(299, "{\"messages\":[{\"id\":\"wamid.1\"}]}").class, VERDICT_ACCEPTED);
    ck_assert_int_eq(judge(300, "{\"messages\":[{\"id\":\"wamid.1\"}]}").class, VERDICT_UNCLEAR);
    ck_assert_int_eq(judge(400, "{\"messages\":[{\"id\":\"wamid.1\"}]}").class, VERDICT_REFUSED);
    close_all();
}
END_TEST

START_TEST(the_token_is_never_among_the_words)
{
    static const char *const errors[] = {
        "\"message\":\"Malformed access token " TOKEN "\"",
        "\"message\":\"x\",\"error_data\":{\"details\":\"token=" TOKEN "&x\"}",
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        ck_assert_ptr_null(
            judge(401, arena_printf(&mem, "{\"error\":{\"code\":190,%s}}", errors[i])).message);
    close_all();
}
END_TEST

START_TEST(the_details_go_before_the_title_and_are_cut_at_300_bytes)
{
    static const struct {
        const char *error_data, *message;
    } rows[] = {
        { "{\"details\":\"why\"}", "why" },
        { "{\"details\":\"\"}", "title" },
        { "{\"details\":7}", "title" },
        { "{}", "title" },
        { "null", "title" },
        { "\"why\"", "title" },
    };

    open_with(&full_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(
            judge(400, arena_printf(&mem, "{\"error\":{\"message\":\"title\",\"error_data\":%s}}",
                                    rows[i].error_data))
                .message,
            rows[i].message);
    ck_assert_uint_eq(strlen(judge(400, arena_printf(&mem, "{\"error\":{\"message\":\"%s\"}}",
                                                     repeated("w", 400)))
                                 .message),
                      300);
    close_all();
}
END_TEST

SUITE("whatsapp_cloud", recorded_exchanges_are_understood, the_number_sends_with_its_token,
      base_url_replaces_the_host_and_keeps_the_path, a_text_is_written_byte_for_byte,
      the_recipient_is_written_in_digits, sender_subject_and_html_play_no_part,
      a_text_has_at_most_4096_characters, a_template_of_the_metadata_is_written_byte_for_byte,
      the_recipients_own_template_goes_first_then_the_messages_then_the_configurations,
      a_template_of_the_wrong_shape_is_refused_before_it_leaves,
      content_that_cannot_be_a_parameter_is_refused_before_it_leaves,
      a_body_passes_no_more_than_512_kib, a_configuration_that_cannot_work_is_refused,
      every_known_code_has_its_class, the_neighbours_of_known_codes_are_unknown,
      an_unknown_code_goes_by_the_status, every_message_status_of_a_success_is_an_acceptance,
      an_id_that_cannot_be_stored_is_not_an_acceptance,
      an_id_with_a_status_that_refuses_is_no_acceptance, the_token_is_never_among_the_words,
      the_details_go_before_the_title_and_are_cut_at_300_bytes)
