/* Tests of common/broker/watchdog: a blocked call is ended past its limit, and nothing else is. */
#include "common/broker/watchdog.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/suite.h"

#define LIMIT_MS 60000

/* A thread inside a call that nobody answers. */
struct blocked {
    struct watch watch;
    int ends[2];
    bool writes;
    pthread_t thread;
    pthread_barrier_t begun;
    int64_t before_ms, after_ms; /* the call began between these */
    ssize_t result;
    int error;
};

static void *block(void *arg)
{
    static const char bytes[65536];
    struct blocked *b = arg;
    char in;

    b->before_ms = clock_mono_ms();
    watch_begin(&b->watch, b->ends[0], LIMIT_MS);
    b->after_ms = clock_mono_ms();
    pthread_barrier_wait(&b->begun);
    do {
        b->result = b->writes ? send(b->ends[0], bytes, sizeof bytes, MSG_NOSIGNAL)
                              : recv(b->ends[0], &in, 1, 0);
    } while (b->result > 0);
    b->error = errno;
    watch_end(&b->watch);
    return NULL;
}

static void start(struct blocked *b, bool writes)
{
    log_set_fd(-1);
    b->writes = writes;
    watch_init(&b->watch);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, b->ends), 0);
    ck_assert_int_eq(pthread_barrier_init(&b->begun, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&b->thread, NULL, block, b), 0);
    pthread_barrier_wait(&b->begun);
}

static bool ends_within(struct blocked *b, int ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (ms % 1000) * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return pthread_timedjoin_np(b->thread, NULL, &until) == 0;
}

static void finish(struct blocked *b)
{
    watch_done(&b->watch);
    pthread_barrier_destroy(&b->begun);
    close(b->ends[0]);
    close(b->ends[1]);
}

START_TEST(a_blocked_write_is_ended_past_its_limit_and_not_before)
{
    struct blocked b = { 0 };

    start(&b, true);
    ck_assert_int_eq(watchdog_sweep(b.before_ms + LIMIT_MS), 0);
    ck_assert(!ends_within(&b, 50));
    ck_assert_int_eq(watchdog_sweep(b.after_ms + LIMIT_MS + 1), 1);
    ck_assert(ends_within(&b, 10000));
    ck_assert_int_eq(b.result, -1);
    ck_assert_int_eq(b.error, EPIPE);
    finish(&b);
}
END_TEST

START_TEST(a_blocked_read_is_ended_past_its_limit_and_not_before)
{
    struct blocked b = { 0 };

    start(&b, false);
    ck_assert_int_eq(watchdog_sweep(b.before_ms + LIMIT_MS), 0);
    ck_assert(!ends_within(&b, 50));
    ck_assert_int_eq(watchdog_sweep(b.after_ms + LIMIT_MS + 1), 1);
    ck_assert(ends_within(&b, 10000));
    ck_assert_int_eq(b.result, 0);
    finish(&b);
}
END_TEST

START_TEST(of_several_calls_only_the_late_ones_are_ended)
{
    struct blocked a = { 0 }, b = { 0 };
    struct watch quick;
    int ends[2];

    start(&a, true);
    start(&b, false);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    watch_init(&quick);
    watch_begin(&quick, ends[0], 10 * LIMIT_MS);
    ck_assert_int_eq(watchdog_sweep(b.after_ms + LIMIT_MS + 1), 2);
    ck_assert(ends_within(&a, 10000) && ends_within(&b, 10000));
    ck_assert_int_eq(send(ends[0], "x", 1, MSG_NOSIGNAL), 1);
    watch_end(&quick);
    watch_done(&quick);
    close(ends[0]);
    close(ends[1]);
    finish(&a);
    finish(&b);
}
END_TEST

START_TEST(a_call_that_ended_in_time_is_left_alone)
{
    struct watch w;
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    watch_init(&w);
    ck_assert_int_eq(watchdog_sweep(INT64_MAX), 0);
    watch_begin(&w, ends[0], 0);
    watch_end(&w);
    ck_assert_int_eq(watchdog_sweep(INT64_MAX), 0);
    ck_assert_int_eq(send(ends[0], "x", 1, MSG_NOSIGNAL), 1);
    watch_done(&w);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_call_is_ended_once_and_its_descriptor_stays_open)
{
    struct watch w;
    int ends[2];

    log_set_fd(-1);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    watch_init(&w);
    watch_begin(&w, ends[0], 0);
    ck_assert_int_eq(watchdog_sweep(INT64_MAX), 1);
    ck_assert_int_eq(watchdog_sweep(INT64_MAX), 0);
    watch_end(&w);
    ck_assert_int_eq(close(ends[0]), 0); /* nobody else closed it */
    close(ends[1]);
    watch_done(&w);
}
END_TEST

START_TEST(a_watch_serves_call_after_call)
{
    struct watch w;
    int ends[2];

    log_set_fd(-1);
    watch_init(&w);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        watch_begin(&w, ends[0], 0);
        ck_assert_int_eq(watchdog_sweep(INT64_MAX), 1);
        watch_end(&w);
        close(ends[0]);
        close(ends[1]);
    }
    watch_done(&w);
    ck_assert_int_eq(watchdog_sweep(INT64_MAX), 0);
}
END_TEST

static atomic_int working;

/* As a connection that is made anew over and over, while the main thread sweeps. */
static void *come_and_go(void *arg)
{
    for (int i = 0; i < 500; i++) {
        struct watch w;
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
            break;
        watch_init(&w);
        for (int j = 0; j < 5; j++) {
            watch_begin(&w, ends[0], LIMIT_MS);
            if (send(ends[0], "x", 1, MSG_NOSIGNAL) != 1)
                *(bool *)arg = true;
            watch_end(&w);
        }
        watch_done(&w);
        close(ends[0]);
        close(ends[1]);
    }
    atomic_fetch_sub(&working, 1);
    return NULL;
}

START_TEST(threads_come_and_go_while_the_sweep_runs)
{
    pthread_t threads[3];
    bool cut_off[3] = { false };

    atomic_store(&working, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, &cut_off[i]), 0);
    while (atomic_load(&working) > 0)
        ck_assert_int_eq(watchdog_sweep(clock_mono_ms()), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(!cut_off[i]);
    }
    ck_assert_int_eq(watchdog_sweep(INT64_MAX), 0);
}
END_TEST

SUITE("watchdog", a_blocked_write_is_ended_past_its_limit_and_not_before,
      a_blocked_read_is_ended_past_its_limit_and_not_before,
      of_several_calls_only_the_late_ones_are_ended, a_call_that_ended_in_time_is_left_alone,
      a_call_is_ended_once_and_its_descriptor_stays_open, a_watch_serves_call_after_call,
      threads_come_and_go_while_the_sweep_runs)
