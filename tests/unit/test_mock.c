/* Tests of workerd/adapters/mock: the address decides the outcome; and of the table of adapters. */
#include <string.h>

#include "common/base/arena.h"
#include "tests/unit/suite.h"
#include "workerd/adapters/adapter.h"

static struct verdict outcome(enum platform platform, const char *address, struct arena *mem)
{
    static const struct provider_config cfg = { .name = "trial", .kind = "mock" };
    struct delivery d = {
        .recipient_id = "M.3", .platform = platform, .address = address, .content = "Hello"
    };
    const struct adapter *mock = adapter_find("mock");
    struct provider *p;
    struct transfer t;
    struct reply r;
    struct verdict v;
    struct error err;

    ck_assert_int_eq(mock->open(&p, &cfg, "", &err), ST_OK);
    ck_assert_int_eq(mock->build(p, &d, mem, &t, &err), ST_OK);
    ck_assert_int_eq(t.kind, TRANSFER_NONE);
    r = (struct reply){ .reach = REACH_ANSWERED,
                        .status = 200,
                        .body = t.body,
                        .body_len = t.body_len,
                        .retry_after_ms = -1 };
    v = mock->judge(p, &r, mem);
    mock->close(p);
    return v;
}

START_TEST(the_end_of_the_address_decides)
{
    static const struct {
        enum platform platform;
        const char *address;
        enum verdict_class class;
        int64_t retry_after_ms;
    } rows[] = {
        { PF_SMS, "+15551234567", VERDICT_ACCEPTED, -1 },
        { PF_SMS, "+15550004000", VERDICT_REFUSED, -1 },
        { PF_SMS, "+15550004010", VERDICT_CREDENTIALS, -1 },
        { PF_WHATSAPP, "+15550004290", VERDICT_THROTTLED, 1000 },
        { PF_SMS, "+15550005000", VERDICT_UNCLEAR, -1 },
        { PF_SMS, "+15550005030", VERDICT_NOT_SENT, -1 },
        { PF_SMS, "+15550040001", VERDICT_ACCEPTED, -1 },
        { PF_EMAIL, "ada@example.com", VERDICT_ACCEPTED, -1 },
        { PF_EMAIL, "ada.refused@example.com", VERDICT_REFUSED, -1 },
        { PF_EMAIL, "ada4290@example.com", VERDICT_THROTTLED, 1000 },
        { PF_EMAIL, "unclear@example.com", VERDICT_UNCLEAR, -1 },
        { PF_EMAIL, "unsent@example.com", VERDICT_NOT_SENT, -1 },
        { PF_EMAIL, "credentials@example.com", VERDICT_CREDENTIALS, -1 },
        { PF_EMAIL, "ada@host.refused", VERDICT_ACCEPTED, -1 },
        { PF_EMAIL, "ada.unsent@trial.mock", VERDICT_NOT_SENT, -1 },
        { PF_EMAIL, "ada.unsent@other.mock", VERDICT_ACCEPTED, -1 },
        { PF_EMAIL, "ada.unsent@trial.mock.example", VERDICT_NOT_SENT, -1 },
        { PF_TELEGRAM, "-1005000", VERDICT_UNCLEAR, -1 },
        { PF_TELEGRAM, "@news_throttled", VERDICT_THROTTLED, 1000 },
    };
    struct arena mem = ARENA_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v = outcome(rows[i].platform, rows[i].address, &mem);

        ck_assert_msg(v.class == rows[i].class && v.retry_after_ms == rows[i].retry_after_ms,
                      "%s is %s", rows[i].address, verdict_name(v.class));
        ck_assert((v.code == NULL) == (v.class == VERDICT_ACCEPTED));
    }
    ck_assert_str_eq(outcome(PF_SMS, "+15551234567", &mem).provider_id, "mock-M.3");
    arena_done(&mem);
}
END_TEST

START_TEST(each_kind_is_found_by_its_name_and_serves_its_platforms)
{
    static const struct {
        const char *kind;
        unsigned platforms;
    } rows[] = {
        { "twilio", 1u << PF_SMS | 1u << PF_WHATSAPP },
        { "smtp", 1u << PF_EMAIL },
        { "telegram", 1u << PF_TELEGRAM },
        { "whatsapp_cloud", 1u << PF_WHATSAPP },
        { "sendgrid", 1u << PF_EMAIL },
        { "http", (1u << PF_COUNT) - 1 },
        { "mock", (1u << PF_COUNT) - 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct adapter *a = adapter_find(rows[i].kind);

        ck_assert_ptr_nonnull(a);
        ck_assert_str_eq(a->kind, rows[i].kind);
        ck_assert_uint_eq(a->platforms, rows[i].platforms);
        a->close(NULL);
    }
    ck_assert_ptr_null(adapter_find("pigeon"));
    ck_assert_ptr_null(adapter_find(""));
}
END_TEST

START_TEST(each_verdict_has_a_name)
{
    ck_assert_str_eq(verdict_name(VERDICT_ACCEPTED), "accepted");
    ck_assert_str_eq(verdict_name(VERDICT_REFUSED), "refused");
    ck_assert_str_eq(verdict_name(VERDICT_REFUSED_HERE), "refused_here");
    ck_assert_str_eq(verdict_name(VERDICT_THROTTLED), "throttled");
    ck_assert_str_eq(verdict_name(VERDICT_NOT_SENT), "not_sent");
    ck_assert_str_eq(verdict_name(VERDICT_UNCLEAR), "unclear");
    ck_assert_str_eq(verdict_name(VERDICT_CREDENTIALS), "credentials");
}
END_TEST

SUITE("mock", the_end_of_the_address_decides,
      each_kind_is_found_by_its_name_and_serves_its_platforms, each_verdict_has_a_name)
