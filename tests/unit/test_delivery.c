/* The promises of common/model/delivery.h. */
#include "common/model/delivery.h"

#include "tests/unit/suite.h"

/* CONTRACT section 4 and DESIGN section 4, row by row; what is not named here changes nothing. */
static const struct {
    enum delivery_state from;
    enum delivery_event event;
    enum delivery_state to;
} steps[] = {
    { DS_PENDING, EV_PUBLISHED, DS_QUEUED },
    { DS_PENDING, EV_CLAIMED, DS_SENDING },
    { DS_PENDING, EV_CANCELLED, DS_CANCELLED },
    { DS_PENDING, EV_EXPIRED, DS_EXPIRED },
    { DS_PENDING, EV_REPORTED_SENT, DS_SENT },
    { DS_PENDING, EV_REPORTED_DELIVERED, DS_DELIVERED },
    { DS_PENDING, EV_REPORTED_READ, DS_READ },
    { DS_PENDING, EV_REPORTED_FAILED, DS_FAILED },
    { DS_QUEUED, EV_CLAIMED, DS_SENDING },
    { DS_QUEUED, EV_CANCELLED, DS_CANCELLED },
    { DS_QUEUED, EV_EXPIRED, DS_EXPIRED },
    { DS_QUEUED, EV_REPORTED_SENT, DS_SENT },
    { DS_QUEUED, EV_REPORTED_DELIVERED, DS_DELIVERED },
    { DS_QUEUED, EV_REPORTED_READ, DS_READ },
    { DS_QUEUED, EV_REPORTED_FAILED, DS_FAILED },
    { DS_SENDING, EV_ACCEPTED, DS_SENT },
    { DS_SENDING, EV_REFUSED, DS_FAILED },
    { DS_SENDING, EV_DEFERRED, DS_PENDING },
    { DS_SENDING, EV_ABANDONED, DS_PENDING },
    { DS_SENDING, EV_EXPIRED, DS_EXPIRED },
    { DS_SENDING, EV_REPORTED_SENT, DS_SENT },
    { DS_SENDING, EV_REPORTED_DELIVERED, DS_DELIVERED },
    { DS_SENDING, EV_REPORTED_READ, DS_READ },
    { DS_SENDING, EV_REPORTED_FAILED, DS_FAILED },
    { DS_SENT, EV_REPORTED_DELIVERED, DS_DELIVERED },
    { DS_SENT, EV_REPORTED_READ, DS_READ },
    { DS_SENT, EV_REPORTED_FAILED, DS_FAILED },
    { DS_DELIVERED, EV_REPORTED_READ, DS_READ },
    { DS_FAILED, EV_REPLAYED, DS_PENDING },
    { DS_FAILED, EV_REPORTED_DELIVERED, DS_DELIVERED },
    { DS_FAILED, EV_REPORTED_READ, DS_READ },
    { DS_EXPIRED, EV_REPORTED_DELIVERED, DS_DELIVERED },
    { DS_EXPIRED, EV_REPORTED_READ, DS_READ },
};

static enum delivery_state expected(enum delivery_state from, enum delivery_event event)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].from == from && steps[i].event == event)
            return steps[i].to;
    return DS_NONE;
}

START_TEST(every_step_is_the_one_the_contract_allows)
{
    for (enum delivery_state from = 0; from < DS_COUNT; from++)
        for (enum delivery_event event = 0; event < EV_COUNT; event++)
            ck_assert_msg(delivery_step(from, event) == expected(from, event), "%s, %s leads to %s",
                          delivery_name(from), delivery_event_name(event),
                          delivery_name(delivery_step(from, event)));
}
END_TEST

START_TEST(a_finished_delivery_never_moves_by_itself)
{
    static const enum delivery_state finished[] = { DS_READ, DS_CANCELLED };

    for (size_t i = 0; i < sizeof finished / sizeof *finished; i++)
        for (enum delivery_event event = 0; event < EV_COUNT; event++)
            if (event != EV_REPLAYED)
                ck_assert_int_eq(delivery_step(finished[i], event), DS_NONE);
}
END_TEST

START_TEST(a_delivery_that_has_left_comes_back_by_a_replay_of_its_failure_alone)
{
    for (enum delivery_state from = DS_SENT; from < DS_COUNT; from++)
        for (enum delivery_event event = 0; event < EV_COUNT; event++) {
            enum delivery_state to = delivery_step(from, event);

            if (from == DS_FAILED && event == EV_REPLAYED)
                ck_assert_int_eq(to, DS_PENDING);
            else
                ck_assert(to == DS_NONE || delivery_has_left(to));
        }
}
END_TEST

START_TEST(a_replayed_delivery_begins_like_a_new_one)
{
    enum delivery_state again = delivery_step(DS_FAILED, EV_REPLAYED);

    ck_assert_int_eq(again, DS_PENDING);
    ck_assert_int_eq(delivery_step(again, EV_REPORTED_DELIVERED), DS_DELIVERED);
    ck_assert_int_eq(delivery_step(again, EV_REPLAYED), DS_NONE);
}
END_TEST

static enum delivery_state after(enum delivery_state s, const enum delivery_event *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum delivery_state next = delivery_step(s, events[i]);

        s = next == DS_NONE ? s : next;
    }
    return s;
}

/* All sequences of up to six of our own `sent` and the provider's four, with and without repetition. */
START_TEST(callbacks_end_in_the_same_state_in_any_order_and_number)
{
    static const enum delivery_event all[] = { EV_ACCEPTED, EV_REPORTED_SENT, EV_REPORTED_FAILED,
                                               EV_REPORTED_DELIVERED, EV_REPORTED_READ };
    enum delivery_state ends[DS_COUNT][1 << 5] = { 0 };

    for (enum delivery_state from = DS_PENDING; from < DS_COUNT; from++)
        for (unsigned code = 0; code < 5 * 5 * 5 * 5 * 5 * 5; code++) {
            enum delivery_event events[6];
            enum delivery_state end;
            unsigned seen = 0, rest = code;

            for (unsigned i = 0; i < 6; i++, rest /= 5) {
                events[i] = all[rest % 5];
                seen |= 1U << rest % 5;
            }
            end = after(from, events, 6);
            if (ends[from][seen] == DS_NONE)
                ends[from][seen] = end;
            ck_assert_msg(ends[from][seen] == end, "from %s, set %x: %s and %s", delivery_name(from),
                          seen, delivery_name(ends[from][seen]), delivery_name(end));
        }
    ck_assert_int_eq(ends[DS_SENDING][31], DS_READ);
    ck_assert_int_eq(ends[DS_SENDING][7], DS_FAILED); /* all but delivered and read */
}
END_TEST

/* What is carried out of several at once is the heaviest, as common/db/callbacks.c has it. */
START_TEST(the_heaviest_of_several_callbacks_decides)
{
    for (enum delivery_state from = DS_PENDING; from < DS_COUNT; from++)
        for (unsigned set = 1; set < 16; set++) {
            enum delivery_event events[4];
            enum delivery_state heaviest = from;
            size_t n = 0;

            for (int e = EV_REPORTED_SENT; e <= EV_REPORTED_READ; e++) {
                if ((set >> (e - EV_REPORTED_SENT) & 1) == 0)
                    continue;
                events[n++] = (enum delivery_event)e;
                if (delivery_step(from, (enum delivery_event)e) != DS_NONE)
                    heaviest = delivery_step(from, (enum delivery_event)e);
            }
            ck_assert_int_eq(after(from, events, n), heaviest);
        }
}
END_TEST

START_TEST(a_failure_counts_only_before_delivery)
{
    static const enum delivery_event late[] = { EV_REPORTED_DELIVERED, EV_REPORTED_FAILED };
    static const enum delivery_event early[] = { EV_REPORTED_FAILED, EV_REPORTED_DELIVERED };

    ck_assert_int_eq(after(DS_SENT, late, 2), DS_DELIVERED);
    ck_assert_int_eq(after(DS_SENT, early, 2), DS_DELIVERED);
}
END_TEST

START_TEST(every_name_is_read_back)
{
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        enum delivery_state back = DS_NONE;

        ck_assert(delivery_parse(delivery_name(s), &back));
        ck_assert_int_eq(back, s);
    }
    for (enum delivery_event e = 0; e < EV_COUNT; e++)
        ck_assert_ptr_nonnull(delivery_event_name(e));
}
END_TEST

START_TEST(none_is_no_state_that_can_be_given)
{
    enum delivery_state out = DS_COUNT;

    ck_assert_str_eq(delivery_name(DS_NONE), "none");
    ck_assert(!delivery_parse("none", &out));
    ck_assert(!delivery_parse("", &out));
    ck_assert(!delivery_parse("Sent", &out));
    ck_assert_int_eq(out, DS_COUNT);
}
END_TEST

START_TEST(a_worker_has_work_until_the_delivery_has_left)
{
    static const bool left[DS_COUNT] = {
        [DS_SENT] = true, [DS_DELIVERED] = true, [DS_READ] = true,
        [DS_FAILED] = true, [DS_CANCELLED] = true, [DS_EXPIRED] = true,
    };

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++)
        ck_assert_int_eq(delivery_has_left(s), left[s]);
}
END_TEST

SUITE("delivery", every_step_is_the_one_the_contract_allows,
      a_finished_delivery_never_moves_by_itself,
      a_delivery_that_has_left_comes_back_by_a_replay_of_its_failure_alone,
      a_replayed_delivery_begins_like_a_new_one,
      callbacks_end_in_the_same_state_in_any_order_and_number,
      the_heaviest_of_several_callbacks_decides, a_failure_counts_only_before_delivery,
      every_name_is_read_back, none_is_no_state_that_can_be_given,
      a_worker_has_work_until_the_delivery_has_left)
