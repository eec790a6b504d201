/* test_simulator_twilio - the simulated Twilio takes and answers requests as the real one does. */
#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "tests/simulator/behaviour.h"
#include "tests/simulator/segments.h"
#include "tests/simulator/twilio.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

#define ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define PATH "/2010-04-01/Accounts/" ACCOUNT "/Messages.json"
#define FORM "application/x-www-form-urlencoded"
#define TO "To=%2B15551234567"
#define FROM "&From=%2B15005550006"
#define RIGHT TO FROM "&Body=hi"
#define SERVICE "&MessagingServiceSid=MG0123456789abcdef0123456789abcdef"

static const struct settings settings = {
    .twilio = { .sid = ACCOUNT, .token = "12345", .from = NULL },
};

static const char *basic(struct arena *mem, const char *user, const char *password)
{
    const char *pair = arena_printf(mem, "%s:%s", user, password);
    char *out = arena_alloc(mem, BASE64_BYTES(strlen(pair)));

    base64_encode(pair, strlen(pair), out);
    return arena_printf(mem, "Basic %s", out);
}

/* A right request with this body. */
static void prepare(struct exchange *x, const char *body)
{
    memset(x, 0, sizeof *x);
    x->request.method = "POST";
    x->request.path = PATH;
    x->request.authorization = basic(&x->mem, ACCOUNT, "12345");
    x->request.content_type = FORM;
    x->request.body.limit = BODY_MAX;
    buf_adds(&x->request.body, body);
}

static void done(struct exchange *x)
{
    buf_free(&x->request.body);
    arena_done(&x->mem);
}

static json_t *answer_of(const struct exchange *x)
{
    return json_read(x->answer.body, x->answer.body_len, NULL);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void assert_refused(const struct exchange *x, int status, int code, const char *what)
{
    SCOPED(json_t) body = answer_of(x);

    ck_assert_msg(!x->ok, "%s: taken", what);
    ck_assert_ptr_null(x->id);
    ck_assert_msg(x->answer.status == status && x->answer.code == code, "%s: %d %d", what,
                  x->answer.status, x->answer.code);
    ck_assert_int_eq(json_integer_value(json_object_get(body, "status")), status);
    ck_assert_int_eq(json_integer_value(json_object_get(body, "code")), code);
    ck_assert_ptr_nonnull(text_of(body, "message"));
    ck_assert_int_eq(text_of(body, "more_info") != NULL, code != 0);
}

START_TEST(a_wrong_form_is_refused_with_twilios_code)
{
    static const struct {
        const char *body;
        int status, code;
    } rows[] = {
        { "", 400, 21604 },
        { FROM "&Body=hi", 400, 21604 },
        { "To=" FROM "&Body=hi", 400, 21604 },
        { "To=15551234567" FROM "&Body=hi", 400, 21211 },
        { "To=%2B05551234567" FROM "&Body=hi", 400, 21211 },
        { "To=%2B155512" FROM "&Body=hi", 400, 21211 },
        { "To=%2B1555123456789012" FROM "&Body=hi", 400, 21211 },
        { "To=%2B1555123456a" FROM "&Body=hi", 400, 21211 },
        { "To=telegram%3A%2B15551234567" FROM "&Body=hi", 400, 21211 },
        { "To=whatsapp%3A15551234567" FROM "&Body=hi", 400, 21211 },
        { TO "&Body=hi", 400, 21603 },
        { TO "&From=&Body=hi", 400, 21603 },
        { TO "&From=%2B1%205005550006&Body=hi", 400, 21212 },
        { TO "&From=TwelveLetter&Body=hi", 400, 21212 },
        { TO "&From=whatsapp%3A123&Body=hi", 400, 21212 },
        { TO "&MessagingServiceSid=MG123&Body=hi", 400, 21701 },
        { TO "&From=whatsapp%3A%2B15005550006&Body=hi", 400, 21910 },
        { "To=whatsapp%3A%2B15551234567" FROM "&Body=hi", 400, 21910 },
        { TO FROM, 400, 21602 },
        { TO FROM "&Body=", 400, 21602 },
        { RIGHT "&MediaUrl=ftp%3A%2F%2Fexample.com%2Fa", 400, 21620 },
        { TO FROM "&ContentSid=HX12", 400, 21655 },
        { RIGHT "&ContentVariables=%5B1%5D", 400, 21656 },
        { RIGHT "&StatusCallback=example.com", 400, 21609 },
        { RIGHT "&StatusCallback=http%3A%2F%2Fmy_host%2Fx", 400, 21609 },
        { RIGHT "&ValidityPeriod=0", 400, 21624 },
        { RIGHT "&ValidityPeriod=36001", 400, 21624 },
        { RIGHT "&ValidityPeriod=ten", 400, 21624 },
        { RIGHT "&ValidityPeriod=-5", 400, 21624 },
        { RIGHT "&SendAt=2026-12-01T09%3A00%3A00Z", 400, 35118 },
        { RIGHT SERVICE "&SendAt=2026-12-01T09%3A00%3A00Z", 400, 0 },
        { RIGHT "&Body=again", 400, 0 },
        { TO FROM "&Body=%FF", 400, 0 },
        { TO FROM "&Body=%4", 400, 0 },
        { TO FROM "&Body=%00", 400, 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        prepare(&x, rows[i].body);
        provider_serve(&settings, &x);
        assert_refused(&x, rows[i].status, rows[i].code, rows[i].body);
        done(&x);
    }
}
END_TEST

START_TEST(a_right_form_is_taken)
{
    static const char *const rows[] = {
        RIGHT,
        TO "&From=12345&Body=hi",
        TO "&From=My%20Shop&Body=hi",
        TO SERVICE "&Body=hi",
        TO FROM SERVICE "&Body=hi",
        "To=whatsapp%3A%2B15551234567&From=whatsapp%3A%2B15005550006&Body=hi",
        TO FROM "&MediaUrl=https%3A%2F%2Fexample.com%2Fa&MediaUrl=https%3A%2F%2Fexample.com%2Fb",
        TO FROM "&ContentSid=HX0123456789abcdef0123456789ABCDEF"
                "&ContentVariables=%7B%221%22%3A%22a%22%7D",
        RIGHT "&ValidityPeriod=1",
        RIGHT "&ValidityPeriod=36000",
        RIGHT "&StatusCallback=https%3A%2F%2Fexample.com%3A8443%2Fcb%3Fid%3D1%23rc%3D3",
        RIGHT "&SomethingNew=1",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        prepare(&x, rows[i]);
        provider_serve(&settings, &x);
        ck_assert_msg(x.ok && x.answer.status == 201, "%s: %s", rows[i], x.answer.body);
        done(&x);
    }
}
END_TEST

START_TEST(a_bare_plus_is_a_blank_and_so_no_number)
{
    struct exchange x;

    prepare(&x, "To=+15551234567" FROM "&Body=hi");
    provider_serve(&settings, &x);
    assert_refused(&x, 400, 21211, "bare plus");
    ck_assert_str_eq(x.message.to, " 15551234567");
    done(&x);
}
END_TEST

START_TEST(wrong_credentials_are_refused_before_all_else)
{
    static const struct {
        const char *user, *password;
    } rows[] = {
        { ACCOUNT, "wrong" },
        { ACCOUNT, "" },
        { ACCOUNT, "123456" },
        { "AC00000000000000000000000000000000", "12345" },
        { "", "" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        prepare(&x, "");
        x.request.authorization = basic(&x.mem, rows[i].user, rows[i].password);
        x.request.path = "/2010-04-01/nothing";
        provider_serve(&settings, &x);
        assert_refused(&x, 401, 20003, rows[i].password);
        ck_assert_ptr_nonnull(exchange_header(&x, "WWW-Authenticate"));
        done(&x);
    }
}
END_TEST

START_TEST(a_missing_or_broken_authorization_is_refused)
{
    static const char *const rows[] = { NULL, "", "Basic", "Basic !!!", "Bearer 12345" };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        prepare(&x, RIGHT);
        x.request.authorization = rows[i];
        provider_serve(&settings, &x);
        assert_refused(&x, 401, 20003, "authorization");
        done(&x);
    }
}
END_TEST

START_TEST(another_resource_or_method_or_type_is_refused)
{
    static const struct {
        const char *method, *path, *type;
        int status, code;
    } rows[] = {
        { "POST", "/2010-04-01/Accounts/" ACCOUNT "/Messages", FORM, 404, 20404 },
        { "POST", "/2010-04-01/Accounts/AC1/Messages.json", FORM, 404, 20404 },
        { "POST", PATH "/", FORM, 404, 20404 },
        { "GET", PATH, FORM, 405, 20004 },
        { "POST", PATH, "application/json", 400, 21604 },
        { "POST", PATH, NULL, 400, 21604 },
        { "POST", PATH, FORM "x", 400, 21604 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;

        prepare(&x, RIGHT);
        x.request.method = rows[i].method;
        x.request.path = rows[i].path;
        x.request.content_type = rows[i].type;
        provider_serve(&settings, &x);
        assert_refused(&x, rows[i].status, rows[i].code, rows[i].path);
        done(&x);
    }
}
END_TEST

START_TEST(a_form_may_name_its_charset)
{
    struct exchange x;

    prepare(&x, RIGHT);
    x.request.content_type = FORM "; charset=UTF-8";
    provider_serve(&settings, &x);
    ck_assert(x.ok);
    done(&x);
}
END_TEST

START_TEST(a_path_of_nobody_is_not_found)
{
    struct exchange x;

    prepare(&x, RIGHT);
    x.request.path = "/nothing";
    provider_serve(&settings, &x);
    ck_assert(!x.ok);
    ck_assert_ptr_null(x.provider);
    ck_assert_int_eq(x.answer.status, 404);
    done(&x);
}
END_TEST

START_TEST(a_body_has_at_most_1600_characters)
{
    for (int over = 0; over <= 1; over++) {
        struct exchange x;

        prepare(&x, TO FROM "&Body=");
        for (int i = 0; i < TWILIO_BODY_MAX + over; i++)
            buf_adds(&x.request.body, "%C3%B6");
        provider_serve(&settings, &x);
        ck_assert_int_eq(x.answer.status, over ? 400 : 201);
        ck_assert_int_eq(x.answer.code, over ? 21617 : 0);
        done(&x);
    }
}
END_TEST

START_TEST(a_request_beyond_the_ceiling_is_refused)
{
    struct exchange x;

    prepare(&x, RIGHT "&x=");
    for (size_t i = 0; i < BODY_MAX; i++)
        buf_addc(&x.request.body, 'a');
    provider_serve(&settings, &x);
    assert_refused(&x, 413, 0, "too large");
    done(&x);
}
END_TEST

START_TEST(only_the_accounts_own_sender_may_send)
{
    struct settings own = settings;
    struct exchange x;

    own.twilio.from = "+15005550006";
    prepare(&x, RIGHT);
    provider_serve(&own, &x);
    ck_assert(x.ok);
    done(&x);
    prepare(&x, TO "&From=%2B15005550007&Body=hi");
    provider_serve(&own, &x);
    assert_refused(&x, 400, 21606, "foreign sender");
    done(&x);
}
END_TEST

START_TEST(an_accepted_message_is_answered_as_twilio_does)
{
    struct exchange x;

    prepare(&x, TO FROM "&Body=a%22b");
    x.received_ms = 1692853305000;
    provider_serve(&settings, &x);
    SCOPED(json_t) body = answer_of(&x);
    ck_assert_int_eq(x.answer.status, 201);
    ck_assert_str_eq(text_of(body, "sid"), x.id);
    ck_assert_int_eq(strlen(x.id), 34);
    ck_assert_int_eq(strncmp(x.id, "SM", 2), 0);
    ck_assert_str_eq(text_of(body, "status"), "queued");
    ck_assert_str_eq(text_of(body, "num_segments"), "1");
    ck_assert_str_eq(text_of(body, "num_media"), "0");
    ck_assert_str_eq(text_of(body, "to"), "+15551234567");
    ck_assert_str_eq(text_of(body, "from"), "+15005550006");
    ck_assert_str_eq(text_of(body, "body"), "a\"b");
    ck_assert_str_eq(text_of(body, "date_created"), "Thu, 24 Aug 2023 05:01:45 +0000");
    ck_assert_str_eq(text_of(body, "direction"), "outbound-api");
    ck_assert(json_is_null(json_object_get(body, "error_code")));
    ck_assert(json_is_null(json_object_get(body, "price")));
    done(&x);
}
END_TEST

START_TEST(a_service_accepts_before_it_has_a_sender)
{
    struct exchange x;

    prepare(&x, TO SERVICE "&Body=hi");
    provider_serve(&settings, &x);
    SCOPED(json_t) body = answer_of(&x);
    ck_assert_str_eq(text_of(body, "status"), "accepted");
    ck_assert_str_eq(text_of(body, "num_segments"), "0");
    ck_assert(json_is_null(json_object_get(body, "from")));
    done(&x);
}
END_TEST

static int status_for(int number, struct exchange *x)
{
    char body[128];

    snprintf(body, sizeof body, "To=%%2B1555000%04d%s", number, FROM "&Body=hi");
    prepare(x, body);
    provider_serve(&settings, x);
    return x->answer.status;
}

START_TEST(the_last_digits_choose_the_behaviour)
{
    static const struct {
        int number;
        const char *name;
        int first_status, first_code, second_status;
    } rows[] = {
        { 0, "delivered", 201, 0, 201 },
        { 1234, "delivered", 201, 0, 201 },
        { 4290, "limited_once", 429, 20429, 201 },
        { 4291, "limited_always", 429, 20429, 429 },
        { 4299, "limited_once", 429, 20429, 201 },
        { 4000, "bad_address", 400, 21211, 400 },
        { 4100, "unsubscribed", 400, 21610, 400 },
        { 4010, "bad_credentials", 401, 20003, 401 },
        { 4031, "foreign_sender", 400, 21606, 400 },
        { 4032, "region_off", 403, 21408, 403 },
        { 5000, "server_error_once", 500, 20500, 201 },
        { 5001, "server_error_always", 500, 20500, 500 },
        { 5030, "unavailable_once", 503, 20503, 201 },
        { 4080, "hang_always", 0, 0, 0 },
        { 4081, "hang_once", 0, 0, 201 },
        { 4990, "reset_always", 0, 0, 0 },
        { 4991, "reset_once", 0, 0, 201 },
        { 4992, "cut_once", 201, 0, 201 },
        { 4993, "delivered", 201, 0, 201 }, /* its connection is a new one */
        { 4995, "close_after_answer", 201, 0, 201 },
        { 4996, "close_once", 0, 0, 201 },
        { 6000, "broken_json", 201, 0, 201 },
        { 6001, "html", 201, 0, 201 },
        { 6002, "drip", 201, 0, 201 },
        { 6003, "huge", 201, 0, 201 },
        { 6004, "huge_100mb", 201, 0, 201 },
        { 7000, "undelivered", 201, 0, 201 },
        { 7001, "failed", 201, 0, 201 },
        { 7002, "callbacks_doubled", 201, 0, 201 },
        { 7003, "callbacks_reversed", 201, 0, 201 },
        { 7004, "callback_before_answer", 201, 0, 201 },
        { 7005, "no_callback", 201, 0, 201 },
        { 7006, "callback_forged_first", 201, 0, 201 },
        { 7007, "read", 201, 0, 201 },
        { 8050, "late", 201, 0, 201 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x;
        int status = status_for(rows[i].number, &x);

        ck_assert_msg(status == rows[i].first_status, "%d: %d", rows[i].number, status);
        ck_assert_int_eq(x.answer.code, rows[i].first_code);
        ck_assert_str_eq(x.behaviour->name, rows[i].name);
        ck_assert_int_eq(x.id != NULL, rows[i].first_status == 201);
        ck_assert(x.ok);
        done(&x);
        status = status_for(rows[i].number, &x);
        ck_assert_msg(status == rows[i].second_status, "%d again: %d", rows[i].number, status);
        done(&x);
    }
}
END_TEST

START_TEST(a_limited_request_is_told_when_to_come_back)
{
    struct exchange x;

    ck_assert_int_eq(status_for(4291, &x), 429);
    ck_assert_str_eq(exchange_header(&x, "Retry-After"), "1");
    done(&x);
}
END_TEST

static const struct behaviour *row(int number)
{
    return behaviour_find(&twilio_provider.repertoire, number);
}

START_TEST(other_numbers_are_delivered)
{
    static const char *const rows[] = { "+15551234291", "+4915550004291", "+1555000429",
                                        "+155500042911", "15550004291", "" };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_int_eq(twilio_number(rows[i]), -1);
    ck_assert_int_eq(twilio_number("whatsapp:+15550004291"), 4291);
    ck_assert_str_eq(row(-1)->name, "delivered");
}
END_TEST

START_TEST(lateness_is_in_the_digits)
{
    ck_assert_int_eq(behaviour_latency_ms(row(8000), 8000), 0);
    ck_assert_int_eq(behaviour_latency_ms(row(8050), 8050), 500);
    ck_assert_int_eq(behaviour_latency_ms(row(8999), 8999), 9990);
    ck_assert_int_eq(behaviour_latency_ms(row(1050), 1050), 0);
    ck_assert_int_eq(behaviour_latency_ms(row(-1), -1), 0);
}
END_TEST

START_TEST(an_unreadable_answer_is_still_an_accepted_message)
{
    struct exchange x;

    ck_assert_int_eq(status_for(6000, &x), 201);
    SCOPED(json_t) body = answer_of(&x);
    ck_assert_ptr_null(body);
    ck_assert_ptr_nonnull(x.id);
    ck_assert_ptr_nonnull(x.notice.plan);
    done(&x);
    ck_assert_int_eq(status_for(6001, &x), 201);
    ck_assert_int_eq(strncmp(x.answer.content_type, "text/html", 9), 0);
    done(&x);
}
END_TEST

START_TEST(the_recipient_is_known_by_the_callbacks_id)
{
    struct exchange x;

    prepare(&x, RIGHT "&StatusCallback=http%3A%2F%2Fa%2Fcb%3Fx%3D1%26id%3Dm%252B1.2%23rc%3D1");
    provider_serve(&settings, &x);
    ck_assert_str_eq(x.message.recipient_id, "m+1.2");
    ck_assert_str_eq(x.notice.url, "http://a/cb?x=1&id=m%2B1.2");
    done(&x);
}
END_TEST

/* count times one character, then the rest. */
static int segments_of(const char *character, int count, const char *rest)
{
    struct buf text = BUF_INIT(8192);
    int segments;

    for (int i = 0; i < count; i++)
        buf_adds(&text, character);
    buf_adds(&text, rest);
    segments = sms_segments(buf_str(&text));
    buf_free(&text);
    return segments;
}

START_TEST(segments_are_counted_as_carriers_do)
{
    ck_assert_int_eq(segments_of("", 0, ""), 1);
    ck_assert_int_eq(segments_of("a", 160, ""), 1);
    ck_assert_int_eq(segments_of("a", 161, ""), 2);
    ck_assert_int_eq(segments_of("a", 306, ""), 2);
    ck_assert_int_eq(segments_of("a", 307, ""), 3);
    ck_assert_int_eq(segments_of("ö", 160, ""), 1);
    ck_assert_int_eq(segments_of("€", 80, ""), 1);
    ck_assert_int_eq(segments_of("€", 81, ""), 2);
    ck_assert_int_eq(segments_of("a", 69, "ő"), 1);
    ck_assert_int_eq(segments_of("a", 70, "ő"), 2);
    ck_assert_int_eq(segments_of("😀", 35, ""), 1);
    ck_assert_int_eq(segments_of("😀", 36, ""), 2);
}
END_TEST

START_TEST(the_documentation_names_each_behaviour)
{
    sample_expect_documented(&twilio_provider);
}
END_TEST

SUITE("simulator_twilio", a_wrong_form_is_refused_with_twilios_code, a_right_form_is_taken,
      a_bare_plus_is_a_blank_and_so_no_number, wrong_credentials_are_refused_before_all_else,
      a_missing_or_broken_authorization_is_refused, another_resource_or_method_or_type_is_refused,
      a_form_may_name_its_charset, a_path_of_nobody_is_not_found,
      a_body_has_at_most_1600_characters, a_request_beyond_the_ceiling_is_refused,
      only_the_accounts_own_sender_may_send, an_accepted_message_is_answered_as_twilio_does,
      a_service_accepts_before_it_has_a_sender, the_last_digits_choose_the_behaviour,
      a_limited_request_is_told_when_to_come_back, other_numbers_are_delivered,
      lateness_is_in_the_digits, an_unreadable_answer_is_still_an_accepted_message,
      the_recipient_is_known_by_the_callbacks_id,
      segments_are_counted_as_carriers_do,
      the_documentation_names_each_behaviour)
