/* Tests of workerd/breaker: closed, open, half-open. */
#include "workerd/breaker.h"

#include "tests/unit/suite.h"

static struct breaker_policy policy;

static struct breaker closed(void)
{
    policy = breaker_policy_of(1000);
    return (struct breaker){ 0 };
}

/* Fails until it opens; the time when that was. */
static void open_it(struct breaker *b, int64_t now_ms)
{
    for (int i = 1; i < policy.run; i++)
        ck_assert(!breaker_fail(b, &policy, BREAKER_FAILURES, false, now_ms));
    ck_assert(breaker_fail(b, &policy, BREAKER_FAILURES, false, now_ms));
}

START_TEST(a_run_of_failures_opens_it)
{
    struct breaker b = closed();

    open_it(&b, 5000);
    ck_assert_int_eq(breaker_state(&b, 5000), BREAKER_OPEN);
    ck_assert_int_eq(breaker_state(&b, 9999), BREAKER_OPEN);
    ck_assert_int_eq(breaker_state(&b, 10000), BREAKER_HALF_OPEN);
}
END_TEST

START_TEST(a_success_in_between_begins_the_run_anew)
{
    struct breaker b = closed();

    for (int i = 1; i < policy.run; i++)
        breaker_fail(&b, &policy, BREAKER_FAILURES, false, 0);
    ck_assert(!breaker_succeed(&b, 0));
    for (int i = 1; i < policy.run; i++)
        ck_assert(!breaker_fail(&b, &policy, BREAKER_FAILURES, false, 0));
    ck_assert_int_eq(breaker_state(&b, 0), BREAKER_CLOSED);
}
END_TEST

START_TEST(a_crowd_that_fails_again_and_again_opens_nothing_while_others_get_through)
{
    struct breaker b = closed();

    breaker_succeed(&b, 1000);
    for (int i = 0; i < 10 * policy.run; i++)
        ck_assert(!breaker_fail(&b, &policy, BREAKER_FAILURES, true, 1000 + i));
    for (int i = 1; i < policy.run; i++)
        ck_assert(!breaker_fail(&b, &policy, BREAKER_FAILURES, false, 2000));
    ck_assert(breaker_fail(&b, &policy, BREAKER_FAILURES, false, 2000));
}
END_TEST

START_TEST(where_nobody_gets_through_for_a_while_it_opens_for_them_too)
{
    struct breaker b = closed();
    int64_t while_ms = policy.first_ms[BREAKER_FAILURES];

    breaker_succeed(&b, 1000);
    for (int i = 0; i < policy.run; i++)
        ck_assert(!breaker_fail(&b, &policy, BREAKER_FAILURES, true, 1000 + while_ms - 1));
    ck_assert(breaker_fail(&b, &policy, BREAKER_FAILURES, true, 1000 + while_ms));
}
END_TEST

START_TEST(refused_credentials_open_it_at_once_and_for_longer)
{
    struct breaker b = closed();

    ck_assert(breaker_fail(&b, &policy, BREAKER_CREDENTIALS, false, 1000));
    ck_assert_int_eq(breaker_state(&b, 30999), BREAKER_OPEN);
    ck_assert_int_eq(breaker_state(&b, 31000), BREAKER_HALF_OPEN);
}
END_TEST

START_TEST(half_open_lets_one_probe_through)
{
    struct breaker b = closed();

    open_it(&b, 0);
    ck_assert(!breaker_begin_probe(&b, 4999, 1000));
    ck_assert(breaker_begin_probe(&b, 5000, 1000));
    ck_assert(!breaker_begin_probe(&b, 5001, 1000));
    ck_assert(!breaker_begin_probe(&b, 5999, 1000));
    ck_assert(breaker_begin_probe(&b, 6000, 1000)); /* the first was lost */
}
END_TEST

START_TEST(a_probe_that_succeeds_closes_it)
{
    struct breaker b = closed();

    open_it(&b, 0);
    ck_assert(breaker_begin_probe(&b, 5000, 1000));
    ck_assert(breaker_succeed(&b, 5100));
    ck_assert_int_eq(breaker_state(&b, 5100), BREAKER_CLOSED);
    ck_assert_int_eq(b.openings, 0);
}
END_TEST

START_TEST(a_probe_that_fails_opens_it_for_twice_as_long_up_to_a_bound)
{
    static const int64_t waits[] = { 10000, 20000, 40000, 60000, 60000 };
    struct breaker b = closed();
    int64_t now_ms = 5000;

    open_it(&b, 0);
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        ck_assert(breaker_fail(&b, &policy, BREAKER_FAILURES, false, now_ms));
        ck_assert_int_eq(b.until_ms - now_ms, waits[i]);
        now_ms = b.until_ms;
    }
}
END_TEST

START_TEST(calls_that_had_begun_before_it_opened_change_nothing)
{
    struct breaker b = closed();

    open_it(&b, 0);
    ck_assert(!breaker_succeed(&b, 100));
    ck_assert(!breaker_fail(&b, &policy, BREAKER_FAILURES, false, 100));
    ck_assert(!breaker_fail(&b, &policy, BREAKER_CREDENTIALS, false, 100));
    ck_assert_int_eq(b.until_ms, 5000);
}
END_TEST

SUITE("breaker", a_run_of_failures_opens_it, a_success_in_between_begins_the_run_anew,
      a_crowd_that_fails_again_and_again_opens_nothing_while_others_get_through,
      where_nobody_gets_through_for_a_while_it_opens_for_them_too,
      refused_credentials_open_it_at_once_and_for_longer, half_open_lets_one_probe_through,
      a_probe_that_succeeds_closes_it,
      a_probe_that_fails_opens_it_for_twice_as_long_up_to_a_bound,
      calls_that_had_begun_before_it_opened_change_nothing)
