/* dispatch - taking what is due, and counting it. */
#include "common/db/dispatch.h"

#include "common/base/random.h"

/*
 * `due` says which rows.  MATERIALIZED, so that the limit is applied once: a plan may otherwise
 * evaluate the locking sub-select again and take more.  A row whose recipient is not there is put off
 * as well, and not told of: it would come again in each round.
 */
#define TAKE_SQL(due)                                                                             \
    "WITH RECURSIVE " due ", found AS MATERIALIZED ("                                             \
    "  SELECT due.message_id, due.n, due.row, r.fence, r.status, r.attempts, r.updated_at, m.expires_at,"  \
    "         CASE WHEN r.status = 'sending' AND r.next_attempt_at IS NULL"                       \
    "              THEN r.updated_at + $4::bigint * interval '1 millisecond' END AS lease_end"    \
    "    FROM due LEFT JOIN message_recipients r ON r.message_id = due.message_id AND r.n = due.n"\
    "    LEFT JOIN messages m ON m.id = r.message_id"                                             \
    "), again AS ("                                                                               \
    "  UPDATE dispatch d"                                                                         \
    "     SET due_at = CASE WHEN f.lease_end > now() THEN f.lease_end"                            \
    "                       ELSE now() + $3::bigint * interval '1 millisecond' END"               \
    "    FROM found f WHERE d.ctid = f.row"                                                       \
    ") "                                                                                          \
    "SELECT message_id, n, fence, status, attempts, coalesce(expires_at <= now(), false),"        \
    "       (extract(epoch FROM now() - updated_at) * 1000)::bigint,"                             \
    "       coalesce(lease_end > now(), false)"                                                   \
    "  FROM found WHERE fence IS NOT NULL"

static const struct statement take_oldest = {
    "dispatch_take",
    TAKE_SQL("due AS MATERIALIZED ("
             "  SELECT message_id, n, ctid AS row FROM dispatch WHERE lane = $1::smallint AND due_at <= now()"
             "   ORDER BY due_at LIMIT $2::int FOR UPDATE SKIP LOCKED"
             ")"),
    4
};

/*
 * The users of the lane are hopped over in the index, one look-up each, which finds what is first due;
 * each who has something due may have an equal part of the limit.  Where there are more users than
 * places, those behind $5 come first: the caller draws it anew each time.  Rows are compared and
 * ordered so that dispatch_turn alone will do: a planner that has seen one user only would look for
 * another's rows among all that are due.
 */
static const struct statement take_in_turn = {
    "dispatch_take_in_turn",
    TAKE_SQL("hop AS ("
             "  (SELECT user_key, due_at FROM dispatch WHERE lane = $1::smallint"
             "    ORDER BY user_key, due_at LIMIT 1)"
             "  UNION ALL"
             "  SELECT next.user_key, next.due_at FROM hop CROSS JOIN LATERAL ("
             "    SELECT user_key, due_at FROM dispatch"
             "     WHERE lane = $1::smallint AND user_key > hop.user_key"
             "     ORDER BY user_key, due_at LIMIT 1) next"
             "), turn AS MATERIALIZED ("
             "  SELECT user_key, greatest(1, $2::int / count(*) OVER ()) AS part"
             "    FROM hop WHERE due_at <= now() ORDER BY user_key < $5::int, user_key"
             "), due AS MATERIALIZED ("
             "  SELECT d.message_id, d.n, d.row FROM turn CROSS JOIN LATERAL ("
             "    SELECT message_id, n, ctid AS row FROM dispatch"
             "     WHERE lane = $1::smallint AND (user_key, due_at) >= (turn.user_key, '-infinity')"
             "       AND (user_key, due_at) <= (turn.user_key, now())"
             "     ORDER BY user_key, due_at LIMIT turn.part FOR UPDATE SKIP LOCKED) d"
             "   LIMIT $2::int"
             ")"),
    5
};

static enum status read_due(const struct rows *rows, struct arena *mem, struct due **out,
                            struct error *err)
{
    struct due *list = ARENA_ARRAY(mem, struct due, rows->count + 1);

    for (size_t i = 0; i < rows->count; i++) {
        list[i] = (struct due){
            .ref = { row_text(rows, i, 0), (int)row_int(rows, i, 1), (int)row_int(rows, i, 2) },
            .attempts = (int)row_int(rows, i, 4),
            .expired = row_bool(rows, i, 5),
            .queued_ms = row_int(rows, i, 6),
            .leased = row_bool(rows, i, 7),
        };
        if (!delivery_parse(row_text(rows, i, 3), &list[i].status))
            return error_set(err, ST_BUG, "recipient row holds an unknown status");
    }
    *out = list;
    return ST_OK;
}

enum status dispatch_take(struct db *db, const struct take *take, struct arena *mem, struct due **out,
                          size_t *count, struct error *err)
{
    const struct statement *st = take->order == TAKE_OLDEST ? &take_oldest : &take_in_turn;
    const char *args[] = { arena_printf(mem, "%d", take->lane), arena_printf(mem, "%d", take->limit),
                           arena_printf(mem, "%lld", (long long)take->grace_ms),
                           arena_printf(mem, "%lld", (long long)take->lease_ms),
                           arena_printf(mem, "%d", (int)(int32_t)random_below(UINT64_C(1) << 32)) };
    struct rows rows;
    enum status s = db_query(db, st, args, mem, &rows, err);

    if (s == ST_OK)
        s = read_due(&rows, mem, out, err);
    if (s == ST_OK)
        *count = rows.count;
    return s;
}

/* Counts walk the index and stop: their cost does not grow with what is due. */
static const struct statement backlog = {
    "dispatch_backlog",
    "SELECT l.lane,"
    "       (SELECT count(*) FROM (SELECT FROM dispatch d"
    "         WHERE d.lane = l.lane AND d.due_at <= now() LIMIT $1::int) AS found),"
    "       (SELECT count(*) FROM (SELECT FROM dispatch d"
    "         WHERE d.lane = l.lane AND d.due_at > now() LIMIT $1::int) AS found),"
    "       (SELECT (extract(epoch FROM now() - d.due_at) * 1000)::bigint FROM dispatch d"
    "         WHERE d.lane = l.lane AND d.due_at <= now() ORDER BY d.due_at LIMIT 1)"
    "  FROM generate_series(0, $2::int - 1) AS l (lane) ORDER BY l.lane",
    2
};

enum status dispatch_backlog(struct db *db, int most, struct arena *mem,
                             struct backlog out[LANE_COUNT], struct error *err)
{
    const char *args[] = { arena_printf(mem, "%d", most), arena_printf(mem, "%d", LANE_COUNT) };
    struct rows r;
    enum status s = db_query(db, &backlog, args, mem, &r, err);

    if (s != ST_OK)
        return s;
    for (size_t lane = 0; lane < LANE_COUNT; lane++)
        out[lane] = (struct backlog){
            .due = row_int(&r, lane, 1), .waiting = row_int(&r, lane, 2),
            .oldest_ms = row_text(&r, lane, 3) == NULL ? -1 : row_int(&r, lane, 3),
        };
    return ST_OK;
}
