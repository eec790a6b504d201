/* user - accounts from the command line. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/uuid.h"
#include "common/db/users.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/tier.h"

static const char *option_or(const struct call *call, const char *name, const char *fallback)
{
    const char *value = call_option(call, name);

    return value == NULL ? fallback : value;
}

enum status user_add_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *role = option_or(call, "--role", "user");
    enum status s = email_check(ctl, call, err);

    if (s != ST_OK)
        return s;
    if (strcmp(role, "user") != 0 && strcmp(role, "admin") != 0)
        return error_set(err, ST_INVALID, "--role must be user or admin");
    return tier_check(&ctl->config.rate_limit, option_or(call, "--tier", "free"), err);
}

/* The members that every answer about a user begins with. */
static void write_user(struct json_writer *w, const struct user *user)
{
    jw_text(w, "id", user->id);
    jw_text(w, "email", user->email);
    jw_text(w, "role", user->role);
    jw_text(w, "tier", user->tier);
    jw_bool(w, "active", user->active);
}

static enum status print_one(struct ctl *ctl, const char *email, const char *done,
                             struct error *err)
{
    struct json_writer w = JSON_WRITER(&ctl->out);
    struct user user;
    enum status s = users_find(ctl->db, email, &ctl->mem, &user, err);

    if (s != ST_OK)
        return s;
    if (!ctl->json) {
        buf_addf(&ctl->out, "%s %s (%s, tier %s)\n", done, user.email, user.role, user.tier);
        return ST_OK;
    }
    jw_open(&w, NULL, '{');
    write_user(&w, &user);
    jw_close(&w, '}');
    return ST_OK;
}

enum status user_add(struct ctl *ctl, const struct call *call, struct error *err)
{
    char id[UUID_TEXT_BYTES];
    enum status s = ctl_connect(ctl, err);

    if (s != ST_OK)
        return s;
    uuid_v7(clock_wall_ms(), id);
    s = users_add(ctl->db, id, call->args[0], option_or(call, "--role", "user"),
                  option_or(call, "--tier", "free"), err);
    return s == ST_OK ? print_one(ctl, call->args[0], "added", err) : s;
}

static enum status switch_user(struct ctl *ctl, const struct call *call, bool active,
                               struct error *err)
{
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = users_set_active(ctl->db, call->args[0], active, err);
    if (s != ST_OK)
        return s;
    return print_one(ctl, call->args[0], active ? "enabled" : "disabled", err);
}

enum status user_disable(struct ctl *ctl, const struct call *call, struct error *err)
{
    return switch_user(ctl, call, false, err);
}

enum status user_enable(struct ctl *ctl, const struct call *call, struct error *err)
{
    return switch_user(ctl, call, true, err);
}

/* ---- list ---- */

static void list_json(struct ctl *ctl, const struct user *users, size_t count)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "data", '[');
    for (size_t i = 0; i < count; i++) {
        jw_open(&w, NULL, '{');
        write_user(&w, &users[i]);
        jw_num(&w, "keys", users[i].keys);
        jw_text(&w, "created_at", users[i].created_at);
        jw_close(&w, '}');
    }
    jw_close(&w, ']');
    jw_close(&w, '}');
}

static void list_text(struct ctl *ctl, const struct user *users, size_t count)
{
    static const struct table_column columns[] = {
        { "EMAIL", .may_cut = true }, { "ROLE" },    { "TIER", .may_cut = true }, { "ACTIVE" },
        { "KEYS", .right = true },    { "CREATED" },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, count * N + 1);

    for (size_t i = 0; i < count; i++) {
        const char **row = &cells[i * N];

        row[0] = users[i].email;
        row[1] = users[i].role;
        row[2] = users[i].tier;
        row[3] = users[i].active ? "yes" : "no";
        row[4] = arena_printf(&ctl->mem, "%ld", users[i].keys);
        row[5] = users[i].created_at;
    }
    ctl_table(ctl, columns, N, cells, count);
}

enum status user_list(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct user *users;
    size_t count;
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = users_list(ctl->db, &ctl->mem, &users, &count, err);
    if (s == ST_OK)
        (ctl->json ? list_json : list_text)(ctl, users, count);
    return s;
}
