/* Tests of common/cache/key_cache: what is remembered of keys, and for how long. */
#include "common/cache/key_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

#define START_MS 1000000

static const struct caller ada = { .user_id = "01900000-0000-7000-8000-0000000000ad",
                                   .tier = "premium",
                                   .admin = true,
                                   .active = true };

static const char *digest_of(int number)
{
    static char digest[SHA256_HEX_BYTES];
    char text[16];

    snprintf(text, sizeof text, "%d", number);
    return sha256_hex(text, strlen(text), digest);
}

START_TEST(an_unseen_key_is_unknown)
{
    struct caller who;

    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS, &who), KEY_UNKNOWN);
}
END_TEST

START_TEST(a_good_key_brings_its_caller)
{
    struct caller who = { 0 };

    key_cache_put(digest_of(1), START_MS, &ada);
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS, &who), KEY_GOOD);
    ck_assert_str_eq(who.user_id, ada.user_id);
    ck_assert_str_eq(who.tier, "premium");
    ck_assert(who.admin && who.active);
    ck_assert_int_eq(key_cache_get(digest_of(2), START_MS, &who), KEY_UNKNOWN);
}
END_TEST

START_TEST(a_key_that_does_not_exist_is_remembered_too)
{
    struct caller untouched = ada;

    key_cache_put(digest_of(1), START_MS, NULL);
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS + 1, &untouched), KEY_BAD);
    ck_assert_str_eq(untouched.user_id, ada.user_id);
}
END_TEST

START_TEST(both_are_forgotten_after_five_seconds)
{
    struct caller who;

    ck_assert_int_eq(KEY_CACHE_MS, 5000);
    key_cache_put(digest_of(1), START_MS, &ada);
    key_cache_put(digest_of(2), START_MS, NULL);
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS + 4999, &who), KEY_GOOD);
    ck_assert_int_eq(key_cache_get(digest_of(2), START_MS + 4999, &who), KEY_BAD);
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS + 5000, &who), KEY_UNKNOWN);
    ck_assert_int_eq(key_cache_get(digest_of(2), START_MS + 5000, &who), KEY_UNKNOWN);
}
END_TEST

START_TEST(asking_does_not_prolong_the_memory)
{
    struct caller who;

    key_cache_put(digest_of(1), START_MS, &ada);
    for (int ms = 0; ms < 5000; ms += 500)
        ck_assert_int_eq(key_cache_get(digest_of(1), START_MS + ms, &who), KEY_GOOD);
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS + 5000, &who), KEY_UNKNOWN);
}
END_TEST

START_TEST(the_newest_word_on_a_key_counts)
{
    struct caller who;

    key_cache_put(digest_of(1), START_MS, &ada);
    key_cache_put(digest_of(1), START_MS + 10, NULL);
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS + 10, &who), KEY_BAD);
    key_cache_put(digest_of(1), START_MS + 20, &ada);
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS + 20, &who), KEY_GOOD);
}
END_TEST

START_TEST(guessing_keys_takes_no_more_than_the_bound_and_confuses_none)
{
    int remembered = 0;
    struct caller who;

    for (int i = 0; i < 20000; i++)
        key_cache_put(digest_of(i), START_MS, i % 2 == 0 ? &ada : NULL);
    for (int i = 0; i < 20000; i++) {
        enum key_known known = key_cache_get(digest_of(i), START_MS, &who);

        ck_assert_int_ne(known, i % 2 == 0 ? KEY_BAD : KEY_GOOD);
        remembered += known != KEY_UNKNOWN;
    }
    ck_assert_int_le(remembered, 1024);
    ck_assert_int_ge(remembered, 1000); /* digests spread over all places */
    ck_assert_int_ne(key_cache_get(digest_of(19999), START_MS, &who), KEY_UNKNOWN);
}
END_TEST

START_TEST(clearing_forgets_all)
{
    struct caller who;

    key_cache_put(digest_of(1), START_MS, &ada);
    key_cache_clear();
    ck_assert_int_eq(key_cache_get(digest_of(1), START_MS, &who), KEY_UNKNOWN);
}
END_TEST

/* Puts one key as one of two callers, whose id and tier must never be seen mixed. */
static void *put_and_get(void *arg)
{
    const char *letter = arg;
    char digest[SHA256_HEX_BYTES];
    struct caller mine = { .active = true }, who;

    sha256_hex("shared", 6, digest);
    memset(mine.user_id, *letter, UUID_TEXT_BYTES - 1);
    memset(mine.tier, *letter, TIER_BYTES - 1);
    for (int i = 0; i < 20000; i++) {
        key_cache_put(digest, START_MS, &mine);
        if (key_cache_get(digest, START_MS, &who) != KEY_GOOD || who.user_id[0] != who.tier[0] ||
            who.user_id[35] != who.tier[62])
            return arg;
    }
    return NULL;
}

START_TEST(threads_never_see_half_a_caller)
{
    pthread_t threads[2];
    void *torn;

    ck_assert_int_eq(pthread_create(&threads[0], NULL, put_and_get, "a"), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, put_and_get, "b"), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &torn);
        ck_assert_ptr_null(torn);
    }
}
END_TEST

SUITE("key_cache", an_unseen_key_is_unknown, a_good_key_brings_its_caller,
      a_key_that_does_not_exist_is_remembered_too, both_are_forgotten_after_five_seconds,
      asking_does_not_prolong_the_memory, the_newest_word_on_a_key_counts,
      guessing_keys_takes_no_more_than_the_bound_and_confuses_none, clearing_forgets_all,
      threads_never_see_half_a_caller)
