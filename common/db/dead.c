/* dead - recipients that failed: listing, replaying, acknowledging. */
#include "common/db/dead.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/db/refs.h"
#include "common/db/sql.h"

/* ---- listing ---- */

#define RECIPIENT                                                                                 \
    "r.message_id, r.n, r.fence, r.platform, r.status, r.recipient, r.provider, r.provider_id,"   \
    " r.error_code, r.error_message, r.attempts, coalesce(m.expires_at <= now(), false) AS expired," \
    " r.purged_at IS NOT NULL AS purged, r.erased_at IS NOT NULL AS erased"

/*
 * $1 platform, $2 provider, $3 code, $4 user, $5 $6 from and before, $7 message.  A recipient that
 * failed more than once stands where it failed last.
 *
 * The indexes of sql/0008 serve only conditions that name their status.  OFFSET 0 keeps the rest
 * behind them: a plan that begins elsewhere reads every failure for each page.
 */
#define FAILURES(way)                                                                             \
    " FROM message_events e CROSS JOIN LATERAL ("                                                 \
    "  SELECT " RECIPIENT " FROM message_recipients r JOIN messages m ON m.id = r.message_id"     \
    "   WHERE r.message_id = e.message_id AND r.n = e.n"                                          \
    "     AND r.status = 'failed' AND r.purged_at IS NULL"                                        \
    "     AND ($1::platform IS NULL OR r.platform = $1::platform)"                                \
    "     AND ($2::text IS NULL OR r.provider = $2::text)"                                        \
    "     AND ($3::text IS NULL OR r.error_code = $3::text)"                                      \
    "     AND ($4::uuid IS NULL OR m.user_id = $4::uuid)"                                         \
    "     AND NOT EXISTS (SELECT FROM message_events l WHERE l.message_id = e.message_id"         \
    "                        AND l.n = e.n AND l.id > e.id AND l.status = 'failed')"              \
    "  OFFSET 0) AS r"                                                                            \
    " WHERE e.status = 'failed' AND " way                                                         \
    "   AND e.at >= $5::timestamptz AND e.at < $6::timestamptz"
#define PAGE(way)                                                                                 \
    "SELECT r.*, " MS("e.at") ", e.id" FAILURES(way)                                              \
    " AND (e.at, e.id) < ($8::timestamptz, $9::bigint)"                                           \
    " ORDER BY e.at DESC, e.id DESC LIMIT $10::int"
#define COUNT(way) "SELECT count(*) FROM (SELECT" FAILURES(way) " LIMIT $8::bigint) AS found"

enum way { BY_TIME, BY_MESSAGE, WAYS };
#define TIME "$7::uuid IS NULL"
#define MESSAGE "e.message_id = $7::uuid"
enum { FILTER_ARGS = 7 };

static const struct statement pages[WAYS] = {
    [BY_TIME] = { "dead_page", PAGE(TIME), FILTER_ARGS + 3 },
    [BY_MESSAGE] = { "dead_page_of_message", PAGE(MESSAGE), FILTER_ARGS + 3 },
};
static const struct statement counts[WAYS] = {
    [BY_TIME] = { "dead_count", COUNT(TIME), FILTER_ARGS + 1 },
    [BY_MESSAGE] = { "dead_count_of_message", COUNT(MESSAGE), FILTER_ARGS + 1 },
};

static enum way way_of(const struct dead_filter *f)
{
    return f->message_id == NULL ? BY_TIME : BY_MESSAGE;
}

static const char *time_or(int64_t ms, const char *otherwise, struct arena *mem)
{
    char text[CLOCK_TEXT_BYTES];

    return ms < 0 ? otherwise : arena_strdup(mem, clock_format(ms, text));
}

static void fill(const struct dead_filter *f, struct arena *mem, const char *args[FILTER_ARGS])
{
    args[0] = f->by_platform ? platform_name(f->platform) : NULL;
    args[1] = f->provider;
    args[2] = f->code;
    args[3] = f->user_id;
    args[4] = time_or(f->since_ms, "-infinity", mem);
    args[5] = time_or(f->until_ms, "infinity", mem);
    args[6] = f->message_id;
}

static bool read_recipient(const struct rows *r, size_t i, struct dead_recipient *out)
{
    *out = (struct dead_recipient){
        .ref = { row_text(r, i, 0), (int)row_int(r, i, 1), (int)row_int(r, i, 2) },
        .address = row_text(r, i, 5), .provider = row_text(r, i, 6),
        .provider_id = row_text(r, i, 7), .code = row_text(r, i, 8), .message = row_text(r, i, 9),
        .attempts = (int)row_int(r, i, 10), .expired = row_bool(r, i, 11),
        .purged = row_bool(r, i, 12), .erased = row_bool(r, i, 13),
        .place = { row_int(r, i, 14), row_int(r, i, 15) },
    };
    return platform_parse(row_text(r, i, 3), &out->platform) &&
           delivery_parse(row_text(r, i, 4), &out->status);
}

static enum status read_all(const struct rows *r, struct arena *mem, struct dead_recipient **out,
                            size_t *count, struct error *err)
{
    struct dead_recipient *list = ARENA_ARRAY(mem, struct dead_recipient, r->count + 1);

    for (size_t i = 0; i < r->count; i++) {
        if (!read_recipient(r, i, &list[i]))
            return error_set(err, ST_BUG, "recipient row holds an unknown platform or status");
    }
    *out = list;
    *count = r->count;
    return ST_OK;
}

enum status dead_page(struct db *db, const struct dead_filter *f, struct dead_place behind,
                      int limit, struct arena *mem, struct dead_recipient **out, size_t *count,
                      struct error *err)
{
    const char *args[FILTER_ARGS + 3];
    struct rows r;
    enum status s;

    fill(f, mem, args);
    args[FILTER_ARGS] = time_or(behind.failed_ms, "infinity", mem);
    args[FILTER_ARGS + 1] = arena_printf(mem, "%lld", (long long)behind.event_id);
    args[FILTER_ARGS + 2] = arena_printf(mem, "%d", limit);
    s = db_query(db, &pages[way_of(f)], args, mem, &r, err);
    return s == ST_OK ? read_all(&r, mem, out, count, err) : s;
}

enum status dead_count(struct db *db, const struct dead_filter *f, size_t most, struct arena *mem,
                       size_t *count, struct error *err)
{
    const char *args[FILTER_ARGS + 1];
    struct rows r;
    enum status s;

    fill(f, mem, args);
    args[FILTER_ARGS] = arena_printf(mem, "%zu", most);
    s = db_query(db, &counts[way_of(f)], args, mem, &r, err);
    if (s == ST_OK)
        *count = (size_t)row_int(&r, 0, 0);
    return s;
}

static const struct statement find = {
    "dead_find",
    "SELECT " RECIPIENT ", " MS("r.updated_at") ", -1"
    "  FROM " REFS_UNNEST " AS w (message_id, n, fence)"
    "  JOIN message_recipients r ON r.message_id = w.message_id AND r.n = w.n"
    "  JOIN messages m ON m.id = r.message_id",
    3
};

enum status dead_find(struct db *db, const struct recipient_ref refs[], size_t n, struct arena *mem,
                      struct dead_recipient **out, size_t *count, struct error *err)
{
    struct ref_arrays a = { 0 };
    struct rows r;
    enum status s;

    refs_begin(&a, refs, n);
    s = db_query_arrays(db, &find, a.col, REF_COLUMNS, NULL, mem, &r, err);
    refs_free(&a);
    return s == ST_OK ? read_all(&r, mem, out, count, err) : s;
}

/* ---- changing ---- */

/*
 * `life` is read off the timeline: whether an outcome was unknown.  One look at the events of each
 * message of the batch, whatever the number of its recipients.
 *
 * Locks are taken in the order of all batches: recipients by (message id, n), then messages by id.
 */
static const struct statement replay = {
    "dead_replay",
    "WITH target AS ("
    "  SELECT r.message_id, r.n, r.attempts, r.provider, r.provider_id, r.error_code, m.priority"
    "    FROM " REFS_UNNEST " AS w (message_id, n, fence)"
    "    JOIN message_recipients r"
    "      ON r.message_id = w.message_id AND r.n = w.n AND r.fence = w.fence"
    "    JOIN messages m ON m.id = r.message_id"
    "   WHERE r.status = $4::delivery_status AND r.erased_at IS NULL"
    "     AND (m.expires_at IS NULL OR m.expires_at > now())"
    "   ORDER BY r.message_id, r.n FOR UPDATE OF r"
    "), life AS ("
    "  SELECT e.message_id, e.n, bool_or(e.possible_duplicate) AS unclear"
    "    FROM message_events e"
    "   WHERE e.message_id IN (SELECT message_id FROM target) AND e.n IS NOT NULL"
    "   GROUP BY e.message_id, e.n"
    "), back AS ("
    "  UPDATE message_recipients r"
    "     SET status = $5::delivery_status, attempts = 0, provider = NULL, provider_id = NULL,"
    "         next_attempt_at = NULL, sent_at = NULL, purged_at = NULL, updated_at = now()"
    "    FROM target t WHERE r.message_id = t.message_id AND r.n = t.n"
    "  RETURNING r.message_id, r.n, r.platform, t.attempts, t.provider, t.provider_id, t.error_code,"
    "            t.priority"
    "), due AS ("
    "  INSERT INTO dispatch (message_id, n, lane, due_at)"
    "  SELECT message_id, n, " LANE("platform", "priority") ", now() FROM back"
    "  ON CONFLICT (message_id, n) DO UPDATE SET due_at = excluded.due_at"
    "), opened AS MATERIALIZED ("
    "  SELECT message_id, count(*) AS n FROM back GROUP BY message_id ORDER BY message_id"
    "), reopened AS ("
    "  UPDATE messages m SET open_count = m.open_count + o.n, status = 'pending', updated_at = now()"
    "    FROM opened o WHERE m.id = o.message_id"
    "), told AS ("
    "  INSERT INTO message_events (message_id, n, event, status, provider, code, detail,"
    "                              possible_duplicate)"
    "  SELECT b.message_id, b.n, 'replayed', $5::delivery_status::text, b.provider, b.error_code,"
    "         'the provider''s id was ' || b.provider_id,"
    "         coalesce(l.unclear, false) OR b.attempts >= $6::int"
    "         OR coalesce(b.error_code IN ('attempts_exhausted', 'outcome_unknown'), false)"
    "    FROM back b LEFT JOIN life l ON l.message_id = b.message_id AND l.n = b.n"
    ") SELECT message_id, n FROM back",
    6
};

static const struct statement purge = {
    "dead_purge",
    "WITH target AS ("
    "  SELECT r.message_id, r.n FROM " REFS_UNNEST " AS w (message_id, n, fence)"
    "    JOIN message_recipients r"
    "      ON r.message_id = w.message_id AND r.n = w.n AND r.fence = w.fence"
    "   WHERE r.status = $4::delivery_status AND r.purged_at IS NULL"
    "   ORDER BY r.message_id, r.n FOR UPDATE OF r"
    "), gone AS ("
    "  UPDATE message_recipients r SET purged_at = now()"
    "    FROM target t WHERE r.message_id = t.message_id AND r.n = t.n"
    "  RETURNING r.message_id, r.n"
    "), told AS ("
    "  INSERT INTO message_events (message_id, n, event) SELECT message_id, n, 'purged' FROM gone"
    ") SELECT message_id, n FROM gone",
    4
};

static void find_moved(const struct rows *rows, const struct recipient_ref refs[], size_t n, bool moved[])
{
    for (size_t i = 0; i < n; i++) {
        moved[i] = rows->count == n;
        for (size_t r = 0; r < rows->count && !moved[i]; r++)
            moved[i] = row_int(rows, r, 1) == refs[i].n &&
                       strcmp(row_text(rows, r, 0), refs[i].message_id) == 0;
    }
}

static enum status change(struct db *db, const struct statement *st,
                          const struct recipient_ref refs[], size_t n, int max_attempts,
                          struct arena *mem, bool moved[], struct error *err)
{
    const char *const more[] = { delivery_name(DS_FAILED),
                                 delivery_name(delivery_step(DS_FAILED, EV_REPLAYED)),
                                 arena_printf(mem, "%d", max_attempts) };
    struct ref_arrays a = { 0 };
    struct rows rows;
    enum status s;

    refs_begin(&a, refs, n);
    s = db_query_arrays(db, st, a.col, REF_COLUMNS, more, mem, &rows, err);
    refs_free(&a);
    if (s == ST_OK)
        find_moved(&rows, refs, n, moved);
    return s;
}

enum status dead_replay(struct db *db, const struct recipient_ref refs[], size_t n, int max_attempts,
                        struct arena *mem, bool moved[], struct error *err)
{
    return change(db, &replay, refs, n, max_attempts, mem, moved, err);
}

enum status dead_purge(struct db *db, const struct recipient_ref refs[], size_t n, struct arena *mem,
                       bool moved[], struct error *err)
{
    return change(db, &purge, refs, n, 0, mem, moved, err);
}
