#ifndef TESTS_INTEGRATION_STACK_H
#define TESTS_INTEGRATION_STACK_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <check.h>

#include "common/base/clock.h"
/*
 * stack - the whole system, started once for a test program by ./quickstart in a temporary folder.
 *
 * A guardian process of its own session stops it when the test program has ended, however that
 * came about, and removes the folder.  Each test is a process (Check forks), which first brings up
 * what an earlier one has left down; so nothing that the functions here return is ever freed, and a
 * failed call ends the test.
 */

/*
 * Runs the tests on one stack made with these --set options (NULL at the end); main()'s result.  What
 * begins with "--" is another option of ./quickstart, as in "--simulator=--latency-ms=20".
 */
int stack_run(const char *name, const char *const settings[], const TTest *const tests[], size_t n);

#define STACK_SUITE(name, settings, ...)                                       \
    int main(void)                                                             \
    {                                                                          \
        const TTest *const tests[] = { __VA_ARGS__ };                          \
        return stack_run(name, settings, tests, sizeof tests / sizeof *tests); \
    }

/* printf into memory that stays until the test ends. */
const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

const char *stack_env(const char *name); /* of DIR/env */
const char *stack_file(const char *name); /* DIR/name */

/* A bound on a wait, on this machine: CK_TIMEOUT_MULTIPLIER stretches it as it does Check's own. */
int64_t patience_ms(int64_t ms);

/* Looks again every few milliseconds, and fails the test when time is up. */
#define WAIT_UNTIL(condition, ms)                                                                \
    do {                                                                                         \
        int64_t until_ms_ = clock_mono_ms() + patience_ms(ms);                                   \
        while (!(condition)) {                                                                   \
            ck_assert_msg(clock_mono_ms() < until_ms_, "%s", "not within " #ms " ms: " #condition); \
            clock_sleep_ms(20);                                                                  \
        }                                                                                        \
    } while (0)

/* ---- the parts: postgres redis rabbitmq simulator mail workerd fcgi-1 fcgi-2 front ---- */

void service_down(const char *name);         /* and waits until it is gone */
void service_up(const char *name);           /* does not wait: see stack_is_whole() */
pid_t service_pid(const char *name);
void service_kill(const char *name, int signal); /* its supervisor starts it again */
int service_deaths(const char *name);        /* how often it ended without being told to */
bool service_died_with(const char *name, int exit_code); /* the last time it did */
bool stack_is_whole(void); /* every part answers, and our programs reach their neighbours */
void stack_mend(void);     /* brings all up and waits for that */

/* ---- programs that a test starts itself; they die with it ---- */

/* env: "NAME=value", NULL at the end, or NULL.  What it says goes to DIR/log/LOG.log. */
pid_t process_start(const char *program, const char *const words[], const char *const env[],
                    const char *log);
pid_t worker_start(const char *const env[]); /* a further workerd on the same configuration */
/*
 * Waits for it; the exit status, or -1 where a signal ended it.  Fails the test after limit_ms,
 * stretched as a wait is.
 */
int process_wait(pid_t pid, int64_t limit_ms);
#endif
