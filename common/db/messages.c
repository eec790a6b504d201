/* messages - the table of messages. */
#include "common/db/messages.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/db/array.h"

/*
 * $1 to $12: one element a message; $13 to $19: one element a recipient, whose message is named by
 * its place in $1.  Nothing is looked up, so the cost is that of the rows.
 */
static const struct statement insert = {
    "messages_insert",
    "WITH m AS ("
    "  INSERT INTO messages (id, user_id, status, priority, recipient_count, open_count,"
    "                        created_at, updated_at, scheduled_at, expires_at,"
    "                        content, subject, html, senders, metadata)"
    "  SELECT id, user_id,"
    "         CASE WHEN scheduled_at IS NULL THEN 'pending' ELSE 'scheduled' END::message_status,"
    "         priority, recipients, recipients, created_at, created_at, scheduled_at, expires_at,"
    "         content, subject, html, senders, metadata"
    "    FROM unnest($1::uuid[], $2::uuid[], $3::message_priority[], $4::int[], $5::timestamptz[],"
    "                $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::text[],"
    "                $11::jsonb[], $12::jsonb[])"
    "      AS i (id, user_id, priority, recipients, created_at, scheduled_at, expires_at,"
    "            content, subject, html, senders, metadata)"
    "), input AS MATERIALIZED ("
    "  SELECT ($1::uuid[])[k] AS message_id, n, platform, recipient, metadata, lane, due_at"
    "    FROM unnest($13::int[], $14::int[], $15::platform[], $16::text[], $17::jsonb[],"
    "                $18::smallint[], $19::timestamptz[])"
    "      AS i (k, n, platform, recipient, metadata, lane, due_at)"
    "), r AS ("
    "  INSERT INTO message_recipients (message_id, n, platform, recipient, metadata, updated_at)"
    "  SELECT message_id, n, platform, recipient, metadata, now() FROM input"
    "), d AS ("
    "  INSERT INTO dispatch (message_id, n, lane, due_at)"
    "  SELECT message_id, n, lane, due_at FROM input"
    ") "
    "INSERT INTO message_events (message_id, at, event, next_attempt_at)"
    "  SELECT id, created_at, 'accepted', scheduled_at"
    "    FROM unnest($1::uuid[], $5::timestamptz[], $6::timestamptz[])"
    "      AS i (id, created_at, scheduled_at)",
    19
};

enum { M_ID, M_USER, M_PRIORITY, M_COUNT, M_CREATED, M_SCHEDULED, M_EXPIRES, M_CONTENT, M_SUBJECT,
       M_HTML, M_SENDERS, M_METADATA, R_MESSAGE, R_N, R_PLATFORM, R_ADDRESS, R_METADATA, R_LANE,
       R_DUE, COLUMNS };

static void add_recipients(struct array col[COLUMNS], const struct message_draft *d, int k)
{
    for (size_t i = 0; i < d->n_recipients; i++) {
        const struct message_recipient *r = &d->recipients[i];

        array_add_int(&col[R_MESSAGE], k);
        array_add_int(&col[R_N], (int64_t)i);
        array_add_text(&col[R_PLATFORM], platform_name(r->platform));
        array_add_text(&col[R_ADDRESS], r->address);
        array_add_text(&col[R_METADATA], r->metadata);
        array_add_int(&col[R_LANE], lane_of(r->platform, d->priority));
        array_add_time(&col[R_DUE], d->due_ms);
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

static void add_message(struct array col[COLUMNS], const struct message_draft *d)
{
    array_add_text(&col[M_ID], d->id);
    array_add_text(&col[M_USER], d->user_id);
    array_add_text(&col[M_PRIORITY], priority_name(d->priority));
    array_add_int(&col[M_COUNT], (int64_t)d->n_recipients);
    array_add_time(&col[M_CREATED], d->created_ms);
    array_add_time(&col[M_SCHEDULED], d->scheduled_ms);
    array_add_time(&col[M_EXPIRES], d->expires_ms);
    array_add_text(&col[M_CONTENT], d->content);
    array_add_text(&col[M_SUBJECT], d->subject);
    array_add_text(&col[M_HTML], d->html);
    add_senders(&col[M_SENDERS], d);
    array_add_text(&col[M_METADATA], d->metadata);
}

enum status messages_insert(struct db *db, const struct message_draft *const drafts[], size_t n,
                            struct error *err)
{
    struct array col[COLUMNS] = { 0 };
    const char *args[COLUMNS];
    enum status s;

    for (int c = 0; c < COLUMNS; c++)
        array_begin(&col[c]);
    for (size_t i = 0; i < n; i++) {
        add_message(col, drafts[i]);
        add_recipients(col, drafts[i], (int)i + 1);
    }
    for (int c = 0; c < COLUMNS; c++)
        args[c] = array_end(&col[c]);
    s = db_exec(db, &insert, args, NULL, err);
    for (int c = 0; c < COLUMNS; c++)
        array_free(&col[c]);
    return s;
}

static const struct statement exist = {
    "messages_exist", "SELECT id FROM messages WHERE id = ANY ($1::uuid[])", 1
};

enum status messages_exist(struct db *db, const char *const ids[], size_t n, struct arena *mem,
                           bool found[], struct error *err)
{
    struct array list = { 0 };
    struct rows rows;
    enum status s;

    array_begin(&list);
    for (size_t i = 0; i < n; i++)
        array_add_text(&list, ids[i]);
    s = db_query(db, &exist, (const char *[]){ array_end(&list) }, mem, &rows, err);
    array_free(&list);
    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < n; i++) {
        found[i] = false;
        for (size_t r = 0; r < rows.count && !found[i]; r++)
            found[i] = strcmp(row_text(&rows, r, 0), ids[i]) == 0;
    }
    return ST_OK;
}

#define MS(column) "(extract(epoch FROM " column ") * 1000)::bigint"

static const struct statement find = {
    "messages_find",
    "SELECT id, user_id, status, priority, recipient_count, " MS("created_at") ", " MS("updated_at")
    ", " MS("scheduled_at") ", " MS("expires_at") ", content, subject, html, metadata"
    "  FROM messages WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2::uuid)",
    2
};

static int64_t ms_or_none(const struct rows *r, int col)
{
    return row_text(r, 0, col) == NULL ? -1 : row_int(r, 0, col);
}

enum status messages_find(struct db *db, const char *id, const char *user_id, struct arena *mem,
                          struct message *out, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, &find, (const char *[]){ id, user_id }, mem, &r, err);

    if (s != ST_OK)
        return s;
    if (r.count == 0)
        return error_set(err, ST_NOT_FOUND, "no such message");
    *out = (struct message){
        .id = row_text(&r, 0, 0), .user_id = row_text(&r, 0, 1),
        .recipient_count = (int)row_int(&r, 0, 4),
        .created_ms = ms_or_none(&r, 5), .updated_ms = ms_or_none(&r, 6),
        .scheduled_ms = ms_or_none(&r, 7), .expires_ms = ms_or_none(&r, 8),
        .content = row_text(&r, 0, 9), .subject = row_text(&r, 0, 10), .html = row_text(&r, 0, 11),
        .metadata = row_text(&r, 0, 12),
    };
    if (!message_state_parse(row_text(&r, 0, 2), &out->status) ||
        !priority_parse(row_text(&r, 0, 3), &out->priority))
        return error_set(err, ST_BUG, "message row holds an unknown status or priority");
    return ST_OK;
}
