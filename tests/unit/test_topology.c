/* Tests of common/broker/topology: the names of CONTRACT section 6. */
#include "common/broker/topology.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(exchanges_and_the_dead_letters_have_their_names)
{
    ck_assert_str_eq(EXCHANGE_WORK, "notification.exchange");
    ck_assert_str_eq(EXCHANGE_DEAD, "notification.dlx");
    ck_assert_str_eq(QUEUE_DEAD, "notification.dead");
}
END_TEST

START_TEST(each_lane_has_its_queue_and_key)
{
    static const struct {
        enum platform platform;
        enum priority priority;
        const char *queue, *key;
    } rows[] = {
        { PF_SMS, PRIO_NORMAL, "notification.sms", "sms" },
        { PF_SMS, PRIO_HIGH, "notification.sms.high", "sms.high" },
        { PF_SMS, PRIO_LOW, "notification.sms.low", "sms.low" },
        { PF_EMAIL, PRIO_NORMAL, "notification.email", "email" },
        { PF_EMAIL, PRIO_HIGH, "notification.email.high", "email.high" },
        { PF_EMAIL, PRIO_LOW, "notification.email.low", "email.low" },
        { PF_WHATSAPP, PRIO_NORMAL, "notification.whatsapp", "whatsapp" },
        { PF_WHATSAPP, PRIO_HIGH, "notification.whatsapp.high", "whatsapp.high" },
        { PF_WHATSAPP, PRIO_LOW, "notification.whatsapp.low", "whatsapp.low" },
        { PF_TELEGRAM, PRIO_NORMAL, "notification.telegram", "telegram" },
        { PF_TELEGRAM, PRIO_HIGH, "notification.telegram.high", "telegram.high" },
        { PF_TELEGRAM, PRIO_LOW, "notification.telegram.low", "telegram.low" },
    };

    ck_assert_uint_eq(sizeof rows / sizeof *rows, LANE_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct lane_queue *lane = &lane_queues[lane_of(rows[i].platform, rows[i].priority)];

        ck_assert_str_eq(lane->queue, rows[i].queue);
        ck_assert_str_eq(lane->key, rows[i].key);
    }
}
END_TEST

START_TEST(a_lane_knows_its_platform_and_priority)
{
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        const char *name = platform_name(lane_platform(lane));

        ck_assert_int_eq(lane_of(lane_platform(lane), lane_priority(lane)), lane);
        ck_assert_int_eq(strncmp(lane_queues[lane].key, name, strlen(name)), 0);
    }
}
END_TEST

START_TEST(a_queue_names_its_lane)
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        ck_assert_int_eq(lane_of_queue(lane_queues[lane].queue), lane);
    ck_assert_int_eq(lane_of_queue(QUEUE_DEAD), -1);
    ck_assert_int_eq(lane_of_queue("notification.sms.high.more"), -1);
    ck_assert_int_eq(lane_of_queue(""), -1);
}
END_TEST

SUITE("topology", exchanges_and_the_dead_letters_have_their_names, each_lane_has_its_queue_and_key,
      a_lane_knows_its_platform_and_priority, a_queue_names_its_lane)
