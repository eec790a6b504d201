/* prune - removing messages that have been finished for long. */
#include "common/db/prune.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/db/messages.h"

/*
 * $1 behind this id, $2 below this id, $3 last changed before, $4 recipients.  `looked` is what the
 * batch looks at, by the counters of messages; `fit` what may go by what messages say of themselves.
 * `locked` are their recipients as a transaction that had to be waited for has left them: a replay
 * that came in between keeps its message.
 */
#define BATCH(locking)                                                                               \
    "WITH looked AS MATERIALIZED ("                                                               \
    "  SELECT id, open_count, status, updated_at FROM ("                                          \
    "    SELECT *, sum(recipient_count) OVER (ORDER BY id) - recipient_count AS before FROM ("    \
    "      SELECT id, open_count, status, updated_at, recipient_count FROM messages"              \
    "       WHERE id > $1::uuid AND id < $2::uuid ORDER BY id LIMIT $4::int) near) counted"       \
    "   WHERE before < $4::int"                                                                   \
    "), fit AS MATERIALIZED ("                                                                    \
    "  SELECT id FROM looked WHERE open_count = 0 AND status NOT IN ('scheduled', 'pending')"     \
    "     AND updated_at < $3::timestamptz"                                                       \
    "), locked AS MATERIALIZED ("                                                                 \
    "  SELECT r.message_id, r.status, r.updated_at"                                               \
    "    FROM fit JOIN message_recipients r ON r.message_id = fit.id"                             \
    "   ORDER BY r.message_id, r.n " locking                                                       \
    "), free AS MATERIALIZED ("                                                                   \
    "  SELECT message_id AS id FROM locked GROUP BY message_id"                                   \
    "  HAVING bool_and(status NOT IN (" OPEN_STATES ") AND updated_at < $3::timestamptz)"         \
    ")"
#define FOUND                                                                                     \
    "SELECT (SELECT id FROM looked ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM looked),"     \
    "       ARRAY(SELECT id FROM free)::text"

static const struct statement look = { "prune_look", BATCH("") FOUND, 4 };
static const struct statement lock = { "prune_lock", BATCH("FOR UPDATE OF r") FOUND, 4 };
enum { F_LAST, F_LOOKED, F_FREE };

/*
 * A statement of its own behind the locks, so that it sees all that was written before them: whoever
 * comes later finds the recipients gone.
 */
static const struct statement remove_some = {
    "prune_remove",
    "WITH gone AS ("
    "  DELETE FROM messages WHERE id = ANY ($1::uuid[]) RETURNING id"
    "), recipients AS ("
    "  DELETE FROM message_recipients r USING gone WHERE r.message_id = gone.id RETURNING 1"
    "), timers AS ("
    "  DELETE FROM dispatch d USING gone WHERE d.message_id = gone.id"
    "), runs AS ("
    "  DELETE FROM dispatch_runs u USING gone WHERE u.message_id = gone.id"
    "), events AS ("
    "  DELETE FROM message_events e USING gone WHERE e.message_id = gone.id RETURNING 1"
    "), parked AS ("
    "  DELETE FROM callback_parked p USING gone WHERE p.message_id = gone.id RETURNING 1"
    ") SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM recipients),"
    "         (SELECT count(*) FROM events), (SELECT count(*) FROM parked)",
    1
};
static const struct statement count_some = {
    "prune_count",
    "SELECT (SELECT count(*) FROM messages WHERE id = ANY ($1::uuid[])),"
    "       (SELECT count(*) FROM message_recipients WHERE message_id = ANY ($1::uuid[])),"
    "       (SELECT count(*) FROM message_events WHERE message_id = ANY ($1::uuid[])),"
    "       (SELECT count(*) FROM callback_parked WHERE message_id = ANY ($1::uuid[]))",
    1
};
enum { MESSAGES, RECIPIENTS, EVENTS, PARKED };

static enum status take(struct db *db, const struct statement *st, const char *ids, struct arena *mem,
                        struct prune_tally *io, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, st, &ids, mem, &r, err);

    if (s != ST_OK)
        return s;
    io->messages += row_int(&r, 0, MESSAGES);
    io->recipients += row_int(&r, 0, RECIPIENTS);
    io->events += row_int(&r, 0, EVENTS);
    io->parked += row_int(&r, 0, PARKED);
    return ST_OK;
}

static enum status find(struct db *db, struct prune_place *place, int64_t before_ms, int recipients,
                        bool dry, struct arena *mem, struct rows *r, struct error *err)
{
    char below[UUID_TEXT_BYTES], before[CLOCK_TEXT_BYTES];
    const char *args[] = { place->after, below, clock_format(before_ms, before),
                           arena_printf(mem, "%d", recipients) };

    uuid_first_of(before_ms, below);
    return db_query(db, dry ? &look : &lock, args, mem, r, err);
}

/* *io and *place are those of before where the transaction was not committed. */
enum status prune_batch(struct db *db, struct prune_place *place, int64_t before_ms, int recipients,
                        bool dry, struct arena *mem, struct prune_tally *io, bool *more,
                        struct error *err)
{
    struct prune_tally tally = *io;
    struct rows r;
    enum status s = db_begin(db, err);

    if (s == ST_OK)
        s = find(db, place, before_ms, recipients, dry, mem, &r, err);
    if (s == ST_OK && strcmp(row_text(&r, 0, F_FREE), "{}") != 0)
        s = take(db, dry ? &count_some : &remove_some, row_text(&r, 0, F_FREE), mem, &tally, err);
    if (s == ST_OK)
        s = db_commit(db, err);
    db_rollback(db);
    if (s != ST_OK)
        return s;
    tally.looked += row_int(&r, 0, F_LOOKED);
    *io = tally;
    *more = row_text(&r, 0, F_LAST) != NULL;
    if (*more)
        strcpy(place->after, row_text(&r, 0, F_LAST));
    return ST_OK;
}
