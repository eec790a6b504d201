/* stack - starting and stopping the whole system, and its parts. */
#include "tests/integration/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/log.h"
#include "tests/integration/client.h"
#include "tests/integration/fastcgi.h"
#include "tests/integration/witness.h"

#define WORDS_MOST 256
#define TEST_SECONDS 90
#define WHOLE_MS 60000

static struct {
    char dir[128];
    char script[PATH_MAX]; /* ./quickstart */
    int leash;         /* when the last of its writers is gone, the guardian stops the stack */
    pid_t guardian;
} stack;

static struct arena memory;

const char *text(const char *fmt, ...)
{
    char *out = NULL;
    const char *kept;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&out, fmt, ap) < 0)
        abort();
    va_end(ap);
    kept = arena_strdup(&memory, out);
    free(out);
    return kept;
}

/* As Check reads it: what is no positive number changes nothing. */
int64_t patience_ms(int64_t ms)
{
    const char *words = getenv("CK_TIMEOUT_MULTIPLIER");
    double times = words == NULL ? 1 : strtod(words, NULL);

    return times > 1 ? (int64_t)((double)ms * times) : ms;
}

const char *stack_file(const char *name)
{
    return text("%s/%s", stack.dir, name);
}

/* ---- running a command ---- */

/*
 * The tests' own standard output is TAP: what a command says goes elsewhere.  Outside of a test no
 * assertion of Check's may be made, not even one that holds.
 */
static pid_t run(const char *const argv[], int out)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        abort();
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    execvp(argv[0], (char *const *)argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static int exit_status(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            abort();
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_to_end(const char *const argv[], int out)
{
    return exit_status(run(argv, out));
}

static bool succeeds(const char *const argv[])
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    bool ok = run_to_end(argv, nowhere) == 0;

    close(nowhere);
    return ok;
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* ---- what is needed ---- */

static bool is_there(const char *pattern)
{
    glob_t found;
    bool ok = glob(pattern, 0, NULL, &found) == 0;

    globfree(&found);
    return ok;
}

/* NULL: all there. */
static const char *missing_part(const char *build)
{
    static const char *const programs[] = { "lighttpd", "spawn-fcgi", "runsvdir", "sv",
                                            "chpst",    "epmd",       "jq",       "curl" };

    if (!is_there("/usr/lib/postgresql/*/bin/postgres"))
        return "no postgres";
    if (!is_there("/usr/lib/rabbitmq/bin/rabbitmq-server"))
        return "no rabbitmq-server";
    if (!succeeds(WORDS("sh", "-c",
                        "command -v redis-server && command -v redis-cli ||"
                        " { command -v valkey-server && command -v valkey-cli; }")))
        return "neither redis-server and redis-cli nor valkey-server and valkey-cli";
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (!succeeds(WORDS("sh", "-c", text("command -v %s", programs[i]))))
            return text("no %s", programs[i]);
    }
    if (!succeeds(WORDS("/usr/bin/python3", "-c", "import aiosmtpd")))
        return "no aiosmtpd";
    if (!is_there(text("%s/tests/simulator/simulator", build)))
        return "the simulator is not built";
    return NULL;
}

/* ---- life ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    remove(path);
    return 0;
}

/* In the guardian: whatever ends the test program, the end of the leash is seen here. */
static void guard(int leash_end)
{
    char byte;

    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    close(stack.leash);
    while (read(leash_end, &byte, 1) < 0 && errno == EINTR)
        continue;
    if (is_there(text("%s/.lock", stack.dir)) &&
        run_to_end(WORDS(stack.script, "--dir", stack.dir, "--stop"), STDERR_FILENO) != 0)
        fprintf(stderr, "stack: could not stop %s\n", stack.dir);
    if (getenv("NOTIFY_TEST_KEEP") == NULL)
        nftw(stack.dir, remove_one, 32, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

static void start_guardian(void)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    stack.leash = ends[1];
    stack.guardian = fork();
    if (stack.guardian < 0)
        abort();
    if (stack.guardian == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        guard(ends[0]);
    }
    close(ends[0]);
}

static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");

    /* Folders of sockets and of the cluster have to fit into short names. */
    if (tmp == NULL || tmp[0] != '/' || strlen(tmp) > 40)
        tmp = "/tmp";
    snprintf(stack.dir, sizeof stack.dir, "%s/notify-it-XXXXXX", tmp);
    if (mkdtemp(stack.dir) == NULL) {
        perror(stack.dir);
        exit(1);
    }
    chmod(stack.dir, 0755); /* the user postgres passes through */
}

static bool quickstart(const char *build, const char *const settings[])
{
    const char *argv[WORDS_MOST] = { stack.script, "--detach", "--no-install", "--bin", build,
                                     "--dir", stack.dir };
    size_t n = 7;

    for (; settings != NULL && *settings != NULL; settings++) {
        if (n + 3 > WORDS_MOST)
            abort(); /* one left out would not be missed */
        if (strncmp(*settings, "--", 2) != 0)
            argv[n++] = "--set";
        argv[n++] = *settings;
    }
    return run_to_end(argv, STDERR_FILENO) == 0;
}

/* DIR/env is a line NAME=VALUE each; our values need no quoting. */
const char *stack_env(const char *name)
{
    const char *env = witness_read(stack_file("env"));
    const char *line = strstr(env, text("%s=", name));

    ck_assert_msg(line != NULL && (line == env || line[-1] == '\n'), "no %s in DIR/env", name);
    line += strlen(name) + 1;
    return text("%.*s", (int)strcspn(line, "\n"), line);
}

/* The end of our programs' logs, for whoever reads why a test failed. */
static void show_logs(void)
{
    const char *command = text("tail -c 6000 %s/log/fcgi-?.log %s/log/workerd.log", stack.dir, stack.dir);

    run_to_end(WORDS("sh", "-c", command), STDERR_FILENO);
}

static void before_each_test(void)
{
    /* Killed, the test program takes its test along, which would else hold the leash. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    stack_mend();
}

/* NOTIFY_TEST_ONLY: a part of the names of the tests to run, for whoever works on one. */
static bool is_wanted(const TTest *test)
{
    const char *part = getenv("NOTIFY_TEST_ONLY");

    return part == NULL || strstr(test->name, part) != NULL;
}

static int run_tests(const char *name, const TTest *const tests[], size_t n)
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(tc, TEST_SECONDS);
    tcase_add_checked_fixture(tc, before_each_test, NULL);
    for (size_t i = 0; i < n; i++) {
        if (is_wanted(tests[i]))
            tcase_add_test(tc, tests[i]);
    }
    suite_add_tcase(s, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed;
}

int stack_run(const char *name, const char *const settings[], const TTest *const tests[], size_t n)
{
    const char *top = getenv("top_srcdir"), *build = getenv("top_builddir"), *missing;
    char script[512];
    int result = 0;

    log_open("test", LEVEL_ERROR, LOG_TEXT);
    build = build == NULL ? "." : build;
    snprintf(script, sizeof script, "%s/quickstart", top == NULL ? "." : top);
    missing = missing_part(build);
    if (missing != NULL || realpath(script, stack.script) == NULL) {
        printf("1..0 # SKIP %s\n", missing != NULL ? missing : "no ./quickstart");
        return 0;
    }
    make_folder();
    start_guardian();
    setenv("NOTIFY_BIN", stack_file("bin"), 1);
    if (!quickstart(build, settings)) {
        puts("1..1\nnot ok 1 the stack starts");
        result = 1;
    } else if (run_tests(name, tests, n) > 0) {
        show_logs();
    }
    fflush(stdout);
    close(stack.leash);
    exit_status(stack.guardian);
    return result;
}

/* ---- parts ---- */

static const char *const services[] = { "postgres", "redis", "rabbitmq", "simulator", "mail",
                                        "workerd", "fcgi-1", "fcgi-2", "front" };
#define N_SERVICES (sizeof services / sizeof *services)

pid_t service_pid(const char *name)
{
    return (pid_t)atoi(witness_read(stack_file(text("run/%s.pid", name))));
}

void service_down(const char *name)
{
    ck_assert(succeeds(WORDS("sv", "-w", "30", "down", stack_file(text("sv/%s", name)))));
}

void service_up(const char *name)
{
    ck_assert(succeeds(WORDS("sv", "-w", "30", "up", stack_file(text("sv/%s", name)))));
}

void service_kill(const char *name, int signal)
{
    ck_assert_int_eq(kill(service_pid(name), signal), 0);
}

static const char *deaths(const char *name)
{
    const char *path = stack_file(text("sv/%s/deaths", name));

    return is_there(path) ? witness_read(path) : "";
}

int service_deaths(const char *name)
{
    int n = 0;

    for (const char *p = deaths(name); (p = strchr(p, '\n')) != NULL; p++)
        n++;
    return n;
}

bool service_died_with(const char *name, int exit_code)
{
    const char *all = deaths(name);
    const char *end = strrchr(all, '\n');
    const char *before = end == NULL ? NULL : memrchr(all, '\n', (size_t)(end - all));
    const char *last = before == NULL ? all : before + 1;
    const char *wanted = text("exit code %d,", exit_code);

    return strncmp(last, wanted, strlen(wanted)) == 0;
}

static bool is_ready(const struct answer *a)
{
    return a->status == 200 && strstr(a->body, "\"degraded\"") == NULL &&
           strstr(a->body, "\"down\"") == NULL;
}

static bool responder_is_ready(const char *name)
{
    struct answer a;

    return fastcgi_try(fastcgi_socket(name), "GET", "/ready", &a) && is_ready(&a);
}

static bool front_is_ready(void)
{
    struct answer a;

    return http_send("GET", text("%s/ready", stack_env("NOTIFY_URL")), NULL, NULL, NULL, &a) &&
           is_ready(&a);
}

static bool worker_is_ready(void)
{
    struct answer a;

    return http_elsewhere(text("%s/ready", stack_env("WORKERD_URL")), &a) && is_ready(&a);
}

bool stack_is_whole(void)
{
    return responder_is_ready("fcgi-1") && responder_is_ready("fcgi-2") &&
           front_is_ready() && worker_is_ready() &&
           http_elsewhere(text("%s/health", stack_env("SIMULATOR_URL")), &(struct answer){ 0 });
}

void stack_mend(void)
{
    const char *argv[N_SERVICES + 3] = { "sv", "up" };

    for (size_t i = 0; i < N_SERVICES; i++)
        argv[i + 2] = stack_file(text("sv/%s", services[i]));
    succeeds(argv);
    for (size_t i = 0; i < N_SERVICES; i++) {
        if (is_there(stack_file(text("run/%s.pid", services[i]))) && service_pid(services[i]) > 0)
            kill(service_pid(services[i]), SIGCONT);
    }
    WAIT_UNTIL(stack_is_whole(), WHOLE_MS);
}

/* ---- programs of a test ---- */

pid_t process_start(const char *program, const char *const words[], const char *const env[],
                    const char *log)
{
    int out = open(stack_file(text("log/%s.log", log)), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const char *argv[WORDS_MOST] = { stack_file(text("bin/%s", program)) };
    pid_t parent = getpid(), pid;

    for (size_t i = 0; words[i] != NULL && i + 2 < WORDS_MOST; i++)
        argv[i + 1] = words[i];
    ck_assert_int_ge(out, 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (; env != NULL && *env != NULL; env++)
            putenv((char *)*env);
        if (getppid() == parent && dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0)
            execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(out);
    return pid;
}

pid_t worker_start(const char *const env[])
{
    const char *all[16] = { "NOTIFY_WORKER_METRICS_LISTEN=127.0.0.1:0" };

    for (size_t i = 0; env != NULL && env[i] != NULL && i + 2 < 16; i++)
        all[i + 1] = env[i];
    return process_start("workerd", WORDS("-c", stack_env("NOTIFY_CONFIG")), all, "further");
}

int process_wait(pid_t pid, int64_t limit_ms)
{
    int64_t until_ms = clock_mono_ms() + patience_ms(limit_ms);
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        ck_assert_msg(clock_mono_ms() < until_ms, "process %d is still there", (int)pid);
        clock_sleep_ms(10);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
