/* attempts - the worker's two statements over recipients: claiming them, recording what came out. */
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/db/messages.h"
#include "common/db/recipients.h"
#include "common/db/refs.h"
#include "common/db/sql.h"

/*
 * The claim decides who may call the provider (DESIGN section 1, idea 3).  Content travels with the
 * first claim of each message only.  A scheduled message is no longer cancellable from here on.  The
 * row in dispatch stays as it is: where it comes due while the lease lasts, it is put off until then.
 */
static const struct statement claim = {
    "recipients_claim",
    "WITH claimed AS ("
    "  UPDATE message_recipients r"
    "     SET status = 'sending', fence = r.fence + 1, attempts = r.attempts + 1,"
    "         next_attempt_at = NULL, updated_at = now()"
    "    FROM " REFS_UNNEST " AS w (message_id, n, fence) JOIN messages m ON m.id = w.message_id"
    "   WHERE r.message_id = w.message_id AND r.n = w.n AND r.fence = w.fence"
    "     AND r.status IN ('pending', 'queued')"
    "     AND (m.expires_at IS NULL OR m.expires_at > now())"
    "  RETURNING r.message_id, r.n, r.fence, r.attempts, r.platform, r.recipient, r.place,"
    "            r.metadata AS own_metadata, m.created_at, m.scheduled_at, m.expires_at, m.content,"
    "            m.subject, m.html, m.senders, m.priority, m.metadata, m.trace,"
    "            m.status AS message_status"
    "), begun AS ("
    "  UPDATE messages m SET status = 'pending', updated_at = now()"
    "   WHERE m.id IN (SELECT message_id FROM claimed WHERE message_status = 'scheduled')"
    "     AND m.status = 'scheduled'"
    "), ordered AS ("
    "  SELECT *, row_number() OVER (PARTITION BY message_id ORDER BY n) = 1 AS is_first FROM claimed"
    ") "
    "SELECT message_id, n, fence, attempts, platform, recipient, " MS("created_at")
    ", " MS("expires_at") ", CASE WHEN is_first THEN content END, CASE WHEN is_first THEN subject END,"
    "       CASE WHEN is_first THEN html END, CASE WHEN is_first THEN senders END, place, priority,"
    "       CASE WHEN platform = 'whatsapp' THEN metadata END,"
    "       CASE WHEN platform = 'whatsapp' THEN own_metadata END,"
    "       " MS("greatest(created_at, scheduled_at)") ", encode(trace, 'hex')"
    "  FROM ordered ORDER BY message_id, n",
    3
};

static bool read_claim(const struct rows *rows, size_t i, struct claim *list)
{
    struct claim *c = &list[i];
    bool first = i == 0 || strcmp(row_text(rows, i, 0), list[i - 1].ref.message_id) != 0;

    *c = (struct claim){
        .ref = { row_text(rows, i, 0), (int)row_int(rows, i, 1), (int)row_int(rows, i, 2) },
        .attempt = (int)row_int(rows, i, 3),
        .address = row_text(rows, i, 5),
        .created_ms = row_int(rows, i, 6),
        .wanted_ms = row_int(rows, i, 16),
        .expires_ms = row_text(rows, i, 7) == NULL ? -1 : row_int(rows, i, 7),
        .content = first ? row_text(rows, i, 8) : list[i - 1].content,
        .subject = first ? row_text(rows, i, 9) : list[i - 1].subject,
        .html = first ? row_text(rows, i, 10) : list[i - 1].html,
        .senders = first ? row_text(rows, i, 11) : list[i - 1].senders,
        .place = (int)row_int(rows, i, 12),
        .metadata = row_text(rows, i, 14),
        .own_metadata = row_text(rows, i, 15),
        .trace = row_text(rows, i, 17),
    };
    return platform_parse(row_text(rows, i, 4), &c->platform) &&
           priority_parse(row_text(rows, i, 13), &c->priority) && c->content != NULL;
}

enum status recipients_claim(struct db *db, const struct recipient_ref refs[], size_t n,
                             struct arena *mem, struct claim **out, size_t *count, struct error *err)
{
    struct ref_arrays a = { 0 };
    struct claim *list;
    struct rows rows;
    enum status s;

    refs_begin(&a, refs, n);
    s = db_query_arrays(db, &claim, a.col, REF_COLUMNS, NULL, mem, &rows, err);
    refs_free(&a);
    if (s != ST_OK)
        return s;
    list = ARENA_ARRAY(mem, struct claim, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        if (!read_claim(&rows, i, list))
            return error_set(err, ST_BUG, "a claimed row cannot be read");
    }
    *out = list;
    *count = rows.count;
    return ST_OK;
}

/* What the timeline tells of an outcome, whatever became of its recipient meanwhile. */
#define TOLD                                                                                      \
    "o.attempt, o.provider, o.provider_id, o.code, o.message, o.latency_ms, o.duplicate, o.untried"

/*
 * Outcomes and rows are joined once, by key: a join of two lists would compare each with each.  So the
 * late ones, which found their rows moved on, are looked for only where there are any.
 *
 * Left out of `moved` on purpose: rows that stay with the worker (a retry, a held one); they are in
 * `changed` and their dispatch row comes due again, at the latest when the message expires.  A time
 * in next_attempt_at is that, and tells a held row from one that a worker has claimed.  `woken`:
 * callbacks that came before the provider's answer, and could not be matched; whoever tries them at
 * this moment waits for our rows, so we must not wait for theirs.
 */
static const struct statement record = {
    "recipients_record",
    "WITH o AS ("
    "  SELECT * FROM " LIST("unnest($1::uuid[], $2::int[], $3::int[], $4::delivery_status[], $5::text[],"
    "                       $6::text[], $7::text[], $8::text[], $9::bigint[], $10::boolean[],"
    "                       $11::boolean[], $12::int[], $13::int[], $14::smallint[], $15::text[],"
    "                       $16::boolean[])")
    "    AS o (message_id, n, fence, status, provider, provider_id, code, message, delay_ms,"
    "          give_back, duplicate, attempt, latency_ms, place, moved_to, untried)"
    "), changed AS ("
    "  UPDATE message_recipients r"
    "     SET status = o.status, attempts = r.attempts - o.give_back::int,"
    "         provider = coalesce(o.provider, r.provider), place = o.place,"
    "         recipient = coalesce(o.moved_to, r.recipient),"
    "         provider_id = coalesce(o.provider_id, r.provider_id),"
    "         error_code = o.code, error_message = o.message, updated_at = now(),"
    "         sent_at = CASE WHEN o.status = 'sent' THEN now() ELSE r.sent_at END,"
    "         next_attempt_at = CASE WHEN o.status IN ('pending', 'sending')"
    "                                THEN now() + o.delay_ms * interval '1 millisecond' END"
    "    FROM o"
    "   WHERE r.message_id = o.message_id AND r.n = o.n AND r.fence = o.fence"
    "     AND r.status = 'sending'"
    "  RETURNING r.message_id, r.n, r.status, r.platform, o.delay_ms, " TOLD
    "), moved AS ("
    "  SELECT message_id, n, status, " WAS_OPEN " FROM changed"
    "   WHERE status NOT IN ('pending', 'sending')"
    "), done AS ("
    "  DELETE FROM dispatch d USING moved v WHERE d.message_id = v.message_id AND d.n = v.n"
    "), again AS ("
    "  INSERT INTO dispatch (message_id, n, lane, due_at, user_key)"
    "  SELECT c.message_id, c.n, " LANE("c.platform", "m.priority") ","
    "         least(now() + c.delay_ms * interval '1 millisecond', m.expires_at), uuid_hash(m.user_id)"
    "    FROM changed c JOIN messages m ON m.id = c.message_id WHERE c.status IN ('pending', 'sending')"
    "  ON CONFLICT (message_id, n) DO UPDATE SET due_at = excluded.due_at"
    ")," MESSAGES_SETTLE_CTE
    ", events AS ("
    "  INSERT INTO message_events (message_id, n, event, status, attempt, provider, code, detail,"
    "                              latency_ms, next_attempt_at, possible_duplicate, provider_id)"
    "  SELECT message_id, n,"
    "         CASE WHEN NOT untried THEN 'attempt' WHEN status = 'pending' THEN 'held_back'"
    "              ELSE status::text END,"
    "         status::text, attempt, provider, code, message, latency_ms,"
    "         CASE WHEN status = 'pending' THEN now() + delay_ms * interval '1 millisecond' END,"
    "         duplicate, provider_id FROM changed"
    "  UNION ALL"
    "  SELECT message_id, n, 'attempt_late', status::text, attempt, provider, code, message,"
    "         latency_ms, NULL, duplicate, provider_id FROM o"
    "   WHERE (SELECT count(*) FROM changed) < (SELECT count(*) FROM o)"
    "     AND NOT EXISTS (SELECT FROM changed c WHERE c.message_id = o.message_id AND c.n = o.n)"
    "), woken AS ("
    "  UPDATE callback_parked SET due_at = now() WHERE ctid = ANY (ARRAY("
    "    SELECT p.ctid FROM o JOIN callback_parked p"
    "        ON hashtextextended(p.provider_id, 0) = hashtextextended(o.provider_id, 0)"
    "       AND p.provider_id = o.provider_id AND p.due_at > now()"
    "       AND o.provider = ANY (string_to_array(p.provider, ','))"
    "       FOR UPDATE OF p SKIP LOCKED))"
    ") SELECT message_id, n FROM changed",
    16
};

/*
 * A callback was faster than our own record: the state is already right or higher, only what it
 * could not know is missing.
 */
static const struct statement complete = {
    "recipients_complete",
    "UPDATE message_recipients r"
    "   SET provider = coalesce(r.provider, w.provider),"
    "       provider_id = coalesce(r.provider_id, w.provider_id),"
    "       sent_at = coalesce(r.sent_at, now())"
    "  FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[])"
    "    AS w (message_id, n, fence, provider, provider_id)"
    " WHERE r.message_id = w.message_id AND r.n = w.n AND r.fence = w.fence"
    "   AND w.provider_id IS NOT NULL AND r.erased_at IS NULL AND r.status IN ('sent', 'delivered', 'read', 'failed')",
    5
};

enum { O_MESSAGE, O_N, O_FENCE, O_STATUS, O_PROVIDER, O_PROVIDER_ID, O_CODE, O_WORDS, O_DELAY,
       O_GIVE_BACK, O_DUPLICATE, O_ATTEMPT, O_LATENCY, O_PLACE, O_MOVED_TO, O_UNTRIED, O_COLUMNS };

static const enum array_type outcome_types[O_COLUMNS] = {
    [O_MESSAGE] = ARRAY_UUID,   [O_N] = ARRAY_INT4,           [O_FENCE] = ARRAY_INT4,
    [O_STATUS] = ARRAY_LABEL,   [O_PROVIDER] = ARRAY_TEXT,    [O_PROVIDER_ID] = ARRAY_TEXT,
    [O_CODE] = ARRAY_TEXT,      [O_WORDS] = ARRAY_TEXT,       [O_DELAY] = ARRAY_INT8,
    [O_GIVE_BACK] = ARRAY_BOOL, [O_DUPLICATE] = ARRAY_BOOL,   [O_ATTEMPT] = ARRAY_INT4,
    [O_LATENCY] = ARRAY_INT4,   [O_PLACE] = ARRAY_INT2,       [O_MOVED_TO] = ARRAY_TEXT,
    [O_UNTRIED] = ARRAY_BOOL,
};

static void add_outcome(struct array col[O_COLUMNS], const struct outcome *o)
{
    array_add_text(&col[O_MESSAGE], o->ref.message_id);
    array_add_int(&col[O_N], o->ref.n);
    array_add_int(&col[O_FENCE], o->ref.fence);
    array_add_text(&col[O_STATUS], delivery_name(o->status));
    array_add_text(&col[O_PROVIDER], o->provider);
    array_add_text(&col[O_PROVIDER_ID], o->provider_id);
    array_add_text(&col[O_CODE], o->code);
    array_add_text(&col[O_WORDS], o->message);
    array_add_int(&col[O_DELAY], o->delay_ms);
    array_add_bool(&col[O_GIVE_BACK], o->give_back);
    array_add_bool(&col[O_DUPLICATE], o->possible_duplicate);
    array_add_int(&col[O_ATTEMPT], o->attempt);
    array_add_int(&col[O_LATENCY], o->latency_ms);
    array_add_int(&col[O_PLACE], o->place);
    array_add_text(&col[O_MOVED_TO], o->moved_to);
    array_add_bool(&col[O_UNTRIED], o->untried);
}

static int compare_outcomes(const void *a, const void *b)
{
    const struct outcome *const *x = a, *const *y = b;

    return refs_compare(&(*x)->ref, &(*y)->ref);
}

/* In the order of their rows, as every batch over recipients, so that no two ever deadlock. */
static void add_outcomes(struct array col[O_COLUMNS], const struct outcome outcomes[], size_t n,
                         struct arena *mem)
{
    const struct outcome **order = ARENA_ARRAY(mem, const struct outcome *, n);

    for (size_t i = 0; i < n; i++)
        order[i] = &outcomes[i];
    qsort(order, n, sizeof *order, compare_outcomes);
    for (size_t i = 0; i < n; i++)
        add_outcome(col, order[i]);
}

static enum status complete_late(struct db *db, const struct outcome outcomes[], size_t n,
                                 const bool moved[], struct error *err)
{
    static const enum array_type types[5] = { ARRAY_UUID, ARRAY_INT4, ARRAY_INT4, ARRAY_TEXT,
                                              ARRAY_TEXT };
    struct array col[5] = { 0 };
    size_t late = 0;
    enum status s = ST_OK;

    arrays_begin(col, types, 5);
    for (size_t i = 0; i < n; i++) {
        if (moved[i] || outcomes[i].provider_id == NULL)
            continue;
        late++;
        array_add_text(&col[0], outcomes[i].ref.message_id);
        array_add_int(&col[1], outcomes[i].ref.n);
        array_add_int(&col[2], outcomes[i].ref.fence);
        array_add_text(&col[3], outcomes[i].provider);
        array_add_text(&col[4], outcomes[i].provider_id);
    }
    if (late > 0)
        s = db_exec_arrays(db, &complete, col, 5, NULL, NULL, err);
    arrays_free(col, 5);
    return s;
}

static void find_moved(const struct rows *rows, const struct outcome outcomes[], size_t n, bool moved[])
{
    for (size_t i = 0; i < n; i++) {
        moved[i] = false;
        for (size_t r = 0; r < rows->count && !moved[i]; r++)
            moved[i] = row_int(rows, r, 1) == outcomes[i].ref.n &&
                       strcmp(row_text(rows, r, 0), outcomes[i].ref.message_id) == 0;
    }
}

enum status recipients_record(struct db *db, const struct outcome outcomes[], size_t n,
                              struct arena *mem, bool moved[], struct error *err)
{
    struct array col[O_COLUMNS] = { 0 };
    struct rows rows;
    enum status s;

    arrays_begin(col, outcome_types, O_COLUMNS);
    add_outcomes(col, outcomes, n, mem);
    s = db_query_arrays(db, &record, col, O_COLUMNS, NULL, mem, &rows, err);
    arrays_free(col, O_COLUMNS);
    if (s != ST_OK)
        return s;
    if (rows.count == n) {
        memset(moved, true, n * sizeof *moved);
        return ST_OK;
    }
    find_moved(&rows, outcomes, n, moved);
    return complete_late(db, outcomes, n, moved, err);
}
