/* dispatch - taking what is due, and counting it. */
#include "common/db/dispatch.h"

#include "common/base/random.h"
#include "common/db/messages.h"

/* What follows for the caller, of rows with a recipient's columns and lease_end. */
#define DUE_COLUMNS                                                                               \
    " message_id, n, fence, status, attempts, coalesce(expires_at <= now(), false),"              \
    " (extract(epoch FROM now() - updated_at) * 1000)::bigint, coalesce(lease_end > now(), false)"
#define LEASE_END                                                                                 \
    "CASE WHEN r.status = 'sending' AND r.next_attempt_at IS NULL"                                \
    "     THEN r.updated_at + $4::bigint * interval '1 millisecond' END AS lease_end"
#define GRACE "now() + $3::bigint * interval '1 millisecond'"

/*
 * `due` says which rows.  MATERIALIZED, so that the limit is applied once: a plan may otherwise
 * evaluate the locking sub-select again and take more.  A row whose recipient is not there is put off
 * as well, and not told of: it would come again in each round.  One whose recipient has its end goes: it
 * was made for a run just when that came.
 */
#define TAKE_SQL(due)                                                                             \
    "WITH RECURSIVE " due ", found AS MATERIALIZED ("                                             \
    "  SELECT due.message_id, due.n, due.row, r.fence, r.status, r.attempts, r.updated_at,"       \
    "         m.expires_at, " LEASE_END                                                           \
    "    FROM due LEFT JOIN message_recipients r ON r.message_id = due.message_id AND r.n = due.n"\
    "    LEFT JOIN messages m ON m.id = r.message_id"                                             \
    "), again AS ("                                                                               \
    "  UPDATE dispatch d SET due_at = CASE WHEN f.lease_end > now() THEN f.lease_end ELSE " GRACE " END"\
    "    FROM found f WHERE d.ctid = f.row AND (f.status IN (" OPEN_STATES ")) IS NOT FALSE"      \
    "), over AS ("                                                                                \
    "  DELETE FROM dispatch d USING found f WHERE d.ctid = f.row AND f.status NOT IN (" OPEN_STATES ")"\
    ") SELECT" DUE_COLUMNS " FROM found WHERE status IN (" OPEN_STATES ")"

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
 * ordered so that the index by turn alone will do: a planner that has seen one user only would look for
 * another's rows among all that are due.
 */
#define TURN(table)                                                                               \
    "hop AS ("                                                                                    \
    "  (SELECT user_key, due_at FROM " table " WHERE lane = $1::smallint"                         \
    "    ORDER BY user_key, due_at LIMIT 1)"                                                      \
    "  UNION ALL"                                                                                 \
    "  SELECT next.user_key, next.due_at FROM hop CROSS JOIN LATERAL ("                           \
    "    SELECT user_key, due_at FROM " table                                                     \
    "     WHERE lane = $1::smallint AND user_key > hop.user_key"                                  \
    "     ORDER BY user_key, due_at LIMIT 1) next"                                                \
    "), turn AS MATERIALIZED ("                                                                   \
    "  SELECT user_key, greatest(1, $2::int / count(*) OVER ()) AS part"                          \
    "    FROM hop WHERE due_at <= now() ORDER BY user_key < $5::int, user_key"                    \
    ")"
#define THEIRS(columns, table)                                                                    \
    "SELECT " columns ", ctid AS row FROM " table                                                 \
    " WHERE lane = $1::smallint AND (user_key, due_at) >= (turn.user_key, '-infinity')"           \
    "   AND (user_key, due_at) <= (turn.user_key, now())"                                         \
    " ORDER BY user_key, due_at LIMIT turn.part FOR UPDATE SKIP LOCKED"

static const struct statement take_in_turn = {
    "dispatch_take_in_turn",
    TAKE_SQL(TURN("dispatch") ", due AS MATERIALIZED ("
             "  SELECT d.message_id, d.n, d.row FROM turn CROSS JOIN LATERAL ("
             THEIRS("message_id, n", "dispatch") ") d LIMIT $2::int"
             ")"),
    5
};

/*
 * Of each user's runs so many as have his part of the limit, and of the last a piece.  What a run stood for
 * gets rows of its own, as if these had just been taken; `first` goes behind them.  Whose rows are there
 * already, since they wait for a retry, are passed over.
 */
static const struct statement take_runs = {
    "dispatch_take_runs",
    "WITH RECURSIVE " TURN("dispatch_runs") ", run AS MATERIALIZED ("
    "  SELECT d.*, turn.part FROM turn CROSS JOIN LATERAL ("
    THEIRS("message_id, first, span, due_at, user_key", "dispatch_runs") ") d LIMIT $2::int"
    "), share AS MATERIALIZED ("
    "  SELECT *, part + span - sum(span) OVER (PARTITION BY user_key ORDER BY due_at, message_id) AS most"
    "    FROM run"
    "), picked AS MATERIALIZED ("
    "  SELECT s.*, p.* FROM share s CROSS JOIN LATERAL ("
    "    SELECT count(*) AS count, max(n) AS last, array_agg(n) AS ns FROM ("
    "      SELECT r.n FROM message_recipients r"
    "       WHERE r.message_id = s.message_id AND r.n >= s.first AND r.status IN (" OPEN_STATES ")"
    "         AND r.platform = (enum_range(NULL::platform))[$1::smallint / 3 + 1]"
    "         AND NOT EXISTS (SELECT FROM dispatch d WHERE d.message_id = r.message_id AND d.n = r.n)"
    "       ORDER BY r.n LIMIT s.most) r) p"
    "   WHERE s.most > 0"
    "), found AS MATERIALIZED ("
    "  SELECT p.message_id, r.n, p.user_key, r.fence, r.status, r.attempts, r.updated_at, m.expires_at,"
    "         " LEASE_END
    "    FROM picked p CROSS JOIN LATERAL unnest(p.ns) AS k (n)"
    "    JOIN message_recipients r ON r.message_id = p.message_id AND r.n = k.n"
    "    LEFT JOIN messages m ON m.id = p.message_id"
    "), own AS ("
    "  INSERT INTO dispatch (message_id, n, lane, due_at, user_key)"
    "  SELECT message_id, n, $1::smallint, " GRACE ", user_key FROM found ON CONFLICT DO NOTHING"
    "), rest AS ("
    "  UPDATE dispatch_runs d SET first = p.last + 1, span = p.span - p.count"
    "    FROM picked p WHERE d.ctid = p.row AND p.count = p.most AND p.count < p.span"
    "), over AS ("
    "  DELETE FROM dispatch_runs d USING picked p"
    "   WHERE d.ctid = p.row AND (p.count < p.most OR p.count >= p.span)"
    ") SELECT" DUE_COLUMNS " FROM found",
    5
};

static const struct statement *const takes[] = {
    [TAKE_OLDEST] = &take_oldest,
    [TAKE_IN_TURN] = &take_in_turn,
    [TAKE_RUNS] = &take_runs,
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
    const struct statement *st = takes[take->order];
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
#define COUNTED(is)                                                                               \
    "least($1::int, (SELECT count(*) FROM (SELECT FROM dispatch d"                                \
    "         WHERE d.lane = l.lane AND d.due_at " is " now() LIMIT $1::int) AS found)"           \
    "     + (SELECT coalesce(sum(span), 0) FROM (SELECT span FROM dispatch_runs u"                \
    "         WHERE u.lane = l.lane AND u.due_at " is " now() LIMIT $1::int) AS found))"
#define FIRST_DUE(table)                                                                          \
    "(SELECT due_at FROM " table " WHERE lane = l.lane AND due_at <= now() ORDER BY due_at LIMIT 1)"

static const struct statement backlog = {
    "dispatch_backlog",
    "SELECT l.lane, " COUNTED("<=") ", " COUNTED(">") ","
    "       (extract(epoch FROM now() - least(" FIRST_DUE("dispatch") ", " FIRST_DUE("dispatch_runs") "))"
    "        * 1000)::bigint"
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
