/* The promises of fcgi/turn.h. */
#include "fcgi/turn.h"

#include <pthread.h>
#include <stdatomic.h>

#include "common/base/clock.h"
#include "tests/unit/suite.h"

#define LONG_MS 20000
#define THREADS 8
#define ROUNDS 2000

START_TEST(a_turn_is_one_threads_until_it_ends)
{
    struct turn *t = turn_new();

    ck_assert(turn_take(t, 0));
    ck_assert(!turn_take(t, 10));
    ck_assert(!turn_take(t, 0)); /* who has waited in vain took nothing */
    turn_end(t);
    ck_assert(turn_take(t, 0));
    turn_end(t);
    turn_free(t);
}
END_TEST

static void *wait_long(void *arg)
{
    bool mine = turn_take(arg, LONG_MS);

    if (mine)
        turn_end(arg);
    return mine ? arg : NULL;
}

START_TEST(who_waits_has_it_when_it_ends)
{
    struct turn *t = turn_new();
    pthread_t thread;
    void *got;

    ck_assert(turn_take(t, 0));
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_long, t), 0);
    clock_sleep_ms(50); /* it waits by now, as a rule; what is promised holds either way */
    turn_end(t);
    pthread_join(thread, &got);
    ck_assert_ptr_eq(got, t);
    turn_free(t);
}
END_TEST

struct crowd {
    struct turn *turn;
    atomic_int inside, most;
    int rounds; /* guarded by the turn */
};

static void *take_many(void *arg)
{
    struct crowd *c = arg;

    for (int i = 0; i < ROUNDS; i++) {
        int inside;

        if (!turn_take(c->turn, LONG_MS))
            continue;
        inside = atomic_fetch_add(&c->inside, 1) + 1;
        if (inside > atomic_load(&c->most))
            atomic_store(&c->most, inside);
        c->rounds++;
        atomic_fetch_sub(&c->inside, 1);
        turn_end(c->turn);
    }
    return NULL;
}

START_TEST(no_two_threads_have_it_at_once)
{
    struct crowd c = { .turn = turn_new() };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_many, &c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(c.most, 1);
    ck_assert_int_eq(c.rounds, THREADS * ROUNDS);
    turn_free(c.turn);
}
END_TEST

SUITE("turn", a_turn_is_one_threads_until_it_ends, who_waits_has_it_when_it_ends, no_two_threads_have_it_at_once)
