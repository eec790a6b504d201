/* loop - claim, call, record. */
#include "workerd/loop.h"

#include <stdlib.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/metrics/metrics.h"
#include "common/service/take_due.h"
#include "workerd/attempt.h"
#include "workerd/events.h"
#include "workerd/gate.h"
#include "workerd/share.h"
#include "common/transport/transport.h"

#define ATTEMPT_BYTES 2048      /* what an attempt by http needs, as a rule */
#define ATTEMPT_KEEP_BYTES 8192 /* of the most that were ever in flight, each keeps as much */
#define CLAIM_MOST 200
#define RECORD_MOST 200
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
    const struct settings *settings;
    const struct config *config; /* of these */
    struct attempt_context context;
    struct db *db;
    struct events *events;
    struct transport *transport;
    struct gate *gate;
    struct share share;                      /* of the slots */
    bool more_to_claim;                      /* the last claim was as large as one may be */
    enum take_order direct_order;            /* of the next look while the broker is away */
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

    if (a != NULL) {
        l->idle = a->next;
        return a;
    }
    if ((a = calloc(1, sizeof *a)) == NULL)
        abort();
    a->mem.smallest = ATTEMPT_BYTES;
    return a;
}

static void release_attempt(struct loop *l, struct attempt *a)
{
    struct block *b = a->block;

    l->share.used[a->claim.priority]--;
    atomic_fetch_sub(&l->state->in_flight[a->claim.platform], 1);
    if (--b->users == 0) {
        arena_done(&b->mem);
        free(b);
    }
    if (a->mem.total > ATTEMPT_KEEP_BYTES)
        arena_done(&a->mem);
    else
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

/* ---- claiming ---- */

/* A slot is taken until the outcome is recorded. */
static void start(struct loop *l, const struct claim *claim, struct block *block, int64_t claimed_ms)
{
    struct attempt *a = take_attempt(l);
    struct gate_choice choice;

    a->claim = *claim;
    a->block = block;
    block->users++;
    l->share.used[claim->priority]++;
    atomic_fetch_add(&l->state->in_flight[claim->platform], 1);
    if (attempt_begin(a, &l->context, claimed_ms)) {
        choice = gate_choose(l->gate, claim->platform, claim->place, claim->address);
        if (attempt_build(a, &l->context, &choice)) {
            transport_start(l->transport, &a->transfer, a);
            log_context(NULL, NULL, NULL);
            return;
        }
    }
    add_ended(l, a);
    log_context(NULL, NULL, NULL);
}

static int compare_claim(const void *key, const void *member)
{
    const struct recipient_ref *ref = key, *claimed = &((const struct claim *)member)->ref;
    int by_message = strcasecmp(ref->message_id, claimed->message_id);

    return by_message != 0 ? by_message : (ref->n > claimed->n) - (ref->n < claimed->n);
}

/* Who was not claimed was claimed before, or does not exist: only that is asked, and only of them. */
static enum status find_unknown(struct loop *l, const struct recipient_ref refs[], size_t n,
                                const struct claim claims[], size_t n_claims, struct arena *mem,
                                bool unknown[], struct error *err)
{
    struct recipient_ref missed[CLAIM_MOST];
    size_t place[CLAIM_MOST], k = 0;
    bool gone[CLAIM_MOST];
    enum status s = ST_OK;

    for (size_t i = 0; i < n; i++) {
        unknown[i] = false;
        if (n_claims < n && bsearch(&refs[i], claims, n_claims, sizeof *claims, compare_claim) == NULL) {
            place[k] = i;
            missed[k++] = refs[i];
        }
    }
    if (k > 0)
        s = recipients_unknown(l->db, missed, k, mem, gone, err);
    for (size_t i = 0; i < k && s == ST_OK; i++)
        unknown[place[i]] = gone[i];
    return s;
}

/*
 * False: Postgres could not be asked; the references are still to be claimed.  unknown: NULL, or says
 * which of them do not exist.
 */
static bool claim(struct loop *l, const struct recipient_ref refs[], size_t n, bool unknown[])
{
    struct block *block = calloc(1, sizeof *block);
    int64_t begun_ms = clock_mono_ms(); /* the lease cannot have begun earlier */
    struct claim *claims;
    size_t n_claims;
    struct error err;
    enum status s;

    if (block == NULL)
        abort();
    s = recipients_claim(l->db, refs, n, &block->mem, &claims, &n_claims, &err);
    failpoint("claim.committed");
    if (s == ST_OK) {
        for (size_t i = 0; i < n_claims; i++)
            start(l, &claims[i], block, begun_ms);
        if (unknown != NULL)
            s = find_unknown(l, refs, n, claims, n_claims, &block->mem, unknown, &err);
    }
    if (s != ST_OK && s != ST_UNAVAILABLE)
        log_error("claim.failed", ERR(&err), NUM("recipients", n));
    if (block->users == 0) {
        arena_done(&block->mem);
        free(block);
    }
    if (s != ST_OK)
        l->next_claim_ms = clock_mono_ms() + AGAIN_MS;
    return s == ST_OK;
}

static size_t room_at(void *arg, const struct open_provider *p)
{
    const struct loop *l = arg;

    return transport_room(l->transport, p->config->url, p->limits.connections);
}

/* What each platform may begin now, of what waits for it. */
static void ask_gate(struct loop *l, const size_t waiting[LANE_COUNT], size_t permits[PF_COUNT])
{
    size_t room = share_free(&l->share), want[PF_COUNT];

    for (int pf = 0; pf < PF_COUNT; pf++) {
        want[pf] = 0;
        for (int prio = 0; prio < PRIO_COUNT; prio++)
            want[pf] += waiting[lane_of((enum platform)pf, (enum priority)prio)];
        if (want[pf] > room)
            want[pf] = room;
    }
    gate_permits(l->gate, want, permits);
}

/*
 * Whether a provider is well again is asked with somebody who has not failed there yet: a few
 * recipients that always fail could keep it shut otherwise.  False: Postgres could not be asked.
 */
static bool claim_probes(struct loop *l, size_t plan[LANE_COUNT])
{
    struct recipient_ref ref;

    for (int lane = 0; lane < LANE_COUNT; lane++) {
        if (plan[lane] == 0 || !gate_only_probes(l->gate, lane_platform(lane)) ||
            !events_peek_untried(l->events, lane, &ref))
            continue;
        if (!claim(l, &ref, 1, NULL))
            return false;
        events_untried_taken(l->events);
        plan[lane] = 0;
    }
    return true;
}

static void claim_events(struct loop *l)
{
    size_t waiting[LANE_COUNT], permits[PF_COUNT], plan[LANE_COUNT], n;
    struct recipient_ref refs[CLAIM_MOST];
    bool unknown[CLAIM_MOST];

    l->more_to_claim = false;
    if (share_free(&l->share) == 0 || clock_mono_ms() < l->next_claim_ms)
        return;
    events_waiting(l->events, waiting);
    ask_gate(l, waiting, permits);
    share_slots(&l->share, waiting, permits, CLAIM_MOST, plan);
    if (!claim_probes(l, plan))
        return;
    n = events_peek(l->events, plan, refs);
    if (n > 0 && claim(l, refs, n, unknown)) {
        failpoint("claim.before_ack");
        events_taken(l->events, plan, unknown);
        l->more_to_claim = n == CLAIM_MOST;
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

/* What is due in one lane, at most `most`; false: Postgres could not be asked. */
static bool claim_lane(struct loop *l, int lane, size_t most, bool *found)
{
    size_t waiting[LANE_COUNT] = { 0 }, permits[PF_COUNT], plan[LANE_COUNT], n, taken;
    int64_t lease_ms = config_lease_ms(l->config);
    struct take take = { .lane = lane, .order = l->direct_order, .grace_ms = lease_ms, .lease_ms = lease_ms };
    struct recipient_ref *refs;
    struct error err;

    waiting[lane] = most < CLAIM_MOST ? most : CLAIM_MOST;
    ask_gate(l, waiting, permits);
    share_slots(&l->share, waiting, permits, CLAIM_MOST, plan);
    take.limit = (int)plan[lane];
    if (take.limit == 0)
        return true;
    arena_reset(&l->scratch);
    if (take_due(l->db, l->config, &take, false, &l->scratch, &refs, &n, &taken, &err) != ST_OK)
        return false;
    *found |= n > 0 && claim(l, refs, n, NULL);
    return true;
}

/*
 * What is due leaves straight from Postgres; a claim decides here as everywhere.  What waits is not
 * known beforehand, so low's fifth of the slots goes first, after high.
 */
static void claim_due(struct loop *l)
{
    static const struct {
        enum priority priority;
        size_t part; /* of the free slots */
    } passes[] = { { PRIO_HIGH, 1 }, { PRIO_LOW, 5 }, { PRIO_NORMAL, 1 }, { PRIO_LOW, 1 } };
    int64_t now_ms = clock_mono_ms();
    bool found = false;

    if (!must_take_directly(l, now_ms) || now_ms < l->next_direct_ms)
        return;
    l->next_direct_ms = now_ms + DIRECT_PAUSE_MS;
    l->direct_order = (enum take_order)((l->direct_order + 1) % TAKE_ORDERS);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        for (int pf = 0; pf < PF_COUNT; pf++) {
            size_t most = (share_free(&l->share) + passes[i].part - 1) / passes[i].part;

            if (providers_count(l->context.providers, (enum platform)pf) > 0 &&
                !claim_lane(l, lane_of((enum platform)pf, passes[i].priority), most, &found))
                return;
        }
    }
    if (found || l->direct_order == TAKE_RUNS)
        l->next_direct_ms = now_ms; /* there may be more, and others have their turn as soon as before */
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

    log_gather();
    while (transport_next(l->transport, &owner, memory_of, &reply)) {
        struct attempt *a = owner;

        failpoint("attempt.answered");
        metrics_observe_us(M_PROVIDER_DURATION, clock_mono_us() - a->begun_us, LABELS(a->provider->config->name));
        attempt_end(a, &reply, random_unit());
        gate_report(l->gate, a->provider, a->transfer.kind, attempt_is_repeated(a), &reply, &a->verdict);
        add_ended(l, a);
        log_context(NULL, NULL, NULL);
    }
    log_scatter();
}

static const char *outcome_name(const struct outcome *o, bool moved)
{
    if (!moved)
        return "duplicate";
    switch (o->status) {
    case DS_SENT: return "sent";
    case DS_EXPIRED: return "expired";
    case DS_FAILED: return "failed";
    default: return "retried";
    }
}

static void count_outcome(const struct attempt *a, bool moved)
{
    const struct outcome *o = &a->outcome;
    const char *platform = platform_name(a->claim.platform);

    if (o->untried && o->status == DS_PENDING) /* held back: nothing was tried */
        return;
    metrics_add(M_MESSAGES_PROCESSED, 1, LABELS(platform, o->provider, outcome_name(o, moved)));
    if (moved && o->status == DS_SENT)
        metrics_observe_us(M_DELIVERY_LATENCY, (clock_wall_ms() - a->claim.wanted_ms) * 1000,
                           LABELS(platform));
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

        count_outcome(a, moved[i]);
        if (a->outcome.status == DS_PENDING && a->outcome.delay_ms == 0)
            atomic_store(&l->shared->something_is_due, true);
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
    int64_t until_gate_ms = gate_next_ms(l->gate) - clock_mono_ms();
    int wait = l->n_ended > 0 ? AGAIN_MS / 2 : IDLE_WAIT_MS;

    if (share_free(&l->share) > 0) {
        if (l->more_to_claim || events_have_input(l->events))
            return 0;
        if (until_gate_ms < wait)
            return until_gate_ms > 1 ? (int)until_gate_ms : 1;
    }
    return wait;
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
    size_t waiting[LANE_COUNT];

    atomic_store_explicit(&l->state->database_is_up, db_connect(l->db, NULL) == ST_OK,
                          memory_order_relaxed);
    atomic_store_explicit(&l->state->broker_is_up, events_are_up(l->events), memory_order_relaxed);
    events_waiting(l->events, waiting);
    for (int lane = 0; lane < LANE_COUNT; lane++)
        atomic_store_explicit(&l->state->waiting[lane], waiting[lane], memory_order_relaxed);
}

static void has_moved(struct loop *l)
{
    atomic_store_explicit(&l->state->moved_ms, clock_mono_ms(), memory_order_relaxed);
}

/* What is under way goes on with the providers it began with. */
static void follow_settings(struct loop *l)
{
    const struct settings *now = atomic_load(&l->shared->settings);

    if (now == l->settings)
        return;
    l->settings = now;
    l->config = now->config;
    l->context = (struct attempt_context){ now->config, now->providers };
    gate_follow(l->gate, now->config, now->providers);
    events_follow(l->events, now->config);
}

static void turn(struct loop *l)
{
    has_moved(l);
    follow_settings(l);
    if (!is_draining(l)) {
        gate_look(l->gate);
        receive(l);
        claim_events(l);
        claim_due(l);
    }
    show_state(l);
    has_moved(l);
    transport_run(l->transport, is_draining(l) ? -1 : events_fd(l->events), wait_ms(l));
    collect(l);
    record(l);
}

static void open_loop(struct loop *l, struct pool_shared *shared)
{
    l->shared = shared;
    l->state = &shared->states[atomic_fetch_add(&shared->next_state, 1)];
    l->settings = atomic_load(&shared->settings);
    l->config = l->settings->config;
    l->context = (struct attempt_context){ l->config, l->settings->providers };
    l->db = db_new(&l->config->database, &(struct db_options){ .application = "workerd", .by_key = true });
    l->events = events_new(l->config);
    l->transport = transport_new(l->config->worker.max_in_flight);
    l->gate = gate_new(shared->gate, room_at, l);
    gate_follow(l->gate, l->config, l->settings->providers);
    l->share.most = (size_t)l->config->worker.max_in_flight;
    l->last_ended = &l->ended;
}

static void close_loop(struct loop *l)
{
    size_t left = transport_in_flight(l->transport) + l->n_ended;

    if (left > 0) /* their leases run out, and the scheduler says possible_duplicate */
        log_warn("drain.incomplete", NUM("recipients", left));
    transport_free(l->transport);
    gate_free(l->gate);
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
