/* audit - counting recipients by state and reason, on one snapshot, and keeping what it came to. */
#include "common/db/audit.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/db/messages.h"
#include "common/db/sql.h"

/*
 * Each statement joins what a step has of several tables, all of it: a planner that has no figures yet
 * would compare every row with every other.
 */
#define SNAPSHOT                                                                                  \
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL enable_nestloop = off"

static const struct statement now = { "audit_now", "SELECT " MS("now()"), 0 };

enum status audit_begin(struct db *db, struct arena *mem, int64_t *at_ms, struct error *err)
{
    struct rows r;
    enum status s = db_begin(db, err);

    if (s == ST_OK)
        s = db_script(db, SNAPSHOT, err);
    if (s == ST_OK)
        s = db_query(db, &now, NULL, mem, &r, err);
    if (s == ST_OK)
        *at_ms = row_int(&r, 0, 0);
    else
        db_rollback(db);
    return s;
}

void audit_end(struct db *db)
{
    db_rollback(db);
}

/* ---- counting ---- */

static const struct statement sums = {
    "audit_sums",
    "SELECT count(*), coalesce(sum(m.recipient_count), 0),"
    "       coalesce(sum(greatest(m.recipient_count - coalesce(r.n, 0), 0)), 0),"
    "       coalesce(sum(greatest(coalesce(r.n, 0) - m.recipient_count, 0)), 0)"
    "  FROM messages m LEFT JOIN ("
    "    SELECT message_id, count(*) AS n FROM message_recipients"
    "     WHERE message_id > $1::uuid AND message_id <= $2::uuid GROUP BY message_id"
    "  ) r ON r.message_id = m.id"
    " WHERE m.id > $1::uuid AND m.id <= $2::uuid",
    2
};

/* The reasons by their names in reasons[]; recipients without a message are none that were accepted. */
static const struct statement states = {
    "audit_states",
    "SELECT r.status, r.platform,"
    "       CASE WHEN r.status NOT IN (" OPEN_STATES ") THEN 'final'"
    "            WHEN " DUE_AT " IS NULL THEN 'none'"
    "            WHEN r.status = 'sending' THEN CASE WHEN " DUE_AT " > now() THEN 'claimed'"
    "                                                ELSE 'lease_over' END"
    "            WHEN r.status = 'queued' THEN CASE WHEN " DUE_AT " > now() THEN 'belt'"
    "                                               ELSE 'belt_over' END"
    "            WHEN " DUE_AT " <= now() THEN 'due'"
    "            WHEN r.next_attempt_at > now() THEN 'retry'"
    "            WHEN m.scheduled_at > now() THEN 'scheduled'"
    "            ELSE 'soon' END, count(*)"
    "  FROM message_recipients r JOIN messages m ON m.id = r.message_id"
    "  LEFT JOIN dispatch d ON d.message_id = r.message_id AND d.n = r.n"
    "   AND d.message_id > $1::uuid AND d.message_id <= $2::uuid"
    "  LEFT JOIN dispatch_runs u ON " RUN_OF " AND u.message_id > $1::uuid AND u.message_id <= $2::uuid"
    " WHERE r.message_id > $1::uuid AND r.message_id <= $2::uuid"
    "   AND m.id > $1::uuid AND m.id <= $2::uuid"
    " GROUP BY 1, 2, 3",
    2
};

static const char *const reasons[AUDIT_REASONS] = {
    [REASON_FINAL] = "final",         [REASON_SCHEDULED] = "scheduled", [REASON_RETRY] = "retry",
    [REASON_SOON] = "soon",           [REASON_DUE] = "due",             [REASON_BELT] = "belt",
    [REASON_BELT_OVER] = "belt_over", [REASON_CLAIMED] = "claimed",
    [REASON_LEASE_OVER] = "lease_over", [REASON_NONE] = "none",
};

static bool reason_parse(const char *text, enum audit_reason *out)
{
    for (int i = 0; i < AUDIT_REASONS; i++) {
        if (strcmp(reasons[i], text) == 0) {
            *out = (enum audit_reason)i;
            return true;
        }
    }
    return false;
}

static enum status add_states(const struct rows *r, struct audit_counts *io, struct error *err)
{
    for (size_t i = 0; i < r->count; i++) {
        enum delivery_state state;
        enum platform platform;
        enum audit_reason reason;

        if (!delivery_parse(row_text(r, i, 0), &state) ||
            !platform_parse(row_text(r, i, 1), &platform) || !reason_parse(row_text(r, i, 2), &reason))
            return error_set(err, ST_BUG, "recipient row holds an unknown platform or status");
        io->recipients[state][reason][platform] += row_int(r, i, 3);
    }
    return ST_OK;
}

enum status audit_count(struct db *db, const struct span *step, struct arena *mem,
                        struct audit_counts *io, struct error *err)
{
    const char *args[] = { step->after, step->upto };
    struct rows r;
    enum status s = db_query(db, &sums, args, mem, &r, err);

    if (s != ST_OK)
        return s;
    io->messages += row_int(&r, 0, 0);
    io->accepted += row_int(&r, 0, 1);
    io->missing += row_int(&r, 0, 2);
    io->surplus += row_int(&r, 0, 3);
    s = db_query(db, &states, args, mem, &r, err);
    return s == ST_OK ? add_states(&r, io, err) : s;
}

/* ---- finding ---- */

enum status audit_find(struct db *db, size_t check, const struct span *step, int64_t grace_ms,
                       int most, struct arena *mem, struct audit_found **out, size_t *listed,
                       int64_t *count, struct error *err)
{
    const char *args[] = { step->after, step->upto, arena_printf(mem, "%lld", (long long)grace_ms),
                           arena_printf(mem, "%d", most) };
    struct audit_found *list;
    struct rows r;
    enum status s = db_query(db, &audit_checks[check].find, args, mem, &r, err);

    if (s != ST_OK)
        return s;
    list = ARENA_ARRAY(mem, struct audit_found, r.count + 1);
    for (size_t i = 0; i < r.count; i++)
        list[i] = (struct audit_found){ row_text(&r, i, 0),
                                        row_text(&r, i, 1) == NULL ? -1 : (int)row_int(&r, i, 1) };
    *out = list;
    *listed = r.count < (size_t)most ? r.count : (size_t)most;
    *count = r.count == 0 ? 0 : row_int(&r, 0, 2);
    return ST_OK;
}

/* ---- what it came to ---- */

static const struct statement write = {
    "audit_write",
    "WITH old AS ("
    "  DELETE FROM audits WHERE id <= (SELECT id FROM audits ORDER BY id DESC OFFSET 99 LIMIT 1)"
    ") INSERT INTO audits (at, messages, accepted, final, live, lost, orphaned, miscounted, overdue)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    9
};
static const struct statement last = {
    "audit_read",
    "SELECT " MS("at") ", messages, accepted, final, live, lost, orphaned, miscounted, overdue"
    "  FROM audits ORDER BY id DESC LIMIT 1",
    0
};
enum { R_FAULTS = 5 };

enum status audit_write(struct db *db, const struct audit_result *r, struct error *err)
{
    const int64_t numbers[] = { r->messages, r->accepted, r->final, r->live };
    const char *args[R_FAULTS + AUDIT_FAULTS];
    struct arena mem = ARENA_INIT;
    char at[CLOCK_TEXT_BYTES];
    enum status s;

    args[0] = clock_format(r->at_ms, at);
    for (int i = 1; i < R_FAULTS; i++)
        args[i] = arena_printf(&mem, "%lld", (long long)numbers[i - 1]);
    for (int f = 0; f < AUDIT_FAULTS; f++)
        args[R_FAULTS + f] = arena_printf(&mem, "%lld", (long long)r->faults[f]);
    s = db_exec(db, &write, args, NULL, err);
    arena_done(&mem);
    return s;
}

enum status audit_read(struct db *db, struct arena *mem, struct audit_result *out, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, &last, NULL, mem, &r, err);

    if (s != ST_OK)
        return s;
    if (r.count == 0)
        return error_set(err, ST_NOT_FOUND, "nobody has audited yet");
    *out = (struct audit_result){ .at_ms = row_int(&r, 0, 0), .messages = row_int(&r, 0, 1),
                                  .accepted = row_int(&r, 0, 2), .final = row_int(&r, 0, 3),
                                  .live = row_int(&r, 0, 4) };
    for (int f = 0; f < AUDIT_FAULTS; f++)
        out->faults[f] = row_int(&r, 0, R_FAULTS + f);
    return ST_OK;
}
