/* Tests of common/config/program: the command line of a server program, and how it ends. */
#include "common/config/program.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suite.h"

#define HELP "Usage: thing [-c FILE]\nDoes things.\n"
#define TRY "Try 'thing --help'.\n"

static char output[8192], errors[8192], listened[256];

static void slurp(FILE *f, char *out, size_t size)
{
    rewind(f);
    out[fread(out, 1, size - 1, f)] = '\0';
    fclose(f);
}

/* The exit status, or -1 where the program would have run; what it wrote is in output, errors. */
static int begin(bool takes_listen, const char *const args[])
{
    struct program p = { "thing", HELP, takes_listen };
    FILE *out = tmpfile(), *bad = tmpfile(), *heard = tmpfile();
    const char *listen = NULL;
    struct config config = { 0 };
    int argc = 0, status;
    pid_t pid;

    ck_assert(out != NULL && bad != NULL && heard != NULL);
    while (args[argc] != NULL)
        argc++;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(bad), STDERR_FILENO);
        status = program_begin(&p, argc, (char **)(uintptr_t)args, &config, &listen);
        if (status == PROGRAM_RUNS)
            fprintf(heard, "%s", listen);
        config_free(&config);
        fflush(NULL);
        _exit(status == PROGRAM_RUNS ? 99 : status);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    slurp(out, output, sizeof output);
    slurp(bad, errors, sizeof errors);
    slurp(heard, listened, sizeof listened);
    return WEXITSTATUS(status) == 99 ? PROGRAM_RUNS : WEXITSTATUS(status);
}
#define BEGIN(takes_listen, ...)                                                                   \
    begin(takes_listen, (const char *const[]){ "thing", __VA_ARGS__ __VA_OPT__(, ) NULL })

static char folder[] = "/tmp/test_program.XXXXXX", path[64];

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

/* A configuration file with this text. */
static const char *file_with(const char *text)
{
    FILE *f;

    if (path[0] == '\0') {
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/thing.conf", folder);
        atexit(remove_folder);
    }
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    return path;
}

START_TEST(help_goes_to_stdout_and_is_success)
{
    ck_assert_int_eq(BEGIN(true, "--help"), 0);
    ck_assert_str_eq(output, HELP);
    ck_assert_str_eq(errors, "");
}
END_TEST

START_TEST(the_version_is_name_and_number)
{
    ck_assert_int_eq(BEGIN(true, "--version"), 0);
    ck_assert_str_eq(output, "thing " PACKAGE_VERSION "\n");
    ck_assert_str_eq(errors, "");
}
END_TEST

START_TEST(wrong_usage_is_2_with_a_hint_on_stderr)
{
    ck_assert_int_eq(BEGIN(true, "--pigeon"), 2);
    ck_assert_ptr_nonnull(strstr(errors, TRY));
    ck_assert_int_eq(BEGIN(true, "-x"), 2);
    ck_assert_ptr_nonnull(strstr(errors, TRY));
    ck_assert_int_eq(BEGIN(true, "--config"), 2); /* of which file? */
    ck_assert_ptr_nonnull(strstr(errors, TRY));
    ck_assert_int_eq(BEGIN(true, "-c", "", "more"), 2);
    ck_assert_str_eq(errors, "thing: too many arguments\n" TRY);
    ck_assert_str_eq(output, "");
}
END_TEST

START_TEST(a_program_without_a_listener_refuses_the_option)
{
    ck_assert_int_eq(BEGIN(false, "--listen", "/run/thing.sock"), 2);
    ck_assert_str_eq(errors, "thing: it listens to nobody: there is no --listen\n" TRY);
}
END_TEST

START_TEST(with_a_good_configuration_it_runs)
{
    const char *file = file_with("[server]\nthreads = 3\n");

    ck_assert_int_eq(BEGIN(true, "-c", file), PROGRAM_RUNS);
    ck_assert_str_eq(listened, "");
    ck_assert_int_eq(BEGIN(true, "--listen", "127.0.0.1:9000", "--config", file), PROGRAM_RUNS);
    ck_assert_str_eq(listened, "127.0.0.1:9000");
    ck_assert_str_eq(output, "");
    ck_assert_str_eq(errors, "");
}
END_TEST

START_TEST(checking_a_good_configuration_says_ok_and_ends)
{
    const char *file = file_with("[server]\nthreads = 3\n");
    char wanted[128];

    snprintf(wanted, sizeof wanted, "%s: ok\n", file);
    ck_assert_int_eq(BEGIN(true, "-c", file, "--check-config"), 0);
    ck_assert_str_eq(output, wanted);
    ck_assert_str_eq(errors, "");
}
END_TEST

START_TEST(every_fault_of_the_configuration_is_a_line_on_stderr_and_2)
{
    const char *file = file_with("[server]\nthreads = many\npigeons = 1\n");
    char first[128], second[128];

    snprintf(first, sizeof first, "%s:2: ", file);
    snprintf(second, sizeof second, "%s:3: ", file);
    for (int check = 0; check < 2; check++) {
        ck_assert_int_eq(BEGIN(true, "-c", file, check ? "--check-config" : NULL), 2);
        ck_assert_int_eq(strncmp(errors, first, strlen(first)), 0);
        ck_assert_ptr_nonnull(strstr(errors, second));
        ck_assert_str_eq(output, "");
    }
}
END_TEST

START_TEST(a_file_that_is_not_there_is_2)
{
    ck_assert_int_eq(BEGIN(true, "-c", "/nonexistent/thing.conf"), 2);
    ck_assert_ptr_nonnull(strstr(errors, "/nonexistent/thing.conf"));
}
END_TEST

/* ---- signals ---- */

static int ticks, signals_to_send[4];

/* One signal at each tick, while there are any. */
static void tick(void *arg)
{
    (void)arg;
    int signal_number = signals_to_send[ticks++];

    if (signal_number != 0)
        kill(getpid(), signal_number);
}

static void expect_end_after(int first, int second)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        signals_to_send[0] = first;
        signals_to_send[1] = second;
        program_block_signals();
        program_wait(&(struct program_hooks){ .tick = tick });
        _exit(ticks);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    /* The signal of a tick is seen behind it, and one more tick follows. */
    ck_assert_int_eq(WEXITSTATUS(status), second != 0 ? 3 : 2);
}

START_TEST(each_signal_that_asks_to_end_ends_the_wait)
{
    expect_end_after(SIGTERM, 0);
    expect_end_after(SIGINT, 0);
    expect_end_after(SIGUSR1, 0);
}
END_TEST

START_TEST(a_hangup_ends_nothing)
{
    expect_end_after(SIGHUP, SIGTERM);
}
END_TEST

/* ---- the service manager ---- */

static char said[1000];
static int manager;

static void listen_as_manager(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    strcpy(address.sun_path + 1, name + 1);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

/* All that it was told, a line each. */
static const char *what_was_said(void)
{
    size_t len = 0;
    ssize_t n;

    while ((n = recv(manager, said + len, sizeof said - len - 2, 0)) >= 0) {
        len += (size_t)n;
        said[len++] = '\n';
    }
    said[len] = '\0';
    return said;
}

static bool alive;

static bool is_alive(void *arg, int64_t within_ms)
{
    (void)arg;
    return alive && within_ms == 900;
}

static void note_reload(void *arg)
{
    *(bool *)arg = true;
}

static void wait_as(bool is_well, bool *reloaded)
{
    struct program_hooks hooks = { tick, note_reload, is_alive, reloaded };

    alive = is_well;
    ticks = 0;
    setenv("WATCHDOG_USEC", "900000", 1);
    program_block_signals();
    program_wait(&hooks);
}

START_TEST(the_service_manager_hears_of_each_change)
{
    bool reloaded = false;
    char name[60];

    snprintf(name, sizeof name, "@program-%d", (int)getpid());
    listen_as_manager(name);
    signals_to_send[0] = SIGHUP;
    signals_to_send[1] = SIGTERM;
    wait_as(true, &reloaded);
    ck_assert(reloaded);
    what_was_said();
    ck_assert_ptr_eq(strstr(said, "READY=1\nWATCHDOG=1\nRELOADING=1\nMONOTONIC_USEC="), said);
    ck_assert_ptr_nonnull(strstr(said + 8, "\nREADY=1\n"));
    ck_assert_str_eq(strrchr(strstr(said, "STOPPING"), 'S'), "STOPPING=1\n");
}
END_TEST

START_TEST(the_watchdog_is_not_fed_while_something_stands_still)
{
    bool reloaded = false;
    char name[60];

    snprintf(name, sizeof name, "@program-%d", (int)getpid());
    listen_as_manager(name);
    signals_to_send[2] = SIGTERM;
    wait_as(false, &reloaded);
    ck_assert_str_eq(what_was_said(), "READY=1\nSTOPPING=1\n");
    ck_assert(!reloaded);
}
END_TEST

SUITE("program", the_service_manager_hears_of_each_change,
      the_watchdog_is_not_fed_while_something_stands_still, help_goes_to_stdout_and_is_success, the_version_is_name_and_number,
      wrong_usage_is_2_with_a_hint_on_stderr, a_program_without_a_listener_refuses_the_option,
      with_a_good_configuration_it_runs, checking_a_good_configuration_says_ok_and_ends,
      every_fault_of_the_configuration_is_a_line_on_stderr_and_2, a_file_that_is_not_there_is_2,
      each_signal_that_asks_to_end_ends_the_wait, a_hangup_ends_nothing)
