/* gate - breakers, rates and fail-over, brought together. */
#include "workerd/gate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/cache/breaker_board.h"
#include "common/cache/pace.h"
#include "common/cache/rate.h"

#define LOOK_EVERY_MS 250
#define STASH_LIFE_MS 1000      /* tokens that nobody used for so long are forgotten */
#define BOARD_GRACE_MS 120000   /* an open breaker that nobody probes is forgotten after this */
#define NOBODY_MS 500           /* for a recipient whose providers are all away for an unknown time */
#define BUSY_RATE 50            /* as many a second come back to a provider that had no room for them */
#define FAR_AWAY INT64_MAX
#define WANT_MOST 1000000

/* What the process knows of one provider. */
struct door {
    struct breaker breaker;
    bool from_board;     /* opened elsewhere: closed when the board says so */
    int64_t pause_until_ms;
    int64_t line_us; /* where the line of those who wait for its rate, or for room, ends; monotonic */
};

struct gate_shared {
    const struct config *config; /* of the start */
    const struct providers *providers;
    const char **names; /* of config->providers */
    struct breaker_policy policy;
    pthread_mutex_t lock; /* guards what follows */
    struct door *doors;   /* by the provider's place in config->providers */
    int64_t lines_us[PF_COUNT]; /* of those who wait for a platform's rate */
    int64_t next_look_ms;
};

/* Tokens in hand, of a bucket that is limited. */
struct stash {
    int tokens;
    int promised; /* within gate_permits; of these, where there is a limit */
    int64_t since_ms;
    int64_t next_ms; /* the bucket has none before; 0: unknown */
};

/* The right to a half-open breaker's one call. */
struct probe {
    int64_t until_ms; /* in hand until then; 0: not */
    bool promised;    /* within gate_permits */
};

struct gate {
    struct gate_shared *shared;
    const struct config *config;
    const struct providers *opened;
    gate_room *room;
    void *room_arg;
    struct cache *cache;
    struct stash platforms[PF_COUNT];
    struct stash *providers; /* these by place in config->providers */
    struct probe *probes;    /* so are these */
    enum platform first;     /* to be given permits; each in its turn */
    bool only_probes[PF_COUNT]; /* are all the permits of this turn */
    struct breaker_entry *entries; /* room for a look */
    int64_t next_ms;
};

struct gate_shared *gate_shared_new(const struct config *config, const struct providers *providers)
{
    struct gate_shared *s = calloc(1, sizeof *s);

    size_t n = config->n_providers;

    if (s == NULL || (s->doors = calloc(n + 1, sizeof *s->doors)) == NULL ||
        (s->names = calloc(n + 1, sizeof *s->names)) == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        s->names[i] = config->providers[i].name;
    s->config = config;
    s->providers = providers;
    s->policy = breaker_policy_of(config->worker.retry_base_ms);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void gate_shared_free(struct gate_shared *s)
{
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s->doors);
    free(s->names);
    free(s);
}

struct gate *gate_new(struct gate_shared *shared, gate_room *room, void *arg)
{
    struct gate *g = calloc(1, sizeof *g);
    size_t n = shared->config->n_providers + 1;

    if (g == NULL || (g->providers = calloc(n, sizeof *g->providers)) == NULL ||
        (g->probes = calloc(n, sizeof *g->probes)) == NULL ||
        (g->entries = calloc(n, sizeof *g->entries)) == NULL)
        abort();
    g->shared = shared;
    gate_follow(g, shared->config, shared->providers);
    g->room = room;
    g->room_arg = arg;
    g->cache = cache_new(&shared->config->redis);
    g->next_ms = FAR_AWAY;
    return g;
}

void gate_follow(struct gate *g, const struct config *config, const struct providers *providers)
{
    g->config = config;
    g->opened = providers;
}

void gate_free(struct gate *g)
{
    if (g == NULL)
        return;
    cache_free(g->cache);
    free(g->providers);
    free(g->probes);
    free(g->entries);
    free(g);
}

/* The longest that a call to it may be under way. */
static int64_t probe_life_ms(const struct open_provider *p)
{
    return p->config->timeout_ms + 1000;
}

/* ---- what other processes know ---- */

static void take_entry(struct gate_shared *s, size_t i, const struct breaker_entry *e, int64_t now_ms)
{
    struct door *d = &s->doors[i];
    int64_t left_ms = e->until_ms - clock_wall_ms(), most_ms = s->policy.most_ms[BREAKER_CREDENTIALS];

    if (e->pause_ms > 0 && now_ms + e->pause_ms > d->pause_until_ms)
        d->pause_until_ms = now_ms + e->pause_ms;
    if (e->until_ms == 0) {
        if (d->from_board)
            d->breaker = (struct breaker){ 0 };
        d->from_board = false;
        return;
    }
    if (left_ms > most_ms) /* their clock is wrong, or ours */
        left_ms = most_ms;
    d->from_board = true;
    if (left_ms > 0)
        d->breaker.until_ms = now_ms + left_ms;
    else if (d->breaker.until_ms == 0)
        d->breaker.until_ms = now_ms;
    if (d->breaker.openings < e->failures)
        d->breaker.openings = e->failures;
}

/* Whether it is this thread's turn to look. */
static bool begin_look(struct gate_shared *s, int64_t now_ms)
{
    bool turn;

    pthread_mutex_lock(&s->lock);
    turn = now_ms >= s->next_look_ms;
    if (turn)
        s->next_look_ms = now_ms + LOOK_EVERY_MS;
    pthread_mutex_unlock(&s->lock);
    return turn;
}

void gate_look(struct gate *g)
{
    struct gate_shared *s = g->shared;
    int64_t now_ms = clock_mono_ms();
    size_t n = s->config->n_providers;
    struct error err;

    g->next_ms = FAR_AWAY;
    if (n == 0 || !begin_look(s, now_ms))
        return;
    if (breaker_board_look(g->cache, s->names, n, g->entries, &err) != ST_OK)
        return;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < n; i++)
        take_entry(s, i, &g->entries[i], now_ms);
    pthread_mutex_unlock(&s->lock);
}

/* ---- which providers are open for calls ---- */

enum way { WAY_FREE, WAY_PROBE, WAY_PAUSED, WAY_SHUT };

/* *next_ms: when a way that is not free may be. */
static enum way way_of(struct gate *g, const struct open_provider *p, int64_t now_ms, int64_t *next_ms)
{
    struct door *d = &g->shared->doors[p->index];
    enum way way = WAY_FREE;

    pthread_mutex_lock(&g->shared->lock);
    switch (breaker_state(&d->breaker, now_ms)) {
    case BREAKER_CLOSED:
        if (now_ms < d->pause_until_ms) {
            way = WAY_PAUSED;
            *next_ms = d->pause_until_ms;
        }
        break;
    case BREAKER_OPEN:
        way = WAY_SHUT;
        *next_ms = d->breaker.until_ms;
        break;
    case BREAKER_HALF_OPEN:
        way = WAY_PROBE;
        *next_ms = d->breaker.probe_ms > now_ms ? d->breaker.probe_ms : now_ms + LOOK_EVERY_MS;
        break;
    }
    pthread_mutex_unlock(&g->shared->lock);
    return way;
}

static bool begin_probe(struct gate_shared *s, size_t i, int64_t now_ms, int64_t life_ms)
{
    bool begun;

    pthread_mutex_lock(&s->lock);
    begun = breaker_begin_probe(&s->doors[i].breaker, now_ms, life_ms);
    pthread_mutex_unlock(&s->lock);
    return begun;
}

/* Another process probes: how that ended is seen at a look, or at the next try. */
static void leave_probe(struct gate_shared *s, size_t i, int64_t now_ms)
{
    pthread_mutex_lock(&s->lock);
    s->doors[i].breaker.probe_ms = now_ms + LOOK_EVERY_MS;
    pthread_mutex_unlock(&s->lock);
}

/* A probe in hand, won against the other threads and, through Redis, the other processes. */
static bool win_probe(struct gate *g, const struct open_provider *p, int64_t now_ms)
{
    size_t i = p->index;
    int64_t life_ms = probe_life_ms(p);
    struct error err;
    bool won;

    if (now_ms < g->probes[i].until_ms)
        return true;
    if (!begin_probe(g->shared, i, now_ms, life_ms))
        return false;
    if (breaker_board_probe(g->cache, p->config->name, life_ms, &won, &err) != ST_OK)
        won = true; /* without Redis each process has its own probe */
    if (won)
        g->probes[i].until_ms = now_ms + life_ms;
    else
        leave_probe(g->shared, i, now_ms);
    return won;
}

/* ---- room ---- */

static size_t room_of(const struct gate *g, const struct open_provider *p)
{
    return g->room == NULL ? SIZE_MAX : g->room(g->room_arg, p);
}

/* ---- tokens ---- */

static void note_next(struct gate *g, int64_t at_ms)
{
    if (at_ms < g->next_ms)
        g->next_ms = at_ms;
}

/* How many of `want` are in the stash, which is filled from its bucket as far as that has any. */
static int fill(struct gate *g, struct stash *s, const char *kind, const char *name, int rate, int want)
{
    int64_t now_ms = clock_mono_ms();
    struct rate_ask ask = { .rate = rate, .want = want };
    char bucket[RATE_NAME_MAX + 1];

    want += s->promised;
    if (s->promised == 0 && now_ms - s->since_ms > STASH_LIFE_MS)
        s->tokens = 0;
    if (s->tokens < want && now_ms >= s->next_ms) {
        snprintf(bucket, sizeof bucket, "%s:%s", kind, name);
        ask.name = bucket;
        ask.want = want - s->tokens;
        rate_take(g->cache, &ask, 1);
        if (s->tokens == 0)
            s->since_ms = now_ms;
        s->tokens += ask.granted;
        s->next_ms = now_ms + ask.wait_ms;
    }
    if (s->tokens < want)
        note_next(g, s->next_ms);
    return (s->tokens < want ? s->tokens : want) - s->promised;
}

static int fill_platform(struct gate *g, enum platform pf, int want)
{
    int rate = g->config->platform[pf].rate_limit;

    return rate == 0 ? want : fill(g, &g->platforms[pf], "platform", platform_name(pf), rate, want);
}

static int fill_provider(struct gate *g, const struct open_provider *p, int want)
{
    const struct provider_config *c = p->config;

    return c->rate_limit == 0 ? want
                              : fill(g, &g->providers[p->index], "provider", c->name,
                                     c->rate_limit, want);
}

static void spend(struct gate *g, enum platform pf, const struct open_provider *p)
{
    if (g->config->platform[pf].rate_limit > 0)
        g->platforms[pf].tokens--;
    if (p->config->rate_limit > 0)
        g->providers[p->index].tokens--;
    g->probes[p->index].until_ms = 0;
}

/* ---- before the claim ---- */

/* Where there is no room nobody asks for tokens, nor for a probe. */
static int room_left(struct gate *g, const struct open_provider *p)
{
    size_t room = room_of(g, p), promised = (size_t)g->providers[p->index].promised;

    return room <= promised ? 0 : room - promised < WANT_MOST ? (int)(room - promised) : WANT_MOST;
}

static int promise(struct gate *g, const struct open_provider *p, int want)
{
    int room = room_left(g, p), n;

    if (room == 0)
        return 0;
    n = fill_provider(g, p, want < room ? want : room);
    g->providers[p->index].promised += n;
    return n;
}

static int promise_probe(struct gate *g, const struct open_provider *p, int64_t now_ms, int64_t next_ms)
{
    struct probe *probe = &g->probes[p->index];

    if (probe->promised || room_left(g, p) == 0)
        return 0;
    if (!win_probe(g, p, now_ms)) {
        note_next(g, next_ms);
        return 0;
    }
    probe->promised = true;
    return promise(g, p, 1);
}

static size_t permits_of(struct gate *g, enum platform pf, size_t want)
{
    int64_t now_ms = clock_mono_ms(), next_ms = FAR_AWAY;
    const struct open_provider *p;
    int most, permits = 0;

    if (want == 0)
        return 0;
    most = fill_platform(g, pf, want < WANT_MOST ? (int)want : WANT_MOST);
    for (size_t place = 0; permits < most; place++) {
        p = providers_at(g->opened, pf, place);
        if (p == NULL)
            return place == 0 ? want : (size_t)permits; /* unserved: an attempt says so */
        switch (way_of(g, p, now_ms, &next_ms)) {
        case WAY_FREE:
            g->only_probes[pf] = false;
            return (size_t)(permits + promise(g, p, most - permits));
        case WAY_PROBE:
            permits += promise_probe(g, p, now_ms, next_ms);
            g->only_probes[pf] = permits > 0;
            break;
        case WAY_PAUSED: /* it asked for a moment: that is no reason to leave it */
            note_next(g, next_ms);
            return (size_t)permits;
        case WAY_SHUT:
            note_next(g, next_ms);
            break;
        }
    }
    return (size_t)permits;
}

void gate_permits(struct gate *g, const size_t want[PF_COUNT], size_t permits[PF_COUNT])
{
    for (int i = 0; i < PF_COUNT; i++) {
        enum platform pf = (enum platform)((g->first + i) % PF_COUNT);

        g->only_probes[pf] = false;
        permits[pf] = permits_of(g, pf, want[pf]);
    }
    g->first = (enum platform)((g->first + 1) % PF_COUNT);
    for (size_t i = 0; i < g->config->n_providers; i++) {
        g->providers[i].promised = 0;
        g->probes[i].promised = false;
    }
}

bool gate_only_probes(const struct gate *g, enum platform pf)
{
    return g->only_probes[pf];
}

int64_t gate_next_ms(const struct gate *g)
{
    return g->next_ms;
}

/* ---- after the claim ---- */

static struct gate_choice refuse(const char *why, int64_t wait_ms)
{
    return (struct gate_choice){ .why = why, .wait_ms = wait_ms > 0 ? wait_ms : 0 };
}

/* One that is half-open counts as shut: it is tried by one call alone. */
static enum others others_behind(struct gate *g, enum platform pf, int place, int64_t now_ms)
{
    enum others others = OTHERS_NONE;
    const struct open_provider *p;
    int64_t next_ms;

    while ((p = providers_at(g->opened, pf, (size_t)++place)) != NULL) {
        enum way way = way_of(g, p, now_ms, &next_ms);

        if (way == WAY_FREE || way == WAY_PAUSED)
            return OTHERS_OPEN;
        others = OTHERS_SHUT;
    }
    return others;
}

/*
 * Too late to wait unclaimed: a place in the line, each the time of a call behind the one before, so
 * that a crowd does not come back all at each token.
 */
static struct gate_choice queue_up(struct gate *g, const char *why, int64_t *line_us, int rate,
                                   int64_t next_ms)
{
    int64_t now_us = clock_mono_us(), wait_us;

    pthread_mutex_lock(&g->shared->lock);
    if (*line_us < next_ms * 1000)
        *line_us = next_ms * 1000;
    wait_us = *line_us - now_us;
    *line_us += 1000000 / rate;
    pthread_mutex_unlock(&g->shared->lock);
    return refuse(why, wait_us / 1000 + 1);
}

static struct gate_choice try_provider(struct gate *g, enum platform pf, const struct open_provider *p,
                                       int place, const char *address)
{
    const struct provider_config *c = p->config;
    size_t i = p->index;
    int64_t wait_ms = 0;

    if (room_of(g, p) == 0)
        return queue_up(g, "busy", &g->shared->doors[i].line_us, BUSY_RATE,
                        clock_mono_ms() + 1000 / BUSY_RATE);
    if (fill_platform(g, pf, 1) == 0)
        return queue_up(g, "rate_limited", &g->shared->lines_us[pf],
                        g->config->platform[pf].rate_limit, g->platforms[pf].next_ms);
    if (fill_provider(g, p, 1) == 0)
        return queue_up(g, "rate_limited", &g->shared->doors[i].line_us, c->rate_limit,
                        g->providers[i].next_ms);
    if (c->rate_limit_per_recipient > 0 &&
        !pace_take(g->cache, c->name, address, c->rate_limit_per_recipient, &wait_ms))
        return refuse("rate_limited", wait_ms);
    spend(g, pf, p);
    return (struct gate_choice){
        .provider = p, .place = place, .others = others_behind(g, pf, place, clock_mono_ms())
    };
}

struct gate_choice gate_choose(struct gate *g, enum platform pf, int place, const char *address)
{
    int64_t now_ms = clock_mono_ms(), next_ms = FAR_AWAY, soonest_ms = FAR_AWAY;
    int count = (int)providers_count(g->opened, pf);

    if (count == 0)
        return refuse("no_provider", 0);
    for (int i = 0; i < count; i++) {
        int at = (place + i) % count;
        const struct open_provider *p = providers_at(g->opened, pf, (size_t)at);

        switch (way_of(g, p, now_ms, &next_ms)) {
        case WAY_FREE:
            return try_provider(g, pf, p, at, address);
        case WAY_PROBE:
            if (win_probe(g, p, now_ms))
                return try_provider(g, pf, p, at, address);
            break;
        case WAY_PAUSED:
            return refuse("rate_limited", next_ms - now_ms);
        case WAY_SHUT:
            break;
        }
        if (next_ms < soonest_ms)
            soonest_ms = next_ms;
    }
    return refuse("breaker_open", soonest_ms == FAR_AWAY ? NOBODY_MS : soonest_ms - now_ms);
}

/* ---- how it went ---- */

/* Did the provider itself fail?  A refusal, even a temporary one, of one mail is its business. */
static bool provider_failed(enum transfer_kind kind, const struct reply *r, const struct verdict *v)
{
    switch (kind) {
    case TRANSFER_HTTP:
        return r->reach == REACH_NOT_SENT || r->reach == REACH_UNCLEAR || r->status >= 500;
    case TRANSFER_SMTP: /* RFC 5321 section 3.8: 421 shuts the channel */
        return r->reach == REACH_NOT_SENT || r->reach == REACH_UNCLEAR || r->status == 421;
    case TRANSFER_LOGIN: /* of notifyctl alone */
    case TRANSFER_NONE:
        break;
    }
    return v->class == VERDICT_NOT_SENT || v->class == VERDICT_UNCLEAR;
}

static void tell_opened(struct gate *g, const struct open_provider *p, const struct breaker *b,
                        enum breaker_reason reason, const char *code, int64_t now_ms)
{
    const char *words = reason == BREAKER_CREDENTIALS ? "credentials refused" : "it does not work";
    struct error err;

    log_error("breaker.open", STR("provider", p->config->name), STR("reason", words), STR("code", code),
              NUM("open_ms", b->until_ms - now_ms));
    breaker_board_open(g->cache, p->config->name, clock_wall_ms() + b->until_ms - now_ms, b->openings,
                       words, b->until_ms - now_ms + BOARD_GRACE_MS, &err);
}

static void report_failure(struct gate *g, const struct open_provider *p, bool repeated,
                           const struct verdict *v)
{
    enum breaker_reason reason =
        v->class == VERDICT_CREDENTIALS ? BREAKER_CREDENTIALS : BREAKER_FAILURES;
    struct door *d = &g->shared->doors[p->index];
    int64_t now_ms = clock_mono_ms();
    struct breaker b;
    bool opened;

    pthread_mutex_lock(&g->shared->lock);
    opened = breaker_fail(&d->breaker, &g->shared->policy, reason, repeated, now_ms);
    b = d->breaker;
    pthread_mutex_unlock(&g->shared->lock);
    if (opened)
        tell_opened(g, p, &b, reason, v->code, now_ms);
}

static void report_success(struct gate *g, const struct open_provider *p)
{
    struct door *d = &g->shared->doors[p->index];
    struct error err;
    bool closed;

    pthread_mutex_lock(&g->shared->lock);
    closed = breaker_succeed(&d->breaker, clock_mono_ms());
    pthread_mutex_unlock(&g->shared->lock);
    if (!closed)
        return;
    log_info("breaker.closed", STR("provider", p->config->name));
    breaker_board_close(g->cache, p->config->name, &err);
}

/* The whole provider slows down (DESIGN section 3). */
static void report_throttle(struct gate *g, const struct open_provider *p, int64_t pause_ms)
{
    struct door *d = &g->shared->doors[p->index];
    int64_t most_ms = p->retry.max_ms;
    struct error err;

    if (pause_ms < 0)
        pause_ms = p->retry.base_ms;
    if (pause_ms > most_ms)
        pause_ms = most_ms;
    if (pause_ms == 0)
        return;
    pthread_mutex_lock(&g->shared->lock);
    if (clock_mono_ms() + pause_ms > d->pause_until_ms)
        d->pause_until_ms = clock_mono_ms() + pause_ms;
    pthread_mutex_unlock(&g->shared->lock);
    breaker_board_pause(g->cache, p->config->name, pause_ms, &err);
}

void gate_report(struct gate *g, const struct open_provider *p, enum transfer_kind kind, bool repeated,
                 const struct reply *r, const struct verdict *v)
{
    if (v->class == VERDICT_CREDENTIALS || provider_failed(kind, r, v)) {
        report_failure(g, p, repeated, v);
        return;
    }
    report_success(g, p);
    if (v->class == VERDICT_THROTTLED && !v->recipient_only)
        report_throttle(g, p, v->retry_after_ms);
}

enum breaker_state gate_breaker_state(struct gate_shared *s, size_t provider)
{
    enum breaker_state state;

    pthread_mutex_lock(&s->lock);
    state = breaker_state(&s->doors[provider].breaker, clock_mono_ms());
    pthread_mutex_unlock(&s->lock);
    return state;
}
