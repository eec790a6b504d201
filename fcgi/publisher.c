/* publisher - a queue of references and the thread that empties it onto the belt. */
#include "fcgi/publisher.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/cache/lane_flags.h"
#include "common/service/belt.h"
#include "fcgi/rooms.h"

#define QUEUE_MOST 50000 /* references; 50 messages of the largest kind, 2.4 MB */
#define IDLE_MS 5000     /* between looks at an idle broker */
#define LANES_MS 100     /* between looks at the lanes, while there is traffic */
#define MARK_MS 100      /* how long marks may wait for company while nothing else happens */
#define BURST 64         /* published between two looks at the confirms */

struct item {
    char message_id[UUID_TEXT_BYTES];
    short lane;
    int n;
};
struct queue {
    struct item *items;
    size_t count, cap;
};

struct publisher {
    const struct live_config *live;
    const struct config *config; /* what its thread goes by */
    pthread_t thread;
    int wake; /* an eventfd: something was put, or we are to stop */
    pthread_mutex_t lock;
    struct queue waiting; /* guarded by lock */
    atomic_bool stopping, up;
    atomic_uint full_lanes; /* bits 1 << lane: the scheduler serves them */
    struct rooms rooms;     /* on the belt */
    _Atomic int64_t latency_us;
};

/* ---- any thread ---- */

static void add(struct queue *q, const struct message_draft *d, size_t i)
{
    struct item *item;

    if (q->count == q->cap) {
        q->cap = q->cap == 0 ? 256 : q->cap * 2;
        q->items = realloc(q->items, q->cap * sizeof *q->items);
        if (q->items == NULL)
            abort();
    }
    item = &q->items[q->count++];
    memcpy(item->message_id, d->id, UUID_TEXT_BYTES);
    item->lane = (short)lane_of(d->recipients[i].platform, d->priority);
    item->n = (int)i;
}

static void wake(const struct publisher *p)
{
    uint64_t one = 1;

    /* Full means that it is awake already. */
    if (write(p->wake, &one, sizeof one) < 0)
        assert(errno == EAGAIN);
}

void publisher_put(struct publisher *p, const struct message_draft *d)
{
    bool was_empty = false;

    if (d->scheduled_ms >= 0 || d->due_ms <= d->created_ms)
        return; /* the scheduler's */
    pthread_mutex_lock(&p->lock);
    was_empty = p->waiting.count == 0;
    for (int pf = 0; pf < PF_COUNT && p->waiting.count + d->n_recipients <= QUEUE_MOST; pf++) {
        for (size_t i = 0; i < d->n_recipients; i++) {
            if (d->recipients[i].platform == (enum platform)pf)
                add(&p->waiting, d, i);
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (was_empty)
        wake(p);
}

bool publisher_takes(struct publisher *p, const struct message_draft *d)
{
    unsigned full = atomic_load_explicit(&p->full_lanes, memory_order_relaxed);
    bool takes = atomic_load_explicit(&p->up, memory_order_relaxed);

    for (size_t i = 0; i < d->n_recipients && full != 0 && takes; i++)
        takes = (full & 1u << lane_of(d->recipients[i].platform, d->priority)) == 0;
    return takes && rooms_take(&p->rooms, d);
}

bool publisher_is_behind(const struct publisher *p)
{
    return atomic_load_explicit(&p->full_lanes, memory_order_relaxed) != 0;
}

int64_t publisher_latency_us(const struct publisher *p)
{
    return atomic_load_explicit(&p->latency_us, memory_order_relaxed);
}

/* ---- its own thread ---- */

static void take_all(struct publisher *p, struct queue *mine)
{
    struct queue empty = *mine;

    empty.count = 0;
    pthread_mutex_lock(&p->lock);
    *mine = p->waiting;
    p->waiting = empty;
    pthread_mutex_unlock(&p->lock);
}

static void set_up(struct publisher *p, struct belt *belt)
{
    atomic_store_explicit(&p->up, belt_is_up(belt), memory_order_relaxed);
    if (!belt_is_up(belt))
        atomic_store_explicit(&p->latency_us, -1, memory_order_relaxed);
}

/* Runs of one message and lane go out together, so that an event may name several. */
static size_t run_of(const struct item *items, size_t n, struct recipient_ref refs[BURST])
{
    size_t k = 0;

    while (k < n && k < BURST && items[k].lane == items[0].lane) {
        refs[k] = (struct recipient_ref){ items[k].message_id, items[k].n, 0 };
        k++;
    }
    return k;
}

/* Everything taken is published, or dropped when the broker goes away in between. */
static void publish_all(struct belt *belt, const struct queue *q)
{
    struct recipient_ref refs[BURST];
    struct error err = { 0 };
    enum status s = ST_OK;

    for (size_t at = 0; at < q->count && s == ST_OK;) {
        size_t k = run_of(q->items + at, q->count - at, refs);
        size_t done = belt_put(belt, q->items[at].lane, refs, k, &err);

        at += done;
        s = belt_turn(belt, done == 0 ? 100 : 0, &err);
    }
    if (s != ST_OK)
        log_warn("publisher.dropped", NUM("recipients", q->count), ERR(&err));
}

/* Which lanes have a backlog, as schedulers say, and how much fits onto the others; true: they all rest. */
static bool look_at_lanes(struct publisher *p, struct belt *belt, struct cache *cache)
{
    unsigned full = 0;
    bool rest = true;
    uint32_t ready;
    struct error err;

    lane_flags_read(cache, &full, &err);
    atomic_store_explicit(&p->full_lanes, full, memory_order_relaxed);
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        if (rooms_at_rest(&p->rooms, lane))
            continue;
        rest = false;
        if (belt_depth(belt, lane, &ready, &err) == ST_OK)
            rooms_look(&p->rooms, lane, ready, clock_mono_ms());
    }
    return rest && full == 0;
}

/* A passive look at a queue keeps heartbeats flowing and tells how long the broker takes. */
static void look(struct publisher *p, struct belt *belt)
{
    int64_t begun = clock_mono_us();
    struct error err;
    uint32_t ready;

    if (belt_depth(belt, lane_of(PF_SMS, PRIO_HIGH), &ready, &err) == ST_OK)
        atomic_store_explicit(&p->latency_us, clock_mono_us() - begun, memory_order_relaxed);
}

/* rest: no lane needs another look soon. */
static void wait_for_work(struct publisher *p, struct belt *belt, bool rest)
{
    struct pollfd fds[] = { { .fd = p->wake, .events = POLLIN },
                            { .fd = belt_fd(belt), .events = POLLIN } };
    uint64_t count;

    poll(fds, 2, belt_has_marks(belt) ? MARK_MS : belt_is_up(belt) && rest ? 1000 : LANES_MS);
    if ((fds[0].revents & POLLIN) != 0 && read(p->wake, &count, sizeof count) < 0)
        assert(errno == EAGAIN);
}

static void follow_config(struct publisher *p)
{
    const struct config *now = live_config(p->live);

    if (now != p->config)
        rooms_follow(&p->rooms, now);
    p->config = now;
}

static void *run(void *arg)
{
    struct publisher *p = arg;
    struct belt *belt = belt_new(p->config, "notify.fcgi publisher");
    struct cache *cache = cache_new(&p->config->redis);
    int64_t next_look_ms = 0, next_lanes_ms = 0;
    bool rest = true;
    struct queue mine = { 0 };
    struct error err;

    while (!atomic_load(&p->stopping)) {
        follow_config(p);
        if (belt_ready(belt, &err) == ST_OK && clock_mono_ms() >= next_look_ms) {
            look(p, belt);
            next_look_ms = clock_mono_ms() + IDLE_MS;
        }
        set_up(p, belt);
        take_all(p, &mine);
        if (mine.count > 0)
            publish_all(belt, &mine);
        else if (belt_is_up(belt))
            belt_turn(belt, 0, &err);
        if (clock_mono_ms() >= next_lanes_ms && belt_is_up(belt)) {
            rest = look_at_lanes(p, belt, cache);
            next_lanes_ms = clock_mono_ms() + LANES_MS;
        } else {
            rest = rest && mine.count == 0;
        }
        set_up(p, belt);
        wait_for_work(p, belt, rest);
    }
    take_all(p, &mine);
    if (mine.count > 0 && belt_is_up(belt))
        publish_all(belt, &mine);
    belt_free(belt);
    cache_free(cache);
    free(mine.items);
    return NULL;
}

struct publisher *publisher_start(const struct live_config *config)
{
    struct publisher *p = calloc(1, sizeof *p);

    if (p == NULL)
        abort();
    p->live = config;
    p->config = live_config(config);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(p->wake >= 0);
    pthread_mutex_init(&p->lock, NULL);
    rooms_init(&p->rooms, p->config);
    atomic_store(&p->latency_us, -1);
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        abort();
    return p;
}

void publisher_stop(struct publisher *p)
{
    atomic_store(&p->stopping, true);
    wake(p);
    pthread_join(p->thread, NULL);
    close(p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p->waiting.items);
    free(p);
}
