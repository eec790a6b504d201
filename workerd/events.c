/* events - between the broker and the claim. */
#include "workerd/events.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/uuid.h"
#include "common/broker/envelope.h"
#include "common/broker/topology.h"

/* An event with the recipients that are still to be claimed, in the list of its lane. */
struct event {
    uint64_t tag;
    char message_id[UUID_TEXT_BYTES];
    size_t next, count;
    bool unknown; /* it names a recipient that does not exist */
    struct envelope_recipient one, *recipients; /* &one, or a block of its own */
    struct event *after;
};
struct list {
    struct event *first, **last;
    size_t waiting;        /* references in it */
    uint64_t complete;     /* the last tag that is complete and was not rejected */
    uint64_t acknowledged; /* up to this one */
};

struct events {
    const struct config *config;
    struct broker *broker;
    bool subscribed;
    struct list lists[LANE_COUNT];
    struct envelope_recipient *untried; /* of the last peek out of turn */
    struct arena scratch;
};

struct events *events_new(const struct config *config)
{
    struct events *e = calloc(1, sizeof *e);

    if (e == NULL)
        abort();
    e->config = config;
    e->broker = broker_new(&config->rabbitmq, "workerd consumer");
    for (int lane = 0; lane < LANE_COUNT; lane++)
        e->lists[lane].last = &e->lists[lane].first;
    return e;
}

static void free_event(struct event *v)
{
    if (v->recipients != &v->one)
        free(v->recipients);
    free(v);
}

static void pop(struct list *l)
{
    struct event *v = l->first;

    l->first = v->after;
    if (l->first == NULL)
        l->last = &l->first;
    free_event(v);
}

static void forget(struct events *e)
{
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        struct list *l = &e->lists[lane];

        while (l->first != NULL)
            pop(l);
        l->waiting = 0;
        l->complete = l->acknowledged = 0;
    }
    e->subscribed = false;
}

void events_free(struct events *e)
{
    if (e == NULL)
        return;
    forget(e);
    broker_free(e->broker);
    arena_done(&e->scratch);
    free(e);
}

bool events_are_up(const struct events *e)
{
    return e->subscribed && broker_is_connected(e->broker);
}

int events_fd(const struct events *e)
{
    return broker_fd(e->broker);
}

bool events_have_input(const struct events *e)
{
    return broker_has_input(e->broker);
}

/* ---- receiving ---- */

/*
 * What a thread has been handed can't be overtaken either: no more than it has slots for, nor, where a
 * rate says how fast it goes, than all threads take in a quarter of a second.
 */
static int prefetch_of(const struct config *c, enum platform pf)
{
    int rate = config_rate_of(c, pf), most = c->rabbitmq.prefetch;

    if (most > c->worker.max_in_flight)
        most = c->worker.max_in_flight;
    if (rate > 0 && most > rate / 4 / c->worker.threads)
        most = rate / 4 / c->worker.threads;
    return most > 0 ? most : 1;
}

void events_follow(struct events *e, const struct config *config)
{
    bool same = true;

    for (int pf = 0; pf < PF_COUNT; pf++)
        same = same && prefetch_of(config, (enum platform)pf) == prefetch_of(e->config, (enum platform)pf);
    e->config = config;
    if (!same) {
        broker_close(e->broker);
        forget(e);
    }
}

static enum status subscribe(struct events *e, struct error *err)
{
    enum status s = ST_OK;

    for (int lane = 0; lane < LANE_COUNT && s == ST_OK; lane++) {
        const struct config_platform *p = &e->config->platform[lane_platform(lane)];

        if (p->enabled && p->n_providers > 0)
            s = broker_subscribe(e->broker, lane_queues[lane].queue, lane,
                                 prefetch_of(e->config, lane_platform(lane)), err);
    }
    e->subscribed = s == ST_OK;
    return s;
}

static void add(struct events *e, const struct broker_event *from, const struct envelope *envelope)
{
    struct list *l = &e->lists[from->subscription];
    struct event *v = calloc(1, sizeof *v);

    if (v == NULL)
        abort();
    v->tag = from->tag;
    memcpy(v->message_id, envelope->message_id, UUID_TEXT_BYTES);
    v->count = envelope->count;
    v->recipients = &v->one;
    if (v->count > 1 && (v->recipients = malloc(v->count * sizeof v->one)) == NULL)
        abort();
    memcpy(v->recipients, envelope->recipients, v->count * sizeof v->one);
    *l->last = v;
    l->last = &v->after;
    l->waiting += v->count;
}

static enum status take_in(struct events *e, const struct broker_event *event, struct error *err)
{
    struct envelope envelope;
    struct error fault;

    arena_reset(&e->scratch);
    if (envelope_decode(&e->scratch, event->body, event->len, &envelope, &fault) == ST_OK) {
        add(e, event, &envelope);
        return ST_OK;
    }
    log_error("event.unreadable", STR("queue", lane_queues[event->subscription].queue), ERR(&fault));
    return broker_reject(e->broker, event->subscription, event->tag, err);
}

enum status events_receive(struct events *e, struct error *err)
{
    struct broker_event event;
    enum status s;

    if (!broker_is_connected(e->broker))
        forget(e);
    s = broker_connect(e->broker, err);
    if (s == ST_OK && !e->subscribed)
        s = subscribe(e, err);
    while (s == ST_OK) {
        s = broker_receive(e->broker, 0, &event, err);
        if (s == ST_OK)
            s = take_in(e, &event, err);
    }
    if (s != ST_NOT_FOUND)
        forget(e);
    return s == ST_NOT_FOUND ? ST_OK : s;
}

/* ---- claiming ---- */

void events_waiting(const struct events *e, size_t out[LANE_COUNT])
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        out[lane] = e->lists[lane].waiting;
}

static size_t peek_lane(const struct list *l, size_t most, struct recipient_ref out[])
{
    size_t n = 0;

    for (const struct event *v = l->first; v != NULL && n < most; v = v->after) {
        for (size_t i = v->next; i < v->count && n < most; i++)
            out[n++] = (struct recipient_ref){ v->message_id, v->recipients[i].n,
                                               v->recipients[i].fence };
    }
    return n;
}

size_t events_peek(struct events *e, const size_t plan[LANE_COUNT], struct recipient_ref out[])
{
    size_t n = 0;

    for (int lane = 0; lane < LANE_COUNT; lane++)
        n += peek_lane(&e->lists[lane], plan[lane], out + n);
    return n;
}

/*
 * Events of a lane are complete in their order.  By a tag that was not rejected: the broker ends a
 * channel that names a settled one.
 */
static void acknowledge(struct events *e, int lane)
{
    struct list *l = &e->lists[lane];
    struct error err;

    if (l->complete <= l->acknowledged)
        return;
    if (broker_ack_upto(e->broker, lane, l->complete, &err) != ST_OK)
        log_warn("event.ack_failed", ERR(&err));
    l->acknowledged = l->complete;
}

static void complete(struct events *e, int lane, const struct event *v)
{
    struct error err;

    if (!v->unknown) {
        e->lists[lane].complete = v->tag;
        return;
    }
    log_error("event.unknown_recipient", STR("message", v->message_id));
    if (broker_reject(e->broker, lane, v->tag, &err) != ST_OK)
        log_warn("event.reject_failed", ERR(&err));
}

static void take(struct events *e, int lane, size_t n, const bool unknown[])
{
    struct list *l = &e->lists[lane];

    while (n > 0 && l->first != NULL) {
        struct event *v = l->first;
        size_t some = v->count - v->next < n ? v->count - v->next : n;

        for (size_t i = 0; i < some; i++)
            v->unknown |= unknown[i];
        v->next += some;
        unknown += some;
        l->waiting -= some;
        n -= some;
        if (v->next == v->count) {
            complete(e, lane, v);
            pop(l);
        }
    }
}

void events_taken(struct events *e, const size_t plan[LANE_COUNT], const bool unknown[])
{
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        if (plan[lane] > 0) {
            take(e, lane, plan[lane], unknown);
            acknowledge(e, lane);
            unknown += plan[lane];
        }
    }
}

/* ---- out of turn ---- */

#define TAKEN (-1) /* a fence that no recipient has */

bool events_peek_untried(struct events *e, int lane, struct recipient_ref *out)
{
    uint64_t seen = 0;

    e->untried = NULL;
    for (const struct event *v = e->lists[lane].first; v != NULL; v = v->after) {
        for (size_t i = v->next; i < v->count; i++) {
            struct envelope_recipient *r = &v->recipients[i];

            if (r->fence != 0 || random_below(++seen) > 0)
                continue;
            e->untried = r;
            *out = (struct recipient_ref){ v->message_id, r->n, r->fence };
        }
    }
    return e->untried != NULL;
}

void events_untried_taken(struct events *e)
{
    e->untried->fence = TAKEN;
}
