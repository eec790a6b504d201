/* message_list - messages by who, when and what became of them. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/excerpt.h"
#include "common/base/json.h"
#include "common/db/users.h"
#include "common/model/recipient.h"
#include "common/service/message_view.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/message_text.h"
#include "ctl/when.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MOST 1000
#define PAGE_MOST 100 /* messages_list() goes no further */
#define CONTENT_SHOWN 200

/* ---- the line ---- */

/* All but the user, who is known by an address so far. */
static enum status read_filter(const struct call *call, struct messages_filter *f, struct error *err)
{
    const char *status = call_option(call, "--status"), *platform = call_option(call, "--platform");
    const char *user = call_option(call, "--user"), *limit = call_option(call, "--limit");
    int64_t now_ms = clock_wall_ms();
    enum status s;

    *f = (struct messages_filter){ .recipient = call_option(call, "--recipient"), .limit = LIMIT_DEFAULT,
                                   .created_after_ms = -1, .created_before_ms = -1,
                                   .by_status = status != NULL, .by_platform = platform != NULL };
    if (status != NULL && !message_state_parse(status, &f->status))
        return error_set(err, ST_INVALID, "--status must be scheduled, pending, queued, sending, completed,"
                                          " failed, cancelled or expired");
    if (platform != NULL && !platform_parse(platform, &f->platform))
        return error_set(err, ST_INVALID, "--platform must be sms, email, whatsapp or telegram");
    if (f->recipient != NULL && f->recipient[0] == '\0')
        return error_set(err, ST_INVALID, "--recipient is empty");
    if (user != NULL && recipient_fault(PF_EMAIL, user) != NULL)
        return error_set(err, ST_INVALID, "--user: %s", recipient_fault(PF_EMAIL, user));
    if (limit != NULL && !ctl_read_number(limit, 1, LIMIT_MOST, &f->limit))
        return error_set(err, ST_INVALID, "--limit takes a number of messages, 1 to %d", LIMIT_MOST);
    s = when_option(call, "--since", now_ms, &f->created_after_ms, err);
    if (s == ST_OK)
        s = when_option(call, "--until", now_ms, &f->created_before_ms, err);
    if (s == ST_OK && f->created_after_ms >= 0 && f->created_before_ms >= 0 &&
        f->created_after_ms >= f->created_before_ms)
        return error_set(err, ST_INVALID, "--since must lie before --until");
    return s;
}

enum status message_list_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct messages_filter f;

    return read_filter(call, &f, err);
}

/* ---- gathering ---- */

/* Page by page, for one looks only so far: it may be short and not be the last. */
static enum status gather(struct ctl *ctl, const struct messages_filter *wanted,
                          struct listed_message *all, size_t *n, struct error *err)
{
    struct messages_filter f = *wanted;
    size_t limit = (size_t)wanted->limit, count;
    struct listed_message *page;
    enum status s;

    *n = 0;
    do {
        f.limit = limit - *n < PAGE_MOST ? (int)(limit - *n) : PAGE_MOST;
        s = messages_list(ctl->db, &f, &ctl->mem, &page, &count, &f.before_id, err);
        if (s != ST_OK)
            return s;
        memcpy(all + *n, page, count * sizeof *page);
        *n += count;
    } while (*n < limit && f.before_id != NULL);
    return ST_OK;
}

/* ---- showing ---- */

static void list_json(struct ctl *ctl, const struct listed_message *list, size_t n)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "data", '[');
    for (size_t i = 0; i < n; i++)
        message_view_write(&w, &list[i].message, list[i].counts, NULL, 0);
    jw_close(&w, ']');
    jw_close(&w, '}');
}

/* Of a user who has been asked for before, the answer is kept. */
static const char *user_of(struct ctl *ctl, const struct listed_message *list, const char *const known[],
                           size_t i)
{
    struct user user;

    for (size_t k = i; k > 0; k--) {
        if (strcmp(list[k - 1].message.user_id, list[i].message.user_id) == 0)
            return known[k - 1];
    }
    return users_find_by_id(ctl->db, list[i].message.user_id, &ctl->mem, &user, NULL) == ST_OK
               ? user.email
               : list[i].message.user_id;
}

static void list_text(struct ctl *ctl, const struct listed_message *list, size_t n)
{
    static const struct table_column columns[] = {
        { "ID" }, { "STATUS" }, { "RECIPIENTS", .may_cut = true }, { "CREATED", .may_drop = true },
        { "USER", .may_cut = true, .may_drop = true }, { "CONTENT", .may_cut = true },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, n * N + 1);
    const char **users = ARENA_ARRAY(&ctl->mem, const char *, n + 1);

    for (size_t i = 0; i < n; i++) {
        const struct message *m = &list[i].message;
        const char **row = &cells[i * N];

        row[0] = m->id;
        row[1] = message_state_name(message_state_shown(m->status, list[i].counts));
        row[2] = message_summary(ctl, list[i].counts);
        row[3] = ctl_time(ctl, m->created_ms);
        row[4] = users[i] = user_of(ctl, list, users, i);
        row[5] = excerpt(&ctl->mem, m->content, strlen(m->content), CONTENT_SHOWN);
    }
    ctl_table(ctl, columns, N, cells, n);
}

enum status message_list(struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *email = call_option(call, "--user");
    struct listed_message *list;
    struct messages_filter f;
    struct user user;
    size_t n;
    enum status s = read_filter(call, &f, err);

    if (s == ST_OK)
        s = ctl_connect(ctl, err);
    if (s == ST_OK && email != NULL)
        s = users_find(ctl->db, email, &ctl->mem, &user, err);
    if (s != ST_OK)
        return s;
    if (email != NULL)
        f.user_id = user.id;
    list = ARENA_ARRAY(&ctl->mem, struct listed_message, (size_t)f.limit + 1);
    s = gather(ctl, &f, list, &n, err);
    if (s == ST_OK)
        (ctl->json ? list_json : list_text)(ctl, list, n);
    return s;
}
