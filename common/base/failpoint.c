/* failpoint - a named step at which a test can kill, stop, delay or fail the program. */
#include "common/base/failpoint.h"

#ifdef ENABLE_FAILPOINTS
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define POINTS_MAX 32

enum action { ACTION_KILL, ACTION_STOP, ACTION_DELAY, ACTION_ERROR, ACTION_COUNT };

/* An action that happens once waits for its pass exactly; the others go on from there. */
static const struct {
    const char *name;
    bool once, has_ms;
} actions[ACTION_COUNT] = {
    [ACTION_KILL] = { "kill", .once = true },
    [ACTION_STOP] = { "stop", .once = true },
    [ACTION_DELAY] = { "delay", .has_ms = true },
    [ACTION_ERROR] = { "error" },
};

struct point {
    const char *name;
    enum action action;
    long ms, pass; /* pass: the first one that counts, from 1 */
    atomic_long passes;
};
static struct point points[POINTS_MAX];
static size_t n_points;
static pthread_once_t read_once = PTHREAD_ONCE_INIT;

/* A test that asks for a step in vain would pass for the wrong reason. */
static _Noreturn void refuse(const char *value)
{
    fprintf(stderr, "NOTIFY_FAILPOINTS: cannot read \"%s\"\n", value);
    _exit(2);
}

static bool read_number(const char *text, long *out)
{
    char *end;

    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && *out >= 0;
}

/* NAME=ACTION[:MS][@PASS]; takes the text apart in place. */
static bool read_point(char *item, struct point *p)
{
    char *action = strchr(item, '='), *ms, *pass;

    if (action == NULL || action == item)
        return false;
    *action++ = '\0';
    if ((pass = strchr(action, '@')) != NULL)
        *pass++ = '\0';
    if ((ms = strchr(action, ':')) != NULL)
        *ms++ = '\0';
    p->name = item;
    p->pass = 1;
    if ((pass != NULL && !read_number(pass, &p->pass)) || (ms != NULL && !read_number(ms, &p->ms)))
        return false;
    for (p->action = 0; p->action < ACTION_COUNT; p->action++)
        if (strcmp(actions[p->action].name, action) == 0)
            return actions[p->action].has_ms == (ms != NULL);
    return false;
}

static void read_environment(void)
{
    const char *value = getenv("NOTIFY_FAILPOINTS");
    char *text, *item, *rest = NULL;

    if (value == NULL)
        return;
    text = strdup(value); /* the names point into it as long as the program runs */
    if (text == NULL)
        abort();
    for (item = strtok_r(text, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        if (n_points == POINTS_MAX || !read_point(item, &points[n_points]))
            refuse(value);
        n_points++;
    }
}

static bool act(const struct point *p)
{
    log_warn("failpoint.reached", STR("name", p->name), STR("action", actions[p->action].name));
    switch (p->action) {
    case ACTION_KILL:
        kill(getpid(), SIGKILL);
        break;
    case ACTION_STOP:
        kill(getpid(), SIGSTOP);
        break;
    case ACTION_DELAY:
        clock_sleep_ms(p->ms);
        break;
    case ACTION_ERROR:
        return true;
    case ACTION_COUNT:
        break;
    }
    return false;
}

bool failpoint(const char *name)
{
    bool fails = false;

    pthread_once(&read_once, read_environment);
    for (struct point *p = points; p < points + n_points; p++) {
        long pass;

        if (strcmp(p->name, name) != 0)
            continue;
        pass = atomic_fetch_add(&p->passes, 1) + 1;
        if (actions[p->action].once ? pass == p->pass : pass >= p->pass)
            fails = act(p) || fails;
    }
    return fails;
}
#endif
