/* Tests of fcgi/rooms: how much may be put onto a lane between two looks. */
#include "fcgi/rooms.h"

#include <string.h>

#include "tests/unit/suite.h"

#define LEAST 100

static struct config config;
static struct rooms rooms;
static struct message_recipient recipients[MESSAGE_RECIPIENTS_MAX];

/* sms knows no rate; telegram has 40 calls a second. */
static void setup(void)
{
    memset(&config, 0, sizeof config);
    config.platform[PF_TELEGRAM].rate_limit = 40;
    rooms_init(&rooms, &config);
}

static struct message_draft message(size_t n, enum platform pf, size_t more, enum platform other)
{
    for (size_t i = 0; i < n + more; i++)
        recipients[i].platform = i < n ? pf : other;
    return (struct message_draft){ .priority = PRIO_NORMAL, .recipients = recipients, .n_recipients = n + more };
}

static bool take(size_t n, enum platform pf)
{
    struct message_draft d = message(n, pf, 0, pf);

    return rooms_take(&rooms, &d);
}

/* How many single ones fit. */
static int fill(enum platform pf)
{
    int n = 0;

    while (n < 100000 && take(1, pf))
        n++;
    return n;
}

static int lane(enum platform pf)
{
    return lane_of(pf, PRIO_NORMAL);
}

START_TEST(a_lane_that_rests_takes_the_least)
{
    setup();
    ck_assert(!take(LEAST + 1, PF_SMS));
    ck_assert(take(LEAST, PF_SMS));
    ck_assert(!take(1, PF_SMS));
    ck_assert_int_eq(fill(PF_TELEGRAM), 10); /* a quarter of a second's */
}
END_TEST

START_TEST(a_message_takes_places_on_all_its_lanes_or_on_none)
{
    struct message_draft d;

    setup();
    d = message(60, PF_SMS, 11, PF_TELEGRAM);
    ck_assert(!rooms_take(&rooms, &d));
    ck_assert(rooms_at_rest(&rooms, lane(PF_SMS)));
    ck_assert(rooms_at_rest(&rooms, lane(PF_TELEGRAM)));
    d = message(60, PF_SMS, 10, PF_TELEGRAM);
    ck_assert(rooms_take(&rooms, &d));
    ck_assert_int_eq(fill(PF_SMS), LEAST - 60);
}
END_TEST

START_TEST(it_doubles_while_the_workers_keep_up_and_shrinks_when_it_is_not_used)
{
    int64_t now_ms = 1000;

    setup();
    for (int i = 0; i < 4; i++, now_ms += 100) {
        fill(PF_SMS);
        rooms_look(&rooms, lane(PF_SMS), 0, now_ms);
    }
    ck_assert_int_eq(fill(PF_SMS), 8 * LEAST); /* the first look only begins */
    for (int i = 0; i < 10; i++, now_ms += 100)
        rooms_look(&rooms, lane(PF_SMS), 0, now_ms);
    ck_assert(rooms_at_rest(&rooms, lane(PF_SMS)));
    ck_assert_int_eq(fill(PF_SMS), LEAST);
}
END_TEST

START_TEST(what_lies_in_the_queue_leaves_no_room)
{
    setup();
    fill(PF_SMS);
    rooms_look(&rooms, lane(PF_SMS), 60, 1000);
    ck_assert_int_eq(fill(PF_SMS), LEAST - 60);
    rooms_look(&rooms, lane(PF_SMS), 5000, 1100); /* others publish too */
    ck_assert_int_eq(fill(PF_SMS), 0);
    ck_assert(!rooms_at_rest(&rooms, lane(PF_SMS)));
}
END_TEST

SUITE("rooms", a_lane_that_rests_takes_the_least, a_message_takes_places_on_all_its_lanes_or_on_none,
      it_doubles_while_the_workers_keep_up_and_shrinks_when_it_is_not_used,
      what_lies_in_the_queue_leaves_no_room)
