/* events - between the broker and the claim. */
#include "workerd/events.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/broker/envelope.h"
#include "common/broker/topology.h"

/* An event with the recipients that are still to be claimed, in the list of its priority. */
struct event {
    uint64_t tag;
    char message_id[UUID_TEXT_BYTES];
    size_t next, count;
    struct envelope_recipient one, *recipients; /* &one, or a block of its own */
    struct event *after;
};
struct list {
    struct event *first, **last;
};

struct events {
    const struct config *config;
    struct broker *broker;
    bool subscribed;
    struct list lists[PRIO_COUNT];
    size_t waiting;         /* events in the lists */
    uint64_t received;      /* the last tag of this connection */
    uint64_t acknowledged;  /* up to this one */
    struct arena scratch;
};

struct events *events_new(const struct config *config)
{
    struct events *e = calloc(1, sizeof *e);

    if (e == NULL)
        abort();
    e->config = config;
    e->broker = broker_new(&config->rabbitmq, "workerd consumer");
    for (int p = 0; p < PRIO_COUNT; p++)
        e->lists[p].last = &e->lists[p].first;
    return e;
}

static void free_event(struct event *v)
{
    if (v->recipients != &v->one)
        free(v->recipients);
    free(v);
}

static void pop(struct events *e, struct list *l)
{
    struct event *v = l->first;

    l->first = v->after;
    if (l->first == NULL)
        l->last = &l->first;
    free_event(v);
    e->waiting--;
}

static void forget(struct events *e)
{
    for (int p = 0; p < PRIO_COUNT; p++) {
        while (e->lists[p].first != NULL)
            pop(e, &e->lists[p]);
    }
    e->received = e->acknowledged = 0;
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

static enum status subscribe(struct events *e, struct error *err)
{
    enum status s = ST_OK;

    for (int lane = 0; lane < LANE_COUNT && s == ST_OK; lane++) {
        const struct config_platform *p = &e->config->platform[lane_platform(lane)];

        if (p->enabled && p->n_providers > 0)
            s = broker_subscribe(e->broker, lane_queues[lane].queue, lane, e->config->rabbitmq.prefetch,
                                 err);
    }
    e->subscribed = s == ST_OK;
    return s;
}

static void add(struct events *e, const struct broker_event *from, const struct envelope *envelope)
{
    struct list *l = &e->lists[lane_priority(from->subscription)];
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
    e->waiting++;
}

static enum status take_in(struct events *e, const struct broker_event *event, struct error *err)
{
    struct envelope envelope;
    struct error fault;

    arena_reset(&e->scratch);
    e->received = event->tag;
    if (event->subscription < LANE_COUNT &&
        envelope_decode(&e->scratch, event->body, event->len, &envelope, &fault) == ST_OK) {
        add(e, event, &envelope);
        return ST_OK;
    }
    log_error("event.unreadable", STR("queue", lane_queues[event->subscription % LANE_COUNT].queue),
              ERR(&fault));
    return broker_reject(e->broker, event->tag, err);
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

size_t events_peek(struct events *e, struct recipient_ref out[], size_t most)
{
    size_t n = 0;

    for (int p = 0; p < PRIO_COUNT; p++) {
        for (const struct event *v = e->lists[p].first; v != NULL && n < most; v = v->after) {
            for (size_t i = v->next; i < v->count && n < most; i++)
                out[n++] = (struct recipient_ref){ v->message_id, v->recipients[i].n,
                                                   v->recipients[i].fence };
        }
    }
    return n;
}

/* Tags grow within each list, so the lowest that still waits is at the head of one. */
static void acknowledge(struct events *e)
{
    uint64_t upto = e->received;
    struct error err;

    for (int p = 0; p < PRIO_COUNT; p++) {
        if (e->lists[p].first != NULL && e->lists[p].first->tag - 1 < upto)
            upto = e->lists[p].first->tag - 1;
    }
    if (upto <= e->acknowledged)
        return;
    if (broker_ack_upto(e->broker, upto, &err) != ST_OK)
        log_warn("event.ack_failed", ERR(&err));
    e->acknowledged = upto;
}

void events_taken(struct events *e, size_t n)
{
    for (int p = 0; p < PRIO_COUNT; p++) {
        struct list *l = &e->lists[p];

        while (n > 0 && l->first != NULL) {
            struct event *v = l->first;
            size_t some = v->count - v->next < n ? v->count - v->next : n;

            v->next += some;
            n -= some;
            if (v->next == v->count)
                pop(e, l);
        }
    }
    acknowledge(e);
}
