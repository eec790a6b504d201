/* rabbitmqctl - RabbitMQ's own tool, run without a shell. */
#include "ctl/rabbitmqctl.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"

#define WORDS_MOST 16
#define OUTPUT_MOST (1u << 20)
#define LONGEST_MS 60000 /* it starts an Erlang machine of its own, and waits for the node */
#define POLL_MS 20

/*
 * Where nobody reads or writes at the other end while it runs, no pipe can fill up or break: its input
 * and output are files in memory.
 */
struct channels {
    int in, out, err;
};

static int memory_file(const char *text)
{
    int fd = memfd_create("rabbitmqctl", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void close_channels(const struct channels *c)
{
    if (c->in >= 0)
        close(c->in);
    if (c->out >= 0)
        close(c->out);
    if (c->err >= 0)
        close(c->err);
}

static const char *read_back(int fd, struct arena *mem)
{
    char *text = arena_alloc(mem, OUTPUT_MOST + 1);
    size_t len = 0;
    ssize_t n = 1;

    while (n > 0 && len < OUTPUT_MOST) {
        n = pread(fd, text + len, OUTPUT_MOST - len, (off_t)len);
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    return text;
}

/* ---- the process ---- */

/* Distributions put it where only root looks, and a sudo may have left another PATH. */
static int spawn_first(const struct rabbitmqctl *r, pid_t *pid, const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *how, char *const argv[])
{
    extern char **environ;
    int failure;

    if (r->program != NULL)
        return posix_spawn(pid, r->program, files, how, argv, environ);
    failure = posix_spawnp(pid, "rabbitmqctl", files, how, argv, environ);
    if (failure == ENOENT)
        failure = posix_spawn(pid, "/usr/sbin/rabbitmqctl", files, how, argv, environ);
    return failure;
}

/* In a process group of its own, since it is a chain of scripts that have to end together. */
static int start(const struct rabbitmqctl *r, const struct channels *c, char *const argv[], pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    int failure;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, c->in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, c->out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, c->err, STDERR_FILENO);
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
    failure = spawn_first(r, pid, &files, &how, argv);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

/* The exit status; -1: a signal ended it, ours when the time was over. */
static int await(pid_t pid)
{
    int64_t deadline = clock_mono_ms() + LONGEST_MS;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_mono_ms() > deadline)
            kill(-pid, SIGKILL);
        clock_sleep_ms(POLL_MS);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- a call ---- */

/* Its first line that says something. */
static const char *complaint(const struct channels *c, struct arena *mem)
{
    const char *text = read_back(c->err, mem);

    text += strspn(text, " \t\r\n");
    if (*text == '\0') {
        text = read_back(c->out, mem);
        text += strspn(text, " \t\r\n");
    }
    return *text == '\0' ? "it says nothing" : arena_strndup(mem, text, strcspn(text, "\r\n"));
}

static enum status judge(const struct rabbitmqctl *r, const char *word, int status, const struct channels *c,
                         const char **out, struct error *err)
{
    if (status == 127) /* of a wrapper whose own program is missing */
        return error_set(err, ST_NOT_FOUND, "rabbitmqctl %s: %s", word, complaint(c, r->mem));
    if (status < 0)
        return error_set(err, ST_UNCERTAIN, "rabbitmqctl %s did not end within %d s", word, LONGEST_MS / 1000);
    if (status != 0)
        return error_set(err, ST_UNAVAILABLE, "rabbitmqctl %s: %s", word, complaint(c, r->mem));
    if (out != NULL)
        *out = read_back(c->out, r->mem);
    return ST_OK;
}

enum status rabbitmqctl_run(const struct rabbitmqctl *r, const char *const words[], const char *input,
                            const char **out, struct error *err)
{
    struct channels c = { memory_file(input != NULL ? input : ""), memory_file(""), memory_file("") };
    const char *argv[WORDS_MOST] = { "rabbitmqctl" };
    int failure = c.in < 0 || c.out < 0 || c.err < 0 ? errno : 0;
    enum status s;
    pid_t pid;

    for (size_t i = 0; words[i] != NULL && i + 2 < WORDS_MOST; i++)
        argv[i + 1] = words[i];
    if (failure == 0)
        failure = start(r, &c, (char *const *)argv, &pid);
    if (failure != 0)
        s = error_set(err, failure == ENOENT ? ST_NOT_FOUND : ST_UNAVAILABLE, "%s cannot be run: %s",
                      r->program != NULL ? r->program : "rabbitmqctl", strerror(failure));
    else
        s = judge(r, words[0], await(pid), &c, out, err);
    close_channels(&c);
    return s;
}

enum status rabbitmqctl_lists(const struct rabbitmqctl *r, const char *const words[], const char *member,
                              const char *value, bool *found, struct error *err)
{
    const char *text;
    enum status s = rabbitmqctl_run(r, words, NULL, &text, err);

    if (s != ST_OK)
        return s;
    SCOPED(json_t) list = json_read(text, strlen(text), NULL);
    if (!json_is_array(list))
        return error_set(err, ST_BUG, "rabbitmqctl %s prints no list", words[0]);
    *found = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), member));

        *found = *found || (name != NULL && strcmp(name, value) == 0);
    }
    return ST_OK;
}
