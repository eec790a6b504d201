/* dead_queue - taking, judging and replaying what lies in the queue of dead letters. */
#include "common/service/dead_queue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/broker/topology.h"
#include "common/crypto/digest.h"

#define PUT_BACK_MS 5000
#define PUT_BACK_STEP_MS 20

/* ---- taking ---- */

static void name_event(struct dead_event *e, const char *body, size_t len)
{
    char hex[SHA256_HEX_BYTES];

    snprintf(e->name, sizeof e->name, "%.*s", DEAD_NAME_BYTES - 1, sha256_hex(body, len, hex));
}

static const char *text_or_null(struct arena *mem, const char *text)
{
    return text[0] == '\0' ? NULL : arena_strdup(mem, text);
}

/* The first thing that is wrong with it. */
static void read_event(struct dead_event *e, const struct broker_letter *l, struct arena *mem)
{
    struct envelope *envelope = ARENA_NEW(mem, struct envelope);
    struct error why;

    if (envelope_decode(mem, l->body, l->len, envelope, &why) != ST_OK)
        e->fault = arena_printf(mem, "it cannot be read: %s", why.text);
    else
        e->event = envelope;
    if (e->fault == NULL && e->queue == NULL)
        e->fault = "it does not say which queue it came from";
    else if (e->fault == NULL && e->lane < 0)
        e->fault = arena_printf(mem, "it came from %s, which is no queue of ours", e->queue);
}

static void keep(struct dead_event *e, const struct broker_letter *l, struct arena *mem)
{
    *e = (struct dead_event){
        .tag = l->tag, .len = l->len, .died_ms = l->died_ms,
        .body = arena_strndup(mem, l->body, l->len < DEAD_BODY_KEPT ? l->len : DEAD_BODY_KEPT),
        .queue = text_or_null(mem, l->queue), .reason = text_or_null(mem, l->reason),
        .lane = lane_of_queue(l->queue),
    };
    name_event(e, l->body, l->len);
    read_event(e, l, mem);
}

enum status dead_queue_take(struct broker *b, size_t most, struct arena *mem,
                            struct dead_event **out, size_t *count, struct error *err)
{
    struct dead_event *list = ARENA_ARRAY(mem, struct dead_event, most + 1);
    struct broker_letter letter;
    enum status s = ST_OK;
    size_t n = 0;

    while (n < most && (s = broker_get(b, QUEUE_DEAD, &letter, err)) == ST_OK)
        keep(&list[n++], &letter, mem);
    if (s != ST_OK && s != ST_NOT_FOUND)
        return s;
    *out = list;
    *count = n;
    return ST_OK;
}

enum status dead_queue_put_back(struct broker *b, size_t taken, struct error *err)
{
    struct queue_counts counts = { 0 };
    enum status s = broker_put_back(b, err);

    for (int waited_ms = 0; s == ST_OK && waited_ms < PUT_BACK_MS; waited_ms += PUT_BACK_STEP_MS) {
        s = broker_count(b, QUEUE_DEAD, &counts, err);
        if (counts.ready >= taken)
            break;
        clock_sleep_ms(PUT_BACK_STEP_MS);
    }
    return s;
}

/* The broker notes seconds: those of the same one are ordered by name. */
static int compare(const void *a, const void *b)
{
    const struct dead_event *x = a, *y = b;

    if (x->died_ms != y->died_ms)
        return x->died_ms < y->died_ms ? -1 : 1;
    return strcmp(x->name, y->name);
}

enum status dead_queue_look(struct broker *b, struct arena *mem, struct dead_event **out,
                            size_t *count, size_t *behind, struct error *err)
{
    struct queue_counts counts;
    enum status s = broker_count(b, QUEUE_DEAD, &counts, err);

    if (s == ST_OK)
        s = dead_queue_take(b, counts.ready < DEAD_LOOK_MOST ? counts.ready : DEAD_LOOK_MOST, mem, out,
                            count, err);
    if (s == ST_OK)
        s = dead_queue_put_back(b, *count, err);
    if (s != ST_OK)
        return s;
    qsort(*out, *count, sizeof **out, compare);
    for (size_t i = 0; i < *count; i++)
        (*out)[i].position = (int)i + 1;
    *behind = counts.ready - *count;
    return ST_OK;
}

/* ---- judging ---- */

bool dead_event_fits(const struct dead_event *e, const struct dead_filter *f)
{
    if (f->provider != NULL || f->code != NULL || f->user_id != NULL)
        return false;
    if (f->by_platform && (e->lane < 0 || lane_platform(e->lane) != f->platform))
        return false;
    if (f->message_id != NULL &&
        (e->event == NULL || strcasecmp(e->event->message_id, f->message_id) != 0))
        return false;
    if (e->died_ms < 0)
        return f->since_ms < 0 && f->until_ms < 0;
    return e->died_ms >= f->since_ms && (f->until_ms < 0 || e->died_ms < f->until_ms);
}

/* Only what is known goes back: the rest would bring the event here again.  How many it named. */
static size_t keep_known(struct dead_event *e, const bool unknown[], struct arena *mem)
{
    struct envelope *known = ARENA_NEW(mem, struct envelope);
    size_t named = e->event->count;

    *known = *e->event;
    known->recipients = ARENA_ARRAY(mem, struct envelope_recipient, named);
    known->count = 0;
    for (size_t i = 0; i < named; i++) {
        if (!unknown[i])
            known->recipients[known->count++] = e->event->recipients[i];
    }
    if (known->count == 0)
        e->fault = "it names no recipient of ours";
    else
        e->event = known;
    return named;
}

/* The first of the events whose recipients fit into one question; *n_refs how many these are. */
static size_t share(struct dead_event *const events[], size_t n, struct recipient_ref refs[],
                    size_t *n_refs)
{
    size_t k = 0;

    *n_refs = 0;
    for (; k < n; k++) {
        const struct envelope *event = events[k]->event;

        if (events[k]->fault != NULL)
            continue;
        if (*n_refs + event->count > ENVELOPE_RECIPIENTS_MAX)
            break;
        for (size_t i = 0; i < event->count; i++)
            refs[(*n_refs)++] = (struct recipient_ref){ event->message_id, event->recipients[i].n, 0 };
    }
    return k;
}

enum status dead_queue_judge(struct db *db, struct dead_event *const events[], size_t n,
                             struct arena *mem, struct error *err)
{
    struct recipient_ref refs[ENVELOPE_RECIPIENTS_MAX];
    bool unknown[ENVELOPE_RECIPIENTS_MAX];
    enum status s = ST_OK;
    size_t n_refs, some;

    for (; n > 0 && s == ST_OK; events += some, n -= some) {
        size_t at = 0;

        some = share(events, n, refs, &n_refs);
        if (n_refs > 0)
            s = recipients_unknown(db, refs, n_refs, mem, unknown, err);
        for (size_t i = 0; i < some && s == ST_OK; i++) {
            if (events[i]->fault != NULL)
                continue;
            at += keep_known(events[i], unknown + at, mem);
        }
    }
    return s;
}

/* ---- replaying ---- */

/* What is on its way: events[i] carries tags[i]; 0: the broker has answered. */
struct window {
    struct dead_event *const *events;
    bool *done;
    uint64_t tags[DEAD_BATCH];
    size_t n, open;
};

static enum status publish(struct broker *b, struct window *w, size_t i, struct error *err)
{
    struct buf body = BUF_INIT(ENVELOPE_BYTES_MAX);
    enum status s;

    envelope_encode(&body, w->events[i]->event);
    s = broker_publish(b, lane_queues[w->events[i]->lane].key, buf_str(&body), body.len, &w->tags[i],
                       err);
    buf_free(&body);
    w->open += s == ST_OK;
    return s;
}

/* An event that came back is named first as returned and then, like any other, as confirmed. */
static void settle(struct window *w, const struct confirm *c)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->tags[i] == 0 || (c->multiple ? w->tags[i] > c->tag : w->tags[i] != c->tag))
            continue;
        w->done[i] = c->taken;
        w->tags[i] = 0;
        w->open--;
    }
}

static enum status await_confirms(struct broker *b, struct window *w, int confirm_ms, struct error *err)
{
    int64_t until_ms = clock_mono_ms() + confirm_ms;
    struct confirm confirms[2 * DEAD_BATCH];
    enum status s = ST_OK;
    size_t n;

    while (s == ST_OK && w->open > 0) {
        if (clock_mono_ms() >= until_ms)
            return error_set(err, ST_UNAVAILABLE, "broker: no confirm in time");
        s = broker_confirms(b, 100, confirms, 2 * DEAD_BATCH, &n, err);
        for (size_t i = 0; i < n; i++)
            settle(w, &confirms[i]);
    }
    return s;
}

enum status dead_queue_replay(struct broker *b, struct dead_event *const events[], size_t n,
                              int confirm_ms, bool done[], struct error *err)
{
    struct window w = { .events = events, .done = done, .n = n };
    enum status s = broker_confirm_mode(b, err);

    assert(n <= DEAD_BATCH);
    memset(done, false, n * sizeof *done);
    for (size_t i = 0; i < n && s == ST_OK; i++)
        s = publish(b, &w, i, err);
    if (s == ST_OK)
        s = await_confirms(b, &w, confirm_ms, err);
    for (size_t i = 0; i < n && s == ST_OK; i++) {
        if (done[i])
            s = broker_ack(b, events[i]->tag, err);
    }
    return s;
}
