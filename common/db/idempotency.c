/* idempotency - looking up kept answers, and forgetting old ones. */
#include "common/db/idempotency.h"

#include <stdio.h>

static const struct statement find = {
    "idempotency_find",
    "SELECT token, encode(body_sha256, 'hex'), status, location, response FROM idempotency"
    " WHERE user_id = $1 AND key = $2",
    2
};

enum status idempotency_find(struct db *db, const char *user_id, const char *key, struct arena *mem,
                             struct kept_answer *out, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, &find, (const char *[]){ user_id, key }, mem, &r, err);

    if (s != ST_OK)
        return s;
    if (r.count == 0)
        return error_set(err, ST_NOT_FOUND, "no answer is kept for this key");
    *out = (struct kept_answer){ .token = row_text(&r, 0, 0),
                                 .body_sha256 = row_text(&r, 0, 1),
                                 .status = (int)row_int(&r, 0, 2),
                                 .location = row_text(&r, 0, 3),
                                 .response = row_text(&r, 0, 4) };
    return ST_OK;
}

static const struct statement prune = {
    "idempotency_prune",
    "DELETE FROM idempotency WHERE ctid = ANY (ARRAY("
    "  SELECT ctid FROM idempotency WHERE created_at < now() - interval '24 hours'"
    "   ORDER BY created_at LIMIT $1::int FOR UPDATE SKIP LOCKED))",
    1
};

enum status idempotency_prune(struct db *db, int limit, size_t *pruned, struct error *err)
{
    char most[12];

    snprintf(most, sizeof most, "%d", limit);
    return db_exec(db, &prune, (const char *[]){ most }, pruned, err);
}
