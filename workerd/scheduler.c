/* scheduler - puts whatever is due onto the belt, as one thread of the pool. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/cache/lane_flags.h"
#include "common/db/idempotency.h"
#include "common/service/belt.h"
#include "common/service/take_due.h"
#include "workerd/loop.h"
#include "workerd/window.h"

#define PUT_WAIT_MS 100
#define PRUNE_EVERY_MS 60000
#define PRUNE_MOST 1000 /* rows in one statement: nobody waits long for it */

#define FLAG_LIFE_MS 1500  /* how long a lane with a backlog keeps responders off its queue */
#define BACKLOG_PAUSE_MS 50 /* between rounds while a lane has a backlog */

/* A lane of the belt as this scheduler sees it. */
struct lane {
    struct window window;
    bool backlog; /* more was due at the last look than fitted */
};

struct scheduler {
    struct pool_shared *shared;
    const struct config *config;
    struct db *db;
    struct belt *belt;
    struct cache *cache;
    struct lane lanes[LANE_COUNT];
    int64_t away_since_ms; /* 0: the belt runs */
    int64_t next_prune_ms;
    struct arena mem;
};

/* Everything taken is put, or the belt is away and the rows come due again. */
static enum status put_all(struct scheduler *s, int lane, const struct recipient_ref refs[], size_t n,
                           struct error *err)
{
    enum status st = ST_OK;

    for (size_t done = 0; done < n && st == ST_OK;) {
        size_t put = belt_put(s->belt, lane, refs + done, n - done, err);

        done += put;
        window_put(&s->lanes[lane].window, put);
        st = belt_turn(s->belt, put == 0 ? PUT_WAIT_MS : 0, err);
    }
    return st;
}

/* What fits into the lane's window, of what is due there; *full: as much was due as could be taken. */
static enum status fill_lane(struct scheduler *s, int lane, enum take_order order, bool *full,
                             struct error *err)
{
    struct lane *l = &s->lanes[lane];
    size_t room = window_room(&l->window), batch = (size_t)s->config->scheduler.batch_size, n, taken;
    struct take_request q = {
        .lane = lane, .order = order, .limit = (int)(room < batch ? room : batch),
        .grace_ms = BELT_GRACE_MS, .belt_is_full = l->window.ready > 0,
    };
    struct recipient_ref *refs;
    enum status st;

    *full = false;
    if (room == 0)
        return ST_OK;
    arena_reset(&s->mem);
    st = take_due(s->db, s->config, &q, &s->mem, &refs, &n, &taken, err);
    if (st != ST_OK) {
        if (st != ST_UNAVAILABLE)
            log_error("scheduler.round_failed", ERR(err));
        return st;
    }
    *full = taken == (size_t)q.limit;
    return put_all(s, lane, refs, n, err);
}

/*
 * A lane with a backlog serves its users in turn first, then whoever has waited longest; that second
 * look also tells whether there is a backlog still.
 */
static enum status serve(struct scheduler *s, int lane, struct error *err)
{
    struct lane *l = &s->lanes[lane];
    uint32_t ready;
    bool full;
    enum status st = belt_depth(s->belt, lane, &ready, err);

    if (st != ST_OK)
        return st;
    window_note(&l->window, ready, l->backlog, clock_mono_ms());
    if (l->backlog)
        st = fill_lane(s, lane, TAKE_IN_TURN, &full, err);
    if (st == ST_OK && window_room(&l->window) == 0) {
        l->backlog = true;
    } else if (st == ST_OK) {
        st = fill_lane(s, lane, TAKE_OLDEST, &full, err);
        l->backlog = st == ST_OK && full;
    }
    return st;
}

/* Responders leave the new recipients of these lanes to us. */
static void raise_flags(struct scheduler *s)
{
    unsigned lanes = 0;
    struct error err;

    for (int lane = 0; lane < LANE_COUNT; lane++)
        lanes |= s->lanes[lane].backlog ? 1u << lane : 0;
    if (lanes != 0)
        lane_flags_raise(s->cache, lanes, FLAG_LIFE_MS, &err);
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

/* True: a lane has a backlog, so look again soon. */
static bool round_of_lanes(struct scheduler *s)
{
    struct error err = { 0 };
    bool up = belt_ready(s->belt, &err) == ST_OK && belt_is_up(s->belt);
    bool backlog = false;

    note_belt(s, up);
    for (int lane = 0; lane < LANE_COUNT && up; lane++) {
        const struct config_platform *p = &s->config->platform[lane_platform(lane)];

        if (p->enabled && p->n_providers > 0)
            serve(s, lane, &err);
        backlog |= s->lanes[lane].backlog;
        up = belt_is_up(s->belt);
    }
    raise_flags(s);
    if (up)
        belt_turn(s->belt, 0, &err);
    return backlog;
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

/* Until the next round is due, or somebody has made something due at once. */
static void wait_for_round(struct pool_shared *shared, int64_t next_ms)
{
    int64_t left_ms;

    while (!atomic_load(&shared->stopping) && (left_ms = next_ms - clock_mono_ms()) > 0) {
        if (atomic_exchange(&shared->something_is_due, false))
            return;
        clock_sleep_ms(left_ms < BACKLOG_PAUSE_MS ? left_ms : BACKLOG_PAUSE_MS);
    }
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
        .cache = cache_new(&shared->config->redis),
    };

    for (int lane = 0; lane < LANE_COUNT; lane++)
        window_init(&s.lanes[lane].window, (size_t)s.config->worker.threads *
                                               (size_t)s.config->worker.max_in_flight);
    while (!atomic_load(&shared->stopping)) {
        int64_t begun_ms = clock_mono_ms();

        prune(&s);
        wait_for_round(shared, begun_ms + (round_of_lanes(&s) ? BACKLOG_PAUSE_MS
                                                              : s.config->scheduler.interval_ms));
    }
    belt_free(s.belt);
    cache_free(s.cache);
    db_free(s.db);
    arena_done(&s.mem);
    return NULL;
}
