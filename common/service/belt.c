/* belt - a window of published events, and the marks of those that were confirmed. */
#include "common/service/belt.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/broker/broker.h"
#include "common/broker/envelope.h"
#include "common/broker/topology.h"
#include "common/metrics/metrics.h"
#include "common/service/marks.h"

#define WINDOW 512        /* unconfirmed events; a power of two */
#define PARTING_MS 500

/* An event on its way: its slot is its tag's remainder. */
struct flight {
    uint64_t tag; /* 0: free */
    int64_t since_ms;     /* monotonic */
    int64_t published_ms; /* wall */
    char message_id[UUID_TEXT_BYTES];
    int lane;
    struct envelope_recipient one, *recipients; /* &one, or a block of its own */
    size_t count;
};

struct belt {
    const struct config *config;
    struct broker *broker;
    struct marks *marks;
    bool confirming; /* confirm mode is on in this connection */
    struct flight window[WINDOW];
    size_t in_flight;
    uint64_t oldest; /* the lowest tag that may still be open */
    uint64_t newest;
    struct buf body;
};

struct belt *belt_new(const struct config *config, const char *name)
{
    struct belt *b = calloc(1, sizeof *b);

    if (b == NULL)
        abort();
    b->config = config;
    b->broker = broker_new(&config->rabbitmq, name);
    b->marks = marks_new(config, name);
    b->body.limit = ENVELOPE_BYTES_MAX;
    return b;
}

static void release(struct flight *f)
{
    if (f->recipients != &f->one)
        free(f->recipients);
    *f = (struct flight){ 0 };
}

/* The connection is gone: its unconfirmed events are the scheduler's again. */
static void forget(struct belt *b)
{
    for (size_t i = 0; i < WINDOW; i++) {
        if (b->window[i].tag != 0)
            release(&b->window[i]);
    }
    b->in_flight = 0;
    b->oldest = 1;
    b->newest = 0;
    b->confirming = false;
}

enum status belt_ready(struct belt *b, struct error *err)
{
    enum status s;

    if (broker_is_connected(b->broker) && b->confirming)
        return ST_OK;
    forget(b);
    s = broker_connect(b->broker, err);
    if (s == ST_OK)
        s = broker_confirm_mode(b->broker, err);
    b->confirming = s == ST_OK;
    return s;
}

bool belt_is_up(const struct belt *b)
{
    return broker_is_connected(b->broker) && b->confirming && !broker_is_blocked(b->broker);
}

/* The slot of the next tag must be free too: confirms may come out of order. */
size_t belt_room(const struct belt *b)
{
    return b->newest - b->oldest + 1 >= WINDOW ? 0 : WINDOW - (size_t)(b->newest - b->oldest + 1);
}

int belt_fd(const struct belt *b)
{
    return broker_fd(b->broker);
}

/* ---- putting ---- */

static void remember(struct belt *b, uint64_t tag, int lane, const struct envelope *e)
{
    struct flight *f = &b->window[tag % WINDOW];

    f->tag = tag;
    f->lane = lane;
    f->since_ms = clock_mono_ms();
    f->published_ms = clock_wall_ms();
    memcpy(f->message_id, e->message_id, UUID_TEXT_BYTES);
    f->count = e->count;
    f->recipients = &f->one;
    if (e->count > 1 && (f->recipients = malloc(e->count * sizeof f->one)) == NULL)
        abort();
    memcpy(f->recipients, e->recipients, e->count * sizeof f->one);
    b->newest = tag;
    b->in_flight++;
}

static enum status put_event(struct belt *b, int lane, const struct recipient_ref refs[], size_t n,
                             struct error *err)
{
    struct envelope_recipient recipients[ENVELOPE_RECIPIENTS_MAX];
    struct envelope e = { refs[0].message_id, recipients, n };
    uint64_t tag;
    enum status s;

    for (size_t i = 0; i < n; i++)
        recipients[i] = (struct envelope_recipient){ refs[i].n, refs[i].fence };
    buf_clear(&b->body);
    envelope_encode(&b->body, &e);
    s = broker_publish(b->broker, lane_queues[lane].key, buf_str(&b->body), b->body.len, &tag, err);
    if (s == ST_OK)
        remember(b, tag, lane, &e);
    else
        forget(b);
    return s;
}

/* How many of refs belong into one event. */
static size_t share(const struct belt *b, const struct recipient_ref refs[], size_t n)
{
    size_t most = (size_t)b->config->rabbitmq.recipients_per_event, k = 1;

    while (k < n && k < most && strcmp(refs[k].message_id, refs[0].message_id) == 0)
        k++;
    return k;
}

size_t belt_put(struct belt *b, int lane, const struct recipient_ref refs[], size_t n,
                struct error *err)
{
    size_t done = 0;

    broker_gather(b->broker);
    while (done < n && belt_room(b) > 0) {
        size_t k = share(b, refs + done, n - done);

        if (put_event(b, lane, refs + done, k, err) != ST_OK)
            break;
        done += k;
    }
    broker_scatter(b->broker);
    failpoint("belt.put");
    return done;
}

/* ---- confirms and marks ---- */

static void take_confirmed(struct belt *b, const struct flight *f)
{
    metrics_add(M_MESSAGES_PUBLISHED, f->count, LABELS(platform_name(lane_platform(f->lane))));
    for (size_t i = 0; i < f->count; i++)
        marks_add(b->marks, &(struct recipient_ref){ f->message_id, f->recipients[i].n, f->recipients[i].fence },
                  f->published_ms);
}

static void settle(struct belt *b, uint64_t tag, bool taken)
{
    struct flight *f = &b->window[tag % WINDOW];

    if (tag == 0 || f->tag != tag)
        return; /* settled before: an ack follows each return */
    if (taken)
        take_confirmed(b, f);
    else
        log_warn("belt.event_refused", STR("message", f->message_id));
    release(f);
    b->in_flight--;
}

static void apply(struct belt *b, const struct confirm *c)
{
    if (c->multiple) {
        for (uint64_t tag = b->oldest; tag <= c->tag && tag <= b->newest; tag++)
            settle(b, tag, c->taken);
    } else {
        settle(b, c->tag, c->taken);
    }
    while (b->oldest <= b->newest && b->window[b->oldest % WINDOW].tag != b->oldest)
        b->oldest++;
}

static bool is_overdue(const struct belt *b)
{
    return b->in_flight > 0 && clock_mono_ms() - b->window[b->oldest % WINDOW].since_ms >
                                   b->config->rabbitmq.confirm_timeout_ms;
}

enum status belt_turn(struct belt *b, int wait_ms, struct error *err)
{
    struct confirm confirms[128];
    size_t n;
    enum status s;

    s = broker_confirms(b->broker, wait_ms, confirms, sizeof confirms / sizeof *confirms, &n, err);
    for (size_t i = 0; i < n; i++)
        apply(b, &confirms[i]);
    if (s == ST_OK && is_overdue(b)) {
        broker_close(b->broker);
        s = error_set(err, ST_UNAVAILABLE, "broker: no confirm in time");
    }
    if (s != ST_OK)
        forget(b);
    marks_turn(b->marks);
    return s;
}

bool belt_has_marks(const struct belt *b)
{
    return marks_any(b->marks);
}

static enum status depth(struct belt *b, const char *queue, uint32_t *ready, struct error *err)
{
    enum status s = broker_depth(b->broker, queue, ready, err);

    if (s != ST_OK)
        forget(b);
    return s;
}

enum status belt_depth(struct belt *b, int lane, uint32_t *ready, struct error *err)
{
    return depth(b, lane_queues[lane].queue, ready, err);
}

enum status belt_depth_dead(struct belt *b, uint32_t *ready, struct error *err)
{
    return depth(b, QUEUE_DEAD, ready, err);
}

/* ---- its end ---- */

void belt_free(struct belt *b)
{
    int64_t until = clock_mono_ms() + PARTING_MS;
    struct error err;

    if (b == NULL)
        return;
    while (b->in_flight > 0 && clock_mono_ms() < until && belt_turn(b, 50, &err) == ST_OK)
        continue;
    marks_free(b->marks);
    forget(b);
    broker_free(b->broker);
    buf_free(&b->body);
    free(b);
}
