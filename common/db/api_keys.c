/* api_keys - the table of keys, of which only digests are stored. */
#include "common/db/api_keys.h"

#include <stdio.h>
#include <string.h>

#include "common/base/random.h"
#include "common/base/uuid.h"
#include "common/db/array.h"

#define PREFIX "nsk_"
#define PREFIX_BYTES (sizeof PREFIX - 1)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#define TIME_TEXT(column) \
    "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

static const struct statement add = {
    "api_keys_add",
    "INSERT INTO api_keys (id, user_id, digest, hint) VALUES ($1, $2, decode($3, 'hex'), $4)", 4
};
static const struct statement list = {
    "api_keys_list",
    "SELECT k.id, u.email, k.hint, " TIME_TEXT("k.created_at") ", " TIME_TEXT("k.revoked_at")
    " FROM api_keys k JOIN users u ON u.id = k.user_id"
    " WHERE $1::text IS NULL OR lower(u.email) = lower($1)"
    " ORDER BY k.created_at, k.id", 1
};
/* Revoking twice keeps the first time. */
static const struct statement revoke_by_id = {
    "api_keys_revoke_by_id",
    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1", 1
};
static const struct statement revoke_by_digest = {
    "api_keys_revoke_by_digest",
    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())"
    " WHERE digest = decode($1, 'hex')", 1
};
static const struct statement find = {
    "api_keys_find",
    "SELECT d.place - 1, u.id, u.rate_limit_tier, u.role = 'admin', u.active"
    " FROM unnest($1::text[]) WITH ORDINALITY AS d (digest, place)"
    " JOIN api_keys k ON k.digest = decode(d.digest, 'hex') AND k.revoked_at IS NULL"
    " JOIN users u ON u.id = k.user_id", 1
};

void api_key_make(char out[API_KEY_BYTES])
{
    memcpy(out, PREFIX, PREFIX_BYTES);
    for (size_t i = PREFIX_BYTES; i < API_KEY_BYTES - 1; i++)
        out[i] = alphabet[random_below(sizeof alphabet - 1)];
    out[API_KEY_BYTES - 1] = '\0';
}

bool api_key_is_shaped(const char *key)
{
    return strncmp(key, PREFIX, PREFIX_BYTES) == 0 && strlen(key) == API_KEY_BYTES - 1 &&
           strspn(key + PREFIX_BYTES, alphabet) == API_KEY_BYTES - 1 - PREFIX_BYTES;
}

enum status api_keys_add(struct db *db, const char *id, const char *user_id, const char *key,
                         struct error *err)
{
    char digest[SHA256_HEX_BYTES], hint[API_KEY_HINT_BYTES];
    const char *args[] = { id, user_id, sha256_hex(key, strlen(key), digest), hint };

    snprintf(hint, sizeof hint, "%.*s", API_KEY_HINT_BYTES - 1, key);
    return db_exec(db, &add, args, NULL, err);
}

enum status api_keys_list(struct db *db, const char *email, struct arena *mem, struct api_key **out,
                          size_t *count, struct error *err)
{
    const char *args[] = { email };
    struct rows rows;
    enum status s = db_query(db, &list, args, mem, &rows, err);

    if (s != ST_OK)
        return s;
    *out = ARENA_ARRAY(mem, struct api_key, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        (*out)[i] = (struct api_key){ .id = row_text(&rows, i, 0),
                                      .email = row_text(&rows, i, 1),
                                      .hint = row_text(&rows, i, 2),
                                      .created_at = row_text(&rows, i, 3),
                                      .revoked_at = row_text(&rows, i, 4) };
    }
    *count = rows.count;
    return ST_OK;
}

enum status api_keys_revoke(struct db *db, const char *id_or_key, struct error *err)
{
    bool by_id = uuid_is_valid(id_or_key);
    char digest[SHA256_HEX_BYTES];
    const char *args[] = { by_id ? id_or_key : sha256_hex(id_or_key, strlen(id_or_key), digest) };
    size_t touched;
    enum status s = db_exec(db, by_id ? &revoke_by_id : &revoke_by_digest, args, &touched, err);

    if (s != ST_OK)
        return s;
    return touched == 0 ? error_set(err, ST_NOT_FOUND, "no such key") : ST_OK;
}

static void read_caller(const struct rows *rows, size_t row, struct caller *out)
{
    snprintf(out->user_id, sizeof out->user_id, "%s", row_text(rows, row, 1));
    snprintf(out->tier, sizeof out->tier, "%s", row_text(rows, row, 2));
    out->admin = row_bool(rows, row, 3);
    out->active = row_bool(rows, row, 4);
}

enum status api_keys_find(struct db *db, const char *const digests[], size_t n, struct arena *mem,
                          struct caller out[], bool found[], struct error *err)
{
    struct array wanted = { 0 };
    struct rows rows;
    enum status s;

    if (n == 0)
        return ST_OK;
    array_begin(&wanted, ARRAY_TEXT);
    for (size_t i = 0; i < n; i++)
        array_add_text(&wanted, digests[i]);
    s = db_query_arrays(db, &find, &wanted, 1, NULL, mem, &rows, err);
    array_free(&wanted);
    if (s != ST_OK)
        return s;
    memset(found, 0, n * sizeof *found);
    for (size_t row = 0; row < rows.count; row++) {
        size_t place = (size_t)row_int(&rows, row, 0);

        found[place] = true;
        read_caller(&rows, row, &out[place]);
    }
    return ST_OK;
}
