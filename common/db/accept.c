/* accept - the one statement that takes messages in, with and without an Idempotency-Key. */
#include <string.h>

#include "common/base/json.h"
#include "common/db/array.h"
#include "common/db/messages.h"

/*
 * $1 to $14: one element a message; $15 to $19: one element a recipient; $20 to $24: one element a row of
 * the timer, of a recipient or a run of them.  A message is named by its place in $1.  Nothing is looked
 * up, so the cost is that of the rows.  `before` comes first in the WITH; `if_fresh` keeps out what it has
 * not let in, by the message's id.
 */
#define ACCEPT_SQL(before, if_fresh)                                                              \
    "WITH " before "m AS ("                                                                       \
    "  INSERT INTO messages (id, user_id, status, priority, platforms, recipient_count,"          \
    "                        open_count, created_at, updated_at, scheduled_at, expires_at,"       \
    "                        content, subject, html, senders, metadata, trace)"                   \
    "  SELECT id, user_id,"                                                                       \
    "         CASE WHEN scheduled_at IS NULL THEN 'pending' ELSE 'scheduled' END::message_status,"\
    "         priority, platforms, recipients, recipients, created_at, created_at, scheduled_at," \
    "         expires_at, content, subject, html, senders, metadata, decode(trace, 'hex')"        \
    "    FROM unnest($1::uuid[], $2::uuid[], $3::message_priority[], $4::smallint[], $5::int[],"  \
    "                $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::text[],"        \
    "                $10::text[], $11::text[], $12::jsonb[], $13::json[], $14::text[])"          \
    "      AS i (id, user_id, priority, platforms, recipients, created_at, scheduled_at,"         \
    "            expires_at, content, subject, html, senders, metadata, trace)" if_fresh("id")    \
    "), r AS ("                                                                                   \
    "  INSERT INTO message_recipients (message_id, n, platform, recipient, metadata, updated_at)" \
    "  SELECT ($1::uuid[])[k], n, platform, recipient, metadata, now()"                           \
    "    FROM unnest($15::int[], $16::int[], $17::platform[], $18::text[], $19::json[])"          \
    "      AS i (k, n, platform, recipient, metadata)" if_fresh("($1::uuid[])[k]")                \
    "), timer AS MATERIALIZED ("                                                                  \
    "  SELECT ($1::uuid[])[k] AS message_id, n, lane, due_at, span,"                              \
    "         uuid_hash(($2::uuid[])[k]) AS user_key"                                             \
    "    FROM unnest($20::int[], $21::int[], $22::smallint[], $23::timestamptz[], $24::int[])"    \
    "      AS i (k, n, lane, due_at, span)" if_fresh("($1::uuid[])[k]")                           \
    "), d AS ("                                                                                   \
    "  INSERT INTO dispatch (message_id, n, lane, due_at, user_key)"                              \
    "  SELECT message_id, n, lane, due_at, user_key FROM timer WHERE span = 1"                    \
    "), u AS ("                                                                                   \
    "  INSERT INTO dispatch_runs (message_id, lane, first, span, due_at, user_key)"               \
    "  SELECT message_id, lane, n, span, due_at, user_key FROM timer WHERE span > 1"              \
    ") "

#define ALWAYS(id) ""
#define IF_FRESH(id) " WHERE " id " IN (SELECT id FROM fresh)"

enum { M_ID, M_USER, M_PRIORITY, M_PLATFORMS, M_COUNT, M_CREATED, M_SCHEDULED, M_EXPIRES, M_CONTENT,
       M_SUBJECT, M_HTML, M_SENDERS, M_METADATA, M_TRACE,
       R_MESSAGE, R_N, R_PLATFORM, R_ADDRESS, R_METADATA,
       T_MESSAGE, T_N, T_LANE, T_DUE, T_SPAN,
       COLUMNS,
       K_USER = COLUMNS, K_KEY, K_TOKEN, K_SHA256, K_STATUS, K_LOCATION, K_RESPONSE,
       K_OF_MESSAGE, /* for each message, the token of its request */
       KEYED_COLUMNS };

static const enum array_type types[KEYED_COLUMNS] = {
    [M_ID] = ARRAY_UUID,        [M_USER] = ARRAY_UUID,      [M_PRIORITY] = ARRAY_LABEL,
    [M_PLATFORMS] = ARRAY_INT2, [M_COUNT] = ARRAY_INT4,     [M_CREATED] = ARRAY_TIME,
    [M_SCHEDULED] = ARRAY_TIME, [M_EXPIRES] = ARRAY_TIME,   [M_CONTENT] = ARRAY_TEXT,
    [M_SUBJECT] = ARRAY_TEXT,   [M_HTML] = ARRAY_TEXT,      [M_SENDERS] = ARRAY_JSONB,
    [M_METADATA] = ARRAY_JSON,  [M_TRACE] = ARRAY_TEXT,     [R_MESSAGE] = ARRAY_INT4,
    [R_N] = ARRAY_INT4,         [R_PLATFORM] = ARRAY_LABEL, [R_ADDRESS] = ARRAY_TEXT,
    [R_METADATA] = ARRAY_JSON,  [T_MESSAGE] = ARRAY_INT4,   [T_N] = ARRAY_INT4,
    [T_LANE] = ARRAY_INT2,      [T_DUE] = ARRAY_TIME,       [T_SPAN] = ARRAY_INT4,
    [K_USER] = ARRAY_UUID,      [K_KEY] = ARRAY_TEXT,       [K_TOKEN] = ARRAY_UUID,
    [K_SHA256] = ARRAY_TEXT,    [K_STATUS] = ARRAY_INT2,    [K_LOCATION] = ARRAY_TEXT,
    [K_RESPONSE] = ARRAY_TEXT,  [K_OF_MESSAGE] = ARRAY_UUID,
};

static const struct statement insert = { "messages_insert", ACCEPT_SQL("", ALWAYS) "SELECT 1", COLUMNS };

/* A twin that is under way elsewhere is waited for: its key then stands in the way, or does not. */
static const struct statement insert_keyed = {
    "messages_insert_keyed",
    ACCEPT_SQL("taken AS ("
               "  INSERT INTO idempotency (user_id, key, token, body_sha256, status, location, response)"
               "  SELECT user_id, key, token, decode(sha256, 'hex'), status, location, response"
               "    FROM unnest($25::uuid[], $26::text[], $27::uuid[], $28::text[], $29::smallint[],"
               "                $30::text[], $31::text[])"
               "      AS i (user_id, key, token, sha256, status, location, response)"
               "   ORDER BY user_id, key ON CONFLICT DO NOTHING RETURNING token"
               "), fresh AS MATERIALIZED ("
               "  SELECT i.id FROM unnest($1::uuid[], $32::uuid[]) AS i (id, token)"
               "    JOIN taken t ON t.token = i.token"
               "), ",
               IF_FRESH) "SELECT token FROM taken",
    KEYED_COLUMNS
};

static void add_recipients(struct array col[COLUMNS], const struct message_draft *d, int k)
{
    for (size_t i = 0; i < d->n_recipients; i++) {
        const struct message_recipient *r = &d->recipients[i];

        array_add_int(&col[R_MESSAGE], k);
        array_add_int(&col[R_N], (int64_t)i);
        array_add_text(&col[R_PLATFORM], platform_name(r->platform));
        array_add_text(&col[R_ADDRESS], r->address);
        array_add_text(&col[R_METADATA], r->metadata);
    }
}

/* A recipient that is alone on its platform has a row of its own, several are a run. */
static void add_timers(struct array col[COLUMNS], const struct message_draft *d, int k)
{
    int first[PF_COUNT], span[PF_COUNT] = { 0 };

    for (size_t i = d->n_recipients; i-- > 0;) {
        first[d->recipients[i].platform] = (int)i;
        span[d->recipients[i].platform]++;
    }
    for (int p = 0; p < PF_COUNT; p++) {
        if (span[p] == 0)
            continue;
        array_add_int(&col[T_MESSAGE], k);
        array_add_int(&col[T_N], first[p]);
        array_add_int(&col[T_LANE], lane_of((enum platform)p, d->priority));
        array_add_time(&col[T_DUE], d->due_ms);
        array_add_int(&col[T_SPAN], span[p]);
    }
}

/* {"sms": "+1555…"}, or SQL's NULL where the message names no sender of its own. */
static void add_senders(struct array *col, const struct message_draft *d)
{
    struct buf text = BUF_INIT(64 << 10);
    struct json_writer w = JSON_WRITER(&text);
    bool any = false;

    jw_open(&w, NULL, '{');
    for (int p = 0; p < PF_COUNT; p++) {
        if (d->from[p] != NULL) {
            jw_text(&w, platform_name((enum platform)p), d->from[p]);
            any = true;
        }
    }
    jw_close(&w, '}');
    array_add_text(col, any ? buf_str(&text) : NULL);
    buf_free(&text);
}

static int platforms_of(const struct message_draft *d)
{
    int mask = 0;

    for (size_t i = 0; i < d->n_recipients; i++)
        mask |= 1 << d->recipients[i].platform;
    return mask;
}

static void add_message(struct array col[COLUMNS], const struct message_draft *d, int k)
{
    array_add_text(&col[M_ID], d->id);
    array_add_text(&col[M_USER], d->user_id);
    array_add_text(&col[M_PRIORITY], priority_name(d->priority));
    array_add_int(&col[M_PLATFORMS], platforms_of(d));
    array_add_int(&col[M_COUNT], (int64_t)d->n_recipients);
    array_add_time(&col[M_CREATED], d->created_ms);
    array_add_time(&col[M_SCHEDULED], d->scheduled_ms);
    array_add_time(&col[M_EXPIRES], d->expires_ms);
    array_add_text(&col[M_CONTENT], d->content);
    array_add_text(&col[M_SUBJECT], d->subject);
    array_add_text(&col[M_HTML], d->html);
    add_senders(&col[M_SENDERS], d);
    array_add_text(&col[M_METADATA], d->metadata);
    array_add_text(&col[M_TRACE], d->trace);
    add_recipients(col, d, k);
    add_timers(col, d, k);
}

enum status messages_insert(struct db *db, const struct message_draft *const drafts[], size_t n,
                            struct error *err)
{
    struct array col[COLUMNS] = { 0 };
    enum status s;

    arrays_begin(col, types, COLUMNS);
    for (size_t i = 0; i < n; i++)
        add_message(col, drafts[i], (int)i + 1);
    s = db_exec_arrays(db, &insert, col, COLUMNS, NULL, NULL, err);
    arrays_free(col, COLUMNS);
    return s;
}

static void add_request(struct array col[KEYED_COLUMNS], const struct keyed_request *r, int *k)
{
    array_add_text(&col[K_USER], r->user_id);
    array_add_text(&col[K_KEY], r->key);
    array_add_text(&col[K_TOKEN], r->token);
    array_add_text(&col[K_SHA256], r->body_sha256);
    array_add_int(&col[K_STATUS], r->status);
    array_add_text(&col[K_LOCATION], r->location);
    array_add_text(&col[K_RESPONSE], r->response);
    for (size_t i = 0; i < r->n_drafts; i++) {
        add_message(col, r->drafts[i], ++*k);
        array_add_text(&col[K_OF_MESSAGE], r->token);
    }
}

static bool is_among(const struct rows *rows, const char *token)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(row_text(rows, i, 0), token) == 0)
            return true;
    }
    return false;
}

enum status messages_insert_keyed(struct db *db, const struct keyed_request requests[], size_t n,
                                  struct arena *mem, bool inserted[], struct error *err)
{
    struct array col[KEYED_COLUMNS] = { 0 };
    struct rows rows;
    enum status s;
    int k = 0;

    arrays_begin(col, types, KEYED_COLUMNS);
    for (size_t i = 0; i < n; i++)
        add_request(col, &requests[i], &k);
    s = db_query_arrays(db, &insert_keyed, col, KEYED_COLUMNS, NULL, mem, &rows, err);
    arrays_free(col, KEYED_COLUMNS);
    for (size_t i = 0; i < n && s == ST_OK; i++)
        inserted[i] = is_among(&rows, requests[i].token);
    return s;
}
