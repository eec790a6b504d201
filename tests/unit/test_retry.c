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

    return retry_decide(&policy, attempt, &v, OTHERS_NONE, jitter);
}

START_TEST(each_verdict_has_its_consequence)
{
    static const struct {
        enum verdict_class class;
        struct decision first, last; /* after attempt 1, after attempt 6 of 6 */
    } rows[] = {
        { VERDICT_ACCEPTED, { .next = NEXT_SENT }, { .next = NEXT_SENT } },
        { VERDICT_REFUSED, { .next = NEXT_FAILED }, { .next = NEXT_FAILED } },
        { VERDICT_REFUSED_HERE, { .next = NEXT_FAILED }, { .next = NEXT_FAILED } },
        { VERDICT_THROTTLED,
          { .next = NEXT_RETRY, .delay_ms = 500, .give_back = true },
          { .next = NEXT_RETRY, .delay_ms = 16000, .give_back = true } },
        { VERDICT_NOT_SENT, { .next = NEXT_RETRY, .delay_ms = 500 }, { .next = NEXT_FAILED } },
        { VERDICT_UNCLEAR,
          { .next = NEXT_RETRY, .delay_ms = 500, .possible_duplicate = true },
          { .next = NEXT_FAILED } },
        { VERDICT_CREDENTIALS,
          { .next = NEXT_RETRY, .delay_ms = 500, .give_back = true },
          { .next = NEXT_RETRY, .delay_ms = 16000, .give_back = true } },
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

static struct decision decide_with(enum others others, int attempt, enum verdict_class class)
{
    struct verdict v = { .class = class, .retry_after_ms = -1 };

    return retry_decide(&policy, attempt, &v, others, 0.5);
}

static struct decision decide_with_another(int attempt, enum verdict_class class)
{
    return decide_with(OTHERS_OPEN, attempt, class);
}

START_TEST(what_is_no_fault_of_the_recipient_goes_to_the_next_provider_at_once)
{
    static const struct {
        enum verdict_class class;
        bool over, give_back;
    } rows[] = {
        { VERDICT_ACCEPTED, false, false },    { VERDICT_REFUSED, false, false },
        { VERDICT_REFUSED_HERE, true, false }, { VERDICT_THROTTLED, false, true },
        { VERDICT_NOT_SENT, true, false },     { VERDICT_UNCLEAR, false, false },
        { VERDICT_CREDENTIALS, true, true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decision d = decide_with_another(1, rows[i].class);

        ck_assert_int_eq(d.fail_over, rows[i].over);
        ck_assert_int_eq(d.give_back, rows[i].give_back);
        if (rows[i].over) {
            ck_assert_int_eq(d.next, NEXT_RETRY);
            ck_assert_int_eq(d.delay_ms, 0);
        }
    }
}
END_TEST

/* It was not sent, and nobody else could send it now: later, and anew. */
START_TEST(nobody_hurries_to_a_provider_whose_breaker_is_open)
{
    static const struct {
        enum verdict_class class;
        enum next_step next;
        bool over;
    } rows[] = {
        { VERDICT_REFUSED, NEXT_FAILED, false },     { VERDICT_REFUSED_HERE, NEXT_RETRY, true },
        { VERDICT_THROTTLED, NEXT_RETRY, false },    { VERDICT_NOT_SENT, NEXT_RETRY, false },
        { VERDICT_UNCLEAR, NEXT_RETRY, false },      { VERDICT_CREDENTIALS, NEXT_RETRY, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decision d = decide_with(OTHERS_SHUT, 2, rows[i].class);

        ck_assert_int_eq(d.next, rows[i].next);
        ck_assert_int_eq(d.fail_over, rows[i].over);
        ck_assert_int_eq(d.delay_ms, rows[i].next == NEXT_RETRY ? 1000 : 0);
    }
}
END_TEST

START_TEST(a_fail_over_counts_as_an_attempt_and_ends_with_the_last)
{
    ck_assert_int_eq(decide_with_another(policy.max_attempts - 1, VERDICT_NOT_SENT).next, NEXT_RETRY);
    ck_assert_int_eq(decide_with_another(policy.max_attempts, VERDICT_NOT_SENT).next, NEXT_FAILED);
    ck_assert_int_eq(decide_with_another(policy.max_attempts, VERDICT_REFUSED_HERE).next, NEXT_FAILED);
    ck_assert_int_eq(decide_with_another(policy.max_attempts, VERDICT_CREDENTIALS).next, NEXT_RETRY);
}
END_TEST

START_TEST(a_recipient_that_has_moved_is_tried_again_at_once_by_the_same_provider)
{
    struct verdict v = { .class = VERDICT_NOT_SENT, .retry_after_ms = -1, .moved_to = "-100123" };
    struct decision d = retry_decide(&policy, 1, &v, OTHERS_OPEN, 0.5);

    ck_assert_int_eq(d.next, NEXT_RETRY);
    ck_assert_int_eq(d.delay_ms, 0);
    ck_assert(!d.fail_over);
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

    ck_assert_int_eq(retry_decide(&p, 1, &v, OTHERS_NONE, 0.5).delay_ms, 1000);
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
        struct decision d = retry_decide(&p, attempt, &v, OTHERS_NONE, 0.5);

        ck_assert_int_eq(d.next, NEXT_HOLD);
        ck_assert_int_eq(d.delay_ms, p.max_ms);
        ck_assert(!d.give_back && !d.possible_duplicate);
    }
    v.class = VERDICT_NOT_SENT;
    ck_assert_int_eq(retry_decide(&p, 1, &v, OTHERS_NONE, 0.5).next, NEXT_RETRY);
}
END_TEST

SUITE("retry", each_verdict_has_its_consequence,
      what_is_no_fault_of_the_recipient_goes_to_the_next_provider_at_once,
      nobody_hurries_to_a_provider_whose_breaker_is_open,
      a_fail_over_counts_as_an_attempt_and_ends_with_the_last,
      a_recipient_that_has_moved_is_tried_again_at_once_by_the_same_provider,
      the_delay_is_a_share_of_a_ceiling_that_doubles,
      no_delay_passes_the_longest_one, a_base_above_the_longest_delay_is_cut_to_it,
      what_the_provider_named_wins_over_chance, a_held_delivery_is_never_sent_again)
