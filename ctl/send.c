/* send - sending from a shell, straight into the database. */
#include "ctl/send.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/service/accepting.h"
#include "common/service/message_view.h"
#include "common/service/send_messages.h"
#include "ctl/commands.h"
#include "ctl/message_text.h"

#define LOOK_MS 200 /* between two looks while waiting */

/* ---- whose message it is ---- */

static enum status find_named(struct ctl *ctl, const char *email, struct user *out, struct error *err)
{
    enum status s = users_find(ctl->db, email, &ctl->mem, out, err);

    if (s != ST_OK)
        return error_prefix(err, "--as");
    if (!out->active)
        return error_set(err, ST_DENIED, "--as: the account is disabled; `notifyctl user enable` lets it send"
                                         " again");
    return ST_OK;
}

/* Nobody is surprised by whose message it was: only where there is one who can be meant. */
static enum status find_only(struct ctl *ctl, struct user *out, struct error *err)
{
    struct user *users;
    size_t n, active = 0;
    enum status s = users_list(ctl->db, &ctl->mem, &users, &n, err);

    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < n; i++) {
        if (users[i].active && active++ == 0)
            *out = users[i];
    }
    if (active == 0)
        return error_set(err, ST_NOT_FOUND, "there is no active user to send as: `notifyctl user add` makes one");
    if (active == 1)
        return ST_OK;
    ctl_fault(ctl, "--as is missing: there are %zu active users, whose message is it?", active);
    return ctl_faults_end(ctl, err);
}

/* ---- answers ---- */

const char *send_answer(struct arena *mem, const struct message_draft *d)
{
    struct buf text = BUF_INIT(4096);
    struct json_writer w = JSON_WRITER(&text);
    const char *kept;

    accepted_write(&w, d);
    kept = arena_strdup(mem, buf_str(&text));
    buf_free(&text);
    return kept;
}

const char *send_answer_id(struct arena *mem, const char *answer)
{
    SCOPED(json_t) doc = json_read(answer, strlen(answer), NULL);

    return arena_strdup(mem, json_string_value(json_object_get(doc, "id")));
}

void send_keyed_init(struct keyed_send *out, const struct message_draft *const *draft, const char *key,
                     const char *meaning, size_t len, struct arena *mem)
{
    *out = (struct keyed_send){ 0 };
    keyed_request_init(&out->request, draft[0]->user_id, key, meaning, len, mem);
    out->request.status = 202;
    out->request.location = arena_printf(mem, "/api/v1/messages/%s", draft[0]->id);
    out->request.response = send_answer(mem, draft[0]);
    out->request.drafts = draft;
    out->request.n_drafts = 1;
}

/* ---- accepting ---- */

static enum status not_accepted(enum status s, const char *id, struct error *err)
{
    if (s == ST_UNCERTAIN)
        return error_set(err, s, "the database was lost and cannot be asked: `notifyctl message show %s`"
                                 " tells later whether the message was accepted", id);
    return error_set(err, s, "the message was not accepted: %s", status_name(s));
}

static enum status accept_keyed(struct ctl *ctl, const struct send_line *line,
                                const struct message_draft *d, const char **answer, struct error *err)
{
    struct keyed_send k;

    send_keyed_init(&k, &d, line->key, line->meaning, strlen(line->meaning), &ctl->mem);
    send_keyed(ctl->db, &k, 1, &ctl->mem);
    switch (k.result) {
    case KEYED_DONE:
        *answer = k.request.response;
        return ST_OK;
    case KEYED_REPLAY:
        *answer = k.kept.response;
        return ST_OK;
    case KEYED_MISMATCH:
        return error_set(err, ST_CONFLICT, "--idempotency-key was used with another message: use a new one");
    case KEYED_IN_PROGRESS:
        return error_set(err, ST_CONFLICT, "the first call with this --idempotency-key is not done yet");
    case KEYED_FAILED:
        break;
    }
    return not_accepted(k.failure, d->id, err);
}

static enum status accept(struct ctl *ctl, const struct send_line *line, const char **answer,
                          struct error *err)
{
    const struct message_draft *d = &line->draft;
    enum status s;

    if (line->key != NULL)
        return accept_keyed(ctl, line, d, answer, err);
    send_messages(ctl->db, &d, 1, &ctl->mem, &s);
    *answer = send_answer(&ctl->mem, d);
    return s == ST_OK ? ST_OK : not_accepted(s, d->id, err);
}

/* As the API answers, and whose message it is: nobody may have named the user. */
static void answer_json(struct ctl *ctl, const char *answer, const struct user *user)
{
    SCOPED(json_t) doc = json_read(answer, strlen(answer), NULL);
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_text(&w, "id", json_string_value(json_object_get(doc, "id")));
    jw_text(&w, "status", json_string_value(json_object_get(doc, "status")));
    jw_num(&w, "recipient_count", json_integer_value(json_object_get(doc, "recipient_count")));
    jw_text(&w, "created_at", json_string_value(json_object_get(doc, "created_at")));
    jw_text(&w, "scheduled_at", json_string_value(json_object_get(doc, "scheduled_at")));
    jw_text(&w, "user", user->email);
    jw_close(&w, '}');
}

/* A row of one: the message as it was accepted, now or at the first call with its key. */
static void answer_text(struct ctl *ctl, const char *answer)
{
    static const struct table_column columns[] = {
        { "ID" }, { "STATUS" }, { "RECIPIENTS", .right = true }, { "SCHEDULED", .may_drop = true },
    };
    SCOPED(json_t) doc = json_read(answer, strlen(answer), NULL);
    const char *cells[] = {
        json_string_value(json_object_get(doc, "id")), json_string_value(json_object_get(doc, "status")),
        arena_printf(&ctl->mem, "%lld",
                     (long long)json_integer_value(json_object_get(doc, "recipient_count"))),
        json_string_value(json_object_get(doc, "scheduled_at")),
    };

    ctl_table(ctl, columns, sizeof columns / sizeof *columns, cells, 1);
}

/* ---- waiting ---- */

struct look {
    struct message message;
    int counts[DS_COUNT];
    struct recipient *recipients;
    size_t n;
};

static enum status look(struct ctl *ctl, const char *id, struct look *l, struct error *err)
{
    enum status s = messages_find(ctl->db, id, NULL, &ctl->mem, &l->message, err);

    if (s == ST_OK)
        s = recipients_count(ctl->db, id, &ctl->mem, l->counts, err);
    return s == ST_OK ? message_read_recipients(ctl, id, &l->recipients, &l->n, err) : s;
}

static enum status wait_for(struct ctl *ctl, const char *id, int seconds, int counts[DS_COUNT],
                            struct error *err)
{
    int64_t until = clock_mono_ms() + (int64_t)seconds * 1000;
    struct arena mem = ARENA_INIT;
    enum status s;

    while ((s = recipients_count(ctl->db, id, &mem, counts, err)) == ST_OK &&
           counts[DS_PENDING] + counts[DS_QUEUED] + counts[DS_SENDING] > 0 && clock_mono_ms() < until) {
        clock_sleep_ms(LOOK_MS);
        arena_reset(&mem);
    }
    arena_done(&mem);
    return s;
}

/* The message as it is in the end: what has not left, or not well, makes it a failure. */
static enum status wait_and_show(struct ctl *ctl, const char *id, int seconds, const struct user *user,
                                 struct error *err)
{
    struct json_writer w = JSON_WRITER(&ctl->out);
    struct look l = { 0 };
    int *c = l.counts, waiting, bad;
    enum status s = wait_for(ctl, id, seconds, c, err);

    if (s == ST_OK)
        s = look(ctl, id, &l, err);
    if (s != ST_OK)
        return s;
    if (ctl->json) {
        message_view_open(&w, &l.message, c, l.recipients, l.n);
        jw_text(&w, "user", user->email);
        jw_close(&w, '}');
    } else {
        buf_addc(&ctl->out, '\n');
        message_recipients(ctl, l.recipients, l.n);
    }
    waiting = c[DS_PENDING] + c[DS_QUEUED] + c[DS_SENDING];
    bad = c[DS_FAILED] + c[DS_EXPIRED] + c[DS_CANCELLED];
    if (waiting > 0)
        return error_set(err, ST_UNAVAILABLE, "after %d s %d of %zu recipients have not left yet; they still"
                                              " will", seconds, waiting, l.n);
    return bad == 0 ? ST_OK
                    : error_set(err, ST_CONFLICT, "%d of %zu recipients ended without being sent to", bad, l.n);
}

/* ---- the command ---- */

static enum status send_one(struct ctl *ctl, const struct send_line *line, const struct user *user,
                            struct error *err)
{
    const char *answer = NULL, *id;
    enum status s = accept(ctl, line, &answer, err);

    if (s != ST_OK)
        return s;
    if (!ctl->json)
        answer_text(ctl, answer);
    else if (line->wait_seconds == 0)
        answer_json(ctl, answer, user);
    if (line->wait_seconds == 0)
        return ST_OK;
    id = send_answer_id(&ctl->mem, answer);
    return id == NULL ? error_set(err, ST_BUG, "the answer that was kept for the key names no message")
                      : wait_and_show(ctl, id, line->wait_seconds, user, err);
}

enum status send_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct message_rules rules;
    struct send_line line;
    struct user user;
    enum status s;

    message_rules_init(&rules, &ctl->config, clock_wall_ms());
    s = send_line_read(ctl, call, &rules, &line, err);
    if (s == ST_OK)
        s = ctl_connect(ctl, err);
    if (s == ST_OK)
        s = line.as != NULL ? find_named(ctl, line.as, &user, err) : find_only(ctl, &user, err);
    if (s != ST_OK)
        return s;
    if (line.as == NULL && !ctl->json)
        buf_addf(&ctl->out, "sending as %s, the only active user\n", user.email);
    draft_adopt(&line.draft, user.id);
    return line.to_file != NULL ? send_to_file(ctl, &line, &rules, &user, err)
                                : send_one(ctl, &line, &user, err);
}
