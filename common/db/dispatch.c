/* dispatch - taking what is due. */
#include "common/db/dispatch.h"

/*
 * MATERIALIZED, so that the limit is applied once: a plan may otherwise evaluate the locking
 * sub-select again and take more.
 */
static const struct statement take = {
    "dispatch_take",
    "WITH due AS MATERIALIZED ("
    "  SELECT message_id, n FROM dispatch WHERE lane = $1::smallint AND due_at <= now()"
    "   ORDER BY due_at LIMIT $2::int FOR UPDATE SKIP LOCKED"
    "), again AS ("
    "  UPDATE dispatch d SET due_at = now() + $3::bigint * interval '1 millisecond'"
    "    FROM due WHERE d.message_id = due.message_id AND d.n = due.n"
    ") "
    "SELECT r.message_id, r.n, r.fence, r.status, r.attempts,"
    "       coalesce(m.expires_at <= now(), false)"
    "  FROM due JOIN message_recipients r ON r.message_id = due.message_id AND r.n = due.n"
    "  JOIN messages m ON m.id = due.message_id",
    3
};

enum status dispatch_take(struct db *db, int lane, int limit, int64_t grace_ms, struct arena *mem,
                          struct due **out, size_t *count, struct error *err)
{
    const char *args[] = { arena_printf(mem, "%d", lane), arena_printf(mem, "%d", limit),
                           arena_printf(mem, "%lld", (long long)grace_ms) };
    struct rows rows;
    struct due *list;
    enum status s = db_query(db, &take, args, mem, &rows, err);

    if (s != ST_OK)
        return s;
    list = ARENA_ARRAY(mem, struct due, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct due){
            .ref = { row_text(&rows, i, 0), (int)row_int(&rows, i, 1), (int)row_int(&rows, i, 2) },
            .attempts = (int)row_int(&rows, i, 4),
            .expired = row_bool(&rows, i, 5),
        };
        if (!delivery_parse(row_text(&rows, i, 3), &list[i].status))
            return error_set(err, ST_BUG, "recipient row holds an unknown status");
    }
    *out = list;
    *count = rows.count;
    return ST_OK;
}
