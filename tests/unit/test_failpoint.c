/* The promises of common/base/failpoint.h, in builds with failpoints and without. */
#include "common/base/failpoint.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/suite.h"

#ifdef ENABLE_FAILPOINTS
/* Each test is a process of its own, and the environment is read at its first step. */
static void choose(const char *points)
{
    log_open("test", LEVEL_ERROR, LOG_TEXT);
    setenv("NOTIFY_FAILPOINTS", points, 1);
}

/* How a child ends that passes `name` so many times. */
static int status_after(const char *name, int passes, int options)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        while (passes-- > 0)
            failpoint(name);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, options), child);
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return status;
}

START_TEST(a_step_that_was_not_chosen_does_nothing)
{
    choose("claim.committed=error");
    ck_assert(!failpoint("record.before"));
    ck_assert(!failpoint("claim"));
}
END_TEST

START_TEST(an_error_stays_once_its_pass_is_reached)
{
    choose("a=error@3,b=error");
    ck_assert(!failpoint("a"));
    ck_assert(!failpoint("a"));
    ck_assert(failpoint("a"));
    ck_assert(failpoint("a"));
    ck_assert(failpoint("b"));
}
END_TEST

START_TEST(a_kill_comes_at_its_pass)
{
    int status;

    choose("a=kill@2");
    ck_assert_int_eq(status_after("a", 1, 0), 0);
    status = status_after("a", 2, 0);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}
END_TEST

START_TEST(a_stop_can_be_continued)
{
    int status;

    choose("a=stop");
    status = status_after("a", 1, WUNTRACED);
    ck_assert(WIFSTOPPED(status));
}
END_TEST

START_TEST(a_delay_comes_at_each_pass)
{
    int64_t start = clock_mono_ms();

    choose("a=delay:30");
    ck_assert(!failpoint("a"));
    ck_assert(!failpoint("a"));
    ck_assert_int_ge(clock_mono_ms() - start, 60);
}
END_TEST

START_TEST(what_cannot_be_read_ends_the_program)
{
    static const char *const rows[] = {
        "a", "a=", "=kill", "a=burn", "a=delay", "a=delay:", "a=delay:x", "a=kill:5", "a=kill@x",
        "a=kill@", "a=kill,b",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status;

        choose(rows[i]);
        status = status_after("z", 1, 0);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 2, "%s", rows[i]);
    }
}
END_TEST

SUITE("failpoint", a_step_that_was_not_chosen_does_nothing, an_error_stays_once_its_pass_is_reached,
      a_kill_comes_at_its_pass, a_stop_can_be_continued, a_delay_comes_at_each_pass,
      what_cannot_be_read_ends_the_program)
#else
START_TEST(without_failpoints_the_environment_chooses_nothing)
{
    setenv("NOTIFY_FAILPOINTS", "a=error,b=kill", 1);
    ck_assert(!failpoint("a"));
    ck_assert(!failpoint("b"));
}
END_TEST

SUITE("failpoint", without_failpoints_the_environment_chooses_nothing)
#endif
