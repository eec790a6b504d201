/* erase - a person's address, removed from wherever it stands. */
#include "common/db/erase.h"

#include "common/db/messages.h"

/* $1 after, $2 up to, $3 the address, $4 the platform. */
#define WITHIN(id) " " id " > $1::uuid AND " id " <= $2::uuid"
#define THEIRS                                                                                    \
    "lower(r.recipient) = lower($3::text)"                                                        \
    " AND ($4::platform IS NULL OR r.platform = $4::platform)"
#define WAITING "'pending', 'queued'"
#define GOES "(r.erased_at IS NOT NULL OR r.status <> 'sending' AND " THEIRS ")"

/*
 * All recipients of the messages are locked, so that the status that follows from all of them is
 * right whoever else is at work.
 */
static const struct statement cancel = {
    "erase_cancel",
    "WITH target AS MATERIALIZED ("
    "  SELECT DISTINCT r.message_id FROM message_recipients r"
    "   WHERE" WITHIN("r.message_id") " AND " THEIRS " AND r.status IN (" WAITING ")"
    "), locked AS MATERIALIZED ("
    "  SELECT r.message_id, r.n, r.status, " THEIRS " AND r.status IN (" WAITING ") AS goes"
    "    FROM target t JOIN message_recipients r ON r.message_id = t.message_id"
    "   ORDER BY r.message_id, r.n FOR UPDATE OF r"
    "), moved AS ("
    "  UPDATE message_recipients r"
    "     SET status = 'cancelled', next_attempt_at = NULL, updated_at = now()"
    "    FROM locked l WHERE l.goes AND r.message_id = l.message_id AND r.n = l.n"
    "  RETURNING r.message_id, r.n"
    "), done AS ("
    "  DELETE FROM dispatch d USING moved v WHERE d.message_id = v.message_id AND d.n = v.n"
    "), gone AS MATERIALIZED ("
    "  SELECT message_id, count(*) FILTER (WHERE goes) AS n,"
    "         count(*) FILTER (WHERE goes OR status = 'cancelled') AS cancelled"
    "    FROM locked GROUP BY message_id HAVING bool_or(goes) ORDER BY message_id"
    "), settled AS ("
    "  UPDATE messages m"
    "     SET open_count = m.open_count - g.n, updated_at = now(),"
    "         status = CASE WHEN m.open_count > g.n THEN m.status"
    "                       WHEN m.sent_count > 0 THEN 'completed'"
    "                       WHEN m.expired_count = m.recipient_count THEN 'expired'"
    "                       WHEN g.cancelled = m.recipient_count THEN 'cancelled'"
    "                       ELSE 'failed' END::message_status"
    "    FROM gone g WHERE m.id = g.message_id"
    "  RETURNING m.id, m.recipient_count, m.open_count"
    "), " RUNS_END_CTE("settled") ", told AS ("
    "  INSERT INTO message_events (message_id, n, event, status)"
    "  SELECT message_id, n, 'cancelled', 'cancelled' FROM moved"
    ") SELECT count(*) FROM moved",
    4
};

/* A failed one is no dead letter any more: it can never be replayed. */
static const struct statement blank = {
    "erase_blank",
    "WITH target AS MATERIALIZED ("
    "  SELECT r.message_id, r.n FROM message_recipients r"
    "   WHERE" WITHIN("r.message_id") " AND " THEIRS " AND r.status NOT IN (" OPEN_STATES ")"
    "   ORDER BY r.message_id, r.n FOR UPDATE OF r"
    "), blanked AS ("
    "  UPDATE message_recipients r"
    "     SET recipient = '" ERASED "', metadata = NULL, provider_id = NULL, error_message = NULL,"
    "         erased_at = now(), updated_at = now(),"
    "         purged_at = CASE WHEN r.status = 'failed' THEN coalesce(r.purged_at, now()) END"
    "    FROM target t WHERE r.message_id = t.message_id AND r.n = t.n"
    "  RETURNING r.message_id, r.n"
    "), lines AS ("
    "  UPDATE message_events e SET provider_id = NULL, detail = NULL"
    "    FROM target t WHERE e.message_id = t.message_id AND e.n = t.n"
    "     AND (e.provider_id IS NOT NULL OR e.detail IS NOT NULL)"
    "), told AS ("
    "  INSERT INTO message_events (message_id, n, event) SELECT message_id, n, 'erased' FROM blanked"
    ") SELECT count(*) FROM blanked",
    4
};

/* Whoever's they were: a run that was cut off left some. */
static const struct statement empty = {
    "erase_content",
    "WITH alone AS ("
    "  SELECT message_id FROM message_recipients WHERE" WITHIN("message_id")
    "   GROUP BY message_id HAVING bool_and(erased_at IS NOT NULL)"
    "), target AS MATERIALIZED ("
    "  SELECT m.id FROM messages m JOIN alone a ON a.message_id = m.id"
    "   WHERE" WITHIN("m.id") " AND (m.content <> '" ERASED "'"
    "      OR num_nonnulls(m.subject, m.html, m.metadata, m.senders) > 0)"
    "   ORDER BY m.id FOR UPDATE OF m"
    "), emptied AS ("
    "  UPDATE messages m SET content = '" ERASED "', subject = NULL, html = NULL, metadata = NULL,"
    "                        senders = NULL"
    "    FROM target t WHERE m.id = t.id RETURNING 1"
    ") SELECT count(*) FROM emptied",
    2
};

/* ---- texts ---- */

/* The pattern finds nothing where it is NULL. */
#define TEXTS "concat_ws(chr(10), m.content, m.subject, m.html, m.metadata::text, m.senders::text)"
#define OWN_TEXTS "concat_ws(chr(10), r.error_code, r.error_message, r.metadata::text)"
#define LINE_TEXTS "concat_ws(chr(10), e.code, e.detail)"
#define CUT(column) "regexp_replace(" column ", $3::text, '" ERASED "', 'gi')"

/* Of others: what is theirs alone goes whole. */
static const struct statement mentions = {
    "erase_mentions",
    "SELECT count(*), count(*) FILTER (WHERE open_count = 0 AND mentions),"
    "       count(*) FILTER (WHERE open_count > 0 AND mentions) FROM ("
    "  SELECT m.open_count, m.id IN ("
    "    SELECT m.id FROM messages m WHERE" WITHIN("m.id") " AND " TEXTS " ~* $5::text"
    "    UNION ALL SELECT r.message_id FROM message_recipients r"
    "     WHERE" WITHIN("r.message_id") " AND " OWN_TEXTS " ~* $5::text AND NOT (" THEIRS ")"
    "    UNION ALL SELECT e.message_id FROM message_events e"
    "     WHERE" WITHIN("e.message_id") " AND num_nonnulls(e.code, e.detail) > 0"
    "       AND " LINE_TEXTS " ~* $5::text"
    "  ) AND m.id NOT IN ("
    "    SELECT r.message_id FROM message_recipients r WHERE" WITHIN("r.message_id")
    "     GROUP BY r.message_id HAVING bool_and(" GOES ")"
    "  ) AS mentions FROM messages m WHERE" WITHIN("m.id") ") all_of_them",
    5
};
static const struct statement cut_messages = {
    "erase_cut_messages",
    "WITH target AS MATERIALIZED ("
    "  SELECT m.id FROM messages m"
    "   WHERE" WITHIN("m.id") " AND m.open_count = 0 AND " TEXTS " ~* $3::text"
    "   ORDER BY m.id FOR UPDATE OF m"
    ") UPDATE messages m"
    "     SET content = " CUT("m.content") ", subject = " CUT("m.subject") ", html = " CUT("m.html") ","
    "         metadata = " CUT("m.metadata::text") "::json, senders = " CUT("m.senders::text") "::jsonb"
    "    FROM target t WHERE m.id = t.id AND m.open_count = 0",
    3
};
static const struct statement cut_recipients = {
    "erase_cut_recipients",
    "WITH target AS MATERIALIZED ("
    "  SELECT r.message_id, r.n FROM message_recipients r"
    "   WHERE" WITHIN("r.message_id") " AND r.status NOT IN (" OPEN_STATES ")"
    "     AND " OWN_TEXTS " ~* $3::text"
    "   ORDER BY r.message_id, r.n FOR UPDATE OF r"
    ") UPDATE message_recipients r"
    "     SET error_code = " CUT("r.error_code") ", error_message = " CUT("r.error_message") ","
    "         metadata = " CUT("r.metadata::text") "::json"
    "    FROM target t WHERE r.message_id = t.message_id AND r.n = t.n",
    3
};
static const struct statement cut_events = {
    "erase_cut_events",
    "UPDATE message_events e SET code = " CUT("e.code") ", detail = " CUT("e.detail")
    " WHERE" WITHIN("e.message_id") " AND num_nonnulls(e.code, e.detail) > 0"
    "   AND " LINE_TEXTS " ~* $3::text",
    3
};

/* ---- what would be done ---- */

static const struct statement look = {
    "erase_look",
    "SELECT count(*) FILTER (WHERE theirs AND status IN (" WAITING ")),"
    "       count(*) FILTER (WHERE theirs AND status <> 'sending'),"
    "       count(*) FILTER (WHERE theirs AND status = 'sending'),"
    "       count(DISTINCT message_id) FILTER (WHERE theirs AND alone)"
    "  FROM (SELECT message_id, status, theirs,"
    "          bool_and(goes) OVER (PARTITION BY message_id) AS alone"
    "     FROM (SELECT r.message_id, r.status, " THEIRS " AS theirs, " GOES " AS goes"
    "             FROM message_recipients r WHERE" WITHIN("r.message_id") ") rows) judged",
    4
};
enum { L_CANCELLED, L_ERASED, L_IN_FLIGHT, L_CONTENTS };

static enum status count_mentions(struct db *db, const struct erase_person *who,
                                  const struct span *step, struct arena *mem, struct erase_tally *io,
                                  struct error *err)
{
    const char *args[] = { step->after, step->upto, who->address, who->platform, who->in_texts };
    struct rows r;
    enum status s = db_query(db, &mentions, args, mem, &r, err);

    if (s != ST_OK)
        return s;
    io->looked += row_int(&r, 0, 0);
    io->counts[ERASE_MENTIONS] += row_int(&r, 0, 1);
    io->counts[ERASE_LIVE] += row_int(&r, 0, 2);
    return ST_OK;
}

static enum status look_at_recipients(struct db *db, const struct erase_person *who,
                                      const struct span *step, struct arena *mem, struct rows *r,
                                      struct error *err)
{
    const char *args[] = { step->after, step->upto, who->address, who->platform };

    return db_query(db, &look, args, mem, r, err);
}

enum status erase_look(struct db *db, const struct erase_person *who, const struct span *step,
                       struct arena *mem, struct erase_tally *io, struct error *err)
{
    struct rows r;
    enum status s = look_at_recipients(db, who, step, mem, &r, err);

    if (s != ST_OK)
        return s;
    io->counts[ERASE_CANCELLED] += row_int(&r, 0, L_CANCELLED);
    io->counts[ERASE_ERASED] += row_int(&r, 0, L_ERASED);
    io->counts[ERASE_IN_FLIGHT] += row_int(&r, 0, L_IN_FLIGHT);
    io->counts[ERASE_CONTENTS] += row_int(&r, 0, L_CONTENTS);
    return count_mentions(db, who, step, mem, io, err);
}

/* ---- doing it ---- */

static enum status count_one(struct db *db, const struct statement *st, const char *const args[],
                             struct arena *mem, int64_t *io, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, st, args, mem, &r, err);

    if (s == ST_OK)
        *io += row_int(&r, 0, 0);
    return s;
}

static enum status cut_texts(struct db *db, const struct erase_person *who, const struct span *step,
                             struct error *err)
{
    static const struct statement *const cuts[] = { &cut_recipients, &cut_messages, &cut_events };
    const char *args[] = { step->after, step->upto, who->in_texts };
    enum status s = ST_OK;

    for (size_t i = 0; i < sizeof cuts / sizeof *cuts && s == ST_OK; i++)
        s = db_exec(db, cuts[i], args, NULL, err);
    return s;
}

enum status erase_step(struct db *db, const struct erase_person *who, const struct span *step, bool cut,
                       struct arena *mem, struct erase_tally *io, struct error *err)
{
    const char *args[] = { step->after, step->upto, who->address, who->platform };
    struct rows r;
    enum status s = count_one(db, &cancel, args, mem, &io->counts[ERASE_CANCELLED], err);

    if (s == ST_OK)
        s = count_one(db, &blank, args, mem, &io->counts[ERASE_ERASED], err);
    if (s == ST_OK)
        s = count_one(db, &empty, args, mem, &io->counts[ERASE_CONTENTS], err);
    if (s == ST_OK)
        s = count_mentions(db, who, step, mem, io, err);
    if (s == ST_OK && cut && who->in_texts != NULL)
        s = cut_texts(db, who, step, err);
    if (s == ST_OK)
        s = look_at_recipients(db, who, step, mem, &r, err);
    if (s == ST_OK) /* what came back to the queue between two statements is no less left over */
        io->counts[ERASE_IN_FLIGHT] += row_int(&r, 0, L_IN_FLIGHT) + row_int(&r, 0, L_ERASED);
    return s;
}

static const struct statement forget_keys = {
    "erase_keys", "WITH gone AS (DELETE FROM idempotency"
    " WHERE concat_ws(chr(10), key, location, response) ~* $1::text RETURNING 1) SELECT count(*) FROM gone", 1
};
static const struct statement forget_callbacks = {
    "erase_callbacks",
    "WITH parked AS (DELETE FROM callback_parked WHERE concat_ws(chr(10), event_id, provider_id, code,"
    "                message) ~* $1::text RETURNING 1),"
    "     inbox AS (DELETE FROM callback_inbox WHERE event_id ~* $1::text RETURNING 1)"
    " SELECT (SELECT count(*) FROM parked) + (SELECT count(*) FROM inbox)",
    1
};

enum status erase_elsewhere(struct db *db, const struct erase_person *who, struct arena *mem,
                            struct erase_tally *io, struct error *err)
{
    enum status s = ST_OK;

    if (who->in_keys == NULL)
        return ST_OK;
    s = count_one(db, &forget_keys, &who->in_keys, mem, &io->counts[ERASE_KEYS], err);
    if (s == ST_OK)
        s = count_one(db, &forget_callbacks, &who->in_keys, mem, &io->counts[ERASE_CALLBACKS], err);
    return s;
}
