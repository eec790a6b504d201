/* loop - claim, call, record. */
#include "workerd/loop.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/service/take_due.h"
#include "workerd/attempt.h"
#include "workerd/events.h"
#include "workerd/transport.h"

#define CLAIM_MOST 500
#define RECORD_MOST 500
#define IDLE_WAIT_MS 200   /* also how soon a stop is seen, and how often a heartbeat can go out */
#define AGAIN_MS 100       /* between tries while Postgres is away */
#define DIRECT_PAUSE_MS 250 /* between looks at the timer table while the broker is away */

/* The texts of one claim statement, shared by its attempts. */
struct block {
    struct arena mem;
    size_t users;
};

struct loop {
    struct pool_shared *shared;
    struct loop_state *state;
    const struct config *config;
    struct attempt_context context;
    struct db *db;
    struct events *events;
    struct transport *transport;
    struct attempt *idle;                    /* free ones */
    struct attempt *ended, **last_ended;     /* wait to be recorded */
    size_t n_ended;
    int64_t events_away_since_ms;            /* 0: they are here */
    int64_t next_claim_ms, next_record_ms, next_direct_ms;
    struct arena scratch;
};

/* ---- attempts and their blocks ---- */

static struct attempt *take_attempt(struct loop *l)
{
    struct attempt *a = l->idle;

    if (a != NULL)
        l->idle = a->next;
    else if ((a = calloc(1, sizeof *a)) == NULL)
        abort();
    return a;
}

static void release_attempt(struct loop *l, struct attempt *a)
{
    struct block *b = a->block;

    if (--b->users == 0) {
        arena_done(&b->mem);
        free(b);
    }
    arena_reset(&a->mem);
    a->next = l->idle;
    l->idle = a;
}

static void add_ended(struct loop *l, struct attempt *a)
{
    a->next = NULL;
    *l->last_ended = a;
    l->last_ended = &a->next;
    l->n_ended++;
}

/* Slots are taken by what is being called and by what waits for its record. */
static size_t free_slots(const struct loop *l)
{
    size_t used = transport_in_flight(l->transport) + l->n_ended;
    size_t most = (size_t)l->config->worker.max_in_flight;

    return used < most ? most - used : 0;
}

/* ---- claiming ---- */

static void start(struct loop *l, const struct claim *claim, struct block *block, int64_t claimed_ms)
{
    struct attempt *a = take_attempt(l);

    a->claim = *claim;
    a->block = block;
    block->users++;
    if (attempt_begin(a, &l->context, claimed_ms))
        transport_start(l->transport, &a->transfer, a);
    else
        add_ended(l, a);
    log_context(NULL, NULL);
}

/* False: Postgres could not be asked; the references are still to be claimed. */
static bool claim(struct loop *l, const struct recipient_ref refs[], size_t n)
{
    struct block *block = calloc(1, sizeof *block);
    int64_t lease_ms = (int64_t)l->config->worker.lease_seconds * 1000;
    int64_t begun_ms = clock_mono_ms(); /* the lease cannot have begun earlier */
    struct claim *claims;
    size_t n_claims;
    struct error err;
    enum status s;

    if (block == NULL)
        abort();
    s = recipients_claim(l->db, refs, n, lease_ms, &block->mem, &claims, &n_claims, &err);
    failpoint("claim.committed");
    if (s == ST_OK) {
        for (size_t i = 0; i < n_claims; i++)
            start(l, &claims[i], block, begun_ms);
    } else if (s != ST_UNAVAILABLE) {
        log_error("claim.failed", ERR(&err), NUM("recipients", n));
    }
    if (block->users == 0) {
        arena_done(&block->mem);
        free(block);
    }
    if (s != ST_OK)
        l->next_claim_ms = clock_mono_ms() + AGAIN_MS;
    return s == ST_OK;
}

static void claim_events(struct loop *l)
{
    struct recipient_ref refs[CLAIM_MOST];
    size_t room = free_slots(l), n;

    if (room == 0 || clock_mono_ms() < l->next_claim_ms)
        return;
    n = events_peek(l->events, refs, room < CLAIM_MOST ? room : CLAIM_MOST);
    if (n > 0 && claim(l, refs, n)) {
        failpoint("claim.before_ack");
        events_taken(l->events, n);
    }
}

/* ---- without the broker ---- */

static bool must_take_directly(struct loop *l, int64_t now_ms)
{
    if (events_are_up(l->events))
        l->events_away_since_ms = 0;
    else if (l->events_away_since_ms == 0)
        l->events_away_since_ms = now_ms;
    if (atomic_load(&l->shared->belt_is_away))
        return true;
    return l->events_away_since_ms != 0 && now_ms - l->events_away_since_ms > BROKER_PATIENCE_MS;
}

/* What is due leaves straight from Postgres; a claim decides here as everywhere. */
static void claim_due(struct loop *l)
{
    int64_t now_ms = clock_mono_ms();
    struct recipient_ref *refs;
    struct error err;
    size_t n;

    if (!must_take_directly(l, now_ms) || now_ms < l->next_direct_ms)
        return;
    l->next_direct_ms = now_ms + DIRECT_PAUSE_MS;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        size_t room = free_slots(l);

        if (room == 0 || providers_at(l->context.providers, lane_platform(lane), 0) == NULL)
            continue;
        arena_reset(&l->scratch);
        if (take_due(l->db, l->config, lane, (int)(room < CLAIM_MOST ? room : CLAIM_MOST),
                     (int64_t)l->config->worker.lease_seconds * 1000, &l->scratch, &refs, &n,
                     &err) != ST_OK)
            return;
        if (n > 0 && claim(l, refs, n))
            l->next_direct_ms = now_ms; /* there may be more */
    }
}

/* ---- recording ---- */

static struct arena *memory_of(void *owner)
{
    return &((struct attempt *)owner)->mem;
}

static void collect(struct loop *l)
{
    struct reply reply;
    void *owner;

    while (transport_next(l->transport, &owner, memory_of, &reply)) {
        failpoint("attempt.answered");
        attempt_end(owner, &reply, random_unit());
        add_ended(l, owner);
        log_context(NULL, NULL);
    }
}

/* While Postgres is away the outcomes stay in memory, and their slots taken. */
static void record(struct loop *l)
{
    struct outcome outcomes[RECORD_MOST];
    bool moved[RECORD_MOST];
    struct error err;
    size_t n = 0;

    if (l->n_ended == 0 || clock_mono_ms() < l->next_record_ms)
        return;
    for (struct attempt *a = l->ended; a != NULL && n < RECORD_MOST; a = a->next)
        outcomes[n++] = a->outcome;
    arena_reset(&l->scratch);
    failpoint("record.before");
    if (recipients_record(l->db, outcomes, n, &l->scratch, moved, &err) != ST_OK) {
        if (err.kind != ST_UNAVAILABLE)
            log_error("record.failed", ERR(&err), NUM("outcomes", n));
        l->next_record_ms = clock_mono_ms() + AGAIN_MS;
        return;
    }
    failpoint("record.committed");
    for (size_t i = 0; i < n; i++) {
        struct attempt *a = l->ended;

        l->ended = a->next;
        l->n_ended--;
        release_attempt(l, a);
    }
    if (l->ended == NULL)
        l->last_ended = &l->ended;
}

/* ---- the thread ---- */

static void receive(struct loop *l)
{
    struct error err;
    enum status s = events_receive(l->events, &err);

    if (s == ST_CONFLICT || s == ST_INVALID) /* it is there, but not as configured */
        log_error("broker.unusable", ERR(&err));
}

static int wait_ms(const struct loop *l)
{
    if (events_have_input(l->events) && free_slots(l) > 0)
        return 0;
    return l->n_ended > 0 ? AGAIN_MS / 2 : IDLE_WAIT_MS;
}

static bool is_draining(struct loop *l)
{
    return atomic_load(&l->shared->stopping);
}

static bool is_drained(struct loop *l)
{
    return (transport_in_flight(l->transport) == 0 && l->n_ended == 0) ||
           clock_mono_ms() >= atomic_load(&l->shared->drain_until_ms);
}

/* Connected before there is work, so that /ready tells the truth and the first message is fast. */
static void show_state(struct loop *l)
{
    atomic_store_explicit(&l->state->database_is_up, db_connect(l->db, NULL) == ST_OK,
                          memory_order_relaxed);
    atomic_store_explicit(&l->state->broker_is_up, events_are_up(l->events), memory_order_relaxed);
}

static void turn(struct loop *l)
{
    if (!is_draining(l)) {
        receive(l);
        claim_events(l);
        claim_due(l);
    }
    show_state(l);
    transport_run(l->transport, is_draining(l) ? -1 : events_fd(l->events), wait_ms(l));
    collect(l);
    record(l);
}

static void open_loop(struct loop *l, struct pool_shared *shared)
{
    l->shared = shared;
    l->state = &shared->states[atomic_fetch_add(&shared->next_state, 1)];
    l->config = shared->config;
    l->context = (struct attempt_context){ shared->config, shared->providers };
    l->db = db_new(&l->config->database, &(struct db_options){ .application = "workerd" });
    l->events = events_new(l->config);
    l->transport = transport_new(l->config->worker.max_in_flight);
    l->last_ended = &l->ended;
}

static void close_loop(struct loop *l)
{
    size_t left = transport_in_flight(l->transport) + l->n_ended;

    if (left > 0) /* their leases run out, and the scheduler says possible_duplicate */
        log_warn("drain.incomplete", NUM("recipients", left));
    transport_free(l->transport);
    events_free(l->events);
    db_free(l->db);
    while (l->idle != NULL) {
        struct attempt *a = l->idle;

        l->idle = a->next;
        arena_done(&a->mem);
        free(a);
    }
    arena_done(&l->scratch);
    free(l);
}

void *loop_run(void *arg)
{
    struct loop *l = calloc(1, sizeof *l);

    if (l == NULL)
        abort();
    open_loop(l, arg);
    while (!is_draining(l))
        turn(l);
    while (!is_drained(l))
        turn(l);
    close_loop(l);
    return NULL;
}
