/* Tests of common/service/window: how much of a lane may wait on the broker. */
#include "common/service/window.h"

#include "tests/unit/suite.h"

#define LEAST 20
#define MOST 2000

/* Rounds 50 ms apart in which the workers take `a_round` of what lies there and we fill up again. */
static int64_t run(struct window *w, size_t *ready, size_t a_round, int rounds, int64_t now_ms)
{
    for (int i = 0; i < rounds; i++, now_ms += 50) {
        size_t room;

        window_note(w, *ready, true, now_ms);
        room = window_room(w);
        window_put(w, room);
        *ready += room;
        *ready -= *ready < a_round ? *ready : a_round;
    }
    return now_ms;
}

START_TEST(it_begins_with_the_least)
{
    struct window w;

    window_init(&w, LEAST, MOST, 0);
    ck_assert_uint_eq(window_room(&w), LEAST);
    window_init(&w, LEAST, 1, 0);
    ck_assert_uint_eq(window_room(&w), LEAST);
    window_init(&w, LEAST, MOST, 40);
    ck_assert_uint_eq(window_room(&w), 10);
    window_init(&w, LEAST, MOST, 1);
    ck_assert_uint_eq(window_room(&w), 1);
    window_init(&w, LEAST, MOST, 10000);
    ck_assert_uint_eq(window_room(&w), LEAST);
}
END_TEST

START_TEST(it_holds_about_a_quarter_of_a_second_of_the_workers_pace)
{
    struct window w;
    size_t ready = 0;

    window_init(&w, LEAST, MOST, 0);
    run(&w, &ready, 100, 60, 1000); /* 2,000 a second */
    ck_assert_uint_ge(w.size, 350);
    ck_assert_uint_le(w.size, 650);
}
END_TEST

START_TEST(a_slow_lane_keeps_the_least)
{
    struct window w;
    size_t ready = 0;

    window_init(&w, LEAST, MOST, 0);
    run(&w, &ready, 1, 200, 1000);
    ck_assert_uint_eq(w.size, LEAST);
}
END_TEST

START_TEST(it_grows_to_the_most_when_the_workers_run_dry)
{
    struct window w;
    size_t ready = 0;
    int64_t now_ms;

    window_init(&w, LEAST, MOST, 0);
    now_ms = run(&w, &ready, 1, 200, 1000);
    run(&w, &ready, 5000, 20, now_ms); /* now they take all there is */
    ck_assert_uint_eq(w.size, MOST);
}
END_TEST

START_TEST(without_a_backlog_it_learns_nothing)
{
    struct window w;

    window_init(&w, LEAST, MOST, 0);
    for (int i = 0; i < 100; i++)
        window_note(&w, 0, false, 1000 + i * 50);
    ck_assert_uint_eq(w.size, LEAST);
}
END_TEST

START_TEST(what_is_put_takes_room_until_it_is_gone)
{
    struct window w;

    window_init(&w, LEAST, MOST, 0);
    w.size = 2000;
    window_note(&w, 500, true, 1000);
    window_put(&w, 700);
    ck_assert_uint_eq(window_room(&w), 800);
    window_put(&w, 900);
    ck_assert_uint_eq(window_room(&w), 0);
    window_note(&w, 1900, true, 1010);
    ck_assert_uint_eq(window_room(&w), 100);
}
END_TEST

START_TEST(what_is_not_used_shrinks_to_the_least)
{
    struct window w;

    window_init(&w, LEAST, MOST, 0);
    w.size = 100;
    window_shrink(&w);
    ck_assert_uint_eq(w.size, 50);
    window_shrink(&w);
    window_shrink(&w);
    ck_assert_uint_eq(w.size, LEAST);
}
END_TEST

SUITE("window", it_begins_with_the_least,
      it_holds_about_a_quarter_of_a_second_of_the_workers_pace, a_slow_lane_keeps_the_least,
      it_grows_to_the_most_when_the_workers_run_dry, without_a_backlog_it_learns_nothing,
      what_is_put_takes_room_until_it_is_gone, what_is_not_used_shrinks_to_the_least)
