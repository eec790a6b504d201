/* Tests of workerd/retry: what follows each verdict, and when. */
#include "workerd/retry.h"

#include "tests/unit/suite.h"

static const struct retry_policy policy = {
    .max_attempts = 6, .base_ms = 1000, .max_ms = 3600000, .on_unclear = UNCLEAR_RESEND
};
static const double almost_one = 0.999999;

static struct decision decide(int attempt, enum verdict_class class, int64_t named_ms,
                              double jitter)
{
    struct verdict v = { .class = class, .retry_after_ms = named_ms };

    return retry_decide(&policy, attempt, &v, jitter);
}

START_TEST(each_verdict_has_its_consequence)
{
    static const struct {
        enum verdict_class class;
        struct decision first, last; /* after attempt 1, after attempt 6 of 6 */
    } rows[] = {
        { VERDICT_ACCEPTED, { NEXT_SENT, 0, false, false }, { NEXT_SENT, 0, false, false } },
        { VERDICT_REFUSED, { NEXT_FAILED, 0, false, false }, { NEXT_FAILED, 0, false, false } },
        { VERDICT_THROTTLED, { NEXT_RETRY, 500, true, false }, { NEXT_RETRY, 16000, true, false } },
        { VERDICT_NOT_SENT, { NEXT_RETRY, 500, false, false }, { NEXT_FAILED, 0, false, false } },
        { VERDICT_UNCLEAR, { NEXT_RETRY, 500, false, true }, { NEXT_FAILED, 0, false, false } },
        { VERDICT_CREDENTIALS,
          { NEXT_RETRY, 500, true, false },
          { NEXT_RETRY, 16000, true, false } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct decision *wanted[] = { &rows[i].first, &rows[i].last };
        const int attempts[] = { 1, 6 };

        for (int k = 0; k < 2; k++) {
            struct decision d = decide(attempts[k], rows[i].class, -1, 0.5);

            ck_assert_msg(d.next == wanted[k]->next && d.delay_ms == wanted[k]->delay_ms &&
                              d.give_back == wanted[k]->give_back &&
                              d.possible_duplicate == wanted[k]->possible_duplicate,
                          "row %zu, attempt %d: next %d, delay %lld", i, attempts[k], d.next,
                          (long long)d.delay_ms);
        }
    }
}
END_TEST

START_TEST(the_delay_is_a_share_of_a_ceiling_that_doubles)
{
    int64_t ceiling = 1000;

    for (int attempt = 1; attempt < policy.max_attempts; attempt++, ceiling *= 2) {
        ck_assert_int_eq(decide(attempt, VERDICT_NOT_SENT, -1, 0.0).delay_ms, 0);
        ck_assert_int_eq(decide(attempt, VERDICT_NOT_SENT, -1, 0.25).delay_ms, ceiling / 4);
        ck_assert_int_lt(decide(attempt, VERDICT_NOT_SENT, -1, almost_one).delay_ms, ceiling);
    }
}
END_TEST

START_TEST(no_delay_passes_the_longest_one)
{
    static const int attempts[] = { 12, 13, 64, 1000, 2147483647 };

    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        int64_t delay = decide(attempts[i], VERDICT_THROTTLED, -1, almost_one).delay_ms;

        ck_assert_int_gt(delay, policy.max_ms / 2);
        ck_assert_int_lt(delay, policy.max_ms);
    }
    ck_assert_int_eq(decide(1, VERDICT_THROTTLED, INT64_MAX, 0.5).delay_ms, policy.max_ms);
}
END_TEST

START_TEST(a_base_above_the_longest_delay_is_cut_to_it)
{
    struct retry_policy p = { .max_attempts = 9, .base_ms = 5000, .max_ms = 2000 };
    struct verdict v = { .class = VERDICT_NOT_SENT, .retry_after_ms = -1 };

    ck_assert_int_eq(retry_decide(&p, 1, &v, 0.5).delay_ms, 1000);
}
END_TEST

START_TEST(what_the_provider_named_wins_over_chance)
{
    ck_assert_int_eq(decide(1, VERDICT_THROTTLED, 30000, 0.1).delay_ms, 30000);
    ck_assert_int_eq(decide(5, VERDICT_NOT_SENT, 7, 0.9).delay_ms, 7);
    ck_assert_int_eq(decide(5, VERDICT_UNCLEAR, 0, 0.9).delay_ms, 0);
}
END_TEST

START_TEST(a_held_delivery_is_never_sent_again)
{
    struct retry_policy p = policy;
    struct verdict v = { .class = VERDICT_UNCLEAR, .retry_after_ms = 10 };

    p.on_unclear = UNCLEAR_HOLD;
    for (int attempt = 1; attempt <= p.max_attempts; attempt++) {
        struct decision d = retry_decide(&p, attempt, &v, 0.5);

        ck_assert_int_eq(d.next, NEXT_HOLD);
        ck_assert_int_eq(d.delay_ms, p.max_ms);
        ck_assert(!d.give_back && !d.possible_duplicate);
    }
    v.class = VERDICT_NOT_SENT;
    ck_assert_int_eq(retry_decide(&p, 1, &v, 0.5).next, NEXT_RETRY);
}
END_TEST

SUITE("retry", each_verdict_has_its_consequence, the_delay_is_a_share_of_a_ceiling_that_doubles,
      no_delay_passes_the_longest_one, a_base_above_the_longest_delay_is_cut_to_it,
      what_the_provider_named_wins_over_chance, a_held_delivery_is_never_sent_again)
