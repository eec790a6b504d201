/* key - API keys from the command line. */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/uuid.h"
#include "common/db/api_keys.h"
#include "common/db/users.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"

/* ---- create ---- */

static void print_new(struct ctl *ctl, const char *id, const char *email, const char *key)
{
    struct json_writer w = JSON_WRITER(&ctl->out);
    char hint[API_KEY_HINT_BYTES];

    if (!ctl->json) {
        buf_addf(&ctl->out, "key %s\nid  %s\nThe key of %s is shown this once.\n", key, id, email);
        return;
    }
    snprintf(hint, sizeof hint, "%.*s", API_KEY_HINT_BYTES - 1, key);
    jw_open(&w, NULL, '{');
    jw_text(&w, "id", id);
    jw_text(&w, "email", email);
    jw_text(&w, "key", key);
    jw_text(&w, "hint", hint);
    jw_close(&w, '}');
}

enum status key_create(struct ctl *ctl, const struct call *call, struct error *err)
{
    char id[UUID_TEXT_BYTES], key[API_KEY_BYTES];
    struct user user;
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = users_find(ctl->db, call->args[0], &ctl->mem, &user, err);
    if (s != ST_OK)
        return s;
    uuid_v7(clock_wall_ms(), id);
    api_key_make(key);
    s = api_keys_add(ctl->db, id, user.id, key, err);
    if (s == ST_OK)
        print_new(ctl, id, user.email, key);
    return s;
}

/* ---- list ---- */

static void list_json(struct ctl *ctl, const struct api_key *keys, size_t count)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "data", '[');
    for (size_t i = 0; i < count; i++) {
        jw_open(&w, NULL, '{');
        jw_text(&w, "id", keys[i].id);
        jw_text(&w, "email", keys[i].email);
        jw_text(&w, "hint", keys[i].hint);
        jw_text(&w, "created_at", keys[i].created_at);
        jw_text(&w, "revoked_at", keys[i].revoked_at);
        jw_close(&w, '}');
    }
    jw_close(&w, ']');
    jw_close(&w, '}');
}

static void list_text(struct ctl *ctl, const struct api_key *keys, size_t count)
{
    static const struct table_column columns[] = {
        { "ID" }, { "EMAIL", .may_cut = true }, { "HINT" }, { "CREATED" }, { "REVOKED" },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, count * N + 1);

    for (size_t i = 0; i < count; i++) {
        const char **row = &cells[i * N];

        row[0] = keys[i].id;
        row[1] = keys[i].email;
        row[2] = keys[i].hint;
        row[3] = keys[i].created_at;
        row[4] = keys[i].revoked_at;
    }
    ctl_table(ctl, columns, N, cells, count);
}

/* An address that nobody has is told, rather than shown as a user without keys. */
enum status key_list(struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *email = call->n_args > 0 ? call->args[0] : NULL;
    struct user user;
    struct api_key *keys;
    size_t count;
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK && email != NULL)
        s = users_find(ctl->db, email, &ctl->mem, &user, err);
    if (s == ST_OK)
        s = api_keys_list(ctl->db, email, &ctl->mem, &keys, &count, err);
    if (s == ST_OK)
        (ctl->json ? list_json : list_text)(ctl, keys, count);
    return s;
}

/* ---- revoke ---- */

enum status key_revoke_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    if (uuid_is_valid(call->args[0]) || api_key_is_shaped(call->args[0]))
        return ST_OK;
    return error_set(err, ST_INVALID,
                     "ID_OR_KEY must be an id of `notifyctl key list` or a whole key (nsk_...)");
}

/* A key is not repeated in the answer: it would stay in logs of the shell's output. */
enum status key_revoke(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct json_writer w = JSON_WRITER(&ctl->out);
    enum status s = ctl_connect(ctl, err);

    if (s == ST_OK)
        s = api_keys_revoke(ctl->db, call->args[0], err);
    if (s != ST_OK)
        return s;
    if (!ctl->json) {
        buf_adds(&ctl->out, "revoked; it stops working everywhere within 10 seconds\n");
        return ST_OK;
    }
    jw_open(&w, NULL, '{');
    jw_bool(&w, "revoked", true);
    jw_close(&w, '}');
    return ST_OK;
}
