/* The promises of common/base/random.h. */
#include "common/base/random.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "tests/unit/suite.h"

START_TEST(every_size_is_filled_to_its_end_and_not_beyond)
{
    static const size_t sizes[] = { 0, 1, 7, 8, 255, 256, 257, 5000 };
    unsigned char bytes[5001];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bool last_changed = sizes[i] == 0;

        for (int round = 0; round < 40; round++) {
            memset(bytes, 0, sizeof bytes);
            random_bytes(bytes, sizes[i]);
            last_changed = last_changed || bytes[sizes[i] - 1] != 0;
            ck_assert_uint_eq(bytes[sizes[i]], 0);
        }
        ck_assert(last_changed);
    }
}
END_TEST

START_TEST(no_piece_is_handed_out_twice)
{
    enum { PIECES = 2000 };
    static uint64_t seen[PIECES];

    for (int i = 0; i < PIECES; i++) {
        random_bytes(&seen[i], sizeof seen[i]);
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(seen[i], seen[j]);
    }
}
END_TEST

static void *fill(void *out)
{
    random_bytes(out, 32);
    return NULL;
}

START_TEST(threads_do_not_share_their_chance)
{
    unsigned char mine[32], theirs[32];
    pthread_t thread;

    fill(mine);
    ck_assert_int_eq(pthread_create(&thread, NULL, fill, theirs), 0);
    pthread_join(thread, NULL);
    ck_assert(memcmp(mine, theirs, sizeof mine) != 0);
}
END_TEST

START_TEST(below_a_bound_each_value_comes_about_equally_often)
{
    enum { BOUND = 5, ROUNDS = 50000 };
    int count[BOUND] = { 0 };

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t value = random_below(BOUND);

        ck_assert_uint_lt(value, BOUND);
        count[value]++;
    }
    /* Ten standard deviations: this fails by chance less than once in the age of the universe. */
    for (int i = 0; i < BOUND; i++)
        ck_assert_int_lt(count[i] > 10000 ? count[i] - 10000 : 10000 - count[i], 900);
}
END_TEST

START_TEST(a_bound_that_halves_no_power_of_two_is_not_favoured_below)
{
    const uint64_t bound = UINT64_C(3) << 62; /* a plain remainder would give the first third twice */
    int low = 0;

    for (int i = 0; i < 9000; i++)
        low += random_below(bound) < bound / 3;
    ck_assert_int_gt(low, 2550);
    ck_assert_int_lt(low, 3450);
}
END_TEST

START_TEST(the_edges_of_a_bound)
{
    ck_assert_uint_eq(random_below(0), 0);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(random_below(1), 0);
}
END_TEST

START_TEST(a_unit_is_below_one_and_uses_the_whole_range)
{
    double least = 1, most = 0;

    for (int i = 0; i < 10000; i++) {
        double u = random_unit();

        ck_assert(u >= 0 && u < 1);
        least = u < least ? u : least;
        most = u > most ? u : most;
    }
    ck_assert(least < 0.01 && most > 0.99);
}
END_TEST

SUITE("random", every_size_is_filled_to_its_end_and_not_beyond, no_piece_is_handed_out_twice,
      threads_do_not_share_their_chance, below_a_bound_each_value_comes_about_equally_often,
      a_bound_that_halves_no_power_of_two_is_not_favoured_below, the_edges_of_a_bound,
      a_unit_is_below_one_and_uses_the_whole_range)
