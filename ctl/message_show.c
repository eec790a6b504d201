/* message_show - one message from all sides, and cancelling it. */
#include <string.h>

#include "common/base/json.h"
#include "common/base/uuid.h"
#include "common/db/users.h"
#include "common/service/cancel_message.h"
#include "common/service/message_view.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/message_text.h"

#define RECIPIENTS_SHOWN 100
#define EVENTS_SHOWN 200

enum status message_id_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    return uuid_is_valid(call->args[0])
               ? ST_OK
               : error_set(err, ST_INVALID, "ID must be that of a message, as"
                                            " 01890a5d-ac96-774b-bcce-b302099a8057");
}

/* ---- what is known of it ---- */

struct whole {
    struct message message;
    int counts[DS_COUNT];
    struct recipient *recipients;
    size_t n_recipients;
    struct event *events;
    size_t n_events;
    const char *user; /* its address; NULL where there is no such user */
};

static enum status read_user(struct ctl *ctl, struct whole *w, struct error *err)
{
    struct user user;
    enum status s = users_find_by_id(ctl->db, w->message.user_id, &ctl->mem, &user, err);

    if (s == ST_OK)
        w->user = user.email;
    return s == ST_NOT_FOUND ? ST_OK : s;
}

static enum status read_whole(struct ctl *ctl, const char *id, struct whole *w, struct error *err)
{
    enum status s = messages_find(ctl->db, id, NULL, &ctl->mem, &w->message, err);

    if (s == ST_OK)
        s = recipients_count(ctl->db, w->message.id, &ctl->mem, w->counts, err);
    if (s == ST_OK)
        s = message_read_recipients(ctl, w->message.id, &w->recipients, &w->n_recipients, err);
    if (s == ST_OK)
        s = message_read_events(ctl, w->message.id, &w->events, &w->n_events, err);
    return s == ST_OK ? read_user(ctl, w, err) : s;
}

/* ---- showing ---- */

/* The message as the API shows it, with all its recipients, and a member more. */
static void whole_json(struct ctl *ctl, const struct whole *w)
{
    struct json_writer json = JSON_WRITER(&ctl->out);

    message_view_open(&json, &w->message, w->counts, w->recipients, w->n_recipients);
    jw_open(&json, "events", '[');
    for (size_t i = 0; i < w->n_events; i++)
        event_view_write(&json, w->message.id, &w->events[i]);
    jw_close(&json, ']');
    jw_close(&json, '}');
}

static void rest(struct ctl *ctl, size_t n, size_t shown, const char *what)
{
    if (n > shown)
        buf_addf(&ctl->out, "and %zu more %s: --json shows them\n", n - shown, what);
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

static void whole_text(struct ctl *ctl, const struct whole *w)
{
    const struct message *m = &w->message;

    message_line(ctl, "message", m->id);
    message_line(ctl, "status", message_state_name(message_state_shown(m->status, w->counts)));
    message_line(ctl, "user", w->user != NULL ? w->user : m->user_id);
    message_line(ctl, "priority", priority_name(m->priority));
    message_line(ctl, "created", ctl_time(ctl, m->created_ms));
    message_line(ctl, "scheduled", ctl_time(ctl, m->scheduled_ms));
    message_line(ctl, "expires", ctl_time(ctl, m->expires_ms));
    message_line(ctl, "subject", m->subject);
    message_line(ctl, "content", m->content);
    message_line(ctl, "html", m->html);
    message_line(ctl, "metadata", m->metadata);
    message_line(ctl, "recipients", message_summary(ctl, w->counts));
    buf_addc(&ctl->out, '\n');
    message_recipients(ctl, w->recipients, at_most(w->n_recipients, RECIPIENTS_SHOWN));
    rest(ctl, w->n_recipients, RECIPIENTS_SHOWN, "recipients");
    buf_addc(&ctl->out, '\n');
    message_timeline(ctl, w->events, at_most(w->n_events, EVENTS_SHOWN));
    rest(ctl, w->n_events, EVENTS_SHOWN, "events");
}

enum status message_show(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct whole whole = { 0 };
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = read_whole(ctl, call->args[0], &whole, err);
    if (s == ST_OK)
        (ctl->json ? whole_json : whole_text)(ctl, &whole);
    return s;
}

/* ---- cancelling ---- */

/* What the API answers. */
static void cancelled_json(struct ctl *ctl, const struct whole *w)
{
    struct json_writer json = JSON_WRITER(&ctl->out);

    message_view_write(&json, &w->message, w->counts, w->recipients, w->n_recipients);
}

enum status message_cancel(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct whole w = { 0 };
    enum message_state shown;
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = cancel_message(ctl->db, call->args[0], NULL, &ctl->mem, &shown, err);
    if (s == ST_OK)
        s = read_whole(ctl, call->args[0], &w, err);
    if (s != ST_OK)
        return s;
    if (ctl->json)
        cancelled_json(ctl, &w);
    else
        buf_addf(&ctl->out, "cancelled %s, which was to go to %zu recipient%s\n", w.message.id,
                 w.n_recipients, w.n_recipients == 1 ? "" : "s");
    return ST_OK;
}
