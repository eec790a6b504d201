/* Tests of workerd/adapters/twilio: what is asked of Twilio, and what its answers mean. */
#include "tests/unit/suite.h"
#include "tests/unit/exchange.h"

#define RECIPIENT "019a2b3c-4d5e-7f60-8123-456789abcdef.0"
#define ACCOUNT "AC00112233445566778899aabbccddeeff"

static const struct provider_config full_config = {
    .name = "main",
    .kind = "twilio",
    .base_url = "",
    .timeout_ms = 10000,
    .account_sid = ACCOUNT,
    .auth_token = " first , second",
    .messaging_service_sid = "MG00112233445566778899aabbccddeeff",
};
static const struct delivery sms = {
    .recipient_id = RECIPIENT,
    .platform = PF_SMS,
    .address = "+15551234567",
    .content = "Hello",
    .from = "+15550001111",
    .expires_ms = -1,
    .now_ms = 1700000000000,
    .attempt = 1,
};

static const struct adapter *twilio;
static struct provider *provider;
static struct arena mem;
static struct error err;

static void open_with(const struct provider_config *cfg, const char *public_url)
{
    twilio = adapter_find("twilio");
    ck_assert_int_eq(twilio->open(&provider, cfg, public_url, &err), ST_OK);
}

static void close_all(void)
{
    twilio->close(provider);
    arena_done(&mem);
}

static struct transfer build(const struct delivery *d)
{
    struct transfer t = { 0 };

    ck_assert_msg(twilio->build(provider, d, &mem, &t, &err) == ST_OK, "%s", err.text);
    ck_assert_uint_eq(strlen(t.body), t.body_len);
    return t;
}

static struct verdict judge(int status, const char *body)
{
    struct reply r = { .reach = REACH_ANSWERED,
                       .status = status,
                       .body = body,
                       .body_len = strlen(body),
                       .retry_after_ms = -1 };

    return twilio->judge(provider, &r, &mem);
}

static void replay(const char *file, const json_t *doc)
{
    const json_t *given = json_object_get(doc, "delivery");
    struct reply reply = exchange_reply(doc);
    struct verdict v = twilio->judge(provider, &reply, &mem);
    struct delivery d = sms;

    exchange_check_verdict(file, doc, &v);
    if (given == NULL)
        return;
    ck_assert(platform_parse(exchange_text(given, "platform"), &d.platform));
    d.address = exchange_text(given, "address");
    d.from = exchange_text(given, "from");
    d.content = exchange_text(given, "content");
    exchange_check_text(file, "request", build(&d).body, exchange_text(doc, "request"));
}

START_TEST(recorded_exchanges_are_understood)
{
    open_with(&full_config, "https://notify.example.com");
    ck_assert_int_ge(exchange_each("twilio", replay), 15);
    close_all();
}
END_TEST

START_TEST(the_account_signs_in_with_its_first_token)
{
    struct transfer t;

    open_with(&full_config, "");
    t = build(&sms);
    ck_assert_int_eq(t.kind, TRANSFER_HTTP);
    ck_assert_str_eq(t.url, "https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT "/Messages.json");
    ck_assert_str_eq(t.username, ACCOUNT);
    ck_assert_str_eq(t.password, "first");
    ck_assert_str_eq(t.headers[0], "Content-Type: application/x-www-form-urlencoded");
    ck_assert_int_eq(t.timeout_ms, 10000);
    close_all();
}
END_TEST

START_TEST(base_url_replaces_the_host_and_keeps_the_path)
{
    struct provider_config cfg = full_config;

    cfg.base_url = "http://127.0.0.1:8080/sim";
    open_with(&cfg, "");
    ck_assert_str_eq(build(&sms).url,
                     "http://127.0.0.1:8080/sim/2010-04-01/Accounts/" ACCOUNT "/Messages.json");
    close_all();
}
END_TEST

START_TEST(without_a_public_url_no_callback_is_asked_for)
{
    open_with(&full_config, "");
    ck_assert_str_eq(build(&sms).body, "To=%2B15551234567&From=%2B15550001111&Body=Hello");
    close_all();
}
END_TEST

START_TEST(a_sender_that_is_a_channel_address_already_stays_one)
{
    struct delivery d = sms;

    open_with(&full_config, "");
    d.platform = PF_WHATSAPP;
    d.from = "whatsapp:+14155238886";
    ck_assert_str_eq(build(&d).body,
                     "To=whatsapp%3A%2B15551234567&From=whatsapp%3A%2B14155238886&Body=Hello");
    close_all();
}
END_TEST

START_TEST(the_time_left_becomes_the_validity)
{
    static const struct {
        int64_t left_ms;
        const char *field; /* NULL: none */
    } rows[] = {
        { -5000, "&ValidityPeriod=1" },        { 0, "&ValidityPeriod=1" },
        { 999, "&ValidityPeriod=1" },          { 1000, "&ValidityPeriod=1" },
        { 2999, "&ValidityPeriod=2" },         { 300000, "&ValidityPeriod=300" },
        { 36000999, "&ValidityPeriod=36000" }, { 36001000, NULL },
    };
    struct delivery d = sms;

    open_with(&full_config, "");
    ck_assert_ptr_null(strstr(build(&d).body, "ValidityPeriod"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        d.expires_ms = d.now_ms + rows[i].left_ms;
        exchange_check_text("validity", "the field", strstr(build(&d).body, "&ValidityPeriod"),
                            rows[i].field);
    }
    close_all();
}
END_TEST

/* Builds what must fail and returns its words. */
static const char *refusal(const struct delivery *d)
{
    struct transfer t;

    ck_assert_int_eq(twilio->build(provider, d, &mem, &t, &err), ST_INVALID);
    return err.text;
}

START_TEST(a_body_of_more_than_1600_characters_is_refused_before_it_leaves)
{
    char text[1601 * 4 + 1] = "";
    struct delivery d = sms;

    open_with(&full_config, "");
    d.content = text;
    for (int i = 0; i < 1600; i++)
        memcpy(text + i * 4, "🎉", 5);
    build(&d);
    memcpy(text + 1600 * 4, "x", 2);
    ck_assert_str_eq(refusal(&d), "content_too_long: 1601 characters, at most 1600");
    close_all();
}
END_TEST

START_TEST(a_message_without_any_sender_is_refused_before_it_leaves)
{
    struct provider_config cfg = full_config;
    struct delivery d = sms;

    cfg.messaging_service_sid = "";
    open_with(&cfg, "");
    d.from = NULL;
    ck_assert_ptr_eq(strstr(refusal(&d), "no_sender: "), err.text);
    close_all();
}
END_TEST

START_TEST(a_configuration_that_cannot_work_is_refused)
{
    struct provider_config rows[5];

    for (int i = 0; i < 5; i++)
        rows[i] = full_config;
    rows[0].account_sid = "";
    rows[1].account_sid = "AC0/../x";
    rows[2].auth_token = "";
    rows[3].auth_token = " , ";
    rows[4].messaging_service_sid = "MG:1";
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(adapter_find("twilio")->open(&provider, &rows[i], "", &err), ST_INVALID);
        ck_assert_ptr_nonnull(strstr(err.text, "provider main: "));
        ck_assert_ptr_null(strstr(err.text, "first"));
    }
}
END_TEST

/* The class of each code of Twilio's list, given with the status that says least. */
START_TEST(every_known_code_has_its_class)
{
    static const struct {
        enum verdict_class class;
        int codes[64];
    } rows[] = {
        { VERDICT_CREDENTIALS,
          { 20003, 20404, 20410, 21603, 21609, 21701, 21703, 21704, 30002, 63001 } },
        { VERDICT_THROTTLED, { 20429, 21611, 30001, 63018, 63038 } },
        { VERDICT_UNCLEAR, { 20500, 30008, 30410, 63009, 63010, 63012 } },
        { VERDICT_NOT_SENT, { 30003, 30017 } },
        { VERDICT_REFUSED,
          { 21211, 21601, 21602, 21610, 21614, 21617, 21619, 21620, 21621, 21624, 21654, 21658,
            21910, 30004, 30005, 30006, 30007, 30010, 30019, 30036, 30450, 30453, 35111, 35114,
            35118, 63003, 63016, 63021, 63024, 63027, 63028, 63030, 63032, 63040, 63041, 63042 } },
        { VERDICT_REFUSED_HERE,
          { 21212, 21408, 21606, 21608, 21612, 30034, 30042, 63002, 63007, 63015 } },
    };

    open_with(&full_config, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (const int *code = rows[i].codes; *code != 0; code++) {
            int status = rows[i].class == VERDICT_REFUSED ? 503 : 400;
            const char *body = arena_printf(&mem, "{\"code\":%d,\"message\":\"x\"}", *code);
            struct verdict v = judge(status, body);

            ck_assert_msg(v.class == rows[i].class, "%d is %s", *code, verdict_name(v.class));
            ck_assert_int_eq(atoi(v.code), *code);
            ck_assert_int_eq(v.recipient_only, *code == 21611); /* the queue of one sender */
        }
    close_all();
}
END_TEST

START_TEST(where_the_answer_names_no_time_the_code_may)
{
    static const struct {
        int code;
        int64_t retry_after_ms;
    } rows[] = {
        { 20429, -1 }, { 30001, -1 }, { 63018, -1 }, { 21611, 60000 }, { 63038, 3600000 },
    };

    open_with(&full_config, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_int_eq(
            judge(400, arena_printf(&mem, "{\"code\":%d}", rows[i].code)).retry_after_ms,
            rows[i].retry_after_ms);
    close_all();
}
END_TEST

START_TEST(an_unknown_code_goes_by_the_status)
{
    static const struct {
        int status;
        enum verdict_class class;
    } rows[] = {
        { 200, VERDICT_UNCLEAR },     { 201, VERDICT_UNCLEAR },     { 301, VERDICT_UNCLEAR },
        { 400, VERDICT_REFUSED },     { 401, VERDICT_CREDENTIALS }, { 403, VERDICT_CREDENTIALS },
        { 404, VERDICT_CREDENTIALS }, { 408, VERDICT_UNCLEAR },     { 410, VERDICT_REFUSED },
        { 422, VERDICT_REFUSED },     { 425, VERDICT_NOT_SENT },    { 429, VERDICT_THROTTLED },
        { 499, VERDICT_REFUSED },     { 500, VERDICT_UNCLEAR },     { 503, VERDICT_UNCLEAR },
        { 599, VERDICT_UNCLEAR },     { 999, VERDICT_UNCLEAR },     { 100, VERDICT_UNCLEAR },
    };
    static const char *const bodies[] = {
        "{\"code\":99999}", "{}", "", "[]", "{\"code\":\"x\"}", "{\"code\":-1}", "not json"
    };

    open_with(&full_config, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
            struct verdict v = judge(rows[i].status, bodies[k]);

            ck_assert_msg(v.class == rows[i].class, "%d with %s is %s", rows[i].status, bodies[k],
                          verdict_name(v.class));
            ck_assert_ptr_nonnull(v.code);
        }
    close_all();
}
END_TEST

START_TEST(a_sid_that_cannot_be_stored_is_not_an_acceptance)
{
    static const char *const sids[] = { "null", "17", "\"\"", "\"SM 1\"", "\"SM\\u00e9\"", "{}" };

    open_with(&full_config, "");
    for (size_t i = 0; i < sizeof sids / sizeof *sids; i++)
        ck_assert_int_eq(judge(201, arena_printf(&mem, "{\"sid\":%s}", sids[i])).class,
                         VERDICT_UNCLEAR);
    close_all();
}
END_TEST

START_TEST(the_providers_words_are_cut_at_300_bytes)
{
    char words[400];

    open_with(&full_config, "");
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    ck_assert_uint_eq(
        strlen(judge(400, arena_printf(&mem, "{\"code\":1,\"message\":\"%s\"}", words)).message),
        300);
    close_all();
}
END_TEST

START_TEST(the_token_is_never_among_the_words)
{
    open_with(&full_config, "");
    ck_assert_ptr_null(judge(401, "{\"code\":20003,\"message\":\"not the first token\"}").message);
    ck_assert_str_eq(judge(401, "{\"code\":20003,\"message\":\"no\"}").message, "no");
    close_all();
}
END_TEST

SUITE("twilio", recorded_exchanges_are_understood, the_account_signs_in_with_its_first_token,
      base_url_replaces_the_host_and_keeps_the_path, without_a_public_url_no_callback_is_asked_for,
      a_sender_that_is_a_channel_address_already_stays_one, the_time_left_becomes_the_validity,
      a_body_of_more_than_1600_characters_is_refused_before_it_leaves,
      a_message_without_any_sender_is_refused_before_it_leaves,
      a_configuration_that_cannot_work_is_refused, every_known_code_has_its_class,
      where_the_answer_names_no_time_the_code_may, an_unknown_code_goes_by_the_status,
      a_sid_that_cannot_be_stored_is_not_an_acceptance, the_providers_words_are_cut_at_300_bytes,
      the_token_is_never_among_the_words)
