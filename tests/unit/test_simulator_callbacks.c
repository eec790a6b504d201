/* test_simulator_callbacks - what the simulator posts back, when, to where, and how it is signed. */
#include <string.h>

#include "tests/simulator/behaviour.h"
#include "tests/simulator/callback_url.h"
#include "tests/simulator/heap.h"
#include "tests/simulator/twilio.h"
#include "tests/unit/suite.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ACCOUNT "AC0123456789abcdef0123456789abcdef"

static const struct settings settings = { .twilio = { .sid = ACCOUNT, .token = "12345" } };

static const struct plan *plan_of(int number)
{
    return behaviour_find(&twilio_provider.repertoire, number)->plan;
}

/* The callbacks of a number as "sent delivered"; a forged one has a '!'. */
static void plan_text(int number, struct buf *out)
{
    const struct plan *plan = plan_of(number);

    buf_clear(out);
    for (size_t i = 0; plan != NULL && plan->steps[i].event != EVENT_NONE; i++)
        buf_addf(out, "%s%s%s", i > 0 ? " " : "", plan->steps[i].forged ? "!" : "",
                 event_name(plan->steps[i].event));
}

START_TEST(the_last_digits_choose_the_callbacks)
{
    static const struct {
        int number;
        const char *plan;
    } rows[] = {
        { 1234, "sent delivered" },
        { 7000, "sent undelivered" },
        { 7001, "failed" },
        { 7002, "sent sent delivered delivered" },
        { 7003, "delivered sent" },
        { 7004, "delivered" },
        { 7005, "" },
        { 7006, "!failed sent delivered" },
        { 7007, "sent delivered read" },
        { 8050, "sent delivered" },
    };
    struct buf out = BUF_INIT(256);

    for (size_t i = 0; i < COUNT(rows); i++) {
        plan_text(rows[i].number, &out);
        ck_assert_str_eq(buf_str(&out), rows[i].plan);
    }
    ck_assert(plan_of(7004)->before_answer);
    ck_assert(!plan_of(7003)->before_answer);
    buf_free(&out);
}
END_TEST

#define P1 { "CallSid", "CA1234567890ABCDE" }, { "Caller", "+14158675309" }, { "Digits", "1234" }
#define P1_PHONES { "From", "+14158675309" }, { "To", "+18005551212" }
#define T1_URL "https://mycompany.com/myapp.php?foo=1&bar=2"

/* Published by Twilio's own libraries and documentation; the key is 12345. */
START_TEST(signatures_match_the_published_ones)
{
    static const struct {
        const char *url, *signature;
        struct urlform_pair pairs[8];
    } rows[] = {
        { T1_URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", { P1, P1_PHONES } },
        { T1_URL, "vOEb5UThFn24KEfnOFLQY2AE5FY=",
          { P1, P1_PHONES, { "ReasonConferenceEnded", "test" }, { "Reason", "Participant" } } },
        { T1_URL, "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
          { { "Sid", "CA123" }, { "SidAccount", "AC123" }, { "Digits", "5678" },
            { "Digits", "1234" }, { "Digits", "1234" } } },
        { "https://mycompany.com:443/myapp.php?foo=1&bar=2", "kvajT1Ptam85bY51eRf/AJRuM3w=",
          { P1, P1_PHONES } },
        { "http://mycompany.com:80/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4=",
          { P1, P1_PHONES } },
        { "http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
          { P1, P1_PHONES } },
        { "https://example.com/myapp.php?foo=1&bar=2", "L/OH5YylLD5NRKLltdqwSvS0BnU=",
          { { "CallSid", "CA1234567890ABCDE" }, { "Caller", "+14158675310" },
            { "Digits", "1234" }, { "From", "+14158675310" }, { "To", "+18005551212" } } },
        /* The quote was sent encoded. */
        { T1_URL "&Body=It%27s+amazing", "TfZzewPq8wqrGlMfyAud8+/IvJ0=", { P1, P1_PHONES } },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct urlform_pair pairs[COUNT(rows[0].pairs)];
        struct urlform form = { .pairs = pairs };
        char signature[TWILIO_SIGNATURE_BYTES];

        memcpy(pairs, rows[i].pairs, sizeof pairs);
        while (form.count < COUNT(pairs) && pairs[form.count].key != NULL)
            form.count++;
        twilio_sign("12345", rows[i].url, &form, signature);
        ck_assert_str_eq(signature, rows[i].signature);
    }
}
END_TEST

static const struct notice notice = {
    .url = "http://user:secret@example.com:8080/cb?id=a%2Bb", .to = "+15551234567",
    .from = "+15005550006", .id = "SM0123456789abcdef0123456789abcdef",
};

static void callback(struct arena *mem, const struct notice *n, struct step step,
                     struct post *out, struct urlform *form)
{
    *out = (struct post){ .body = BUF_INIT(65536) };
    twilio_callback(&settings, &(struct item){ .notice = n, .step = step }, 1, mem, out);
    ck_assert_int_eq(urlform_parse(mem, buf_str(&out->body), out->body.len, 64, form, NULL),
                     ST_OK);
}

static const char *header(const struct post *p, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < POST_HEADERS && p->headers[i] != NULL; i++)
        if (strncmp(p->headers[i], name, len) == 0 && p->headers[i][len] == ':')
            return p->headers[i] + len + 2;
    return NULL;
}

START_TEST(a_callback_tells_what_became_of_the_message)
{
    struct arena mem = ARENA_INIT;
    struct urlform form;
    struct post post;

    callback(&mem, &notice, (struct step){ EVENT_UNDELIVERED, false }, &post, &form);
    ck_assert_str_eq(post.url, notice.url);
    ck_assert_str_eq(urlform_find(&form, "MessageSid"), notice.id);
    ck_assert_str_eq(urlform_find(&form, "SmsSid"), notice.id);
    ck_assert_str_eq(urlform_find(&form, "MessageStatus"), "undelivered");
    ck_assert_str_eq(urlform_find(&form, "SmsStatus"), "undelivered");
    ck_assert_str_eq(urlform_find(&form, "To"), "+15551234567");
    ck_assert_str_eq(urlform_find(&form, "From"), "+15005550006");
    ck_assert_str_eq(urlform_find(&form, "AccountSid"), ACCOUNT);
    ck_assert_str_eq(urlform_find(&form, "ApiVersion"), "2010-04-01");
    ck_assert_str_eq(urlform_find(&form, "ErrorCode"), "30003");
    ck_assert_int_eq(strlen(urlform_find(&form, "RawDlrDoneDate")), 10);
    ck_assert_str_eq(header(&post, "User-Agent"), "TwilioProxy/1.1");
    buf_free(&post.body);
    callback(&mem, &notice, (struct step){ EVENT_SENT, false }, &post, &form);
    ck_assert_ptr_null(urlform_find(&form, "ErrorCode"));
    ck_assert_ptr_null(urlform_find(&form, "ChannelPrefix"));
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(a_read_callback_of_whatsapp_names_its_channel)
{
    struct arena mem = ARENA_INIT;
    struct notice n = notice;
    struct urlform form;
    struct post post;

    n.to = "whatsapp:+15551234567";
    callback(&mem, &n, (struct step){ EVENT_READ, false }, &post, &form);
    ck_assert_str_eq(urlform_find(&form, "ChannelPrefix"), "whatsapp");
    ck_assert_str_eq(urlform_find(&form, "EventType"), "READ");
    ck_assert_str_eq(urlform_find(&form, "MessageStatus"), "read");
    buf_free(&post.body);
    arena_done(&mem);
}
END_TEST

START_TEST(a_callback_is_signed_unless_it_is_forged)
{
    for (int forged = 0; forged <= 1; forged++) {
        struct arena mem = ARENA_INIT;
        char right[TWILIO_SIGNATURE_BYTES];
        struct urlform form;
        struct post post;

        callback(&mem, &notice, (struct step){ EVENT_SENT, forged }, &post, &form);
        twilio_sign("12345", "http://example.com:8080/cb?id=a%2Bb", &form, right);
        ck_assert_int_eq(strcmp(header(&post, "X-Twilio-Signature"), right) != 0, forged);
        buf_free(&post.body);
        arena_done(&mem);
    }
}
END_TEST

START_TEST(only_a_repeat_has_the_same_token)
{
    static const enum event events[] = { EVENT_SENT, EVENT_SENT, EVENT_DELIVERED };
    struct arena mem = ARENA_INIT;
    const char *tokens[COUNT(events)];

    for (size_t i = 0; i < COUNT(events); i++) {
        struct urlform form;
        struct post post;

        callback(&mem, &notice, (struct step){ events[i], false }, &post, &form);
        tokens[i] = header(&post, "I-Twilio-Idempotency-Token");
        buf_free(&post.body);
    }
    ck_assert_int_eq(strlen(tokens[0]), 36);
    ck_assert_str_eq(tokens[0], tokens[1]);
    ck_assert_str_ne(tokens[0], tokens[2]);
    arena_done(&mem);
}
END_TEST

START_TEST(a_callback_url_is_read_strictly)
{
    static const struct {
        const char *url, *target; /* NULL: refused */
    } rows[] = {
        { "http://a", "http://a" },
        { "HTTPS://a.example-b.com:65535/x?y=1#rc=2", "HTTPS://a.example-b.com:65535/x?y=1" },
        { "http://[::1]:80/x", "http://[::1]:80/x" },
        { "http://u:p@a/x", "http://u:p@a/x" },
        { "http://a?id=1", "http://a?id=1" },
        { "", NULL },
        { "a.com/x", NULL },
        { "ftp://a/x", NULL },
        { "http://", NULL },
        { "http:///x", NULL },
        { "http://a_b/x", NULL },
        { "http://a b/x", NULL },
        { "http://a/x y", NULL },
        { "http://a/x\n", NULL },
        { "http://a:0/x", NULL },
        { "http://a:65536/x", NULL },
        { "http://a:/x", NULL },
        { "http://a:8o/x", NULL },
        { "http://[::1/x", NULL },
        { "http://[]x/x", NULL },
        { "http://a/x?id=%4", NULL },
        { "http://a/x#rc=6", NULL },
        { "http://a/x#rc=10", NULL },
        { "http://a/x#rp=sometimes", NULL },
        { "http://a/x#rp=", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena mem = ARENA_INIT;
        struct callback_url url;
        bool good = callback_url_parse(&mem, rows[i].url, &url);

        ck_assert_msg(good == (rows[i].target != NULL), "%s", rows[i].url);
        if (good)
            ck_assert_str_eq(url.target, rows[i].target);
        arena_done(&mem);
    }
}
END_TEST

START_TEST(a_fragment_sets_the_retries)
{
    static const struct {
        const char *url;
        int retries;
        unsigned retry_on;
    } rows[] = {
        { "http://a/x", 1, RETRY_CONNECT },
        { "http://a/x#", 1, RETRY_CONNECT },
        { "http://a/x#rc=0", 0, RETRY_CONNECT },
        { "http://a/x#rc=3", 3, RETRY_CONNECT },
        { "http://a/x#rc=3&rp=5xx", 3, RETRY_5XX },
        { "http://a/x#rp=5xx,rt", 1, RETRY_5XX | RETRY_READ },
        { "http://a/x#ct=500&rc=5&rp=all", 5,
          RETRY_CONNECT | RETRY_READ | RETRY_4XX | RETRY_5XX },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena mem = ARENA_INIT;
        struct callback_url url;

        ck_assert(callback_url_parse(&mem, rows[i].url, &url));
        ck_assert_msg(url.retries == rows[i].retries && url.retry_on == rows[i].retry_on,
                      "%s: %d %u", rows[i].url, url.retries, url.retry_on);
        arena_done(&mem);
    }
}
END_TEST

START_TEST(a_heap_gives_back_in_order_of_time)
{
    static const int64_t due[] = { 50, 10, 40, 10, 30, 20, 60 };
    struct heap h = HEAP_INIT(COUNT(due));
    struct heap_entry e;
    int64_t last = 0;

    for (size_t i = 0; i < COUNT(due); i++)
        ck_assert(heap_push(&h, (struct heap_entry){ .due_ms = due[i] }));
    ck_assert_int_eq(heap_wait_ms(&h, 4, 1000), 6);
    ck_assert(!heap_pop(&h, 9, &e));
    for (size_t i = 0; i < COUNT(due); i++) {
        ck_assert(heap_pop(&h, 60, &e));
        ck_assert_int_ge(e.due_ms, last);
        last = e.due_ms;
    }
    ck_assert(!heap_pop(&h, 1000, &e));
    ck_assert_int_eq(heap_wait_ms(&h, 4, 1000), 1000);
    heap_free(&h);
}
END_TEST

START_TEST(a_full_heap_takes_no_more)
{
    struct heap h = HEAP_INIT(100);

    for (int i = 0; i < 100; i++)
        ck_assert(heap_push(&h, (struct heap_entry){ .due_ms = i }));
    ck_assert(!heap_push(&h, (struct heap_entry){ .due_ms = 0 }));
    ck_assert_int_eq(h.count, 100);
    heap_free(&h);
}
END_TEST

SUITE("simulator_callbacks", the_last_digits_choose_the_callbacks,
      signatures_match_the_published_ones, a_callback_tells_what_became_of_the_message,
      a_read_callback_of_whatsapp_names_its_channel, a_callback_is_signed_unless_it_is_forged,
      only_a_repeat_has_the_same_token, a_callback_url_is_read_strictly,
      a_fragment_sets_the_retries, a_heap_gives_back_in_order_of_time, a_full_heap_takes_no_more)
