/* program - runs one of our programs to its end. */
#include "tests/integration/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"

#define LONGEST_MS 30000 /* on a machine that keeps up: see longest_ms() */
#define OUTPUT_MOST (16u << 20)
#define WORDS_MOST 32

/* As Check stretches its own limits; what is no positive number changes nothing. */
static int64_t longest_ms(void)
{
    const char *words = getenv("CK_TIMEOUT_MULTIPLIER");
    double times = words == NULL ? 1 : strtod(words, NULL);

    return times > 1 ? (int64_t)(LONGEST_MS * times) : LONGEST_MS;
}

static const struct {
    const char *name, *path;
} built[] = {
    { "notifyctl", "ctl/notifyctl" },
    { "workerd", "workerd/workerd" },
    { "notify.fcgi", "fcgi/notify.fcgi" },
};

static void locate(const char *name, char *out, size_t size)
{
    const char *folder = getenv("NOTIFY_BIN"), *top = getenv("top_builddir");

    snprintf(out, size, "%s/%s", folder ? folder : ".", name);
    for (size_t i = 0; folder == NULL && i < sizeof built / sizeof *built; i++) {
        if (strcmp(built[i].name, name) == 0)
            snprintf(out, size, "%s/%s", top ? top : ".", built[i].path);
    }
}

static void clean_environment(const char *const env[])
{
    extern char **environ;

    for (char **e = environ; *e != NULL;) {
        char name[256];

        snprintf(name, sizeof name, "%.*s", (int)strcspn(*e, "="), *e);
        if (strncmp(name, "NOTIFY_", 7) == 0 || strncmp(name, "PG", 2) == 0)
            unsetenv(name); /* moves the rest down */
        else
            e++;
    }
    for (; env != NULL && *env != NULL; env++)
        putenv((char *)*env);
}

static void become(const char *name, const char *const words[], const char *const env[], int out,
                   int err)
{
    const char *argv[WORDS_MOST + 2] = { name };
    char path[512];

    for (size_t i = 0; i < WORDS_MOST && words[i] != NULL; i++)
        argv[i + 1] = words[i];
    locate(name, path, sizeof path);
    clean_environment(env);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execv(path, (char *const *)argv);
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    _exit(127);
}

/* Reads what is there; a pipe at its end is closed and marked with -1. */
static void drain(struct pollfd *p, struct buf *into)
{
    char chunk[4096];
    ssize_t n;

    if (p->fd < 0 || p->revents == 0)
        return;
    n = read(p->fd, chunk, sizeof chunk);
    if (n > 0) {
        buf_add(into, chunk, (size_t)n);
        return;
    }
    close(p->fd);
    p->fd = -1;
}

static void listen_to(int out, int err, struct outcome *o, int64_t deadline)
{
    struct pollfd p[2] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };

    while ((p[0].fd >= 0 || p[1].fd >= 0) && clock_mono_ms() < deadline) {
        if (poll(p, 2, 100) <= 0)
            continue;
        drain(&p[0], &o->out);
        drain(&p[1], &o->err);
    }
    for (int i = 0; i < 2; i++) {
        if (p[i].fd >= 0)
            close(p[i].fd);
    }
}

static int wait_for(pid_t pid, int64_t deadline)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_mono_ms() > deadline)
            kill(pid, SIGKILL);
        clock_sleep_ms(5);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct outcome program_run(const char *name, const char *const words[], const char *const env[])
{
    struct outcome o = { BUF_INIT(OUTPUT_MOST), BUF_INIT(OUTPUT_MOST), -1 };
    int64_t deadline = clock_mono_ms() + longest_ms();
    int out[2], err[2];
    pid_t pid;

    if (pipe(out) != 0 || pipe(err) != 0 || (pid = fork()) < 0) {
        perror("program_run");
        abort();
    }
    if (pid == 0)
        become(name, words, env, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    listen_to(out[0], err[0], &o, deadline);
    o.status = wait_for(pid, deadline);
    return o;
}

void outcome_free(struct outcome *o)
{
    buf_free(&o->out);
    buf_free(&o->err);
}
