/* messages - sending messages and showing one. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/uuid.h"
#include "common/service/belt.h"
#include "common/service/send_messages.h"
#include "fcgi/handlers/handlers.h"
#include "fcgi/handlers/message_body.h"
#include "fcgi/handlers/message_view.h"
#include "fcgi/problem.h"

#define SHOWN_RECIPIENTS 100

/* ---- POST /api/v1/messages ---- */

/*
 * When the scheduler looks at its recipients if nothing else happens: at their time, or when the
 * event should long have been claimed, or at once where no event will be published.
 */
static int64_t due_of(const struct api *api, const struct message_draft *d)
{
    int64_t due = d->created_ms + (publisher_is_up(api->publisher) ? BELT_GRACE_MS : 0);

    if (d->scheduled_ms >= 0)
        due = d->scheduled_ms;
    return d->expires_ms >= 0 && d->expires_ms < due ? d->expires_ms : due;
}

/* NULL, and the call answered, where the body is at fault. */
static struct message_draft *decode(struct api *api, struct call *c)
{
    struct message_draft *draft = ARENA_NEW(&c->mem, struct message_draft);
    struct message_rules rules;
    struct faults faults;
    struct error err;
    SCOPED(json_t) body = json_read(c->req.body, c->req.body_len, &err);

    if (body == NULL) {
        problem_answer(c, PROBLEM_MALFORMED_JSON, arena_strdup(&c->mem, err.text), NULL);
        return NULL;
    }
    message_rules_init(&rules, api->config, clock_wall_ms());
    faults_init(&faults, &c->mem);
    message_body_read(body, "", &rules, &c->mem, draft, &faults);
    if (faults.count > 0) {
        problem_answer(c, PROBLEM_VALIDATION_FAILED,
                       arena_printf(&c->mem, "%zu %s.", faults.count,
                                    faults.count == 1 ? "fault" : "faults"),
                       &faults);
        return NULL;
    }
    uuid_v7(draft->created_ms, draft->id);
    draft->user_id = c->caller.user_id;
    draft->due_ms = due_of(api, draft);
    return draft;
}

static void answer_accepted(struct api *api, struct call *c, const struct message_draft *d)
{
    struct json_writer w = JSON_WRITER(&c->res.body);

    c->res.status = 202;
    c->res.content_type = "application/json";
    response_header(&c->res, "Location",
                    arena_printf(&c->mem, "%s/api/v1/messages/%s", api->mount, d->id));
    jw_open(&w, NULL, '{');
    jw_text(&w, "id", d->id);
    jw_text(&w, "status", message_state_name(d->scheduled_ms >= 0 ? MS_SCHEDULED : MS_PENDING));
    jw_num(&w, "recipient_count", (int64_t)d->n_recipients);
    jw_time(&w, "created_at", d->created_ms);
    jw_time(&w, "scheduled_at", d->scheduled_ms);
    jw_close(&w, '}');
    c->answered = true;
}

void messages_create(struct api *api, struct call *const calls[], size_t n)
{
    struct arena *mem = &calls[0]->mem;
    const struct message_draft **drafts = ARENA_ARRAY(mem, const struct message_draft *, n);
    struct call **senders = ARENA_ARRAY(mem, struct call *, n);
    enum status *results = ARENA_ARRAY(mem, enum status, n);
    size_t n_drafts = 0;

    for (size_t i = 0; i < n; i++) {
        drafts[n_drafts] = decode(api, calls[i]);
        if (drafts[n_drafts] != NULL)
            senders[n_drafts++] = calls[i];
    }
    send_messages(api->db, drafts, n_drafts, mem, results);
    for (size_t i = 0; i < n_drafts; i++) {
        if (results[i] != ST_OK) {
            problem_from_status(senders[i], results[i]);
            continue;
        }
        publisher_put(api->publisher, drafts[i]);
        answer_accepted(api, senders[i], drafts[i]);
    }
}

/* ---- GET /api/v1/messages/{id} ---- */

void messages_show(struct api *api, struct call *c)
{
    struct json_writer w = JSON_WRITER(&c->res.body);
    const char *owner = c->caller.admin ? NULL : c->caller.user_id;
    struct recipient *recipients;
    struct message message;
    int counts[DS_COUNT];
    size_t n_recipients;
    enum status s = ST_NOT_FOUND;

    if (uuid_is_valid(c->id)) /* another form cannot be a message's */
        s = messages_find(api->db, c->id, owner, &c->mem, &message, NULL);
    if (s == ST_OK)
        s = recipients_count(api->db, message.id, &c->mem, counts, NULL);
    if (s == ST_OK)
        s = recipients_page(api->db, message.id, 0, SHOWN_RECIPIENTS, &c->mem, &recipients,
                            &n_recipients, NULL);
    if (s != ST_OK) {
        problem_from_status(c, s == ST_UNCERTAIN ? ST_UNAVAILABLE : s);
        return;
    }
    c->res.status = 200;
    c->res.content_type = "application/json";
    message_view_write(&w, NULL, &message, counts, recipients, n_recipients);
    c->answered = true;
}
