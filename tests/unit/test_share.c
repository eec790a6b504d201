/* Tests of workerd/share: who gets the free slots. */
#include "workerd/share.h"

#include <stdbool.h>

#include "tests/unit/suite.h"

#define PLENTY 100000

static size_t waiting[LANE_COUNT], permits[PF_COUNT], plan[LANE_COUNT];

static void begin(void)
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        waiting[lane] = 0;
    for (int pf = 0; pf < PF_COUNT; pf++)
        permits[pf] = PLENTY;
}

static size_t given(enum priority prio)
{
    size_t n = 0;

    for (int pf = 0; pf < PF_COUNT; pf++)
        n += plan[lane_of((enum platform)pf, prio)];
    return n;
}

START_TEST(without_rivals_a_lane_gets_what_waits)
{
    struct share s = { .most = 100 };

    begin();
    waiting[lane_of(PF_EMAIL, PRIO_LOW)] = 7;
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(plan[lane_of(PF_EMAIL, PRIO_LOW)], 7);
    ck_assert_uint_eq(given(PRIO_HIGH) + given(PRIO_NORMAL), 0);
}
END_TEST

START_TEST(a_quarter_of_the_slots_is_kept_for_high)
{
    struct share s = { .most = 100 };

    begin();
    waiting[lane_of(PF_SMS, PRIO_NORMAL)] = PLENTY;
    waiting[lane_of(PF_SMS, PRIO_LOW)] = PLENTY;
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(given(PRIO_NORMAL) + given(PRIO_LOW), 75);
    s.used[PRIO_NORMAL] = given(PRIO_NORMAL);
    s.used[PRIO_LOW] = given(PRIO_LOW);
    waiting[lane_of(PF_SMS, PRIO_HIGH)] = 30;
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(given(PRIO_HIGH), 25);
    ck_assert_uint_eq(given(PRIO_NORMAL) + given(PRIO_LOW), 0);
}
END_TEST

START_TEST(high_may_take_every_slot_that_nobody_else_wants)
{
    struct share s = { .most = 8 };

    begin();
    waiting[lane_of(PF_SMS, PRIO_HIGH)] = PLENTY;
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(given(PRIO_HIGH), 8);
}
END_TEST

/* However few slots come free at a time. */
START_TEST(of_five_slots_one_is_lows_while_it_waits)
{
    static const size_t steps[] = { 1, 2, 3, 5, 50 };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct share s = { .most = 1000 };
        size_t low = 0, all = 0;

        begin();
        waiting[lane_of(PF_SMS, PRIO_HIGH)] = PLENTY;
        waiting[lane_of(PF_SMS, PRIO_NORMAL)] = PLENTY;
        waiting[lane_of(PF_SMS, PRIO_LOW)] = PLENTY;
        while (all < 500) {
            share_slots(&s, waiting, permits, steps[i], plan);
            low += given(PRIO_LOW);
            all += given(PRIO_HIGH) + given(PRIO_NORMAL) + given(PRIO_LOW);
        }
        ck_assert_uint_ge(low * 5, all - 5);
        ck_assert_uint_le(low * 5, all + 5);
    }
}
END_TEST

START_TEST(a_thread_with_one_slot_serves_every_priority)
{
    struct share s = { .most = 1 };
    bool seen[PRIO_COUNT] = { false };

    begin();
    waiting[lane_of(PF_SMS, PRIO_NORMAL)] = PLENTY;
    waiting[lane_of(PF_SMS, PRIO_LOW)] = PLENTY;
    for (int i = 0; i < 10; i++) {
        share_slots(&s, waiting, permits, PLENTY, plan);
        ck_assert_uint_eq(given(PRIO_NORMAL) + given(PRIO_LOW), 1);
        seen[given(PRIO_LOW) > 0 ? PRIO_LOW : PRIO_NORMAL] = true;
    }
    ck_assert(seen[PRIO_NORMAL] && seen[PRIO_LOW]);
    waiting[lane_of(PF_SMS, PRIO_HIGH)] = 1;
    s.since_low = 0;
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(given(PRIO_HIGH), 1);
}
END_TEST

START_TEST(platforms_of_a_priority_take_turns)
{
    struct share s = { .most = 1000 };

    begin();
    for (int pf = 0; pf < PF_COUNT; pf++)
        waiting[lane_of((enum platform)pf, PRIO_NORMAL)] = PLENTY;
    share_slots(&s, waiting, permits, 100, plan);
    for (int pf = 0; pf < PF_COUNT; pf++)
        ck_assert_uint_eq(plan[lane_of((enum platform)pf, PRIO_NORMAL)], 25);
}
END_TEST

START_TEST(a_platform_without_permits_holds_back_no_other)
{
    struct share s = { .most = 100 };

    begin();
    permits[PF_SMS] = 0;
    permits[PF_EMAIL] = 3;
    waiting[lane_of(PF_SMS, PRIO_HIGH)] = PLENTY;
    waiting[lane_of(PF_EMAIL, PRIO_HIGH)] = 2;
    waiting[lane_of(PF_EMAIL, PRIO_NORMAL)] = PLENTY;
    waiting[lane_of(PF_TELEGRAM, PRIO_NORMAL)] = 40;
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(plan[lane_of(PF_SMS, PRIO_HIGH)], 0);
    ck_assert_uint_eq(plan[lane_of(PF_EMAIL, PRIO_HIGH)], 2);
    ck_assert_uint_eq(plan[lane_of(PF_EMAIL, PRIO_NORMAL)], 1);
    ck_assert_uint_eq(plan[lane_of(PF_TELEGRAM, PRIO_NORMAL)], 40);
}
END_TEST

START_TEST(nothing_is_given_beyond_the_limit_or_the_slots)
{
    struct share s = { .most = 10, .used = { [PRIO_HIGH] = 4, [PRIO_NORMAL] = 3 } };

    begin();
    waiting[lane_of(PF_SMS, PRIO_HIGH)] = PLENTY;
    ck_assert_uint_eq(share_free(&s), 3);
    share_slots(&s, waiting, permits, 2, plan);
    ck_assert_uint_eq(given(PRIO_HIGH), 2);
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(given(PRIO_HIGH), 3);
    s.used[PRIO_LOW] = 3;
    share_slots(&s, waiting, permits, PLENTY, plan);
    ck_assert_uint_eq(given(PRIO_HIGH), 0);
    ck_assert_uint_eq(share_free(&s), 0);
}
END_TEST

SUITE("share", without_rivals_a_lane_gets_what_waits, a_quarter_of_the_slots_is_kept_for_high,
      high_may_take_every_slot_that_nobody_else_wants, of_five_slots_one_is_lows_while_it_waits,
      a_thread_with_one_slot_serves_every_priority, platforms_of_a_priority_take_turns,
      a_platform_without_permits_holds_back_no_other,
      nothing_is_given_beyond_the_limit_or_the_slots)
