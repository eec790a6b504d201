/* scheduler - puts whatever is due onto the belt, as one thread of the pool. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/db/idempotency.h"
#include "common/service/belt.h"
#include "common/service/take_due.h"
#include "workerd/loop.h"

#define PUT_WAIT_MS 100
#define PRUNE_EVERY_MS 60000
#define PRUNE_MOST 1000 /* rows in one statement: nobody waits long for it */

struct scheduler {
    struct pool_shared *shared;
    const struct config *config;
    struct db *db;
    struct belt *belt;
    int64_t away_since_ms; /* 0: the belt runs */
    int64_t next_prune_ms;
    struct arena mem;
};

/* The most that may wait in a lane's queue: the backlog stays in Postgres (DESIGN section 2). */
static uint32_t window_of(const struct config *config)
{
    uint32_t capacity = 2u * (uint32_t)config->worker.threads * (uint32_t)config->worker.max_in_flight;

    return capacity < 2000 ? 2000 : capacity;
}

/* Everything taken is put, or the belt is away and the rows come due again. */
static enum status put_all(struct scheduler *s, int lane, const struct recipient_ref refs[], size_t n,
                           struct error *err)
{
    enum status st = ST_OK;

    for (size_t done = 0; done < n && st == ST_OK;) {
        size_t put = belt_put(s->belt, lane, refs + done, n - done, err);

        done += put;
        st = belt_turn(s->belt, put == 0 ? PUT_WAIT_MS : 0, err);
    }
    return st;
}

/* True: the lane had as much due as could be taken, so there may be more. */
static bool serve(struct scheduler *s, int lane, struct error *err)
{
    uint32_t ready, window = window_of(s->config);
    struct recipient_ref *refs;
    size_t n;
    int limit;

    if (belt_depth(s->belt, lane, &ready, err) != ST_OK || ready >= window)
        return false;
    limit = (int)(window - ready) < s->config->scheduler.batch_size ? (int)(window - ready)
                                                                    : s->config->scheduler.batch_size;
    arena_reset(&s->mem);
    if (take_due(s->db, s->config, lane, limit, BELT_GRACE_MS, &s->mem, &refs, &n, err) != ST_OK) {
        if (err->kind != ST_UNAVAILABLE)
            log_error("scheduler.round_failed", ERR(err));
        return false;
    }
    return put_all(s, lane, refs, n, err) == ST_OK && n == (size_t)limit;
}

/* After a while without the belt the loops take what is due by themselves. */
static void note_belt(struct scheduler *s, bool up)
{
    int64_t now_ms = clock_mono_ms();

    if (up)
        s->away_since_ms = 0;
    else if (s->away_since_ms == 0)
        s->away_since_ms = now_ms;
    atomic_store(&s->shared->belt_is_away,
                 s->away_since_ms != 0 && now_ms - s->away_since_ms > BROKER_PATIENCE_MS);
}

static bool round_of_lanes(struct scheduler *s)
{
    struct error err = { 0 };
    bool up = belt_ready(s->belt, &err) == ST_OK && belt_is_up(s->belt);
    bool more = false;

    note_belt(s, up);
    for (int lane = 0; lane < LANE_COUNT && up; lane++) {
        const struct config_platform *p = &s->config->platform[lane_platform(lane)];

        if (p->enabled && p->n_providers > 0)
            more |= serve(s, lane, &err);
        up = belt_is_up(s->belt);
    }
    if (up)
        belt_turn(s->belt, 0, &err);
    return more;
}

/* Idempotency keys that have served their day go, a few at a time. */
static void prune(struct scheduler *s)
{
    struct error err;
    size_t pruned;

    if (clock_mono_ms() < s->next_prune_ms)
        return;
    if (idempotency_prune(s->db, PRUNE_MOST, &pruned, &err) != ST_OK || pruned < PRUNE_MOST)
        s->next_prune_ms = clock_mono_ms() + PRUNE_EVERY_MS;
}

void *scheduler_run(void *arg)
{
    struct pool_shared *shared = arg;
    struct scheduler s = {
        .shared = shared,
        .config = shared->config,
        .db = db_new(&shared->config->database,
                     &(struct db_options){ .application = "workerd scheduler" }),
        .belt = belt_new(shared->config, "workerd scheduler"),
    };

    while (!atomic_load(&shared->stopping)) {
        int64_t next_ms = clock_mono_ms() + shared->config->scheduler.interval_ms;

        prune(&s);
        if (round_of_lanes(&s))
            continue;
        while (!atomic_load(&shared->stopping) && clock_mono_ms() < next_ms)
            clock_sleep_ms(next_ms - clock_mono_ms() < 50 ? next_ms - clock_mono_ms() : 50);
    }
    belt_free(s.belt);
    db_free(s.db);
    arena_done(&s.mem);
    return NULL;
}
