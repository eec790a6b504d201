/* messages_read - showing a message, and lists of messages, recipients and events. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/uuid.h"
#include "common/db/events.h"
#include "common/model/recipient.h"
#include "common/service/cancel_message.h"
#include "common/service/message_view.h"
#include "fcgi/cursor.h"
#include "fcgi/handlers/handlers.h"
#include "fcgi/handlers/query.h"
#include "fcgi/problem.h"

#define SHOWN_RECIPIENTS 100
#define PAGE_BYTES_ENOUGH (4u << 20) /* a page of very long messages ends early; its cursor goes on */

/* Whose messages the caller may see: NULL is everybody's. */
static const char *owner_of(const struct call *c)
{
    return c->caller.admin ? NULL : c->caller.user_id;
}

/* Reading is never uncertain: it can simply be asked again. */
static bool is_answered(struct call *c, enum status s)
{
    if (s != ST_OK)
        problem_from_status(c, s == ST_UNCERTAIN ? ST_UNAVAILABLE : s);
    return s != ST_OK;
}

static enum status find(struct api *api, struct call *c, struct message *out)
{
    if (!uuid_is_valid(c->id)) /* another form cannot be a message's */
        return ST_NOT_FOUND;
    c->message_id = c->id;
    return messages_find(api->db, c->id, owner_of(c), &c->mem, out, NULL);
}

static struct json_writer begin_json(struct call *c)
{
    struct json_writer w = JSON_WRITER(&c->res.body);

    c->res.status = 200;
    c->res.content_type = "application/json";
    c->answered = true;
    return w;
}

/* ---- one message ---- */

void messages_show(struct api *api, struct call *c)
{
    struct recipients_filter first = { .limit = SHOWN_RECIPIENTS };
    struct message message = { 0 };
    struct recipient *recipients;
    struct json_writer w;
    int counts[DS_COUNT];
    size_t n_recipients;
    enum status s = find(api, c, &message);

    first.message_id = message.id;
    if (s == ST_OK)
        s = recipients_count(api->db, message.id, &c->mem, counts, NULL);
    if (s == ST_OK)
        s = recipients_page(api->db, &first, &c->mem, &recipients, &n_recipients, NULL);
    if (is_answered(c, s))
        return;
    w = begin_json(c);
    message_view_write(&w, &message, counts, recipients, n_recipients);
}

/* ---- lists ---- */

static struct json_writer begin_list(struct call *c)
{
    struct json_writer w = begin_json(c);

    jw_open(&w, NULL, '{');
    jw_open(&w, "data", '[');
    return w;
}

/* next_place: NULL on the last page. */
static void end_list(struct json_writer *w, struct call *c, const char *next_place, const char *scope)
{
    jw_close(w, ']');
    jw_text(w, "next_cursor", next_place == NULL ? NULL : cursor_make(&c->mem, next_place, scope));
    jw_close(w, '}');
}

static const char *const list_parameters[] = { "status", "platform", "recipient", "created_after",
                                               "created_before", "user_id", "limit", "cursor", NULL };

static void read_user(struct query *q, struct messages_filter *f)
{
    const char *user = query_text(q, "user_id");

    f->user_id = owner_of(q->call);
    if (user == NULL)
        return;
    if (!uuid_is_valid(user))
        query_fault(q, "user_id", "must be the id of a user");
    f->user_id = user;
}

static void read_filter(struct query *q, struct messages_filter *f)
{
    const char *status = query_text(q, "status"), *platform = query_text(q, "platform");

    read_user(q, f);
    f->by_status = status != NULL;
    if (f->by_status && !message_state_parse(status, &f->status))
        query_fault(q, "status", "must be scheduled, pending, queued, sending, completed, failed, "
                                 "cancelled or expired");
    f->by_platform = platform != NULL;
    if (f->by_platform && !platform_parse(platform, &f->platform))
        query_fault(q, "platform", "must be sms, email, whatsapp or telegram");
    f->recipient = query_text(q, "recipient");
    f->created_after_ms = query_time(q, "created_after");
    f->created_before_ms = query_time(q, "created_before");
    f->limit = query_int(q, "limit", 1, 100, 20);
}

void messages_list_show(struct api *api, struct call *c)
{
    struct messages_filter f = { 0 };
    struct listed_message *list;
    const char *scope, *next;
    struct json_writer w;
    struct query q;
    size_t n, i;

    if (!query_read(&q, c, list_parameters))
        return;
    if (query_text(&q, "user_id") != NULL && !c->caller.admin) {
        problem_answer(c, PROBLEM_FORBIDDEN, "Only an admin may list another user's messages.", NULL);
        return;
    }
    read_filter(&q, &f);
    scope = query_scope(&q, list_parameters);
    f.before_id = query_cursor(&q, scope);
    if (!query_done(&q) || is_answered(c, messages_list(api->db, &f, &c->mem, &list, &n, &next, NULL)))
        return;
    w = begin_list(c);
    for (i = 0; i < n && c->res.body.len < PAGE_BYTES_ENOUGH; i++)
        message_view_write(&w, &list[i].message, list[i].counts, NULL, 0);
    if (i < n)
        next = list[i - 1].message.id;
    end_list(&w, c, next, scope);
}

static const char *const recipients_parameters[] = { "status", "platform", "limit", "cursor", NULL };

void recipients_show(struct api *api, struct call *c)
{
    struct recipients_filter f = { 0 };
    struct recipient *list;
    const char *scope, *place, *next = NULL;
    enum delivery_state state;
    enum platform platform;
    struct message message;
    struct json_writer w;
    struct query q;
    size_t n, shown;

    if (!query_read(&q, c, recipients_parameters))
        return;
    f.status = query_text(&q, "status");
    f.platform = query_text(&q, "platform");
    if (f.status != NULL && !delivery_parse(f.status, &state))
        query_fault(&q, "status", "must be pending, queued, sending, sent, delivered, read, failed, "
                                  "cancelled or expired");
    if (f.platform != NULL && !platform_parse(f.platform, &platform))
        query_fault(&q, "platform", "must be sms, email, whatsapp or telegram");
    f.limit = query_int(&q, "limit", 1, 100, 100);
    scope = query_scope(&q, recipients_parameters);
    place = query_cursor(&q, scope);
    if (!query_done(&q) || is_answered(c, find(api, c, &message)))
        return;
    f.message_id = message.id;
    f.first = place == NULL ? 0 : atoi(place);
    shown = (size_t)f.limit++;
    if (is_answered(c, recipients_page(api->db, &f, &c->mem, &list, &n, NULL)))
        return;
    w = begin_list(c);
    for (size_t i = 0; i < n && i < shown; i++)
        recipient_view_write(&w, message.id, &list[i]);
    if (n > shown)
        next = arena_printf(&c->mem, "%d", list[shown].n);
    end_list(&w, c, next, scope);
}

static const char *const events_parameters[] = { "limit", "cursor", NULL };

void events_show(struct api *api, struct call *c)
{
    struct events_place place = EVENTS_BEGIN;
    const char *scope, *given, *next = NULL;
    struct message message;
    struct event *list;
    struct json_writer w;
    struct query q;
    size_t n;
    bool more;
    int limit;

    if (!query_read(&q, c, events_parameters))
        return;
    limit = query_int(&q, "limit", 1, 100, 100);
    scope = query_scope(&q, events_parameters);
    given = query_cursor(&q, scope);
    if (!query_done(&q) || is_answered(c, find(api, c, &message)))
        return;
    if (given != NULL)
        sscanf(given, "%" SCNd64 ".%" SCNd64, &place.at_ms, &place.id);
    if (is_answered(c, events_page(api->db, message.id, &place, limit, &c->mem, &list, &n, &more, NULL)))
        return;
    w = begin_list(c);
    for (size_t i = 0; i < n; i++)
        event_view_write(&w, message.id, &list[i]);
    if (more)
        next = arena_printf(&c->mem, "%" PRId64 ".%" PRId64, place.at_ms, place.id);
    end_list(&w, c, next, scope);
}

/* ---- cancelling ---- */

void messages_cancel(struct api *api, struct call *c)
{
    enum message_state shown;
    struct error err;
    enum status s = cancel_message(api->db, c->id, owner_of(c), &c->mem, &shown, &err);

    if (s == ST_OK)
        messages_show(api, c);
    else if (s == ST_CONFLICT)
        problem_answer(c, PROBLEM_NOT_CANCELLABLE, arena_strdup(&c->mem, err.text), NULL);
    else
        problem_from_status(c, s);
}
