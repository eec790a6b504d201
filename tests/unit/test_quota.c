/* Tests of common/cache/quota while Redis is away: each process counts for itself. */
#include "common/cache/quota.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/unit/suite.h"

/* The clock of this program: it stands still where the test has set it. */
static int64_t now_ms = 500000;

int clock_gettime(clockid_t id, struct timespec *out)
{
    if (id != CLOCK_BOOTTIME)
        return (int)syscall(SYS_clock_gettime, id, out);
    out->tv_sec = now_ms / 1000;
    out->tv_nsec = now_ms % 1000 * 1000000;
    return 0;
}

static const struct config_redis nowhere = {
    .host = "", .socket = "/nonexistent/redis.sock", .password = "", .timeout_ms = 50
};
static struct cache *cache;

static void setup(void)
{
    log_set_fd(-1);
    cache = cache_new(&nowhere);
}

static struct quota_ask take(const char *user, int limit)
{
    struct quota_ask ask = { .user_id = user, .limit = limit };

    quota_take(cache, &ask, 1);
    return ask;
}

START_TEST(calls_are_allowed_up_to_the_limit)
{
    setup();
    for (int left = 2; left >= 0; left--) {
        struct quota_ask ask = take("ada", 3);

        ck_assert(ask.allowed);
        ck_assert_int_eq(ask.remaining, left);
        ck_assert_int_eq(ask.reset_ms, QUOTA_WINDOW_MS);
    }
    for (int i = 0; i < 3; i++) {
        struct quota_ask ask = take("ada", 3);

        ck_assert(!ask.allowed);
        ck_assert_int_eq(ask.remaining, 0);
    }
    ck_assert(!cache_is_connected(cache));
    cache_free(cache);
}
END_TEST

START_TEST(a_window_begins_with_the_first_call_and_lasts_a_minute)
{
    setup();
    ck_assert(take("ada", 1).allowed);
    now_ms += 20000;
    ck_assert(!take("ada", 1).allowed);
    ck_assert_int_eq(take("ada", 1).reset_ms, 40000);
    now_ms += 39999;
    ck_assert(!take("ada", 1).allowed); /* refused calls do not move its end */
    ck_assert_int_eq(take("ada", 1).reset_ms, 1);
    now_ms += 1;
    ck_assert(take("ada", 1).allowed);
    ck_assert_int_eq(take("ada", 1).reset_ms, QUOTA_WINDOW_MS);
    cache_free(cache);
}
END_TEST

START_TEST(each_user_has_a_count_of_their_own)
{
    setup();
    ck_assert(take("ada", 1).allowed);
    ck_assert(take("bob", 1).allowed);
    ck_assert(!take("ada", 1).allowed);
    ck_assert(!take("bob", 1).allowed);
    cache_free(cache);
}
END_TEST

/* As many as a busy minute has: each is held to the limit, though places to count them in are shared. */
START_TEST(users_do_not_push_each_other_out)
{
    enum { USERS = 1000 };
    char user[USERS][16];

    setup();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < USERS; i++) {
            snprintf(user[i], sizeof user[i], "user-%d", i);
            ck_assert_int_eq(take(user[i], 2).allowed, round < 2);
        }
    }
    cache_free(cache);
}
END_TEST

/* Far more users than places to count them in. */
START_TEST(nobody_pays_for_another)
{
    setup();
    for (int i = 0; i < 20000; i++) {
        char user[16];

        snprintf(user, sizeof user, "user-%d", i);
        ck_assert(take(user, 1).allowed);
    }
    cache_free(cache);
}
END_TEST

START_TEST(a_limit_that_was_changed_counts_at_once)
{
    setup();
    for (int i = 0; i < 5; i++)
        take("ada", 10);
    ck_assert(!take("ada", 5).allowed);
    ck_assert_int_eq(take("ada", 10).remaining, 3);
    cache_free(cache);
}
END_TEST

/* More than one pipeline takes, of two users. */
START_TEST(many_calls_of_a_round_are_counted_one_by_one)
{
    struct quota_ask asks[150];

    setup();
    for (int i = 0; i < 150; i++)
        asks[i] = (struct quota_ask){ .user_id = i % 3 == 0 ? "bob" : "ada", .limit = 60 };
    quota_take(cache, asks, 150);
    for (int i = 0, ada = 0, bob = 0; i < 150; i++) {
        int count = i % 3 == 0 ? ++bob : ++ada;

        ck_assert_int_eq(asks[i].allowed, count <= 60);
        ck_assert_int_eq(asks[i].remaining, count <= 60 ? 60 - count : 0);
    }
    cache_free(cache);
}
END_TEST

START_TEST(no_call_at_all_is_fine)
{
    setup();
    quota_take(cache, NULL, 0);
    cache_free(cache);
}
END_TEST

START_TEST(an_absent_redis_is_tried_now_and_then_and_no_more)
{
    struct error err;

    setup();
    take("ada", 1);
    ck_assert_int_eq(cache_ping(cache, &err), ST_UNAVAILABLE);
    ck_assert_str_eq(err.text, "cache: not connected, next try follows");
    now_ms += 100; /* the first pause is at most this long */
    ck_assert_int_eq(cache_ping(cache, &err), ST_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.text, "cache: connect failed: "));
    now_ms += 2000; /* and no pause is longer than this */
    ck_assert_int_eq(cache_ping(cache, &err), ST_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.text, "cache: connect failed: "));
    cache_free(cache);
}
END_TEST

SUITE("quota", calls_are_allowed_up_to_the_limit,
      a_window_begins_with_the_first_call_and_lasts_a_minute, each_user_has_a_count_of_their_own,
      users_do_not_push_each_other_out, nobody_pays_for_another, a_limit_that_was_changed_counts_at_once,
      many_calls_of_a_round_are_counted_one_by_one, no_call_at_all_is_fine,
      an_absent_redis_is_tried_now_and_then_and_no_more)
