/* scheduler - puts whatever is due onto the belt, as one thread of the pool. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/cache/lane_flags.h"
#include "common/db/audit.h"
#include "common/db/callbacks.h"
#include "common/db/dispatch.h"
#include "common/db/idempotency.h"
#include "common/metrics/metrics.h"
#include "common/service/belt.h"
#include "common/service/take_due.h"
#include "common/service/window.h"
#include "workerd/loop.h"

#define PUT_WAIT_MS 100
#define WINDOW_LEAST 20
#define PRUNE_EVERY_MS 60000
#define PRUNE_MOST 1000 /* rows in one statement: nobody waits long for it */
#define CALLBACKS_MOST 1000
#define SAMPLE_EVERY_MS 5000

#define FLAG_LIFE_MS 1500  /* how long a lane with a backlog keeps responders off its queue */
#define FLAG_SEEN_MS 200   /* how long a responder may believe in one that is down */
#define RUN_LOOKS 4
#define BACKLOG_PAUSE_MS 50 /* between rounds while a lane has a backlog, or had one just now */

/* A lane of the belt as this scheduler sees it. */
struct lane {
    struct window window;
    bool backlog, backlog_of_runs; /* more was due at the last look than fitted */
    bool runs_first;               /* at that look */
    int64_t hurry_until_ms; /* its flag may be up: what is accepted meanwhile waits for us */
    int64_t next_ms;        /* its next look; INT64_MAX: nobody serves it */
};

struct scheduler {
    struct pool_shared *shared;
    const struct config *config;
    struct db *db;
    struct belt *belt;
    struct cache *cache;
    struct lane lanes[LANE_COUNT];
    int64_t away_since_ms; /* 0: the belt runs */
    int64_t next_prune_ms, next_sample_ms;
    struct arena mem;
};

static bool has_backlog(const struct lane *l)
{
    return l->backlog || l->backlog_of_runs;
}

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

/* Events of the lane that our own threads have been handed and have not claimed yet. */
static size_t in_our_hands(const struct scheduler *s, int lane)
{
    size_t n = 0;

    for (int i = 0; i < s->config->worker.threads; i++)
        n += atomic_load_explicit(&s->shared->states[i].waiting[lane], memory_order_relaxed);
    return n;
}

/*
 * What fits into the lane's window, of what is due there; *full: as much was due as could be taken, or, of
 * runs, anything.
 */
static enum status fill_lane(struct scheduler *s, int lane, enum take_order order, bool *full,
                             struct error *err)
{
    struct lane *l = &s->lanes[lane];
    size_t room = window_room(&l->window), batch = (size_t)s->config->scheduler.batch_size, n, taken;
    struct take take = {
        .lane = lane, .order = order, .limit = (int)(room < batch ? room : batch),
        .grace_ms = BELT_GRACE_MS, .lease_ms = config_lease_ms(s->config),
    };
    struct recipient_ref *refs;
    enum status st;

    *full = false;
    if (room == 0)
        return ST_OK;
    arena_reset(&s->mem);
    st = take_due(s->db, s->config, &take, l->window.ready > 0, &s->mem, &refs, &n, &taken, err);
    if (st != ST_OK) {
        if (st != ST_UNAVAILABLE)
            log_error("scheduler.round_failed", ERR(err));
        return st;
    }
    *full = order == TAKE_RUNS ? taken > 0 : taken == (size_t)take.limit;
    return put_all(s, lane, refs, n, err);
}

/*
 * A lane with a backlog serves its users in turn first, then whoever has waited longest; that second
 * look also tells whether there is a backlog still.
 */
static enum status fill_singly(struct scheduler *s, int lane, struct error *err)
{
    struct lane *l = &s->lanes[lane];
    enum status st = ST_OK;
    bool full;

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

/* What some users leave of the room is for the others, so that the last look finds nothing or no room. */
static enum status fill_by_runs(struct scheduler *s, int lane, struct error *err)
{
    struct lane *l = &s->lanes[lane];
    enum status st = ST_OK;
    bool some = true;

    for (int i = 0; i < RUN_LOOKS && some && st == ST_OK && window_room(&l->window) > 0; i++)
        st = fill_lane(s, lane, TAKE_RUNS, &some, err);
    l->backlog_of_runs = st == ST_OK && some;
    return st;
}

/* Who has rows and who has runs are served first by turns. */
static enum status serve(struct scheduler *s, int lane, struct error *err)
{
    struct lane *l = &s->lanes[lane];
    uint32_t ready;
    enum status st = belt_depth(s->belt, lane, &ready, err);

    if (st != ST_OK)
        return st;
    window_note(&l->window, ready + in_our_hands(s, lane), has_backlog(l), clock_mono_ms());
    l->runs_first = !l->runs_first;
    if (l->runs_first)
        st = fill_by_runs(s, lane, err);
    if (st == ST_OK)
        st = fill_singly(s, lane, err);
    if (st == ST_OK && !l->runs_first)
        st = fill_by_runs(s, lane, err);
    return st;
}

/* Responders leave the new recipients of these lanes to us. */
static void raise_flags(struct scheduler *s)
{
    int64_t now_ms = clock_mono_ms();
    unsigned lanes = 0;
    struct error err;

    for (int lane = 0; lane < LANE_COUNT; lane++) {
        if (!has_backlog(&s->lanes[lane]))
            continue;
        lanes |= 1u << lane;
        s->lanes[lane].hurry_until_ms = now_ms + FLAG_LIFE_MS + FLAG_SEEN_MS;
    }
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

static void has_moved(struct scheduler *s)
{
    atomic_store_explicit(&s->shared->scheduler_moved_ms, clock_mono_ms(), memory_order_relaxed);
}

/* A lane with a backlog is looked at more often than the others. */
static void set_next_look(const struct scheduler *s, struct lane *l, int64_t now_ms)
{
    int interval_ms = s->config->scheduler.interval_ms;
    bool hurry = (has_backlog(l) || now_ms < l->hurry_until_ms) && interval_ms > BACKLOG_PAUSE_MS;

    l->next_ms = now_ms + (hurry ? BACKLOG_PAUSE_MS : interval_ms);
}

/* Over the lanes whose time has come, or over all. */
static void round_of_lanes(struct scheduler *s, bool all)
{
    struct error err = { 0 };
    bool up = belt_ready(s->belt, &err) == ST_OK && belt_is_up(s->belt);
    int64_t now_ms = clock_mono_ms();

    note_belt(s, up);
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        struct lane *l = &s->lanes[lane];

        if (l->next_ms == INT64_MAX || (!all && now_ms < l->next_ms))
            continue;
        has_moved(s);
        if (up)
            serve(s, lane, &err);
        set_next_look(s, l, now_ms);
        up = up && belt_is_up(s->belt);
    }
    raise_flags(s);
    if (up)
        belt_turn(s->belt, 0, &err);
}

/* What has served its time goes, a few at a time: idempotency keys, and the inbox of callbacks. */
static void prune(struct scheduler *s)
{
    struct error err;
    size_t keys, callbacks;
    bool failed;

    if (clock_mono_ms() < s->next_prune_ms)
        return;
    failed = idempotency_prune(s->db, PRUNE_MOST, &keys, &err) != ST_OK ||
             callbacks_prune(s->db, PRUNE_MOST, &callbacks, &err) != ST_OK;
    if (failed || (keys < PRUNE_MOST && callbacks < PRUNE_MOST))
        s->next_prune_ms = clock_mono_ms() + PRUNE_EVERY_MS;
}

/* Callbacks that came before we knew what they are about. */
static void retry_callbacks(struct scheduler *s)
{
    struct callbacks_tally tally;
    struct error err;
    size_t tried;

    arena_reset(&s->mem);
    if (callbacks_retry(s->db, CALLBACKS_MOST, &s->mem, &tried, &tally, &err) != ST_OK || tried == 0)
        return;
    if (tally.dropped > 0)
        log_info("callbacks.dropped", NUM("callbacks", tally.dropped));
    metrics_add(M_WEBHOOK_DROPPED, tally.dropped, LABELS(NULL));
}

/* Where the broker is away the last numbers stay. */
static void sample_queues(struct scheduler *s, struct sample *sample)
{
    struct error err;
    uint32_t ready;

    for (int lane = 0; lane < LANE_COUNT; lane++) {
        if (belt_is_up(s->belt) && belt_depth(s->belt, lane, &ready, &err) == ST_OK)
            atomic_store(&sample->depth[lane], ready);
    }
    if (belt_is_up(s->belt) && belt_depth_dead(s->belt, &ready, &err) == ST_OK)
        atomic_store(&sample->dead, ready);
}

/* What the last audit found; where it cannot be read, what was read before stays. */
static void sample_audit(struct scheduler *s)
{
    struct sample *sample = &s->shared->sample;
    struct audit_result last;
    struct error err;

    if (audit_read(s->db, &s->mem, &last, &err) != ST_OK)
        return;
    for (int f = 0; f < AUDIT_FAULTS; f++)
        atomic_store(&sample->faults[f], last.faults[f]);
    atomic_store(&sample->audited_ms, last.at_ms);
}

/* For the metrics: what is due, what the queues hold, and what the last audit found. */
static void take_sample(struct scheduler *s)
{
    struct sample *sample = &s->shared->sample;
    struct backlog lanes[LANE_COUNT];
    int64_t due = 0, oldest_ms = 0;
    struct error err;

    if (clock_mono_ms() < s->next_sample_ms)
        return;
    s->next_sample_ms = clock_mono_ms() + SAMPLE_EVERY_MS;
    arena_reset(&s->mem);
    if (dispatch_backlog(s->db, SAMPLE_MOST, &s->mem, lanes, &err) != ST_OK)
        return;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        due += lanes[lane].due;
        if (lanes[lane].oldest_ms > oldest_ms)
            oldest_ms = lanes[lane].oldest_ms;
    }
    sample_queues(s, sample);
    sample_audit(s);
    atomic_store(&sample->due, due);
    atomic_store(&sample->lag_ms, oldest_ms);
    atomic_store(&sample->taken, true);
}

/* Until the next look at a lane is due; true: somebody has made something due at once. */
static bool wait_for_round(struct scheduler *s)
{
    int64_t next_ms = clock_mono_ms() + s->config->scheduler.interval_ms, left_ms;

    for (int lane = 0; lane < LANE_COUNT; lane++) {
        if (s->lanes[lane].next_ms < next_ms)
            next_ms = s->lanes[lane].next_ms;
    }
    while (!atomic_load(&s->shared->stopping) && (left_ms = next_ms - clock_mono_ms()) > 0) {
        has_moved(s);
        if (atomic_exchange(&s->shared->something_is_due, false))
            return true;
        clock_sleep_ms(left_ms < BACKLOG_PAUSE_MS ? left_ms : BACKLOG_PAUSE_MS);
    }
    return false;
}

static void open_lanes(struct scheduler *s)
{
    const struct config_worker *w = &s->config->worker;

    for (int lane = 0; lane < LANE_COUNT; lane++) {
        const struct config_platform *p = &s->config->platform[lane_platform(lane)];
        size_t slots = (size_t)w->threads * (size_t)w->max_in_flight;

        window_init(&s->lanes[lane].window, WINDOW_LEAST, 2 * slots,
                    config_rate_of(s->config, lane_platform(lane)));
        s->lanes[lane].next_ms = p->enabled && p->n_providers > 0 ? 0 : INT64_MAX;
    }
}

static void follow_settings(struct scheduler *s)
{
    const struct config *now = atomic_load(&s->shared->settings)->config;

    for (int lane = 0; lane < LANE_COUNT && now != s->config; lane++)
        window_follow(&s->lanes[lane].window, WINDOW_LEAST, config_rate_of(now, lane_platform(lane)));
    s->config = now;
}

void *scheduler_run(void *arg)
{
    struct pool_shared *shared = arg;
    struct scheduler s = {
        .shared = shared,
        .config = shared->config,
        .db = db_new(&shared->config->database,
                     &(struct db_options){ .application = "workerd scheduler", .by_key = true }),
        .belt = belt_new(shared->config, "workerd scheduler"),
        .cache = cache_new(&shared->config->redis),
    };
    bool all = true;

    open_lanes(&s);
    while (!atomic_load(&shared->stopping)) {
        has_moved(&s);
        follow_settings(&s);
        prune(&s);
        retry_callbacks(&s);
        take_sample(&s);
        round_of_lanes(&s, all);
        all = wait_for_round(&s);
    }
    belt_free(s.belt);
    cache_free(s.cache);
    db_free(s.db);
    arena_done(&s.mem);
    return NULL;
}
