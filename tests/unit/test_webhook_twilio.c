/* Tests of fcgi/webhooks/twilio: only what Twilio signed is let through, and it is read rightly. */
#include "fcgi/webhooks/twilio.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "tests/unit/suite.h"

#define RECIPIENT "019a2b3c-4d5e-7f60-8123-456789abcdef.0"
#define SID "SM0123456789abcdef0123456789abcdef"
#define PAGE "https://mycompany.com/myapp.php?foo=1&bar=2"
#define P1                                                                                         \
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309"              \
    "&To=%2B18005551212"

static const struct provider_config config = { .name = "main",
                                               .kind = "twilio",
                                               .auth_token = "12345" };
static struct arena mem;
static struct error err;

/* ---- published vectors: Twilio's documentation and helper libraries ---- */

static const struct vector {
    const char *url, *form, *signature;
} vectors[] = {
    { PAGE, P1, "RSOYDt4T1cUTdK1PDd93/VVr8B8=" },
    { PAGE, P1 "&ReasonConferenceEnded=test&Reason=Participant", "vOEb5UThFn24KEfnOFLQY2AE5FY=" },
    { PAGE, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
      "IK+Dwps556ElfBT0I3Rgjkr1wJU=" },
    { PAGE, P1, "kvajT1Ptam85bY51eRf/AJRuM3w=" }, /* signed with :443 */
    { "http://mycompany.com/myapp.php?foo=1&bar=2", P1, "0ZXoZLH/DfblKGATFgpif+LLRf4=" }, /* :80 */
    { "http://mycompany.com:1234/myapp.php?foo=1&bar=2", P1, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=" },
    { "https://example.com/myapp.php?foo=1&bar=2",
      "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310"
      "&To=%2B18005551212",
      "L/OH5YylLD5NRKLltdqwSvS0BnU=" },
    { PAGE "&Body=It's+amazing", P1, "TfZzewPq8wqrGlMfyAud8+/IvJ0=" },
    { "https://mycompany.com:1234/myapp.php?foo=1&bar=2", P1, "RSOYDt4T1cUTdK1PDd93/VVr8B8=" },
    { PAGE "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", "",
      "a9nBmqA0ju/hNViExpshrM61xv4=" },
    { "https://mycompany.com/myapp.php"
      "?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
      "", "y77kIzt2vzLz71DgmJGsen2scGs=" },
    { PAGE "&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "",
      "Ldidvp12m26NI7eqEvxnEpkd9Hc=" },
};
#define N_VECTORS (sizeof vectors / sizeof *vectors)

static struct urlform form_of(const char *text)
{
    struct urlform form;

    ck_assert_int_eq(urlform_parse(&mem, text, strlen(text), 200, &form, &err), ST_OK);
    return form;
}

static bool is_right(const char *signature, const char *tokens, const char *url, const char *text)
{
    struct urlform form = form_of(text);

    return twilio_signature_is_right(signature, tokens, url, &form);
}

START_TEST(published_signatures_are_right)
{
    for (size_t i = 0; i < N_VECTORS; i++)
        ck_assert_msg(is_right(vectors[i].signature, "12345", vectors[i].url, vectors[i].form),
                      "vector %zu", i);
    arena_done(&mem);
}
END_TEST

START_TEST(a_signature_over_wrongly_sorted_keys_is_wrong)
{
    ck_assert(!is_right("95+Bu0JVPi0r/SsESZCVf0dWAjw=", "12345", PAGE, vectors[1].form));
    arena_done(&mem);
}
END_TEST

START_TEST(a_signature_with_any_byte_changed_is_wrong)
{
    for (size_t i = 0; i < N_VECTORS; i++)
        for (size_t at = 0; at < strlen(vectors[i].signature); at++)
            for (int bit = 0; bit < 8; bit++) {
                char *wrong = arena_strdup(&mem, vectors[i].signature);

                wrong[at] = (char)(wrong[at] ^ 1 << bit);
                ck_assert_msg(!is_right(wrong, "12345", vectors[i].url, vectors[i].form),
                              "vector %zu, byte %zu, bit %d", i, at, bit);
                arena_reset(&mem);
            }
    arena_done(&mem);
}
END_TEST

START_TEST(a_signature_that_is_none_is_wrong)
{
    static const char *const texts[] = { "",
                                         "=",
                                         "RSOYDt4T1cUTdK1PDd93/VVr8B8",
                                         "RSOYDt4T1cUTdK1PDd93/VVr8B8==",
                                         " RSOYDt4T1cUTdK1PDd93/VVr8B8=",
                                         "RSOYDt4T1cUTdK1PDd93/VVr8B9=" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert(!is_right(texts[i], "12345", PAGE, P1));
    arena_done(&mem);
}
END_TEST

START_TEST(a_change_anywhere_in_url_or_form_is_noticed)
{
    const char *right = vectors[0].signature;
    size_t path = strlen("https://mycompany.com");

    for (size_t at = path; at < strlen(PAGE); at++) {
        char *url = arena_strdup(&mem, PAGE);

        url[at] ^= 1;
        ck_assert_msg(!is_right(right, "12345", url, P1), "%s", url);
    }
    ck_assert(!is_right(right, "12345", "https://mycompany.org/myapp.php?foo=1&bar=2", P1));
    ck_assert(!is_right(right, "12345", "mycompany.com/myapp.php?foo=1&bar=2", P1));
    ck_assert(!is_right(right, "12345", PAGE, P1 "&More=1"));
    ck_assert(!is_right(right, "12345", PAGE, "CallSid=CA1234567890ABCDE"));
    arena_done(&mem);
}
END_TEST

START_TEST(any_of_several_tokens_is_right_while_they_rotate)
{
    const char *right = vectors[0].signature;

    ck_assert(is_right(right, "12345,new", PAGE, P1));
    ck_assert(is_right(right, " old , 12345 ,", PAGE, P1));
    ck_assert(!is_right(right, "1234,5", PAGE, P1));
    ck_assert(!is_right(right, "", PAGE, P1));
    ck_assert(!is_right(right, " , ", PAGE, P1));
    arena_done(&mem);
}
END_TEST

START_TEST(quotes_may_be_signed_as_they_are_or_escaped)
{
    ck_assert(is_right("TfZzewPq8wqrGlMfyAud8+/IvJ0=", "12345", PAGE "&Body=It's+amazing", P1));
    ck_assert(is_right("dsq4Ehbj6cs+KdTkpF5sSSplOWw=", "12345", PAGE "&Body=It's+amazing", P1));
    ck_assert(is_right("TfZzewPq8wqrGlMfyAud8+/IvJ0=", "12345", PAGE "&Body=It%27s+amazing", P1));
    ck_assert(!is_right("dsq4Ehbj6cs+KdTkpF5sSSplOWw=", "12345", PAGE "&Body=It%27s+amazing", P1));
    arena_done(&mem);
}
END_TEST

START_TEST(a_login_and_a_fragment_in_the_url_are_not_signed)
{
    ck_assert(is_right(vectors[0].signature, "12345",
                       "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2#rc=3&rp=all", P1));
    arena_done(&mem);
}
END_TEST

/* ---- whole requests ---- */

static const char *sent_header(const struct webhook_request *request, const char *name)
{
    return strcmp(name, "X-Twilio-Signature") == 0 ? request->context : NULL;
}

static const char *sign(const char *url, const char *decoded_parameters)
{
    const char *text = arena_printf(&mem, "%s%s", url, decoded_parameters);
    char *out = arena_alloc(&mem, BASE64_BYTES(HMAC_SHA1_BYTES));
    uint8_t mac[HMAC_SHA1_BYTES];

    hmac_sha1("12345", 5, text, strlen(text), mac);
    base64_encode(mac, sizeof mac, out);
    return out;
}

static struct webhook_request request_of(const char *target, const char *body,
                                         const char *signature)
{
    return (struct webhook_request){
        .public_url = "https://notify.example.com/push",
        .target = target,
        .content_type = "application/x-www-form-urlencoded; charset=utf-8",
        .body = body,
        .body_len = strlen(body),
        .header = sent_header,
        .context = signature,
    };
}

static enum status verify(const struct webhook_request *r)
{
    return webhook_find("/webhooks/twilio")->verify(r, &config, &err);
}

START_TEST(the_url_is_the_public_one_wherever_the_responder_is_mounted)
{
    static const struct {
        const char *target;
        enum status status;
    } rows[] = {
        { "/webhooks/twilio?id=1", ST_OK },
        { "/push/webhooks/twilio?id=1", ST_OK },
        { "/inner/place/webhooks/twilio?id=1", ST_OK },
        { "http://backend:8080/webhooks/twilio?id=1", ST_OK },
        { "/webhooks/twilio?id=2", ST_DENIED },
        { "/webhooks/twilio", ST_DENIED },
        { "/webhooks/twilio/?id=1", ST_DENIED },
        { "/webhooks/other?x=/webhooks/twilio", ST_DENIED },
        { "", ST_DENIED },
    };
    const char *signature = sign("https://notify.example.com/push/webhooks/twilio?id=1", "AB");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct webhook_request r = request_of(rows[i].target, "A=B", signature);

        ck_assert_msg(verify(&r) == rows[i].status, "%s: %s", rows[i].target, err.text);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_body_that_is_no_form_must_have_the_signed_digest)
{
    static const char body[] = "{\"property\": \"value\", \"boolean\": true}";
    static const char target[] = "/webhooks/twilio?bodySHA256="
                                 "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    const char *url = arena_printf(&mem, "https://notify.example.com/push%s", target);
    struct webhook_request r = request_of(target, body, sign(url, ""));

    r.content_type = "application/json";
    ck_assert_int_eq(verify(&r), ST_OK);
    for (size_t at = 0; at < strlen(body); at++) {
        char *changed = arena_strdup(&mem, body);

        changed[at] ^= 1;
        r.body = changed;
        ck_assert_int_eq(verify(&r), ST_DENIED);
    }
    r = request_of("/webhooks/twilio", body,
                   sign("https://notify.example.com/push/webhooks/twilio", ""));
    r.content_type = "application/json";
    ck_assert_int_eq(verify(&r), ST_DENIED);
    r.content_type = NULL;
    ck_assert_int_eq(verify(&r), ST_DENIED);
    r.body_len = 0;
    ck_assert_int_eq(verify(&r), ST_OK);
    arena_done(&mem);
}
END_TEST

START_TEST(what_is_missing_or_too_large_is_denied)
{
    static const char url[] = "https://notify.example.com/push/webhooks/twilio";
    const char *signature = sign(url, "AB");
    char *many = arena_zero(&mem, 5 * 201 + 1), *large = arena_zero(&mem, WEBHOOK_BODY_MAX + 2);
    struct webhook_request r = request_of("/webhooks/twilio", "A=B", signature);

    ck_assert_int_eq(verify(&r), ST_OK);
    r.public_url = "";
    ck_assert_int_eq(verify(&r), ST_DENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "public_url is not configured"));
    r = request_of("/webhooks/twilio", "A=B", signature);
    r.content_type = "application/x-www-form-urlencodedx";
    ck_assert_int_eq(verify(&r), ST_DENIED);
    r = request_of("/webhooks/twilio", "A=B", NULL);
    ck_assert_int_eq(verify(&r), ST_DENIED);
    r = request_of("/webhooks/twilio", "A=%4", signature);
    ck_assert_int_eq(verify(&r), ST_DENIED);
    r = request_of("/webhooks/twilio?a=%", "A=B", signature);
    ck_assert_int_eq(verify(&r), ST_DENIED);
    for (int i = 0; i < 201; i++)
        memcpy(many + 4 * i, "A=B&", 4);
    r = request_of("/webhooks/twilio", many, signature);
    ck_assert_int_eq(verify(&r), ST_DENIED);
    many[4 * 200] = '\0';
    r = request_of("/webhooks/twilio", many, signature);
    ck_assert_int_eq(verify(&r), ST_OK);
    memset(large, 'x', WEBHOOK_BODY_MAX);
    r = request_of("/webhooks/twilio", large, sign(url, large));
    ck_assert_int_eq(verify(&r), ST_OK);
    large[WEBHOOK_BODY_MAX] = 'x';
    r = request_of("/webhooks/twilio", large, sign(url, large));
    ck_assert_int_eq(verify(&r), ST_DENIED);
    arena_done(&mem);
}
END_TEST

/* ---- reading ---- */

static enum status parse(const char *target, const char *body, struct callback_report **out)
{
    struct webhook_request r = request_of(target, body, NULL);
    size_t n = 0;
    enum status st = webhook_find("/webhooks/twilio")->parse(&r, &mem, out, &n, &err);

    ck_assert_uint_eq(n, st == ST_OK ? 1 : 0);
    return st;
}

static void check_text(const char *what, const char *is, const char *wanted)
{
    ck_assert_msg((is == NULL) == (wanted == NULL) && (is == NULL || strcmp(is, wanted) == 0),
                  "%s: %s, not %s", what, is != NULL ? is : "absent",
                  wanted != NULL ? wanted : "absent");
}

START_TEST(each_status_has_its_event)
{
    static const struct {
        const char *fields;
        enum delivery_event event;
        const char *name, *code, *message;
    } rows[] = {
        { "MessageStatus=accepted", CALLBACK_CHANGES_NOTHING, "accepted", NULL, NULL },
        { "MessageStatus=scheduled", CALLBACK_CHANGES_NOTHING, "scheduled", NULL, NULL },
        { "MessageStatus=queued", CALLBACK_CHANGES_NOTHING, "queued", NULL, NULL },
        { "MessageStatus=sending", CALLBACK_CHANGES_NOTHING, "sending", NULL, NULL },
        { "MessageStatus=sent", EV_REPORTED_SENT, "sent", NULL, NULL },
        { "SmsStatus=sent", EV_REPORTED_SENT, "sent", NULL, NULL },
        { "MessageStatus=partially_delivered", CALLBACK_CHANGES_NOTHING, "partially_delivered",
          NULL, NULL },
        { "MessageStatus=delivered&RawDlrDoneDate=2612010900&ErrorCode=0", EV_REPORTED_DELIVERED,
          "delivered", NULL, NULL },
        { "MessageStatus=read&ChannelPrefix=whatsapp", EV_REPORTED_READ, "read", NULL, NULL },
        { "MessageStatus=delivered&EventType=READ", EV_REPORTED_READ, "read", NULL, NULL },
        { "MessageStatus=delivered&EventType=DELIVERED", EV_REPORTED_DELIVERED, "delivered", NULL,
          NULL },
        { "MessageStatus=undelivered&ErrorCode=30003", EV_REPORTED_FAILED, "undelivered", "30003",
          NULL },
        { "MessageStatus=failed&ErrorCode=30007&ErrorMessage=Carrier+violation", EV_REPORTED_FAILED,
          "failed", "30007", "Carrier violation" },
        { "MessageStatus=failed&ErrorCode=63016&ErrorMessage=&ChannelStatusMessage=Too%20late",
          EV_REPORTED_FAILED, "failed", "63016", "Too late" },
        { "MessageStatus=failed", EV_REPORTED_FAILED, "failed", "failed", NULL },
        { "MessageStatus=canceled", EV_REPORTED_FAILED, "canceled", "canceled", NULL },
        { "MessageStatus=received", CALLBACK_CHANGES_NOTHING, "other", NULL, NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct callback_report *report;
        enum status st =
            parse("/webhooks/twilio?id=" RECIPIENT,
                  arena_printf(&mem, "MessageSid=" SID "&%s", rows[i].fields), &report);

        ck_assert_msg(st == ST_OK && report->event == rows[i].event, "%s", rows[i].fields);
        check_text("name", report->event_name, rows[i].name);
        check_text("code", report->code, rows[i].code);
        check_text("message", report->message, rows[i].message);
        check_text("recipient", report->recipient_id, RECIPIENT);
        check_text("provider's id", report->provider_id, SID);
        check_text("event", report->event_id,
                   arena_printf(&mem, SID "/%s",
                                strcmp(rows[i].name, "other") == 0 ? "received" : rows[i].name));
    }
    arena_done(&mem);
}
END_TEST

START_TEST(the_recipient_is_named_by_the_url)
{
    static const struct {
        const char *target, *recipient;
        enum status status;
    } rows[] = {
        { "/webhooks/twilio?id=" RECIPIENT, RECIPIENT, ST_OK },
        { "/push/webhooks/twilio?x=1&id=019a2b3c%2D4d5e-7f60-8123-456789abcdef%2E0", RECIPIENT,
          ST_OK },
        { "/webhooks/twilio", NULL, ST_OK },
        { "/webhooks/twilio?id=", NULL, ST_INVALID },
        { "/webhooks/twilio?id=17", NULL, ST_INVALID },
        { "/webhooks/twilio?id=019a2b3c-4d5e-7f60-8123-456789abcdef", NULL, ST_INVALID },
        { "/webhooks/twilio?id=%00", NULL, ST_INVALID },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct callback_report *report;

        ck_assert_int_eq(
            parse(rows[i].target, "MessageSid=" SID "&MessageStatus=sent&id=other", &report),
            rows[i].status);
        if (rows[i].status == ST_OK)
            check_text(rows[i].target, report->recipient_id, rows[i].recipient);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_callback_without_an_id_or_a_status_is_refused)
{
    static const char *const bodies[] = { "",
                                          "MessageSid=" SID,
                                          "MessageStatus=sent",
                                          "MessageSid=&MessageStatus=sent",
                                          "MessageSid=" SID "&MessageStatus=",
                                          "MessageSid=S%0AM&MessageStatus=sent",
                                          "MessageSid=" SID "&MessageStatus=%zz",
                                          "MessageSid=" SID "&MessageStatus=%00" };
    struct callback_report *report;
    struct webhook_request r = request_of("/webhooks/twilio", "{}", NULL);
    size_t n;

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        ck_assert_int_eq(parse("/webhooks/twilio", bodies[i], &report), ST_INVALID);
    r.content_type = "application/json";
    ck_assert_int_eq(twilio_parse(&r, &mem, &report, &n, &err), ST_INVALID);
    arena_done(&mem);
}
END_TEST

/* Of one recipient: equal where Twilio repeats itself, and never where it tells something else. */
START_TEST(event_ids_are_equal_for_a_repeated_report_and_no_other)
{
    static const char *const states[] = {
        "MessageStatus=sent",      "MessageStatus=delivered", "MessageStatus=delivered&EventType=READ",
        "MessageStatus=failed",    "MessageStatus=received",  "MessageStatus=receiving",
        "MessageStatus=two+words", "MessageStatus=%C3%BC"
    };
    static const char *const sids[] = { SID, "SM1123456789abcdef0123456789abcdef" };
    const size_t n_states = sizeof states / sizeof *states;
    const char *found[2 * sizeof states / sizeof *states];

    for (size_t i = 0; i < 2 * n_states; i++) {
        const char *pairs =
            arena_printf(&mem, "MessageSid=%s&%s", sids[i / n_states], states[i % n_states]);
        struct callback_report *first, *second;

        ck_assert_int_eq(parse("/webhooks/twilio", pairs, &first), ST_OK);
        ck_assert_int_eq(
            parse("/webhooks/twilio?x=1", arena_printf(&mem, "To=x&%s&Try=2", pairs), &second),
            ST_OK);
        found[i] = first->event_id;
        ck_assert_str_eq(second->event_id, found[i]);
        ck_assert_uint_le(strlen(found[i]), 255);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(strcmp(found[k], found[i]) != 0, "%s", pairs);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(the_providers_words_are_cut_and_clean)
{
    struct callback_report *report;
    char words[700];

    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    ck_assert_int_eq(
        parse("/webhooks/twilio",
              arena_printf(&mem, "MessageSid=" SID "&MessageStatus=failed&ErrorMessage=%s", words),
              &report),
        ST_OK);
    ck_assert_uint_eq(strlen(report->message), 300);
    ck_assert_int_eq(parse("/webhooks/twilio",
                           "SmsSid=" SID "&SmsStatus=failed&ErrorMessage=a%0Ab%FF&ErrorCode=%C3%28",
                           &report),
                     ST_OK);
    ck_assert_str_eq(report->message, "a b?");
    ck_assert_str_eq(report->code, "?(");
    arena_done(&mem);
}
END_TEST

START_TEST(a_webhook_is_found_by_its_path)
{
    const struct webhook *w = webhook_find("/webhooks/twilio");

    ck_assert_str_eq(w->provider_kind, "twilio");
    ck_assert_ptr_null(webhook_find("/webhooks/pigeon"));
    ck_assert_ptr_null(webhook_find("/webhooks/twilio/"));
}
END_TEST

SUITE("webhook_twilio", published_signatures_are_right,
      a_signature_over_wrongly_sorted_keys_is_wrong, a_signature_with_any_byte_changed_is_wrong,
      a_signature_that_is_none_is_wrong, a_change_anywhere_in_url_or_form_is_noticed,
      any_of_several_tokens_is_right_while_they_rotate, quotes_may_be_signed_as_they_are_or_escaped,
      a_login_and_a_fragment_in_the_url_are_not_signed,
      the_url_is_the_public_one_wherever_the_responder_is_mounted,
      a_body_that_is_no_form_must_have_the_signed_digest, what_is_missing_or_too_large_is_denied,
      each_status_has_its_event, the_recipient_is_named_by_the_url,
      a_callback_without_an_id_or_a_status_is_refused,
      event_ids_are_equal_for_a_repeated_report_and_no_other, the_providers_words_are_cut_and_clean,
      a_webhook_is_found_by_its_path)
