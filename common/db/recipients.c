/* recipients - the table of recipients: reading it, and what the belt and callbacks change in it. */
#include "common/db/recipients.h"

#include <string.h>

#include "common/db/events.h"
#include "common/db/messages.h"
#include "common/db/refs.h"
#include "common/db/sql.h"

/*
 * SKIP LOCKED: a row that a worker is claiming needs no mark, and waiting for it could deadlock
 * with the claim's own order of rows.  The timeline is told either way, with the time of publishing,
 * if that is not too long ago for it.  One that was queued before is marked anew, since the patience
 * with its event begins anew.
 */
static const struct statement mark_queued = {
    "recipients_mark_queued",
    "WITH told AS ("
    "  INSERT INTO message_events (message_id, n, at, event, status)"
    "  SELECT message_id, n,"
    "         greatest(at, clock_timestamp() - interval '" TEXT(EVENTS_LATE_MS) " milliseconds'),"
    "         'queued', 'queued'"
    "    FROM unnest($1::uuid[], $2::int[], $4::timestamptz[]) AS w (message_id, n, at)"
    "), free AS ("
    "  SELECT r.ctid AS row FROM " REFS_UNNEST " AS w (message_id, n, fence)"
    "    JOIN message_recipients r"
    "      ON r.message_id = w.message_id AND r.n = w.n AND r.fence = w.fence"
    "   WHERE r.status IN ('pending', 'queued') FOR UPDATE OF r SKIP LOCKED"
    ") UPDATE message_recipients r SET status = 'queued', updated_at = now()"
    "    FROM free WHERE r.ctid = free.row",
    4
};

enum status recipients_mark_queued(struct db *db, const struct queued_mark marks[], size_t n,
                                   struct error *err)
{
    static const enum array_type types[4] = { ARRAY_UUID, ARRAY_INT4, ARRAY_INT4, ARRAY_TIME };
    struct array col[4] = { 0 };
    enum status s;

    arrays_begin(col, types, 4);
    for (size_t i = 0; i < n; i++) {
        array_add_text(&col[0], marks[i].ref.message_id);
        array_add_int(&col[1], marks[i].ref.n);
        array_add_int(&col[2], marks[i].ref.fence);
        array_add_time(&col[3], marks[i].published_ms);
    }
    s = db_exec_arrays(db, &mark_queued, col, 4, NULL, NULL, err);
    arrays_free(col, 4);
    return s;
}

static const struct statement abandon = {
    "recipients_abandon",
    "WITH moved AS ("
    "  UPDATE message_recipients r SET status = 'pending', updated_at = now()"
    "    FROM " REFS_UNNEST " AS w (message_id, n, fence)"
    "   WHERE r.message_id = w.message_id AND r.n = w.n AND r.fence = w.fence"
    "     AND r.status = 'sending'"
    "  RETURNING r.message_id, r.n, r.attempts"
    ") INSERT INTO message_events (message_id, n, event, status, attempt, possible_duplicate)"
    "  SELECT message_id, n, 'abandoned', 'pending', attempts, true FROM moved",
    3
};

enum status recipients_abandon(struct db *db, const struct recipient_ref refs[], size_t n,
                               struct error *err)
{
    struct ref_arrays a = { 0 };
    enum status s;

    refs_begin(&a, refs, n);
    s = db_exec_arrays(db, &abandon, a.col, REF_COLUMNS, NULL, NULL, err);
    refs_free(&a);
    return s;
}

static const struct statement settle = {
    "recipients_settle",
    "WITH moved AS ("
    "  UPDATE message_recipients r"
    "     SET status = $4::delivery_status, error_code = $5, error_message = $6,"
    "         next_attempt_at = NULL, updated_at = now()"
    "    FROM " REFS_UNNEST " AS w (message_id, n, fence)"
    "   WHERE r.message_id = w.message_id AND r.n = w.n AND r.fence = w.fence"
    "     AND r.status IN (" OPEN_STATES ")"
    "  RETURNING r.message_id, r.n, r.status, r.attempts, " WAS_OPEN
    "), done AS ("
    "  DELETE FROM dispatch d USING moved v WHERE d.message_id = v.message_id AND d.n = v.n"
    ")," MESSAGES_SETTLE_CTE
    " INSERT INTO message_events (message_id, n, event, status, attempt, code, detail)"
    "  SELECT message_id, n, status::text, status::text, attempts, $5, $6 FROM moved",
    6
};

enum status recipients_settle(struct db *db, const struct recipient_ref refs[], size_t n,
                              enum delivery_state status, const char *code, const char *message,
                              struct error *err)
{
    const char *const more[] = { delivery_name(status), code, message };
    struct ref_arrays a = { 0 };
    enum status s;

    refs_begin(&a, refs, n);
    s = db_exec_arrays(db, &settle, a.col, REF_COLUMNS, more, NULL, err);
    refs_free(&a);
    return s;
}

static const struct statement page = {
    "recipients_page",
    "SELECT n, platform, status, recipient, provider, provider_id, error_code, error_message,"
    "       attempts, " MS("CASE WHEN status = 'pending' THEN next_attempt_at END") ", " MS("sent_at") ", " MS("delivered_at") ", "
    MS("read_at") ", " MS("updated_at")
    "  FROM message_recipients WHERE message_id = $1 AND n >= $2"
    "   AND ($4::delivery_status IS NULL OR status = $4::delivery_status)"
    "   AND ($5::platform IS NULL OR platform = $5::platform) ORDER BY n LIMIT $3",
    5
};

static int64_t ms_or_none(const struct rows *rows, size_t row, int col)
{
    return row_text(rows, row, col) == NULL ? -1 : row_int(rows, row, col);
}

static bool read_recipient(const struct rows *rows, size_t row, struct recipient *out)
{
    *out = (struct recipient){
        .n = (int)row_int(rows, row, 0),
        .address = row_text(rows, row, 3),
        .provider = row_text(rows, row, 4), .provider_id = row_text(rows, row, 5),
        .error_code = row_text(rows, row, 6), .error_message = row_text(rows, row, 7),
        .attempts = (int)row_int(rows, row, 8),
        .next_attempt_ms = ms_or_none(rows, row, 9), .sent_ms = ms_or_none(rows, row, 10),
        .delivered_ms = ms_or_none(rows, row, 11), .read_ms = ms_or_none(rows, row, 12),
        .updated_ms = ms_or_none(rows, row, 13),
    };
    return platform_parse(row_text(rows, row, 1), &out->platform) &&
           delivery_parse(row_text(rows, row, 2), &out->status);
}

enum status recipients_page(struct db *db, const struct recipients_filter *f, struct arena *mem,
                            struct recipient **out, size_t *count, struct error *err)
{
    struct rows rows;
    struct recipient *list;
    const char *args[] = { f->message_id, arena_printf(mem, "%d", f->first),
                           arena_printf(mem, "%d", f->limit), f->status, f->platform };
    enum status s = db_query(db, &page, args, mem, &rows, err);

    if (s != ST_OK)
        return s;
    list = ARENA_ARRAY(mem, struct recipient, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        if (!read_recipient(&rows, i, &list[i]))
            return error_set(err, ST_BUG, "recipient row holds an unknown platform or status");
    }
    *out = list;
    *count = rows.count;
    return ST_OK;
}

/*
 * The rows are locked first, in order: a claim that is under way is waited for and then seen.  Only
 * where every one of them is still waiting, or was cancelled alone, does any change, so a cancel and a
 * claim never both win.
 */
static const struct statement cancel = {
    "recipients_cancel",
    "WITH target AS ("
    "  SELECT id FROM messages"
    "   WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2::uuid) AND status = 'scheduled'"
    "), locked AS MATERIALIZED ("
    "  SELECT r.message_id, r.n, r.status FROM message_recipients r JOIN target t ON t.id = r.message_id"
    "   ORDER BY r.n FOR UPDATE OF r"
    "), verdict AS ("
    "  SELECT coalesce(bool_and(status IN ('pending', 'queued', 'cancelled')), false) AS free FROM locked"
    "), moved AS ("
    "  UPDATE message_recipients r SET status = 'cancelled', next_attempt_at = NULL, updated_at = now()"
    "    FROM locked l, verdict v WHERE v.free AND r.message_id = l.message_id AND r.n = l.n"
    "     AND l.status <> 'cancelled'"
    "  RETURNING r.message_id, r.n"
    "), done AS ("
    "  DELETE FROM dispatch d USING moved m WHERE d.message_id = m.message_id AND d.n = m.n"
    "), ended AS ("
    "  UPDATE messages m SET status = 'cancelled', open_count = 0, updated_at = now()"
    "   WHERE m.id IN (SELECT message_id FROM moved)"
    "  RETURNING m.id, m.recipient_count, m.open_count"
    "), " RUNS_END_CTE("ended")
    " INSERT INTO message_events (message_id, event, status)"
    "  SELECT id, 'cancelled', 'cancelled' FROM ended",
    2
};

enum status recipients_cancel(struct db *db, const char *message_id, const char *user_id,
                              struct error *err)
{
    size_t ended;
    enum status s = db_exec(db, &cancel, (const char *[]){ message_id, user_id }, &ended, err);

    if (s != ST_OK)
        return s;
    return ended == 1 ? ST_OK : error_set(err, ST_CONFLICT, "the message is not scheduled");
}

static const struct statement count_states = {
    "recipients_count",
    "SELECT status, count(*) FROM message_recipients WHERE message_id = $1 GROUP BY status", 1
};

enum status recipients_count(struct db *db, const char *message_id, struct arena *mem,
                             int counts[DS_COUNT], struct error *err)
{
    struct rows rows;
    enum status s = db_query(db, &count_states, (const char *[]){ message_id }, mem, &rows, err);
    enum delivery_state state;

    if (s != ST_OK)
        return s;
    for (int i = 0; i < DS_COUNT; i++)
        counts[i] = 0;
    for (size_t i = 0; i < rows.count; i++) {
        if (!delivery_parse(row_text(&rows, i, 0), &state))
            return error_set(err, ST_BUG, "recipient row holds an unknown status");
        counts[state] = (int)row_int(&rows, i, 1);
    }
    return ST_OK;
}

/* Told by their places, since ids may be written in capitals. */
static const struct statement find_unknown = {
    "recipients_unknown",
    "SELECT w.place FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS w (message_id, n, place)"
    " WHERE NOT EXISTS (SELECT FROM message_recipients r"
    "                    WHERE r.message_id = w.message_id AND r.n = w.n)",
    2
};

enum status recipients_unknown(struct db *db, const struct recipient_ref refs[], size_t n,
                               struct arena *mem, bool unknown[], struct error *err)
{
    static const enum array_type types[2] = { ARRAY_UUID, ARRAY_INT4 };
    struct array col[2] = { 0 };
    struct rows rows;
    enum status s;

    arrays_begin(col, types, 2);
    for (size_t i = 0; i < n; i++) {
        array_add_text(&col[0], refs[i].message_id);
        array_add_int(&col[1], refs[i].n);
    }
    s = db_query_arrays(db, &find_unknown, col, 2, NULL, mem, &rows, err);
    arrays_free(col, 2);
    if (s != ST_OK)
        return s;
    memset(unknown, false, n * sizeof *unknown);
    for (size_t i = 0; i < rows.count; i++)
        unknown[row_int(&rows, i, 0) - 1] = true;
    return ST_OK;
}
