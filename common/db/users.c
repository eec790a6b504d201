/* users - the table of accounts. */
#include "common/db/users.h"

#define USER_COLUMNS                                                                   \
    "SELECT u.id, u.email, u.role, u.rate_limit_tier,"                                 \
    " to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),"  \
    " u.active,"                                                                       \
    " (SELECT count(*) FROM api_keys k WHERE k.user_id = u.id AND k.revoked_at IS NULL)" \
    " FROM users u"

static const struct statement add = {
    "users_add", "INSERT INTO users (id, email, role, rate_limit_tier) VALUES ($1, $2, $3, $4)", 4
};
static const struct statement find = {
    "users_find", USER_COLUMNS " WHERE lower(u.email) = lower($1)", 1
};
static const struct statement find_by_id = {
    "users_find_by_id", USER_COLUMNS " WHERE u.id = $1", 1
};
static const struct statement list = {
    "users_list", USER_COLUMNS " ORDER BY u.created_at, u.id", 0
};
static const struct statement set_active = {
    "users_set_active", "UPDATE users SET active = $2 WHERE lower(email) = lower($1)", 2
};

static void read_user(const struct rows *rows, size_t row, struct user *out)
{
    out->id = row_text(rows, row, 0);
    out->email = row_text(rows, row, 1);
    out->role = row_text(rows, row, 2);
    out->tier = row_text(rows, row, 3);
    out->created_at = row_text(rows, row, 4);
    out->active = row_bool(rows, row, 5);
    out->keys = (long)row_int(rows, row, 6);
}

/* The address is in the caller's hands; error.h keeps addresses out of the words. */
static enum status no_such_user(struct error *err)
{
    return error_set(err, ST_NOT_FOUND, "no user has this address");
}

enum status users_add(struct db *db, const char *id, const char *email, const char *role,
                      const char *tier, struct error *err)
{
    const char *args[] = { id, email, role, tier };
    enum status s = db_exec(db, &add, args, NULL, err);

    if (s == ST_CONFLICT)
        return error_set(err, ST_CONFLICT, "a user has this address already");
    return s;
}

static enum status find_one(struct db *db, const struct statement *st, const char *by,
                            struct arena *mem, struct user *out, struct error *err)
{
    struct rows rows;
    enum status s = db_query(db, st, (const char *[]){ by }, mem, &rows, err);

    if (s != ST_OK)
        return s;
    if (rows.count == 0)
        return error_set(err, ST_NOT_FOUND, "there is no such user");
    read_user(&rows, 0, out);
    return ST_OK;
}

enum status users_find(struct db *db, const char *email, struct arena *mem, struct user *out,
                       struct error *err)
{
    enum status s = find_one(db, &find, email, mem, out, err);

    return s == ST_NOT_FOUND ? no_such_user(err) : s;
}

enum status users_find_by_id(struct db *db, const char *id, struct arena *mem, struct user *out,
                             struct error *err)
{
    return find_one(db, &find_by_id, id, mem, out, err);
}

enum status users_list(struct db *db, struct arena *mem, struct user **out, size_t *count,
                       struct error *err)
{
    struct rows rows;
    enum status s = db_query(db, &list, NULL, mem, &rows, err);

    if (s != ST_OK)
        return s;
    *out = ARENA_ARRAY(mem, struct user, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        read_user(&rows, i, &(*out)[i]);
    *count = rows.count;
    return ST_OK;
}

enum status users_set_active(struct db *db, const char *email, bool active, struct error *err)
{
    const char *args[] = { email, active ? "true" : "false" };
    size_t touched;
    enum status s = db_exec(db, &set_active, args, &touched, err);

    if (s != ST_OK)
        return s;
    return touched == 0 ? no_such_user(err) : ST_OK;
}
