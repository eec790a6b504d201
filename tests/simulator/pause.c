/* pause - a heap of suspended connections, and the thread that wakes them. */
#include "tests/simulator/pause.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"
#include "tests/simulator/heap.h"

#define IDLE_MS 1000
#define TICK_MS 5
#define NO_LIMIT SIZE_MAX /* the server limits its connections */

struct sleeper {
    struct MHD_Connection *connection;
    struct pause_terms terms;
};

struct pause {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct heap heap; /* under lock */
    bool stopping;    /* under lock */
    pthread_t thread;
};

/* True: it is the first one. */
static bool push(struct pause *p, struct sleeper *s, int64_t due_ms)
{
    heap_push(&p->heap, (struct heap_entry){ .due_ms = due_ms, .item = s });
    return p->heap.entries[0].item == s;
}

/* Those that only wait go on together: waking for each took more than answering it. */
static int64_t tick_after(int64_t ms)
{
    return (ms + TICK_MS - 1) / TICK_MS * TICK_MS;
}

bool pause_connection(struct pause *p, struct MHD_Connection *connection,
                      const struct pause_terms *terms)
{
    struct sleeper *s;
    bool going_on;

    pthread_mutex_lock(&p->lock);
    going_on = !p->stopping;
    if (going_on) {
        s = malloc(sizeof *s);
        if (s == NULL)
            abort();
        *s = (struct sleeper){ connection, *terms };
        MHD_suspend_connection(connection);
        if (push(p, s, terms->ready != NULL ? terms->first_ms : tick_after(terms->deadline_ms)))
            pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return going_on;
}

/* Under lock. */
static void visit(struct pause *p, struct sleeper *s, int64_t now_ms)
{
    const struct pause_terms *t = &s->terms;

    if (!p->stopping && now_ms < t->deadline_ms && !t->ready(t->arg)) {
        push(p, s, now_ms + t->poll_ms < t->deadline_ms ? now_ms + t->poll_ms : t->deadline_ms);
        return;
    }
    MHD_resume_connection(s->connection);
    free(s);
}

static void sleep_until_due(struct pause *p)
{
    int64_t ms = heap_wait_ms(&p->heap, clock_mono_ms(), IDLE_MS);
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&p->changed, &p->lock, &until);
}

static void *run(void *arg)
{
    struct pause *p = arg;
    struct heap_entry e;

    pthread_mutex_lock(&p->lock);
    while (!p->stopping || p->heap.count > 0) {
        int64_t now_ms = clock_mono_ms();

        if (heap_pop(&p->heap, p->stopping ? INT64_MAX : now_ms, &e))
            visit(p, e.item, now_ms);
        else
            sleep_until_due(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum status pause_open(struct pause **out, struct error *err)
{
    struct pause *p = calloc(1, sizeof *p);
    pthread_condattr_t attr;

    if (p == NULL)
        abort();
    p->heap.limit = NO_LIMIT;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&p->thread, NULL, run, p) != 0) {
        free(p);
        return error_set(err, ST_UNAVAILABLE, "no thread for paused connections");
    }
    *out = p;
    return ST_OK;
}

void pause_stop(struct pause *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
}

void pause_close(struct pause *p)
{
    if (p == NULL)
        return;
    heap_free(&p->heap);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
