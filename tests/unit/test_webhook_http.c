/* Tests of fcgi/webhooks/http: a gateway's callbacks are proved and read as its section says. */
#include "fcgi/webhooks/http.h"

#include "common/base/mask.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "tests/unit/callback.h"

static struct config config;
static struct config_faults faults;
static struct arena mem;
static struct error err;

/* ---- helpers ---- */

/* The provider with these lines, after a first one that none of the tests differ in. */
static const struct provider_config *provider(const char *lines)
{
    const char *text =
        arena_printf(&mem, "[provider.gw]\nkind = http\nurl = http://h\n%s", lines);

    config_free(&config);
    config_faults_free(&faults);
    ck_assert_msg(config_load_text("t", text, strlen(text), (char *[]){ NULL }, &config, &faults) ==
                      ST_OK,
                  "%s", faults.count > 0 ? faults.lines[0] : "");
    return &config.providers[0];
}

static void forget(void)
{
    config_free(&config);
    config_faults_free(&faults);
    arena_done(&mem);
}

#define MEANING "callback_status_path = status\ncallback_delivered = DELIVRD\ncallback_id_path = id\n"
#define STANDARD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STANDARD_TIME "1614265330"
#define STANDARD_NOW 1614265330
#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static enum status verify_headers(const struct provider_config *cfg, const char *target,
                                  const char *body, const struct callback_header *headers)
{
    struct webhook_request r = callback_request(target, body, headers);

    r.now_s = STANDARD_NOW;
    return webhook_verify(webhook_find("/webhooks/http/gw"), &r, cfg, &err);
}

static enum status verify(const struct provider_config *cfg, const char *body, const char *header)
{
    const struct callback_header headers[] = { { "X-Proof", header }, { NULL, NULL } };

    return verify_headers(cfg, "/webhooks/http/gw?key=sesame", body, headers);
}

/* ---- what proves a callback ---- */

enum form { HEX_256, BASE64_256, HEX_1 };

static const char *mac_of(enum form form, const char *secret, const char *body)
{
    uint8_t mac[HMAC_SHA256_BYTES];
    char *out = arena_alloc(&mem, 2 * HMAC_SHA256_BYTES + 1);

    if (form == HEX_1) {
        hmac_sha1(secret, strlen(secret), body, strlen(body), mac);
        hex_encode(mac, HMAC_SHA1_BYTES, out);
    } else {
        hmac_sha256(secret, strlen(secret), body, strlen(body), mac);
        if (form == HEX_256)
            hex_encode(mac, sizeof mac, out);
        else
            base64_encode(mac, sizeof mac, out);
    }
    return out;
}

static const struct scheme {
    const char *name, *prefix;
    enum form form;
} schemes[] = {
    { "hmac-sha256-hex", "sha256=", HEX_256 },
    { "hmac-sha256-base64", "sha256=", BASE64_256 },
    { "hmac-sha1-hex", "sha1=", HEX_1 },
};

static const struct provider_config *with_scheme(const char *scheme, const char *secrets)
{
    return provider(arena_printf(&mem,
                                 MEANING "callback_signature = %s:X-Proof\ncallback_secret = %s\n",
                                 scheme, secrets));
}

START_TEST(a_body_is_proved_by_its_hmac_with_or_without_a_prefix)
{
    static const char body[] = "{\"id\":\"a\",\"status\":\"DELIVRD\"}";

    for (size_t i = 0; i < COUNT(schemes); i++) {
        const struct provider_config *cfg = with_scheme(schemes[i].name, "old, sesame");
        const char *mac = mac_of(schemes[i].form, "sesame", body);
        const char *old = mac_of(schemes[i].form, "old", body);

        ck_assert_msg(verify(cfg, body, mac) == ST_OK, "%s", schemes[i].name);
        ck_assert_int_eq(verify(cfg, body, arena_printf(&mem, "%s%s", schemes[i].prefix, mac)),
                         ST_OK);
        ck_assert_int_eq(verify(cfg, body, old), ST_OK);
        ck_assert_int_eq(verify(cfg, body, mac_of(schemes[i].form, "new", body)), ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, mac_of((schemes[i].form + 1) % 3, "sesame", body)),
                         ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, arena_printf(&mem, "md5=%s", mac)), ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, arena_printf(&mem, "%s%s%s", schemes[i].prefix,
                                                        schemes[i].prefix, mac)),
                         ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, arena_printf(&mem, "%s, %s", mac, mac)), ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, arena_printf(&mem, "%s ", mac)), ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, ""), ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, schemes[i].prefix), ST_DENIED);
        ck_assert_int_eq(verify(cfg, body, NULL), ST_DENIED);
    }
    forget();
}
END_TEST

START_TEST(a_change_of_any_bit_of_body_or_signature_is_noticed)
{
    static const char body[] = "id=a&status=DELIVRD";

    for (size_t i = 0; i < COUNT(schemes); i++) {
        const struct provider_config *cfg = with_scheme(schemes[i].name, "sesame");
        const char *mac = mac_of(schemes[i].form, "sesame", body);

        for (size_t bit = 0; bit < 8 * strlen(body); bit++) {
            char *changed = arena_strdup(&mem, body);

            changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
            ck_assert_int_eq(verify(cfg, changed, mac), ST_DENIED);
        }
        for (size_t bit = 0; bit < 8 * strlen(mac); bit++) {
            char *changed = arena_strdup(&mem, mac);

            changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
            ck_assert_int_eq(verify(cfg, body, changed), ST_DENIED);
        }
    }
    forget();
}
END_TEST

/* What the query says is covered by no HMAC of the body, and one of no body is soon known. */
START_TEST(without_a_body_an_hmac_proves_nothing)
{
    for (size_t i = 0; i < COUNT(schemes); i++)
        ck_assert_int_eq(verify(with_scheme(schemes[i].name, "sesame"), "",
                                mac_of(schemes[i].form, "sesame", "")),
                         ST_DENIED);
    forget();
}
END_TEST

START_TEST(a_token_stands_in_a_header_or_in_the_query)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    static const struct {
        const char *target;
        enum status status;
    } rows[] = {
        { "/webhooks/http/gw?key=sesame", ST_OK },
        { "/webhooks/http/gw?x=1&key=ses%61me&key=other", ST_OK },
        { "/webhooks/http/gw?key=open", ST_OK },
        { "/webhooks/http/gw?key=other&key=sesame", ST_DENIED },
        { "/webhooks/http/gw?key=sesam", ST_DENIED },
        { "/webhooks/http/gw?key=sesame%20", ST_DENIED },
        { "/webhooks/http/gw?key=open,sesame", ST_DENIED },
        { "/webhooks/http/gw?key=", ST_DENIED },
        { "/webhooks/http/gw?Key=sesame", ST_DENIED },
        { "/webhooks/http/gw?key=sesame&x=%", ST_DENIED },
        { "/webhooks/http/gw", ST_DENIED },
    };
    const struct provider_config *cfg = provider(
        MEANING "callback_signature = token:X-Proof\ncallback_secret = Bearer sesame, Bearer b\n");

    ck_assert_int_eq(verify(cfg, "", "Bearer sesame"), ST_OK);
    ck_assert_int_eq(verify(cfg, "x", "Bearer b"), ST_OK);
    ck_assert_int_eq(verify(cfg, "", "bearer sesame"), ST_DENIED);
    ck_assert_int_eq(verify(cfg, "", "Bearer"), ST_DENIED);
    ck_assert_int_eq(verify(cfg, "", "sesame"), ST_DENIED);
    ck_assert_int_eq(verify(cfg, "", "Bearer sesame, Bearer b"), ST_DENIED);
    ck_assert_int_eq(verify(cfg, "", ""), ST_DENIED);
    ck_assert_int_eq(verify(cfg, "", NULL), ST_DENIED);
    for (size_t bit = 0; bit < 8 * strlen("Bearer sesame"); bit++) {
        char changed[] = "Bearer sesame";

        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        ck_assert_int_eq(verify(cfg, "", changed), ST_DENIED);
    }
    cfg = provider(MEANING "callback_signature = query:key\ncallback_secret = open, sesame\n");
    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(verify_headers(cfg, rows[i].target, "", none) == rows[i].status, "%s",
                      rows[i].target);
    forget();
}
END_TEST

START_TEST(without_a_secret_nothing_is_let_through)
{
    ck_assert_int_eq(verify(provider(""), "x", "x"), ST_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "no callback_secret"));
    ck_assert_int_eq(verify(provider(MEANING "verify = off\n"), "x", NULL), ST_OK);
    ck_assert_int_eq(http_verify(&(struct webhook_request){ .body = "x", .body_len = 1 },
                                 provider(MEANING "verify = off\n"), &err),
                     ST_DENIED);
    forget();
}
END_TEST

/* ---- Standard Webhooks: the vectors of its own libraries ---- */

static bool standard(const char *secrets, const char *signature)
{
    return http_standard_is_right(signature, STANDARD_ID, STANDARD_TIME, secrets, STANDARD_BODY,
                                  strlen(STANDARD_BODY));
}

START_TEST(published_signatures_of_standard_webhooks_are_right)
{
    static const struct {
        const char *secrets, *signature;
        bool right;
    } rows[] = {
        { "whsec_" STANDARD_SECRET, STANDARD_SIGNATURE, true },
        { STANDARD_SECRET, STANDARD_SIGNATURE, true },
        { "whsec_b3RoZXI=, whsec_" STANDARD_SECRET, STANDARD_SIGNATURE, true },
        { STANDARD_SECRET,
          "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= "
          "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= " STANDARD_SIGNATURE
          " v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
          true },
        { "b3RoZXI=", STANDARD_SIGNATURE, false },
        { "whsec_", STANDARD_SIGNATURE, false },
        { "", STANDARD_SIGNATURE, false },
        { "!", STANDARD_SIGNATURE, false },
        { STANDARD_SECRET, "v1,", false },
        { STANDARD_SECRET, "", false },
        { STANDARD_SECRET, "v1,dawfeoifkpqwoekfpqoekf", false },
        { STANDARD_SECRET, "v1,g0hM9", false },
        { STANDARD_SECRET, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false },
        { STANDARD_SECRET, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false },
        { STANDARD_SECRET, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false },
        { STANDARD_SECRET, STANDARD_SIGNATURE "," STANDARD_SIGNATURE, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(standard(rows[i].secrets, rows[i].signature) == rows[i].right, "%zu", i);
}
END_TEST

static const char *sign_standard(const char *padded_secret, const char *content)
{
    uint8_t key[100], mac[HMAC_SHA256_BYTES];
    char *out = arena_alloc(&mem, 3 + BASE64_BYTES(HMAC_SHA256_BYTES));
    size_t len;

    ck_assert(base64_decode(padded_secret, strlen(padded_secret), key, &len));
    hmac_sha256(key, len, content, strlen(content), mac);
    memcpy(out, "v1,", 3);
    base64_encode(mac, sizeof mac, out + 3);
    return out;
}

/* Bits behind the last byte are left out, as the published libraries do. */
START_TEST(a_secret_without_its_padding_is_the_padded_one)
{
    static const struct {
        const char *secret, *padded, *canonical;
    } rows[] = {
        { "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS=",
          "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=" },
        { "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr==",
          "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBg==" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *signature = sign_standard(
            rows[i].canonical, STANDARD_ID "." STANDARD_TIME "." STANDARD_BODY);

        ck_assert(standard(rows[i].secret, signature));
        ck_assert(standard(rows[i].padded, signature));
        ck_assert(standard(rows[i].canonical, signature));
        ck_assert(standard(arena_printf(&mem, "whsec_%s", rows[i].secret), signature));
        ck_assert(!standard(STANDARD_SECRET, signature));
    }
    ck_assert(!standard("MfKQ9", STANDARD_SIGNATURE));
    arena_done(&mem);
}
END_TEST

static enum status verify_standard(const char *id, const char *time, const char *signature,
                                   const char *body, int64_t now_s)
{
    const struct provider_config *cfg =
        provider(MEANING "callback_signature = standard\ncallback_secret = whsec_" STANDARD_SECRET
                         "\n");
    const struct callback_header headers[] = { { "webhook-id", id },
                                               { "webhook-timestamp", time },
                                               { "webhook-signature", signature },
                                               { NULL, NULL } };
    struct webhook_request r = callback_request("/webhooks/http/gw", body, headers);

    r.now_s = now_s;
    return webhook_verify(webhook_find("/webhooks/http/gw"), &r, cfg, &err);
}

START_TEST(a_standard_callback_is_whole_and_at_most_5_minutes_off)
{
    static const struct {
        const char *id, *time, *signature;
        int64_t now_s;
        enum status status;
    } rows[] = {
        { STANDARD_ID, STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW, ST_OK },
        { STANDARD_ID, STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW + 300, ST_OK },
        { STANDARD_ID, STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW + 301, ST_DENIED },
        { STANDARD_ID, STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW - 300, ST_OK },
        { STANDARD_ID, STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW - 301, ST_DENIED },
        { NULL, STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW, ST_DENIED },
        { STANDARD_ID, NULL, STANDARD_SIGNATURE, STANDARD_NOW, ST_DENIED },
        { STANDARD_ID, STANDARD_TIME, NULL, STANDARD_NOW, ST_DENIED },
        { "", STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW, ST_DENIED },
        { STANDARD_ID, "", STANDARD_SIGNATURE, STANDARD_NOW, ST_DENIED },
        { STANDARD_ID, "hello", STANDARD_SIGNATURE, STANDARD_NOW, ST_DENIED },
        { STANDARD_ID, STANDARD_TIME ", " STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW,
          ST_DENIED },
        { STANDARD_ID ", " STANDARD_ID, STANDARD_TIME, STANDARD_SIGNATURE, STANDARD_NOW,
          ST_DENIED },
        { STANDARD_ID, "9999999999999999999999", STANDARD_SIGNATURE, STANDARD_NOW, ST_DENIED },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(verify_standard(rows[i].id, rows[i].time, rows[i].signature, STANDARD_BODY,
                                      rows[i].now_s) == rows[i].status,
                      "%zu", i);
    forget();
}
END_TEST

/* One signed text can be cut into id, time and body in one way only. */
START_TEST(a_dot_moves_nothing_between_id_time_and_body)
{
    const char *signature = sign_standard(STANDARD_SECRET, "a.1.b.c");
    static const struct {
        const char *id, *time, *body;
        bool right;
    } rows[] = {
        { "a", "1", "b.c", true },
        { "a.1", "b", "c", false },
        { "a", "1.b", "c", false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(http_standard_is_right(signature, rows[i].id, rows[i].time, STANDARD_SECRET,
                                             rows[i].body, strlen(rows[i].body)) == rows[i].right,
                      "%zu", i);
    ck_assert(!http_standard_is_right(sign_standard(STANDARD_SECRET, ".1.b"), "", "1",
                                      STANDARD_SECRET, "b", 1));
    arena_done(&mem);
}
END_TEST

START_TEST(a_change_of_any_bit_of_a_standard_callback_is_noticed)
{
    static const char *const whole[] = { STANDARD_ID, STANDARD_TIME, STANDARD_SIGNATURE,
                                         STANDARD_BODY };

    for (size_t part = 0; part < COUNT(whole); part++)
        for (size_t bit = 0; bit < 8 * strlen(whole[part]); bit++) {
            const char *given[] = { whole[0], whole[1], whole[2], whole[3] };
            char *changed = arena_strdup(&mem, whole[part]);

            changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
            given[part] = changed;
            ck_assert_msg(verify_standard(given[0], given[1], given[2], given[3], STANDARD_NOW) ==
                              ST_DENIED,
                          "part %zu, bit %zu", part, bit);
        }
    forget();
}
END_TEST

/* ---- reading ---- */

static enum status try_parse(const struct provider_config *cfg, const char *target,
                             const char *type, const char *body, struct callback_report **out,
                             size_t *n)
{
    static const struct callback_header none[] = { { NULL, NULL } };
    struct webhook_request r = callback_request(target, body, none);
    enum status st;

    r.content_type = type;
    r.provider = cfg;
    st = http_parse(&r, &mem, out, n, &err);
    for (size_t i = 0; st == ST_OK && i < *n; i++)
        callback_check(&(*out)[i]);
    return st;
}

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"
#define WHOLE                                                                                      \
    "verify = off\ncallback_status_path = data.status\ncallback_id_path = data.id\n"               \
    "callback_recipient_path = data.ref\ncallback_event_path = event_id\n"                         \
    "callback_code_path = data.errors.0.code\ncallback_error_path = data.errors.0.text\n"          \
    "callback_sent = sent, 1\ncallback_delivered = delivered,DELIVRD , true\n"                     \
    "callback_read = seen\ncallback_failed = UNDELIV,failed,8\n"

START_TEST(each_value_has_its_meaning_in_json_and_in_forms)
{
    static const struct {
        const char *value;
        enum delivery_event event;
        const char *name;
    } rows[] = {
        { "sent", EV_REPORTED_SENT, "sent" },
        { "1", EV_REPORTED_SENT, "sent" },
        { "delivered", EV_REPORTED_DELIVERED, "delivered" },
        { "DELIVRD", EV_REPORTED_DELIVERED, "delivered" },
        { "true", EV_REPORTED_DELIVERED, "delivered" },
        { "seen", EV_REPORTED_READ, "read" },
        { "UNDELIV", EV_REPORTED_FAILED, "failed" },
        { "failed", EV_REPORTED_FAILED, "failed" },
        { "8", EV_REPORTED_FAILED, "failed" },
        { "Delivered", CALLBACK_CHANGES_NOTHING, "other" },
        { "sent,1", CALLBACK_CHANGES_NOTHING, "other" },
        { "11", CALLBACK_CHANGES_NOTHING, "other" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const bodies[] = {
            arena_printf(&mem,
                         "{\"event_id\":\"e1\",\"data\":{\"status\":\"%s\",\"id\":\"a17\",\"ref\":"
                         "\"" RECIPIENT "\",\"errors\":[{\"code\":42,\"text\":\"no such\"}]}}",
                         rows[i].value),
            arena_printf(&mem,
                         "event_id=e1&data.status=%s&data.id=a17&data.ref=" RECIPIENT
                         "&data.errors.0.code=42&data.errors.0.text=no+such",
                         rows[i].value),
        };
        const char *const query = arena_printf(&mem, "/webhooks/http/gw?%s", bodies[1]);
        const struct provider_config *cfg = provider(WHOLE);

        for (int way = 0; way < 3; way++) {
            struct callback_report *report;
            size_t n;
            bool failed = rows[i].event == EV_REPORTED_FAILED;

            ck_assert_int_eq(try_parse(cfg, way == 2 ? query : "/webhooks/http/gw",
                                       way == 1 ? FORM : way == 0 ? JSON : NULL,
                                       way == 2 ? "" : bodies[way], &report, &n),
                             ST_OK);
            ck_assert_uint_eq(n, 1);
            ck_assert_msg(report->event == rows[i].event, "%s", rows[i].value);
            callback_check_text("name", report->event_name, rows[i].name);
            callback_check_text("code", report->code, failed ? "42" : NULL);
            callback_check_text("message", report->message, failed ? "no such" : NULL);
            callback_check_text("provider's id", report->provider_id, "a17");
            callback_check_text("recipient", report->recipient_id, RECIPIENT);
            callback_check_text("event", report->event_id, "e1");
        }
    }
    forget();
}
END_TEST

/* The one report of a form, with "status=s&id=a" before these pairs and this query. */
static const struct callback_report *parse_form(const struct provider_config *cfg,
                                                const char *query, const char *pairs)
{
    struct callback_report *report;
    size_t n;

    ck_assert_int_eq(try_parse(cfg, arena_printf(&mem, "/webhooks/http/gw%s", query), FORM, pairs,
                               &report, &n),
                     ST_OK);
    ck_assert_uint_eq(n, 1);
    return report;
}

START_TEST(the_recipient_is_named_by_the_body_or_else_the_url)
{
    static const char other[] = "019a2b3c-4d5e-7f60-8123-456789abcdef.1";
    const struct provider_config *cfg = provider("verify = off\n" MEANING);

    callback_check_text(
        "url", parse_form(cfg, "?id=" RECIPIENT, "status=x&id=a")->recipient_id, RECIPIENT);
    callback_check_text("no id", parse_form(cfg, "?id=17", "status=x&id=a")->recipient_id, NULL);
    callback_check_text("none", parse_form(cfg, "", "status=x&id=a")->recipient_id, NULL);
    callback_check_text("alone", parse_form(cfg, "?id=" RECIPIENT, "status=x")->event_id,
                        RECIPIENT "/x");
    cfg = provider("verify = off\n" MEANING "callback_recipient_path = ref\n");
    callback_check_text("body",
                        parse_form(cfg, "?id=" RECIPIENT,
                                   arena_printf(&mem, "status=x&id=a&ref=%s", other))
                            ->recipient_id,
                        other);
    /* The path says where it stands; what else a URL may hold does not count. */
    callback_check_text("body alone",
                        parse_form(cfg, "?id=" RECIPIENT, "status=x&id=a")->recipient_id, NULL);
    forget();
}
END_TEST

START_TEST(a_code_never_shows_an_address)
{
    const struct provider_config *cfg = provider("verify = off\n" MEANING
                                                 "callback_failed = f\ncallback_code_path = code\n");

    callback_check_text("number", parse_form(cfg, "", "status=f&id=a&code=%2B15551234567")->code,
                        mask_addresses(&mem, "+15551234567"));
    ck_assert_str_ne(mask_addresses(&mem, "+15551234567"), "+15551234567");
    ck_assert_ptr_null(
        strstr(parse_form(cfg, "", "status=f&id=a&code=ada@example.com")->code, "ada@"));
    callback_check_text("blank", parse_form(cfg, "", "status=f&id=a&code=+")->code, "failed");
    callback_check_text("code", parse_form(cfg, "", "status=f&id=a&code=E-42")->code, "E-42");
    forget();
}
END_TEST

START_TEST(what_names_no_message_or_has_no_value_is_unreadable)
{
    static const char *const forms[] = { "", "status=x", "id=a", "status=&id=a", "status=x&id=",
                                         "Status=x&Id=a" };
    static const char *const documents[] = {
        "{}", "{\"status\":\"x\"}", "{\"id\":\"a\"}", "{\"status\":null,\"id\":\"a\"}",
        "{\"status\":{},\"id\":\"a\"}", "{\"status\":\"x\",\"id\":[]}",
        "{\"status\":\"x\",\"id\":1.5}", "{\"id\":\"a\",\"id\":\"a\",\"status\":\"x\"}",
        "{\"id\":\"a\",\"status\":\"x\",\"t\":\"\\u0000\"}", "{\"id\" \"a\"}",
    };
    const struct provider_config *cfg = provider("verify = off\n" MEANING);
    struct callback_report *report;
    size_t n;

    for (size_t i = 1; i < COUNT(forms); i++)
        ck_assert_str_eq(parse_form(cfg, "", forms[i])->event_name, "unreadable");
    ck_assert_str_eq(parse_form(cfg, "?x=1", "")->event_name, "unreadable");
    for (size_t i = 0; i < COUNT(documents); i++) {
        ck_assert_int_eq(try_parse(cfg, "/webhooks/http/gw", JSON, documents[i], &report, &n),
                         ST_OK);
        ck_assert_msg(strcmp(report->event_name, "unreadable") == 0, "%s", documents[i]);
    }
    forget();
}
END_TEST

START_TEST(one_bad_report_of_an_array_spoils_no_other)
{
    static const char *const bad[] = { "null", "17", "[]", "\"x\"", "{}", "{\"a\":\"\\u0000\"}", "",
                                       "{\"id\":\"a\",\"id\":\"b\",\"status\":\"DELIVRD\"}" };
    const struct provider_config *cfg = provider("verify = off\n" MEANING);

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf body = BUF_INIT(HTTP_BODY_MAX);
        struct callback_report *reports;
        size_t place = i * 999 / (COUNT(bad) - 1), n;

        for (size_t k = 0; k < 1000; k++) {
            buf_adds(&body, k == 0 ? "[" : ",");
            if (k == place)
                buf_adds(&body, bad[i]);
            else
                buf_addf(&body, "{\"id\":%zu,\"status\":\"DELIVRD\"}", k);
        }
        buf_adds(&body, "]\n");
        ck_assert_int_eq(try_parse(cfg, "/webhooks/http/gw", JSON, buf_str(&body), &reports, &n),
                         ST_OK);
        ck_assert_uint_eq(n, 1000);
        for (size_t k = 0; k < 1000; k++)
            ck_assert_msg(strcmp(reports[k].event_name, k == place ? "unreadable" : "delivered") ==
                              0,
                          "%s: %zu", bad[i], k);
        buf_free(&body);
    }
    forget();
}
END_TEST

START_TEST(what_is_neither_a_form_nor_json_is_refused)
{
    static const struct {
        const char *target, *type, *body;
    } rows[] = {
        { "/webhooks/http/gw", JSON, "id=a&status=x" },
        { "/webhooks/http/gw", JSON, "{\"id\":\"a\"" },
        { "/webhooks/http/gw", JSON, "[{}" },
        { "/webhooks/http/gw", JSON, "17" },
        { "/webhooks/http/gw", NULL, "id=a&status=x" },
        { "/webhooks/http/gw", "text/plain", "id=a&status=x" },
        { "/webhooks/http/gw", FORM, "id=%&status=x" },
        { "/webhooks/http/gw?x=%", FORM, "id=a&status=x" },
    };
    const struct provider_config *cfg = provider("verify = off\n" MEANING);
    struct callback_report *reports;
    size_t n;

    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(try_parse(cfg, rows[i].target, rows[i].type, rows[i].body, &reports, &n) ==
                          ST_INVALID,
                      "%s", rows[i].body);
    ck_assert_int_eq(try_parse(NULL, "/webhooks/http/gw", JSON, "{}", &reports, &n), ST_INVALID);
    ck_assert_int_eq(try_parse(cfg, "/webhooks/http/gw", FORM "; charset=utf-8", "id=a&status=x",
                               &reports, &n),
                     ST_OK);
    forget();
}
END_TEST

/* A gateway that repeats itself is known to; whatever else it tells is another event. */
START_TEST(event_ids_are_equal_for_a_repeated_report_and_no_other)
{
    static const char *const values[] = { "sent", "DELIVRD", "odd", "two words", "a/b" };
    static const char *const ids[] = { "a", "b", "a b", "17" };
    const struct provider_config *cfg = provider("verify = off\n" MEANING);
    const char *found[COUNT(values) * COUNT(ids)];
    size_t n = 0;

    for (size_t v = 0; v < COUNT(values); v++)
        for (size_t k = 0; k < COUNT(ids); k++, n++) {
            const char *pairs = arena_printf(&mem, "id=%s&status=%s", ids[k], values[v]);

            found[n] = parse_form(cfg, "", arena_printf(&mem, "%s&try=1", pairs))->event_id;
            ck_assert_str_eq(
                parse_form(cfg, "", arena_printf(&mem, "try=2&%s", pairs))->event_id, found[n]);
            for (size_t i = 0; i < n; i++)
                ck_assert_msg(strcmp(found[i], found[n]) != 0, "%s", pairs);
        }
    forget();
}
END_TEST

static void try_document(const char *text, void *context)
{
    struct callback_report *reports;
    size_t n;

    if (try_parse(context, "/webhooks/http/gw", JSON, text, &reports, &n) != ST_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(reports[i].event == EV_REPORTED_FAILED ||
                          reports[i].event == CALLBACK_CHANGES_NOTHING || n > 1 ||
                          strstr(text, "\"status\":true") != NULL,
                      "%s", text);
        ck_assert(reports[i].recipient_id == NULL ||
                  strcmp(reports[i].recipient_id, RECIPIENT) == 0);
    }
}

START_TEST(a_wrong_type_in_any_place_makes_no_nonsense)
{
    const struct provider_config *cfg = provider(WHOLE);

    ck_assert_int_ge(callback_distort("[{\"event_id\":\"e\",\"data\":{\"status\":\"failed\",\"id\":"
                                      "\"a17\",\"ref\":\"" RECIPIENT "\",\"errors\":[{\"code\":42,"
                                      "\"text\":\"t\"}]}}]",
                                      try_document, (void *)cfg),
                     10 * 15);
    forget();
}
END_TEST

SUITE("webhook_http", a_body_is_proved_by_its_hmac_with_or_without_a_prefix,
      a_change_of_any_bit_of_body_or_signature_is_noticed, without_a_body_an_hmac_proves_nothing,
      a_token_stands_in_a_header_or_in_the_query, without_a_secret_nothing_is_let_through,
      published_signatures_of_standard_webhooks_are_right,
      a_secret_without_its_padding_is_the_padded_one,
      a_standard_callback_is_whole_and_at_most_5_minutes_off,
      a_dot_moves_nothing_between_id_time_and_body,
      a_change_of_any_bit_of_a_standard_callback_is_noticed,
      each_value_has_its_meaning_in_json_and_in_forms,
      the_recipient_is_named_by_the_body_or_else_the_url, a_code_never_shows_an_address,
      what_names_no_message_or_has_no_value_is_unreadable,
      one_bad_report_of_an_array_spoils_no_other, what_is_neither_a_form_nor_json_is_refused,
      event_ids_are_equal_for_a_repeated_report_and_no_other,
      a_wrong_type_in_any_place_makes_no_nonsense)
