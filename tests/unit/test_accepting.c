/* Tests of common/service/accepting: what the API and notifyctl do alike. */
#include "common/service/accepting.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(the_configuration_says_which_platforms_can_deliver)
{
    static const char *providers[] = { "trial" };
    struct config config = { .platform = { [PF_SMS] = { true, providers, 1 },
                                           [PF_EMAIL] = { true, NULL, 0 },
                                           [PF_WHATSAPP] = { false, providers, 1 } } };
    struct message_rules r;

    message_rules_init(&r, &config, 42);
    ck_assert_int_eq(r.now_ms, 42);
    ck_assert(r.enabled[PF_SMS]);
    ck_assert(!r.enabled[PF_EMAIL] && !r.enabled[PF_WHATSAPP] && !r.enabled[PF_TELEGRAM]);
}
END_TEST

START_TEST(an_adopted_draft_is_due_at_once_or_at_its_time)
{
    struct message_draft d = { .created_ms = 1000, .scheduled_ms = -1, .expires_ms = -1 };
    char first[UUID_TEXT_BYTES];

    draft_adopt(&d, "u");
    ck_assert_int_eq(d.due_ms, 1000);
    ck_assert_str_eq(d.user_id, "u");
    strcpy(first, d.id);
    draft_put_off(&d, 500);
    ck_assert_int_eq(d.due_ms, 1500);
    d.expires_ms = 1200; /* what expires sooner is looked at then */
    draft_put_off(&d, 500);
    ck_assert_int_eq(d.due_ms, 1200);
    d = (struct message_draft){ .created_ms = 1000, .scheduled_ms = 9000, .expires_ms = -1 };
    draft_adopt(&d, "u");
    ck_assert_int_eq(d.due_ms, 9000);
    ck_assert_str_ne(d.id, first);
}
END_TEST

START_TEST(a_key_is_1_to_255_printable_characters)
{
    char key[258];

    memset(key, 'k', sizeof key);
    key[256] = '\0';
    ck_assert(!idempotency_key_is_valid(key));
    key[255] = '\0';
    ck_assert(idempotency_key_is_valid(key));
    ck_assert(idempotency_key_is_valid(" ~"));
    ck_assert(!idempotency_key_is_valid(""));
    ck_assert(!idempotency_key_is_valid("a\tb"));
    ck_assert(!idempotency_key_is_valid("a\x7f"));
    ck_assert(!idempotency_key_is_valid("\xc3\xa9"));
}
END_TEST

SUITE("accepting", the_configuration_says_which_platforms_can_deliver,
      an_adopted_draft_is_due_at_once_or_at_its_time, a_key_is_1_to_255_printable_characters)
