/* dead_show - one dead letter from all sides. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/excerpt.h"
#include "common/base/json.h"
#include "common/broker/topology.h"
#include "common/crypto/digest.h"
#include "common/db/events.h"
#include "common/service/dead_queue.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/letters.h"

#define TIMELINE_MOST 1000

enum status dead_show_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct arena mem = ARENA_INIT;
    struct recipient_ref ref;
    const char *name;
    int position;
    bool ok = letter_of(call->args[0], &mem, &ref, &name, &position) != LETTER_NONE;

    arena_done(&mem);
    return ok ? ST_OK
              : error_set(err, ST_INVALID, "ID must be MESSAGE.n of a recipient, or an event's twelve"
                                           " digits or its position");
}

/* "name        value", or nothing where there is no value. */
static void line(struct ctl *ctl, const char *name, const char *value)
{
    if (value != NULL)
        buf_addf(&ctl->out, "%-11s %s\n", name, excerpt(&ctl->mem, value, strlen(value), 4096));
}

/* ---- a recipient ---- */

static void timeline_json(struct ctl *ctl, struct json_writer *w, const struct event *events, size_t n)
{
    jw_open(w, "timeline", '[');
    for (size_t i = 0; i < n; i++) {
        jw_open(w, NULL, '{');
        jw_time(w, "at", events[i].at_ms);
        jw_text(w, "event", events[i].event);
        jw_text(w, "status", events[i].status);
        events[i].attempt >= 0 ? jw_num(w, "attempt", events[i].attempt) : jw_null(w, "attempt");
        jw_text(w, "provider", events[i].provider);
        jw_text(w, "code", events[i].code);
        jw_text(w, "detail", events[i].detail);
        jw_time(w, "next_attempt_at", events[i].next_attempt_ms);
        jw_bool(w, "possible_duplicate", events[i].possible_duplicate);
        jw_close(w, '}');
    }
    jw_close(w, ']');
}

static void recipient_json(struct ctl *ctl, const struct dead_recipient *r,
                           const struct event *events, size_t n)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_text(&w, "kind", "recipient");
    jw_text(&w, "id", ctl_recipient_id(ctl, &r->ref));
    jw_text(&w, "status", delivery_name(r->status));
    jw_bool(&w, "purged", r->purged);
    jw_bool(&w, "erased", r->erased);
    jw_bool(&w, "replayable", r->status == DS_FAILED && !r->expired);
    jw_text(&w, "platform", platform_name(r->platform));
    jw_text(&w, "recipient", r->address);
    jw_text(&w, "provider", r->provider);
    jw_text(&w, "provider_id", r->provider_id);
    jw_num(&w, "attempts", r->attempts);
    jw_text(&w, "code", r->code);
    jw_text(&w, "detail", r->message);
    timeline_json(ctl, &w, events, n);
    jw_close(&w, '}');
}

static void timeline_text(struct ctl *ctl, const struct event *events, size_t n)
{
    static const struct table_column columns[] = {
        { "AT" },       { "EVENT" }, { "STATUS" }, { "ATTEMPT", .right = true },
        { "PROVIDER" }, { "CODE", .may_cut = true }, { "DETAIL", .may_cut = true },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, n * N + 1);

    for (size_t i = 0; i < n; i++) {
        const char **row = &cells[i * N];

        row[0] = ctl_time(ctl, events[i].at_ms);
        row[1] = events[i].event;
        row[2] = events[i].status;
        row[3] = events[i].attempt < 0 ? NULL
                                       : arena_printf(&ctl->mem, "%lld", (long long)events[i].attempt);
        row[4] = events[i].provider;
        row[5] = events[i].code;
        row[6] = events[i].possible_duplicate
                     ? arena_printf(&ctl->mem, "possible duplicate%s%s",
                                    events[i].detail == NULL ? "" : "; ",
                                    events[i].detail == NULL ? "" : events[i].detail)
                     : events[i].detail;
    }
    ctl_table(ctl, columns, N, cells, n);
}

static void recipient_text(struct ctl *ctl, const struct dead_recipient *r,
                           const struct event *events, size_t n)
{
    line(ctl, "recipient", ctl_recipient_id(ctl, &r->ref));
    line(ctl, "status", r->purged ? arena_printf(&ctl->mem, "%s, purged", delivery_name(r->status))
                                  : delivery_name(r->status));
    line(ctl, "platform", platform_name(r->platform));
    line(ctl, "address", r->address);
    line(ctl, "provider", r->provider);
    line(ctl, "its id", r->provider_id);
    line(ctl, "attempts", arena_printf(&ctl->mem, "%d", r->attempts));
    line(ctl, "code", r->code);
    line(ctl, "detail", r->message);
    if (r->status == DS_FAILED && r->expired)
        line(ctl, "replay", "not possible: its message has expired");
    buf_addc(&ctl->out, '\n');
    timeline_text(ctl, events, n);
}

static enum status show_recipient(struct ctl *ctl, const struct recipient_ref *ref, struct error *err)
{
    struct dead_recipient *found;
    struct event *events;
    size_t n, n_events;
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = dead_find(ctl->db, ref, 1, &ctl->mem, &found, &n, err);
    if (s == ST_OK && n == 0)
        s = error_set(err, ST_NOT_FOUND, "there is no such recipient");
    if (s == ST_OK)
        s = events_of_recipient(ctl->db, ref->message_id, ref->n, TIMELINE_MOST, &ctl->mem, &events,
                                &n_events, err);
    if (s == ST_OK)
        (ctl->json ? recipient_json : recipient_text)(ctl, found, events, n_events);
    return s;
}

/* ---- an event ---- */

/* One whom the event names, and what has become of it. */
struct named {
    const struct envelope_recipient *named;
    const struct dead_recipient *present; /* NULL: there is none */
};

static enum status find_named(struct ctl *ctl, const struct dead_event *e, struct named **out,
                              struct error *err)
{
    size_t n = e->event == NULL ? 0 : e->event->count, count = 0;
    struct recipient_ref *refs = ARENA_ARRAY(&ctl->mem, struct recipient_ref, n + 1);
    struct named *list = ARENA_ARRAY(&ctl->mem, struct named, n + 1);
    struct dead_recipient *found = NULL;
    enum status s = ST_OK;

    for (size_t i = 0; i < n; i++)
        refs[i] = (struct recipient_ref){ e->event->message_id, e->event->recipients[i].n, 0 };
    if (n > 0)
        s = dead_find(ctl->db, refs, n, &ctl->mem, &found, &count, err);
    for (size_t i = 0; i < n && s == ST_OK; i++) {
        list[i].named = &e->event->recipients[i];
        for (size_t k = 0; k < count; k++) {
            if (found[k].ref.n == refs[i].n)
                list[i].present = &found[k];
        }
    }
    *out = list;
    return s;
}

static void event_json(struct ctl *ctl, const struct dead_event *e, const struct named *named)
{
    struct json_writer w = JSON_WRITER(&ctl->out);
    size_t kept = e->len < DEAD_BODY_KEPT ? e->len : DEAD_BODY_KEPT;
    char *base64 = arena_alloc(&ctl->mem, BASE64_BYTES(kept));

    base64_encode(e->body, kept, base64);
    jw_open(&w, NULL, '{');
    jw_text(&w, "kind", "event");
    jw_text(&w, "id", e->name);
    jw_num(&w, "position", e->position);
    jw_time(&w, "at", e->died_ms);
    jw_text(&w, "queue", e->queue);
    jw_text(&w, "reason", e->reason);
    jw_text(&w, "fault", e->fault);
    jw_text(&w, "message_id", e->event == NULL ? NULL : e->event->message_id);
    jw_open(&w, "recipients", '[');
    for (size_t i = 0; e->event != NULL && i < e->event->count; i++) {
        jw_open(&w, NULL, '{');
        jw_num(&w, "n", named[i].named->n);
        jw_num(&w, "fence", named[i].named->fence);
        named[i].present ? jw_num(&w, "present_fence", named[i].present->ref.fence)
                         : jw_null(&w, "present_fence");
        jw_text(&w, "status", named[i].present ? delivery_name(named[i].present->status) : NULL);
        jw_close(&w, '}');
    }
    jw_close(&w, ']');
    jw_num(&w, "bytes", (int64_t)e->len);
    jw_text(&w, "body_base64", base64);
    jw_close(&w, '}');
}

static void named_text(struct ctl *ctl, const struct envelope *event, const struct named *named)
{
    static const struct table_column columns[] = {
        { "N", .right = true }, { "FENCE", .right = true }, { "PRESENT FENCE", .right = true },
        { "STATUS" },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, event->count * N + 1);

    for (size_t i = 0; i < event->count; i++) {
        const struct dead_recipient *present = named[i].present;
        const char **row = &cells[i * N];

        row[0] = arena_printf(&ctl->mem, "%d", named[i].named->n);
        row[1] = arena_printf(&ctl->mem, "%d", named[i].named->fence);
        row[2] = present == NULL ? NULL : arena_printf(&ctl->mem, "%d", present->ref.fence);
        row[3] = present == NULL ? "unknown" : delivery_name(present->status);
    }
    ctl_table(ctl, columns, N, cells, event->count);
}

static void event_text(struct ctl *ctl, const struct dead_event *e, const struct named *named)
{
    size_t kept = e->len < DEAD_BODY_KEPT ? e->len : DEAD_BODY_KEPT;

    line(ctl, "event", arena_printf(&ctl->mem, "%s, position %d", e->name, e->position));
    line(ctl, "died at", ctl_time(ctl, e->died_ms));
    line(ctl, "queue", e->queue);
    line(ctl, "reason", e->reason);
    line(ctl, "fault", e->fault);
    line(ctl, "bytes", arena_printf(&ctl->mem, "%zu", e->len));
    line(ctl, "body", excerpt(&ctl->mem, e->body, kept, kept));
    if (e->event == NULL)
        return;
    line(ctl, "message", e->event->message_id);
    buf_addc(&ctl->out, '\n');
    named_text(ctl, e->event, named);
}

static bool is_meant(const struct dead_event *e, const char *name, int position)
{
    return name != NULL ? strcmp(e->name, name) == 0 : e->position == position;
}

static enum status find_event(struct ctl *ctl, const char *name, int position,
                              struct dead_event **out, struct error *err)
{
    struct dead_event *list;
    size_t n, behind;
    enum status s = dead_queue_look(ctl->broker, &ctl->mem, &list, &n, &behind, err);

    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < n; i++) {
        if (is_meant(&list[i], name, position)) {
            *out = &list[i];
            return ST_OK;
        }
    }
    if (behind > 0)
        return error_set(err, ST_NOT_FOUND, "there is no such event among %zu dead letters that were"
                                            " looked at; %zu were not", n, behind);
    return error_set(err, ST_NOT_FOUND, "there is no such event among the dead letters");
}

/* Who is named is looked up before judging, which leaves only the known ones. */
static enum status show_event(struct ctl *ctl, const char *name, int position, struct error *err)
{
    struct dead_event *e, as_it_is;
    struct named *named;
    enum status s = ctl_connect_broker(ctl, err);

    if (s == ST_OK)
        s = find_event(ctl, name, position, &e, err);
    if (s == ST_OK)
        s = ctl_connect(ctl, err);
    if (s == ST_OK)
        s = find_named(ctl, e, &named, err);
    if (s != ST_OK)
        return s;
    as_it_is = *e;
    s = dead_queue_judge(ctl->db, &e, 1, &ctl->mem, err);
    if (s != ST_OK)
        return s;
    as_it_is.fault = e->fault;
    (ctl->json ? event_json : event_text)(ctl, &as_it_is, named);
    return ST_OK;
}

enum status dead_show(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct recipient_ref ref;
    const char *name = NULL;
    int position = 0;

    if (letter_of(call->args[0], &ctl->mem, &ref, &name, &position) == LETTER_RECIPIENT)
        return show_recipient(ctl, &ref, err);
    return show_event(ctl, name, position, err);
}
