/* Tests of workerd/adapters/telegram: what is asked of Telegram, and what its answers mean. */
#include "tests/unit/suite.h"
#include "tests/unit/exchange.h"

#define SECRET "AAF-test_0123456789abcdefghijklmno"
#define TOKEN "123456789:" SECRET
#define BODY_LIMIT (512 * 1024)

static const struct provider_config plain_config = {
    .name = "main",
    .kind = "telegram",
    .base_url = "",
    .timeout_ms = 10000,
    .bot_token = TOKEN,
    .parse_mode = "none",
};
static const struct delivery person = {
    .recipient_id = "019a2b3c-4d5e-7f60-8123-456789abcdef.0",
    .platform = PF_TELEGRAM,
    .address = "4711",
    .content = "Hello",
    .expires_ms = -1,
    .now_ms = 1700000000000,
    .attempt = 1,
};

static const struct adapter *telegram;
static struct provider *provider;
static struct arena mem;
static struct error err;

static void open_with(const struct provider_config *cfg)
{
    telegram = adapter_find("telegram");
    ck_assert_msg(telegram->open(&provider, cfg, "https://notify.example.com", &err) == ST_OK, "%s",
                  err.text);
}

static void open_with_markup(const char *parse_mode)
{
    struct provider_config cfg = plain_config;

    cfg.parse_mode = parse_mode;
    open_with(&cfg);
}

static void close_all(void)
{
    telegram->close(provider);
    arena_done(&mem);
}

static struct transfer build(const struct delivery *d)
{
    struct transfer t = { 0 };

    ck_assert_msg(telegram->build(provider, d, &mem, &t, &err) == ST_OK, "%s", err.text);
    ck_assert_uint_eq(strlen(t.body), t.body_len);
    return t;
}

static const char *body_for(const char *address, const char *content)
{
    struct delivery d = person;

    d.address = address;
    d.content = content;
    return build(&d).body;
}

/* Builds what must fail and returns its words. */
static const char *refusal(const char *content)
{
    struct delivery d = person;
    struct transfer t;

    d.content = content;
    ck_assert_int_eq(telegram->build(provider, &d, &mem, &t, &err), ST_INVALID);
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

static struct verdict judge_after(int status, const char *body, int64_t header_ms)
{
    struct reply r = { .reach = REACH_ANSWERED,
                       .status = status,
                       .body = body,
                       .body_len = strlen(body),
                       .retry_after_ms = header_ms };

    return telegram->judge(provider, &r, &mem);
}

static struct verdict judge(int status, const char *body)
{
    return judge_after(status, body, -1);
}

/* rest: further members, from their comma on. */
static struct verdict judge_error(int code, const char *rest)
{
    return judge(code >= 100 && code <= 999 ? code : 400,
                 arena_printf(&mem, "{\"ok\":false,\"error_code\":%d%s}", code, rest));
}

/* ---- recorded exchanges ---- */

static void replay(const char *file, const json_t *doc)
{
    const json_t *given = json_object_get(doc, "delivery");
    struct reply reply = exchange_reply(doc);
    struct verdict v = telegram->judge(provider, &reply, &mem);

    exchange_check_verdict(file, doc, &v);
    if (given != NULL)
        exchange_check_text(
            file, "request",
            body_for(exchange_text(given, "address"), exchange_text(given, "content")),
            exchange_text(doc, "request"));
}

START_TEST(recorded_exchanges_are_understood)
{
    open_with(&plain_config);
    ck_assert_int_ge(exchange_each("telegram", replay), 28);
    close_all();
}
END_TEST

/* ---- requests ---- */

START_TEST(the_token_stands_in_the_url_alone)
{
    struct transfer t;

    open_with(&plain_config);
    t = build(&person);
    ck_assert_int_eq(t.kind, TRANSFER_HTTP);
    ck_assert_str_eq(t.url, "https://api.telegram.org/bot" TOKEN "/sendMessage");
    ck_assert_str_eq(t.headers[0], "Content-Type: application/json");
    ck_assert_str_eq(t.headers[1], "Accept: application/json");
    ck_assert_ptr_null(t.headers[2]);
    ck_assert_ptr_null(t.username);
    ck_assert_ptr_null(t.method);
    ck_assert_ptr_null(strstr(t.body, SECRET));
    ck_assert_int_eq(t.timeout_ms, 10000);
    close_all();
}
END_TEST

START_TEST(base_url_replaces_the_host_and_keeps_the_path)
{
    struct provider_config cfg = plain_config;

    cfg.base_url = "http://127.0.0.1:8081/sim";
    open_with(&cfg);
    ck_assert_str_eq(build(&person).url, "http://127.0.0.1:8081/sim/bot" TOKEN "/sendMessage");
    close_all();
}
END_TEST

START_TEST(a_text_is_written_byte_for_byte)
{
    static const struct {
        const char *content, *written;
    } rows[] = {
        { "Hello", "Hello" },
        { " a     b ", " a     b " },
        { "\"quoted\" \\ / 'x'", "\\\"quoted\\\" \\\\ / 'x'" },
        { "\b\f\n\r\t", "\\b\\f\\n\\r\\t" },
        { "\x01\x0b\x1f\x7f", "\\u0001\\u000b\\u001f\\u007f" },
        { "\xc2\x80\xc2\x9f\xc2\xa0", "\\u0080\\u009f\xc2\xa0" },
        { "Grüße €", "Grüße €" },
        { "🎉 𝄞 \xf4\x8f\xbf\xbf", "🎉 𝄞 \xf4\x8f\xbf\xbf" },
        { "<b>&amp;</b> _*[]()~`>#+-=|{}.!", "<b>&amp;</b> _*[]()~`>#+-=|{}.!" },
        { "\xff\xc3", "\\ufffd\\ufffd" },
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(body_for("4711", rows[i].content),
                         arena_printf(&mem, "{\"chat_id\":4711,\"text\":\"%s\"}", rows[i].written));
    close_all();
}
END_TEST

START_TEST(a_chat_is_a_number_and_a_channel_a_name)
{
    static const struct {
        const char *address, *written;
    } rows[] = {
        { "1", "1" },
        { "-1", "-1" },
        { "-1001234567890", "-1001234567890" },
        { "4503599627370495", "4503599627370495" }, /* 52 bits */
        { "-4503599627370495", "-4503599627370495" },
        { "4503599627370496", "\"4503599627370496\"" }, /* one more: never guessed at */
        { "@news_channel", "\"@news_channel\"" },
        { "@12345", "\"@12345\"" },
        { "007", "\"007\"" },
        { "1e3", "\"1e3\"" },
        { "-", "\"-\"" },
        { "", "\"\"" },
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(
            body_for(rows[i].address, "Hello"),
            arena_printf(&mem, "{\"chat_id\":%s,\"text\":\"Hello\"}", rows[i].written));
    close_all();
}
END_TEST

START_TEST(the_parse_mode_is_named_unless_it_is_none)
{
    open_with_markup("HTML");
    ck_assert_str_eq(body_for("4711", "<b>x</b>"),
                     "{\"chat_id\":4711,\"text\":\"<b>x</b>\",\"parse_mode\":\"HTML\"}");
    telegram->close(provider);
    open_with_markup("MarkdownV2");
    ck_assert_str_eq(
        body_for("@news_channel", "*x*"),
        "{\"chat_id\":\"@news_channel\",\"text\":\"*x*\",\"parse_mode\":\"MarkdownV2\"}");
    close_all();
}
END_TEST

START_TEST(sender_subject_and_html_play_no_part)
{
    struct delivery d = person;

    open_with(&plain_config);
    d.from = "Notices";
    d.subject = "Login code";
    d.html = "<p>Hello</p>";
    d.expires_ms = d.now_ms + 5000;
    ck_assert_str_eq(build(&d).body, "{\"chat_id\":4711,\"text\":\"Hello\"}");
    close_all();
}
END_TEST

START_TEST(a_text_without_markup_has_at_most_4096_characters)
{
    open_with(&plain_config);
    body_for("4711", repeated("x", 4095));
    body_for("4711", repeated("x", 4096));
    body_for("4711", repeated("🎉", 4096));
    ck_assert_str_eq(refusal(repeated("x", 4097)),
                     "content_too_long: 4097 characters, at most 4096");
    ck_assert_str_eq(refusal(repeated("🎉", 4097)),
                     "content_too_long: 4097 characters, at most 4096");
    close_all();
}
END_TEST

START_TEST(a_text_with_markup_has_at_most_512_kib)
{
    size_t frame;

    open_with_markup("HTML");
    frame = strlen(body_for("4711", "x")) - 1;
    ck_assert_uint_eq(strlen(body_for("4711", repeated("\x01", 65536))), frame + 6 * 65536);
    ck_assert_uint_eq(strlen(body_for("4711", repeated("x", BODY_LIMIT - frame))), BODY_LIMIT);
    ck_assert_str_eq(refusal(repeated("x", BODY_LIMIT - frame + 1)),
                     "content_too_long: the body passes 524288 bytes");
    close_all();
}
END_TEST

/* ---- configuration ---- */

START_TEST(a_token_of_the_wrong_shape_is_refused)
{
    static const struct {
        const char *token;
        bool good;
    } rows[] = {
        { TOKEN, true },
        { "1:x", true },
        { "123456789:" /* 80 bytes in all */
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          true },
        { "123456789:"
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          false },
        { "", false },
        { SECRET, false },
        { "123456789", false },
        { "123456789:", false },
        { ":" SECRET, false },
        { "0123:" SECRET, false },
        { "bot123:" SECRET, false },
        { TOKEN "/test", false },
        { TOKEN ":x", false },
        { TOKEN " ", false },
        { TOKEN "=", false },
        { TOKEN "?x", false },
        { "123\n:" SECRET, false },
        { "-123:" SECRET, false },
    };

    telegram = adapter_find("telegram");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_config cfg = plain_config;
        enum status st;

        cfg.bot_token = rows[i].token;
        st = telegram->open(&provider, &cfg, "", &err);
        ck_assert_msg(st == (rows[i].good ? ST_OK : ST_INVALID), "%s", rows[i].token);
        if (st == ST_OK)
            telegram->close(provider);
        else
            ck_assert_str_eq(err.text, "provider main: bot_token is missing or no token");
    }
}
END_TEST

/* ---- answers ---- */

START_TEST(every_error_code_has_its_class)
{
    static const struct {
        int code;
        const char *rest;
        enum verdict_class class;
    } rows[] = {
        { 400, "", VERDICT_REFUSED },
        { 400, ",\"description\":\"Bad Request: chat not found\"", VERDICT_REFUSED },
        { 400, ",\"description\":\"Bad Request: can't parse entities: Logged out\"",
          VERDICT_REFUSED },
        { 400, ",\"description\":\"Logged out\"", VERDICT_CREDENTIALS },
        { 400, ",\"parameters\":{\"migrate_to_chat_id\":-100123}", VERDICT_NOT_SENT },
        { 400, ",\"description\":7", VERDICT_REFUSED },
        { 401, "", VERDICT_CREDENTIALS },
        { 402, "", VERDICT_CREDENTIALS },
        { 403, "", VERDICT_REFUSED },
        { 404, "", VERDICT_CREDENTIALS },
        { 405, "", VERDICT_CREDENTIALS },
        { 408, "", VERDICT_UNCLEAR },
        { 409, "", VERDICT_NOT_SENT },
        { 410, "", VERDICT_REFUSED },
        { 413, "", VERDICT_REFUSED },
        { 420, "", VERDICT_REFUSED },
        { 421, "", VERDICT_CREDENTIALS },
        { 422, "", VERDICT_REFUSED },
        { 425, "", VERDICT_NOT_SENT },
        { 429, "", VERDICT_THROTTLED },
        { 499, "", VERDICT_REFUSED },
        { 500, "", VERDICT_UNCLEAR },
        { 502, "", VERDICT_UNCLEAR },
        { 599, "", VERDICT_UNCLEAR },
        { 600, "", VERDICT_UNCLEAR },
        { 303, "", VERDICT_UNCLEAR },
        { 100, "", VERDICT_UNCLEAR },
        { 999, "", VERDICT_UNCLEAR },
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v = judge_error(rows[i].code, rows[i].rest);

        ck_assert_msg(v.class == rows[i].class, "%d%s is %s", rows[i].code, rows[i].rest,
                      verdict_name(v.class));
        ck_assert_str_eq(v.code, arena_printf(&mem, "tg_%d", rows[i].code));
        ck_assert_ptr_null(v.provider_id);
        ck_assert(!v.recipient_only);
    }
    close_all();
}
END_TEST

START_TEST(the_error_code_goes_before_the_status)
{
    static const int statuses[] = { 200, 400, 403, 502 };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct verdict v = judge(statuses[i], "{\"ok\":false,\"error_code\":429}");

        ck_assert_int_eq(v.class, VERDICT_THROTTLED);
        ck_assert_str_eq(v.code, "tg_429");
    }
    close_all();
}
END_TEST

START_TEST(an_answer_that_is_not_telegrams_goes_by_the_status)
{
    static const struct {
        int status;
        enum verdict_class class;
    } rows[] = {
        { 200, VERDICT_UNCLEAR },     { 302, VERDICT_UNCLEAR },     { 400, VERDICT_REFUSED },
        { 401, VERDICT_CREDENTIALS }, { 403, VERDICT_CREDENTIALS }, { 404, VERDICT_CREDENTIALS },
        { 408, VERDICT_UNCLEAR },     { 409, VERDICT_REFUSED },     { 421, VERDICT_NOT_SENT },
        { 429, VERDICT_THROTTLED },   { 500, VERDICT_UNCLEAR },     { 999, VERDICT_UNCLEAR },
    };
    static const char *const bodies[] = {
        "",
        "not json",
        "[]",
        "{}",
        "{\"error_code\":429}",
        "{\"ok\":true,\"error_code\":429}",
        "{\"ok\":null,\"error_code\":429}",
        "{\"ok\":\"false\",\"error_code\":429}",
        "{\"ok\":false}",
        "{\"ok\":false,\"error_code\":\"429\"}",
        "{\"ok\":false,\"error_code\":429.0}",
        "{\"ok\":false,\"error_code\":99}",
        "{\"ok\":false,\"error_code\":1000}",
        "{\"ok\":false,\"error_code\":-429}",
        "{\"ok\":false,\"error_code\":4294967725}", /* 429 in 32 bits */
        "{\"ok\":false,\"ok\":false,\"error_code\":429}",
        "{\"ok\":false,\"error_code\":429",
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
            struct verdict v = judge(rows[i].status, bodies[k]);

            ck_assert_msg(v.class == rows[i].class, "%d with %s is %s", rows[i].status, bodies[k],
                          verdict_name(v.class));
            ck_assert_str_eq(v.code, rows[i].status == 200
                                         ? "unreadable_answer"
                                         : arena_printf(&mem, "http_%d", rows[i].status));
        }
    close_all();
}
END_TEST

START_TEST(a_group_that_moved_is_followed)
{
    static const struct {
        int code;
        const char *id, *moved_to; /* NULL: not followed */
    } rows[] = {
        { 400, "-1001234567890", "-1001234567890" },
        { 400, "-4503599627370495", "-4503599627370495" },
        { 400, "-4503599627370496", NULL }, /* past 52 bits */
        { 400, "0", NULL },
        { 400, "\"-1001234567890\"", NULL },
        { 400, "-100.5", NULL },
        { 400, "null", NULL },
        { 403, "-1001234567890", NULL },
        { 409, "-1001234567890", NULL },
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v = judge_error(
            rows[i].code,
            arena_printf(&mem, ",\"parameters\":{\"migrate_to_chat_id\":%s}", rows[i].id));

        exchange_check_text(rows[i].id, "the new address", v.moved_to, rows[i].moved_to);
        if (rows[i].code == 400)
            ck_assert_int_eq(v.class,
                             rows[i].moved_to != NULL ? VERDICT_NOT_SENT : VERDICT_REFUSED);
    }
    close_all();
}
END_TEST

START_TEST(the_answers_time_wins_over_the_headers)
{
    static const struct {
        const char *parameters;
        int64_t header_ms, retry_after_ms;
    } rows[] = {
        { "{\"retry_after\":14}", 60000, 14000 },
        { "{\"retry_after\":14}", -1, 14000 },
        { "{\"retry_after\":1}", -1, 1000 },
        { "{\"retry_after\":0}", 60000, 60000 },
        { "{\"retry_after\":-3}", 60000, 60000 },
        { "{\"retry_after\":\"14\"}", 60000, 60000 },
        { "{\"retry_after\":1.5}", -1, -1 },
        { "{}", 60000, 60000 },
        { "null", -1, -1 },
        { "{\"retry_after\":31622399}", -1, INT64_C(31622399000) },
        { "{\"retry_after\":31622400}", -1, INT64_C(31622400000) }, /* 366 days */
        { "{\"retry_after\":31622401}", -1, INT64_C(31622400000) },
        { "{\"retry_after\":9223372036854775807}", -1, INT64_C(31622400000) },
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v =
            judge_after(429,
                        arena_printf(&mem, "{\"ok\":false,\"error_code\":429,\"parameters\":%s}",
                                     rows[i].parameters),
                        rows[i].header_ms);

        ck_assert_msg(v.retry_after_ms == rows[i].retry_after_ms, "%s: %lld ms", rows[i].parameters,
                      (long long)v.retry_after_ms);
    }
    close_all();
}
END_TEST

START_TEST(an_accepted_message_is_named_by_its_chat_and_its_number)
{
    static const struct {
        const char *result, *provider_id; /* NULL: no acceptance */
    } rows[] = {
        { "{\"message_id\":42,\"chat\":{\"id\":4711}}", "4711:42" },
        { "{\"message_id\":42,\"chat\":{\"id\":-1001234567890}}", "-1001234567890:42" },
        { "{\"message_id\":0,\"chat\":{\"id\":4711}}", "4711:0" }, /* queued by the server */
        { "{\"message_id\":9223372036854775807,\"chat\":{\"id\":-9223372036854775807}}",
          "-9223372036854775807:9223372036854775807" },
        { "{\"message_id\":42}", "42" },
        { "{\"message_id\":42,\"chat\":{}}", "42" },
        { "{\"message_id\":42,\"chat\":4711}", "42" },
        { "{\"message_id\":42,\"chat\":{\"id\":\"4711\"}}", "42" },
        { "{\"message_id\":\"42\",\"chat\":{\"id\":4711}}", NULL },
        { "{\"message_id\":42.0}", NULL },
        { "{\"chat\":{\"id\":4711}}", NULL },
        { "{}", NULL },
        { "true", NULL },
        { "[{\"message_id\":42}]", NULL },
        { "null", NULL },
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v =
            judge(200, arena_printf(&mem, "{\"ok\":true,\"result\":%s}", rows[i].result));

        exchange_check_text(rows[i].result, "the id", v.provider_id, rows[i].provider_id);
        ck_assert_int_eq(v.class, rows[i].provider_id != NULL ? VERDICT_ACCEPTED : VERDICT_UNCLEAR);
        exchange_check_text(rows[i].result, "the code", v.code,
                            rows[i].provider_id != NULL ? NULL : "unreadable_answer");
    }
    close_all();
}
END_TEST

START_TEST(only_ok_with_a_2xx_is_an_acceptance)
{
    static const char good[] = "{\"ok\":true,\"result\":{\"message_id\":42}}";
    static const char *const others[] = {
        "{\"result\":{\"message_id\":42}}",
        "{\"ok\":false,\"result\":{\"message_id\":42}}",
        "{\"ok\":1,\"result\":{\"message_id\":42}}",
        "{\"ok\":\"true\",\"result\":{\"message_id\":42}}",
    };

    open_with(&plain_config);
    ck_assert_int_eq(judge(199, good).class, VERDICT_UNCLEAR);
    ck_assert_int_eq(judge(200, good).class, VERDICT_ACCEPTED);
    ck_assert_int_eq(judge(299, good).class, VERDICT_ACCEPTED);
    ck_assert_int_eq(judge(300, good).class, VERDICT_UNCLEAR);
    ck_assert_int_eq(judge(400, good).class, VERDICT_REFUSED);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_int_eq(judge(200, others[i]).class, VERDICT_UNCLEAR);
    close_all();
}
END_TEST

START_TEST(the_token_is_never_among_the_words)
{
    static const char *const words[] = {
        TOKEN,
        SECRET,
        ("no bot" TOKEN "/sendMessage here"),
        ("/bot123456789%3A" SECRET),
    };

    open_with(&plain_config);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_ptr_null(
            judge_error(404, arena_printf(&mem, ",\"description\":\"%s\"", words[i])).message);
    ck_assert_str_eq(judge_error(404, ",\"description\":\"no bot 123456789\"").message,
                     "no bot [number]"); /* a long number may be a person's */
    close_all();
}
END_TEST

START_TEST(the_providers_words_are_cut_at_300_bytes)
{
    open_with(&plain_config);
    ck_assert_uint_eq(
        strlen(judge_error(400, arena_printf(&mem, ",\"description\":\"%s\"", repeated("w", 400)))
                   .message),
        300);
    close_all();
}
END_TEST

SUITE("telegram", recorded_exchanges_are_understood, the_token_stands_in_the_url_alone,
      base_url_replaces_the_host_and_keeps_the_path, a_text_is_written_byte_for_byte,
      a_chat_is_a_number_and_a_channel_a_name, the_parse_mode_is_named_unless_it_is_none,
      sender_subject_and_html_play_no_part, a_text_without_markup_has_at_most_4096_characters,
      a_text_with_markup_has_at_most_512_kib, a_token_of_the_wrong_shape_is_refused,
      every_error_code_has_its_class, the_error_code_goes_before_the_status,
      an_answer_that_is_not_telegrams_goes_by_the_status, a_group_that_moved_is_followed,
      the_answers_time_wins_over_the_headers,
      an_accepted_message_is_named_by_its_chat_and_its_number, only_ok_with_a_2xx_is_an_acceptance,
      the_token_is_never_among_the_words, the_providers_words_are_cut_at_300_bytes)
