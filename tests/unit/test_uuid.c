/* The promises of common/base/uuid.h. */
#include "common/base/uuid.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

#define NOW INT64_C(1796115600123)

static int64_t time_of(const char *uuid)
{
    char digits[13];

    memcpy(digits, uuid, 8);
    memcpy(digits + 8, uuid + 9, 4);
    digits[12] = '\0';
    return (int64_t)strtoull(digits, NULL, 16);
}

START_TEST(an_id_carries_its_time_version_and_variant)
{
    static const int64_t times[] = { 0, 1, NOW, (INT64_C(1) << 48) - 1 };
    char id[UUID_TEXT_BYTES];

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uuid_v7(times[i], id);
        ck_assert(uuid_is_valid(id));
        ck_assert_int_eq(time_of(id), times[i]);
        ck_assert_int_eq(id[14], '7');
        ck_assert_ptr_nonnull(strchr("89ab", id[19]));
        ck_assert_uint_eq(strspn(id, "0123456789abcdef-"), 36);
    }
}
END_TEST

START_TEST(no_id_of_a_time_lies_below_its_first_one)
{
    char first[UUID_TEXT_BYTES], id[UUID_TEXT_BYTES];

    uuid_first_of(0x0123456789abLL, first);
    ck_assert_str_eq(first, "01234567-89ab-0000-0000-000000000000");
    for (int i = 0; i < 1000; i++) {
        uuid_v7(0x0123456789abLL, id);
        ck_assert_int_gt(strcmp(id, first), 0);
        uuid_v7(0x0123456789aaLL, id);
        ck_assert_int_lt(strcmp(id, first), 0);
    }
}
END_TEST

START_TEST(ids_of_one_millisecond_grow)
{
    char before[UUID_TEXT_BYTES], id[UUID_TEXT_BYTES];

    /* More than the counter holds: it goes on in the next millisecond. */
    uuid_v7(NOW, before);
    for (int i = 0; i < 20000; i++) {
        uuid_v7(NOW, id);
        ck_assert_str_lt(before, id);
        strcpy(before, id);
    }
    ck_assert_int_le(time_of(id) - NOW, 10);
    for (int ms = 1; ms < 20; ms++) {
        uuid_v7(NOW + ms, id);
        ck_assert_str_lt(before, id);
        strcpy(before, id);
    }
}
END_TEST

START_TEST(a_millisecond_has_room_for_two_thousand_ids)
{
    char id[UUID_TEXT_BYTES];

    for (int ms = 0; ms < 50; ms++)
        for (int i = 0; i < 2048; i++) {
            uuid_v7(NOW + ms, id);
            ck_assert_int_eq(time_of(id), NOW + ms);
        }
}
END_TEST

START_TEST(a_clock_that_goes_back_is_followed)
{
    char id[UUID_TEXT_BYTES];

    uuid_v7(NOW, id);
    uuid_v7(NOW - 60000, id);
    ck_assert_int_eq(time_of(id), NOW - 60000);
}
END_TEST

static void *make(void *out)
{
    uuid_v7(NOW, out);
    return NULL;
}

START_TEST(threads_make_different_ids_at_the_same_time)
{
    char mine[UUID_TEXT_BYTES], theirs[UUID_TEXT_BYTES];
    pthread_t thread;

    make(mine);
    ck_assert_int_eq(pthread_create(&thread, NULL, make, theirs), 0);
    pthread_join(thread, NULL);
    ck_assert_str_ne(mine + 19, theirs + 19);
}
END_TEST

START_TEST(only_the_canonical_form_is_valid)
{
    static const char *const bad[] = {
        "",
        "0",
        "01890a5d-ac96-774b-bcce-b302099a805",
        "01890a5d-ac96-774b-bcce-b302099a80577",
        "01890a5d-ac96-774b-bcce-b302099a805g",
        "01890a5dac96774bbcceb302099a8057",
        "01890a5d-ac96-774b-bcceb-302099a8057",
        "{01890a5d-ac96-774b-bcce-b302099a8057}",
        "01890a5d-ac96-774b-bcce-b302099a8057 ",
        " 1890a5d-ac96-774b-bcce-b302099a8057",
        "01890a5d_ac96-774b-bcce-b302099a8057",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!uuid_is_valid(bad[i]), "%s", bad[i]);
    ck_assert(uuid_is_valid("01890a5d-ac96-774b-bcce-b302099a8057"));
    ck_assert(uuid_is_valid("01890A5D-AC96-174B-0CCE-B302099A8057"));
}
END_TEST

SUITE("uuid", an_id_carries_its_time_version_and_variant,
      no_id_of_a_time_lies_below_its_first_one, ids_of_one_millisecond_grow,
      a_millisecond_has_room_for_two_thousand_ids, a_clock_that_goes_back_is_followed,
      threads_make_different_ids_at_the_same_time, only_the_canonical_form_is_valid)
