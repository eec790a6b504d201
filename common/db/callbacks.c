/* callbacks - the inbox of callbacks, the parked ones, and what they do to recipients. */
#include "common/db/callbacks.h"

#include "common/base/uuid.h"
#include "common/db/array.h"
#include "common/db/messages.h"
#include "common/db/sql.h"
#include "common/model/recipient.h"

/*
 * The middle of both statements.  They begin with `live`: reports, each once (provider, event_id,
 * event, step, own_message, own_n, provider_id, code, message, address).  $1 to $4 are the transition
 * table: from, step, to, and the step's weight.
 *
 * `named` adds whom each is about; `names` are the providers that may have told it.  `before` adds
 * that recipient, locked in the order of all batches, as a transaction that had to be waited for has
 * left it.  `weighed` is what each report alone would do; of several about one recipient the heaviest
 * is carried out, which ends where one after the other would.  `moved` are those of them that their
 * message's counters know of: from sent to delivered they count as before, and its row stays as it is.
 */
#define APPLY                                                                                     \
    "named AS MATERIALIZED ("                                                                     \
    "  SELECT l.*, w.message_id, w.n"                                                             \
    "    FROM (SELECT *, string_to_array(provider, ',') AS names FROM live) l LEFT JOIN LATERAL ("\
    "    SELECT r.message_id, r.n FROM message_recipients r"                                      \
    "     WHERE r.message_id = l.own_message AND r.n = l.own_n"                                   \
    "    UNION ALL"                                                                               \
    "    (SELECT e.message_id, e.n FROM message_events e"                                         \
    "      WHERE hashtextextended(e.provider_id, 0) = hashtextextended(l.provider_id, 0)"         \
    "        AND e.provider_id = l.provider_id AND e.provider = ANY (l.names)"                    \
    "      ORDER BY e.id DESC LIMIT 1)"                                                           \
    "    UNION ALL"                                                                               \
    "    (SELECT r.message_id, r.n FROM message_recipients r"                                     \
    "      WHERE hashtextextended(r.recipient, 0) = hashtextextended(l.address, 0)"               \
    "        AND r.recipient = l.address ORDER BY uuid_send(r.message_id) DESC LIMIT 1)"          \
    "    LIMIT 1) w ON true"                                                                      \
    "), before AS MATERIALIZED ("                                                                 \
    "  SELECT n.*, r.status AS was, r.attempts, r.provider AS sender, r.provider_id AS sent_id"   \
    "    FROM named n JOIN message_recipients r ON r.message_id = n.message_id AND r.n = n.n"     \
    "   ORDER BY r.message_id, r.n FOR UPDATE OF r"                                               \
    "), weighed AS MATERIALIZED ("                                                                \
    "  SELECT b.*, CASE WHEN b.sender = ANY (b.names) THEN b.sender ELSE b.names[1] END"          \
    "              AS teller, s.becomes, s.weight"                                                \
    "    FROM before b"                                                                           \
    "    LEFT JOIN unnest($1::delivery_status[], $2::text[], $3::delivery_status[], $4::int[])"   \
    "      AS s (was, step, becomes, weight)"                                                     \
    "      ON s.was = b.was AND s.step = b.step"                                                  \
    "     AND (b.was NOT IN (" SENT_STATES ") OR coalesce(b.sender = ANY (b.names), true))"       \
    "     AND (b.was <> 'sent' OR s.becomes <> 'failed'"                                          \
    "          OR coalesce(starts_with(b.provider_id, b.sent_id), true))"                         \
    "     AND (b.was NOT IN ('pending', 'queued') OR s.becomes <> 'failed' OR b.attempts > 0)"    \
    "), heaviest AS ("                                                                            \
    "  SELECT DISTINCT ON (message_id, n) * FROM weighed WHERE becomes IS NOT NULL"               \
    "   ORDER BY message_id, n, weight DESC, event_id"                                            \
    "), changed AS ("                                                                             \
    "  UPDATE message_recipients r"                                                               \
    "     SET status = h.becomes, updated_at = now(), next_attempt_at = NULL,"                    \
    "         provider = CASE WHEN h.was IN (" SENT_STATES ")"                                    \
    "                         THEN coalesce(r.provider, h.teller) ELSE h.teller END,"             \
    "         provider_id = CASE WHEN r.erased_at IS NOT NULL THEN NULL"                           \
    "                            WHEN h.was IN (" SENT_STATES ")"                                 \
    "                            THEN coalesce(r.provider_id, h.provider_id)"                     \
    "                            ELSE coalesce(h.provider_id, r.provider_id) END,"                \
    "         error_code = h.code,"                                                               \
    "         error_message = CASE WHEN r.erased_at IS NULL THEN h.message END,"                  \
    "         sent_at = CASE WHEN h.becomes = 'failed' THEN r.sent_at"                            \
    "                        ELSE coalesce(r.sent_at, now()) END,"                                \
    "         delivered_at = CASE WHEN h.becomes IN ('delivered', 'read')"                        \
    "                             THEN coalesce(r.delivered_at, now()) ELSE r.delivered_at END,"  \
    "         read_at = CASE WHEN h.becomes = 'read' THEN now() ELSE r.read_at END"               \
    "    FROM heaviest h WHERE r.message_id = h.message_id AND r.n = h.n"                         \
    "  RETURNING r.message_id, r.n, r.status, h.was"                                              \
    "), moved AS ("                                                                               \
    "  SELECT message_id, n, status, was FROM changed"                                            \
    "   WHERE was NOT IN (" SENT_STATES ") OR status NOT IN (" SENT_STATES ")"                    \
    "), done AS ("                                                                                \
    "  DELETE FROM dispatch d USING moved v WHERE d.message_id = v.message_id AND d.n = v.n"      \
    ")," MESSAGES_SETTLE_CTE                                                                      \
    ", told AS ("                                                                                 \
    "  INSERT INTO message_events (message_id, n, event, status, provider, code, detail)"         \
    "  SELECT message_id, n, 'reported', becomes::text, teller, code,"                            \
    "         CASE WHEN becomes IS NULL THEN concat_ws(': ', event, message) ELSE message END"    \
    "    FROM weighed ORDER BY message_id, n, weight NULLS FIRST, event_id"                       \
    ")"

/* $5 to $14: one element a report. */
static const struct statement record = {
    "callbacks_record",
    "WITH given AS MATERIALIZED ("
    "  SELECT DISTINCT ON (provider, event_id) *"
    "    FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::uuid[], $10::int[],"
    "                $11::text[], $12::text[], $13::text[], $14::text[])"
    "      AS g (provider, event_id, event, step, own_message, own_n, provider_id, code, message,"
    "            address)"
    "   ORDER BY provider, event_id"
    "), fresh AS ("
    "  INSERT INTO callback_inbox (provider, event_id, event)"
    "  SELECT provider, event_id, event FROM given ORDER BY provider, event_id"
    "  ON CONFLICT DO NOTHING RETURNING provider, event_id"
    "), live AS MATERIALIZED ("
    "  SELECT g.* FROM given g JOIN fresh f USING (provider, event_id)"
    "), " APPLY ", parked AS ("
    "  INSERT INTO callback_parked (provider, event_id, event, step, message_id, n, provider_id,"
    "                               code, message, due_at)"
    "  SELECT provider, event_id, event, step, own_message, own_n, provider_id, code, message,"
    "         now() + interval '500 milliseconds'"
    "    FROM named WHERE message_id IS NULL AND address IS NULL"
    "  ON CONFLICT DO NOTHING RETURNING 1"
    ") SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM changed),"
    "         (SELECT count(*) FROM parked)",
    14
};

enum { S_FROM, S_STEP, S_TO, S_WEIGHT, STEP_COLUMNS,
       R_PROVIDER = STEP_COLUMNS, R_EVENT_ID, R_EVENT, R_STEP, R_MESSAGE, R_N, R_PROVIDER_ID, R_CODE,
       R_WORDS, R_ADDRESS, COLUMNS };

static const enum array_type types[COLUMNS] = {
    [S_FROM] = ARRAY_LABEL,  [S_STEP] = ARRAY_TEXT,        [S_TO] = ARRAY_LABEL,
    [S_WEIGHT] = ARRAY_INT4, [R_PROVIDER] = ARRAY_TEXT,    [R_EVENT_ID] = ARRAY_TEXT,
    [R_EVENT] = ARRAY_TEXT,  [R_STEP] = ARRAY_TEXT,        [R_MESSAGE] = ARRAY_UUID,
    [R_N] = ARRAY_INT4,      [R_PROVIDER_ID] = ARRAY_TEXT, [R_CODE] = ARRAY_TEXT,
    [R_WORDS] = ARRAY_TEXT,  [R_ADDRESS] = ARRAY_TEXT,
};

static const char *step_name(enum delivery_event event)
{
    return event == CALLBACK_CHANGES_NOTHING ? "" : delivery_event_name(event);
}

/* The part of the model's table that callbacks walk. */
static void add_steps(struct array col[STEP_COLUMNS])
{
    for (int from = DS_PENDING; from < DS_COUNT; from++) {
        for (int event = EV_REPORTED_SENT; event <= EV_REPORTED_READ; event++) {
            enum delivery_state to =
                delivery_step((enum delivery_state)from, (enum delivery_event)event);

            if (to == DS_NONE)
                continue;
            array_add_text(&col[S_FROM], delivery_name((enum delivery_state)from));
            array_add_text(&col[S_STEP], step_name((enum delivery_event)event));
            array_add_text(&col[S_TO], delivery_name(to));
            array_add_int(&col[S_WEIGHT], event);
        }
    }
}

static void add_report(struct array col[COLUMNS], const struct callback_report *r)
{
    char message_id[UUID_TEXT_BYTES];
    int n = 0;
    bool own = r->recipient_id != NULL && recipient_id_parse(r->recipient_id, message_id, &n);

    array_add_text(&col[R_PROVIDER], r->provider);
    array_add_text(&col[R_EVENT_ID], r->event_id);
    array_add_text(&col[R_EVENT], r->event_name);
    array_add_text(&col[R_STEP], step_name(r->event));
    array_add_text(&col[R_MESSAGE], own ? message_id : NULL);
    array_add_int(&col[R_N], n);
    array_add_text(&col[R_PROVIDER_ID], r->provider_id);
    array_add_text(&col[R_CODE], r->code);
    array_add_text(&col[R_WORDS], r->message);
    array_add_text(&col[R_ADDRESS], r->address);
}

enum status callbacks_record(struct db *db, const struct callback_report reports[], size_t n,
                             struct arena *mem, struct callbacks_tally *out, struct error *err)
{
    struct array col[COLUMNS] = { 0 };
    struct rows rows;
    enum status s;

    arrays_begin(col, types, COLUMNS);
    add_steps(col);
    for (size_t i = 0; i < n; i++) {
        if (reports[i].event_id != NULL)
            add_report(col, &reports[i]);
    }
    s = db_query_arrays(db, &record, col, COLUMNS, NULL, mem, &rows, err);
    arrays_free(col, COLUMNS);
    if (s != ST_OK)
        return s;
    *out = (struct callbacks_tally){ .fresh = (size_t)row_int(&rows, 0, 0),
                                     .changed = (size_t)row_int(&rows, 0, 1),
                                     .parked = (size_t)row_int(&rows, 0, 2) };
    return ST_OK;
}

/*
 * Each wait is as long as all before it together, so that a stranger's are asked for seldom.  `judged` is
 * joined by key only: a join with `due` would compare each with each.
 */
static const struct statement retry = {
    "callbacks_retry",
    "WITH due AS MATERIALIZED ("
    "  SELECT * FROM callback_parked WHERE due_at <= now() ORDER BY due_at LIMIT $5::int"
    "     FOR UPDATE SKIP LOCKED"
    "), live AS MATERIALIZED ("
    "  SELECT provider, event_id, event, step, message_id AS own_message, n AS own_n, provider_id,"
    "         code, message, NULL::text AS address, at FROM due"
    "), " APPLY ", judged AS ("
    "  SELECT provider, event_id, message_id IS NOT NULL AS matched,"
    "         at < now() - interval '" TEXT(CALLBACKS_PARKED_HOURS) " hours' AS too_old FROM named"
    "), removed AS ("
    "  DELETE FROM callback_parked p USING judged j"
    "   WHERE p.provider = j.provider AND p.event_id = j.event_id AND (j.matched OR j.too_old)"
    "), later AS ("
    "  UPDATE callback_parked p SET due_at = now() + greatest(now() - p.at, interval '500 ms')"
    "    FROM judged j"
    "   WHERE p.provider = j.provider AND p.event_id = j.event_id AND NOT j.matched AND NOT j.too_old"
    ") SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed),"
    "         (SELECT count(*) FROM judged WHERE too_old AND NOT matched)",
    5
};

enum status callbacks_retry(struct db *db, int limit, struct arena *mem, size_t *tried,
                            struct callbacks_tally *out, struct error *err)
{
    struct array col[STEP_COLUMNS] = { 0 };
    const char *const more[] = { arena_printf(mem, "%d", limit) };
    struct rows rows;
    enum status s;

    arrays_begin(col, types, STEP_COLUMNS);
    add_steps(col);
    s = db_query_arrays(db, &retry, col, STEP_COLUMNS, more, mem, &rows, err);
    arrays_free(col, STEP_COLUMNS);
    if (s != ST_OK)
        return s;
    *tried = (size_t)row_int(&rows, 0, 0);
    *out = (struct callbacks_tally){ .changed = (size_t)row_int(&rows, 0, 1),
                                     .dropped = (size_t)row_int(&rows, 0, 2) };
    return ST_OK;
}

static const struct statement prune = {
    "callbacks_prune",
    "DELETE FROM callback_inbox WHERE ctid = ANY (ARRAY("
    "  SELECT ctid FROM callback_inbox WHERE at < now() - interval '" TEXT(CALLBACKS_KEPT_DAYS)
    " days' LIMIT $1::int FOR UPDATE SKIP LOCKED))",
    1
};

enum status callbacks_prune(struct db *db, int limit, size_t *pruned, struct error *err)
{
    struct arena mem = ARENA_INIT;
    const char *most = arena_printf(&mem, "%d", limit);
    enum status s = db_exec(db, &prune, &most, pruned, err);

    arena_done(&mem);
    return s;
}
