/* The promises of common/model/platform.h. */
#include "common/model/platform.h"

#include "tests/unit/suite.h"

START_TEST(every_name_is_read_back)
{
    for (enum platform p = 0; p < PF_COUNT; p++) {
        enum platform back = PF_COUNT;

        ck_assert(platform_parse(platform_name(p), &back));
        ck_assert_int_eq(back, p);
    }
    for (enum priority p = 0; p < PRIO_COUNT; p++) {
        enum priority back = PRIO_COUNT;

        ck_assert(priority_parse(priority_name(p), &back));
        ck_assert_int_eq(back, p);
    }
}
END_TEST

START_TEST(the_names_are_those_of_the_contract)
{
    ck_assert_str_eq(platform_name(PF_SMS), "sms");
    ck_assert_str_eq(platform_name(PF_EMAIL), "email");
    ck_assert_str_eq(platform_name(PF_WHATSAPP), "whatsapp");
    ck_assert_str_eq(platform_name(PF_TELEGRAM), "telegram");
    ck_assert_str_eq(priority_name(PRIO_HIGH), "high");
    ck_assert_str_eq(priority_name(PRIO_NORMAL), "normal");
    ck_assert_str_eq(priority_name(PRIO_LOW), "low");
}
END_TEST

START_TEST(an_unknown_name_is_refused_and_changes_nothing)
{
    static const char *const rows[] = { "", "SMS", "sm", "smss", "push", " sms", "normal " };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum platform platform = PF_COUNT;
        enum priority priority = PRIO_COUNT;

        ck_assert(!platform_parse(rows[i], &platform));
        ck_assert_int_eq(platform, PF_COUNT);
        ck_assert(!priority_parse(rows[i], &priority));
        ck_assert_int_eq(priority, PRIO_COUNT);
    }
}
END_TEST

START_TEST(a_lane_is_one_platform_and_one_priority)
{
    bool taken[LANE_COUNT] = { false };

    for (enum platform pf = 0; pf < PF_COUNT; pf++)
        for (enum priority prio = 0; prio < PRIO_COUNT; prio++) {
            int lane = lane_of(pf, prio);

            ck_assert_int_ge(lane, 0);
            ck_assert_int_lt(lane, LANE_COUNT);
            ck_assert(!taken[lane]);
            taken[lane] = true;
            ck_assert_int_eq(lane_platform(lane), pf);
            ck_assert_int_eq(lane_priority(lane), prio);
        }
}
END_TEST

START_TEST(lane_numbers_are_stored_and_never_change)
{
    ck_assert_int_eq(lane_of(PF_SMS, PRIO_HIGH), 0);
    ck_assert_int_eq(lane_of(PF_EMAIL, PRIO_NORMAL), 4);
    ck_assert_int_eq(lane_of(PF_TELEGRAM, PRIO_LOW), 11);
}
END_TEST

SUITE("platform", every_name_is_read_back, the_names_are_those_of_the_contract,
      an_unknown_name_is_refused_and_changes_nothing, a_lane_is_one_platform_and_one_priority,
      lane_numbers_are_stored_and_never_change)
