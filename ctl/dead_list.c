/* dead_list - dead letters of both kinds in one list. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/broker/topology.h"
#include "common/db/users.h"
#include "common/service/dead_queue.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/letters.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MOST 10000

/* One line of the list: one of the two. */
struct letter {
    const struct dead_recipient *recipient;
    const struct dead_event *event;
};
struct list {
    struct letter *letters;
    size_t n;
    size_t behind; /* events of the queue that were not looked at */
};

enum status dead_list_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct arena mem = ARENA_INIT;
    struct letters l;
    enum status s = letters_read(call, false, clock_wall_ms(), &mem, &l, err);

    if (s == ST_OK && l.limit > LIMIT_MOST)
        s = error_set(err, ST_INVALID, "--limit takes a number of letters, 1 to %d", LIMIT_MOST);
    arena_done(&mem);
    return s;
}

/* ---- gathering ---- */

static int64_t time_of(const struct letter *l)
{
    return l->recipient != NULL ? l->recipient->place.failed_ms : l->event->died_ms;
}

/* The latest first; of the same moment, in the order in which they were found. */
static int compare(const void *a, const void *b)
{
    const struct letter *x = a, *y = b;
    int64_t dx = time_of(x), dy = time_of(y);

    if (dx != dy)
        return dx < dy ? 1 : -1;
    if (x->recipient != NULL && y->recipient != NULL)
        return x->recipient < y->recipient ? -1 : 1;
    if (x->event != NULL && y->event != NULL)
        return x->event->position > y->event->position ? -1 : 1;
    return x->recipient != NULL ? -1 : 1;
}

static enum status gather_failed(struct ctl *ctl, const struct letters *l, int limit,
                                 struct list *list, struct error *err)
{
    struct dead_filter filter = l->filter;
    struct dead_place latest = DEAD_FROM_LATEST;
    struct dead_recipient *found;
    struct user user;
    size_t n = 0;
    enum status s = ST_OK;

    if (l->user_email != NULL)
        s = users_find(ctl->db, l->user_email, &ctl->mem, &user, err);
    if (s == ST_OK && l->user_email != NULL)
        filter.user_id = user.id;
    if (s == ST_OK)
        s = dead_page(ctl->db, &filter, latest, limit, &ctl->mem, &found, &n, err);
    for (size_t i = 0; i < n && s == ST_OK; i++)
        list->letters[list->n++].recipient = &found[i];
    return s;
}

static enum status gather_events(struct ctl *ctl, const struct letters *l, int limit,
                                 struct list *list, struct error *err)
{
    struct dead_event *found, **shown;
    size_t n, k = 0;
    enum status s = ctl_connect_broker(ctl, err);

    if (s == ST_OK)
        s = dead_queue_look(ctl->broker, &ctl->mem, &found, &n, &list->behind, err);
    if (s != ST_OK)
        return s;
    shown = ARENA_ARRAY(&ctl->mem, struct dead_event *, n + 1);
    for (size_t i = n; i > 0 && k < (size_t)limit; i--) {
        if (dead_event_fits(&found[i - 1], &l->filter))
            shown[k++] = &found[i - 1];
    }
    s = dead_queue_judge(ctl->db, shown, k, &ctl->mem, err);
    for (size_t i = 0; i < k && s == ST_OK; i++)
        list->letters[list->n++].event = shown[i];
    return s;
}

static enum status gather(struct ctl *ctl, const struct letters *l, int limit, struct list *list,
                          struct error *err)
{
    enum status s = ctl_connect(ctl, err);

    list->letters = ARENA_ARRAY(&ctl->mem, struct letter, 2 * (size_t)limit);
    if (s == ST_OK && l->failed)
        s = gather_failed(ctl, l, limit, list, err);
    if (s == ST_OK && l->queue)
        s = gather_events(ctl, l, limit, list, err);
    qsort(list->letters, list->n, sizeof *list->letters, compare);
    if (list->n > (size_t)limit)
        list->n = (size_t)limit;
    return s;
}

/* ---- printing ---- */

static const char *id_of(struct ctl *ctl, const struct letter *l)
{
    return l->event != NULL ? l->event->name : ctl_recipient_id(ctl, &l->recipient->ref);
}

static const char *platform_of(const struct letter *l)
{
    if (l->recipient != NULL)
        return platform_name(l->recipient->platform);
    return l->event->lane < 0 ? NULL : platform_name(lane_platform(l->event->lane));
}

/* Why it is here. */
static const char *detail_of(struct ctl *ctl, const struct letter *l)
{
    const struct dead_event *e = l->event;

    if (l->recipient != NULL)
        return l->recipient->message;
    if (e->fault != NULL)
        return e->fault;
    return arena_printf(&ctl->mem, "%zu known recipient%s of %s", e->event->count,
                        e->event->count == 1 ? "" : "s", e->event->message_id);
}

static void list_json(struct ctl *ctl, const struct list *list)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "data", '[');
    for (size_t i = 0; i < list->n; i++) {
        const struct letter *l = &list->letters[i];
        const struct dead_recipient *r = l->recipient;
        const struct dead_event *e = l->event;

        jw_open(&w, NULL, '{');
        jw_text(&w, "kind", r != NULL ? "recipient" : "event");
        jw_text(&w, "id", id_of(ctl, l));
        jw_time(&w, "at", time_of(l));
        jw_text(&w, "platform", platform_of(l));
        jw_text(&w, "provider", r != NULL ? r->provider : NULL);
        jw_text(&w, "code", r != NULL ? r->code : e->reason);
        jw_text(&w, "detail", detail_of(ctl, l));
        jw_text(&w, "message_id", r != NULL ? r->ref.message_id
                                  : e->event != NULL ? e->event->message_id : NULL);
        r != NULL ? jw_num(&w, "attempts", r->attempts) : jw_null(&w, "attempts");
        jw_text(&w, "queue", r != NULL ? NULL : e->queue);
        e != NULL ? jw_num(&w, "position", e->position) : jw_null(&w, "position");
        jw_bool(&w, "replayable", r != NULL ? !r->expired : e->fault == NULL);
        jw_close(&w, '}');
    }
    jw_close(&w, ']');
    jw_num(&w, "not_looked_at", (int64_t)list->behind);
    jw_close(&w, '}');
}

static void list_text(struct ctl *ctl, const struct list *list)
{
    static const struct table_column columns[] = {
        { "KIND" },     { "ID" },   { "AT" },
        { "PLATFORM" }, { "PROVIDER", .may_cut = true }, { "CODE", .may_cut = true },
        { "DETAIL", .may_cut = true },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, list->n * N + 1);

    for (size_t i = 0; i < list->n; i++) {
        const struct letter *l = &list->letters[i];
        const char **row = &cells[i * N];

        row[0] = l->recipient != NULL ? "recipient"
                                      : arena_printf(&ctl->mem, "event %d", l->event->position);
        row[1] = id_of(ctl, l);
        row[2] = ctl_time(ctl, time_of(l));
        row[3] = platform_of(l);
        row[4] = l->recipient != NULL ? l->recipient->provider : NULL;
        row[5] = l->recipient != NULL ? l->recipient->code : l->event->reason;
        row[6] = detail_of(ctl, l);
    }
    if (list->n == 0)
        buf_adds(&ctl->out, "no dead letters\n");
    else
        ctl_table(ctl, columns, N, cells, list->n);
    if (list->behind > 0)
        buf_addf(&ctl->out, "%zu more events of the queue were not looked at\n", list->behind);
}

/* What was found before a neighbour failed is shown all the same. */
enum status dead_list(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct list list = { 0 };
    struct letters l;
    enum status s = letters_read(call, false, clock_wall_ms(), &ctl->mem, &l, err);

    if (s != ST_OK)
        return s;
    s = gather(ctl, &l, l.limit == 0 ? LIMIT_DEFAULT : l.limit, &list, err);
    if (s == ST_OK || list.n > 0)
        (ctl->json ? list_json : list_text)(ctl, &list);
    return s;
}
