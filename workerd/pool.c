/* pool - starting the threads, and stopping them. */
#include "workerd/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"
#include "workerd/loop.h"

struct pool {
    struct pool_shared shared;
    pthread_t *threads;
    size_t count;
};

static void add(struct pool *p, void *(*run)(void *))
{
    if (pthread_create(&p->threads[p->count++], NULL, run, &p->shared) != 0)
        abort();
}

void pool_follow(struct pool *p, const struct config *config, struct providers *providers)
{
    struct settings *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    *s = (struct settings){ config, providers, atomic_load(&p->shared.settings) };
    atomic_store(&p->shared.settings, s);
}

bool pool_has_moved(const struct pool *p, int64_t within_ms)
{
    int64_t since_ms = clock_mono_ms() - within_ms;
    bool moved = !p->shared.config->scheduler.enabled ||
                 atomic_load(&p->shared.scheduler_moved_ms) >= since_ms;

    for (int i = 0; i < p->shared.config->worker.threads; i++)
        moved = moved && atomic_load(&p->shared.states[i].moved_ms) >= since_ms;
    return moved;
}

static void free_settings(struct pool *p)
{
    struct settings *s = atomic_load(&p->shared.settings), *before;

    for (; s != NULL; s = before) {
        before = s->before;
        providers_close(s->providers);
        free(s);
    }
}

struct pool *pool_start(const struct config *config, struct providers *providers)
{
    struct pool *p = calloc(1, sizeof *p);
    size_t n = (size_t)config->worker.threads;

    if (p == NULL || (p->threads = calloc(n + 1, sizeof *p->threads)) == NULL ||
        (p->shared.states = calloc(n, sizeof *p->shared.states)) == NULL)
        abort();
    p->shared.config = config;
    pool_follow(p, config, providers);
    atomic_store(&p->shared.scheduler_moved_ms, clock_mono_ms());
    for (size_t i = 0; i < n; i++)
        atomic_store(&p->shared.states[i].moved_ms, clock_mono_ms());
    p->shared.gate = gate_shared_new(config, providers);
    for (size_t i = 0; i < n; i++)
        add(p, loop_run);
    if (config->scheduler.enabled)
        add(p, scheduler_run);
    return p;
}

/* Waits for a thread while the watchdog still ends its blocked calls. */
static void join(pthread_t thread, void (*tick)(void))
{
    struct timespec until;

    do {
        tick();
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
    } while (pthread_timedjoin_np(thread, NULL, &until) != 0);
}

void pool_stop(struct pool *p, void (*tick)(void))
{
    atomic_store(&p->shared.drain_until_ms,
                 clock_mono_ms() + (int64_t)p->shared.config->worker.drain_seconds * 1000);
    atomic_store(&p->shared.stopping, true);
    for (size_t i = 0; i < p->count; i++)
        join(p->threads[i], tick);
    gate_shared_free(p->shared.gate);
    free_settings(p);
    free(p->shared.states);
    free(p->threads);
    free(p);
}

const struct pool_shared *pool_shared(const struct pool *p)
{
    return &p->shared;
}
