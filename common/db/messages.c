/* messages - the table of messages: finding and listing. */
#include "common/db/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"
#include "common/db/array.h"
#include "common/db/sql.h"

static const struct statement exist = {
    "messages_exist", "SELECT id FROM messages WHERE id = ANY ($1::uuid[])", 1
};

enum status messages_exist(struct db *db, const char *const ids[], size_t n, struct arena *mem,
                           bool found[], struct error *err)
{
    struct array list = { 0 };
    struct rows rows;
    enum status s;

    array_begin(&list, ARRAY_UUID);
    for (size_t i = 0; i < n; i++)
        array_add_text(&list, ids[i]);
    s = db_query_arrays(db, &exist, &list, 1, NULL, mem, &rows, err);
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

static const struct statement find = {
    "messages_find",
    "SELECT id, user_id, status, priority, recipient_count, " MS("created_at") ", " MS("updated_at")
    ", " MS("scheduled_at") ", " MS("expires_at") ", content, subject, html, metadata"
    "  FROM messages WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2::uuid)",
    2
};

static int64_t ms_or_none(const struct rows *r, size_t row, int col)
{
    return row_text(r, row, col) == NULL ? -1 : row_int(r, row, col);
}

/* The first 13 columns of every statement that reads messages. */
static bool read_message(const struct rows *r, size_t row, struct message *out)
{
    *out = (struct message){
        .id = row_text(r, row, 0), .user_id = row_text(r, row, 1),
        .recipient_count = (int)row_int(r, row, 4),
        .created_ms = ms_or_none(r, row, 5), .updated_ms = ms_or_none(r, row, 6),
        .scheduled_ms = ms_or_none(r, row, 7), .expires_ms = ms_or_none(r, row, 8),
        .content = row_text(r, row, 9), .subject = row_text(r, row, 10),
        .html = row_text(r, row, 11), .metadata = row_text(r, row, 12),
    };
    return message_state_parse(row_text(r, row, 2), &out->status) &&
           priority_parse(row_text(r, row, 3), &out->priority);
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
    return read_message(&r, 0, out)
               ? ST_OK
               : error_set(err, ST_BUG, "message row holds an unknown status or priority");
}

/* ---- lists ---- */

/*
 * What is listed: $1 user, $2 $3 ids below and from, $4 $5 times after and before, $6 stored
 * statuses (NULL: any), $7 the status shown (NULL: as stored), $8 bits of platforms (0: any),
 * $9 one more than the page holds, $10 recipient, $11 its platform (NULL: any).
 *
 * Each way to the rows is a statement of its own, so that each has a plan of its own: by user, as one
 * walk for each status and set of platforms; by recipient; all.  Other filters are conditions on it.
 *
 * A page looks at LOOK_MOST rows of its way, newest first, and no further: the last of them comes
 * back whether it fits or not, and there the next page begins.  So a page costs about the same
 * whatever the table holds; that few rows fit only makes more pages.
 */
#define LOOK_MOST "1000"
#define PAGE_MOST "101" /* the largest $9, for the planner's eyes */

/* As message_state_shown(). */
#define SHOWN                                                                                     \
    "CASE WHEN m.status NOT IN ('scheduled', 'pending') THEN m.status::text"                      \
    "     WHEN m.status = 'pending' AND m.open_count < m.recipient_count THEN 'sending'"          \
    "     ELSE coalesce((SELECT max(r.status)::text FROM message_recipients r"                    \
    "          WHERE r.message_id = m.id AND r.status IN ('queued', 'sending')), m.status::text)" \
    " END"
#define FITS                                                                                      \
    " m.created_at > $4::timestamptz AND m.created_at < $5::timestamptz"                          \
    " AND ($6::message_status[] IS NULL OR m.status = ANY ($6::message_status[]))"                \
    " AND ($8::int = 0 OR (m.platforms & $8::int) <> 0)"                                          \
    " AND ($7::text IS NULL OR " SHOWN " = $7::text)"

/*
 * Rows have a place, which orders them.  Where that is the id as bytes, which sorts as the id does and
 * which the indexes of lists hold, no plan can walk along the primary key instead, past all that is
 * other users'.
 */
#define WITHIN(place) " " place " < uuid_send($2::uuid) AND " place " >= uuid_send($3::uuid)"

/* The order of the innermost rows stays: nothing above them sorts or needs to. */
#define LOOK(rows)                                                                                \
    "SELECT * FROM ("                                                                             \
    "  SELECT *, row_number() OVER (ORDER BY place DESC) = " LOOK_MOST " AS ends"                 \
    "    FROM (" rows " ORDER BY place DESC LIMIT " LOOK_MOST ") AS looked_at"                    \
    ") AS counted WHERE fits OR ends LIMIT $9::int"
#define LISTED(way)                                                                               \
    "WITH page AS MATERIALIZED ("                                                                 \
    "  SELECT * FROM (SELECT id, fits, ends FROM (" way ") AS found"                              \
    "                  ORDER BY place DESC LIMIT " PAGE_MOST ") AS most LIMIT $9::int"            \
    ")"                                                                                           \
    "SELECT m.id, m.user_id, m.status, m.priority, m.recipient_count, " MS("m.created_at") ", "   \
    MS("m.updated_at") ", " MS("m.scheduled_at") ", " MS("m.expires_at") ", m.content, m.subject,"\
    "       m.html, m.metadata, c.*, page.fits, page.ends"                                        \
    "  FROM page JOIN messages m ON m.id = page.id"                                               \
    "  CROSS JOIN LATERAL (SELECT"                                                                \
    "    count(*) FILTER (WHERE r.status = 'pending'), count(*) FILTER (WHERE r.status = 'queued'),"    \
    "    count(*) FILTER (WHERE r.status = 'sending'), count(*) FILTER (WHERE r.status = 'sent'),"      \
    "    count(*) FILTER (WHERE r.status = 'delivered'), count(*) FILTER (WHERE r.status = 'read'),"    \
    "    count(*) FILTER (WHERE r.status = 'failed'), count(*) FILTER (WHERE r.status = 'cancelled'),"  \
    "    count(*) FILTER (WHERE r.status = 'expired')"                                            \
    "    FROM message_recipients r WHERE r.message_id = m.id) c"                                  \
    " ORDER BY m.id DESC"

enum way { BY_USER, BY_RECIPIENT, OF_ALL, WAYS };

static const struct statement lists[WAYS] = {
    [BY_USER] = { "messages_list_by_user",
                  LISTED("SELECT k.* FROM unnest(coalesce($6::message_status[],"
                         "                       enum_range(NULL::message_status))) AS s (status)"
                         " CROSS JOIN generate_series(1, 15) AS p (platforms)"
                         " CROSS JOIN LATERAL ("
                         LOOK("SELECT m.id, uuid_send(m.id) AS place," FITS " AS fits FROM messages m"
                              " WHERE m.user_id = $1::uuid AND m.status = s.status"
                              "   AND m.platforms = p.platforms::smallint AND" WITHIN("uuid_send(m.id)"))
                         ") AS k WHERE $8::int = 0 OR (p.platforms & $8::int) <> 0"),
                  9 },
    /* What fits is said of the message, so that all its rows with this address say the same. */
    [BY_RECIPIENT] = { "messages_list_by_recipient",
                       LISTED(LOOK("SELECT a.message_id AS id, uuid_send(a.message_id) AS place,"
                                   "  coalesce((SELECT" FITS " AND ($1::uuid IS NULL OR m.user_id = $1::uuid)"
                                   "    FROM messages m WHERE m.id = a.message_id), false)"
                                   "  AND coalesce((SELECT true FROM message_recipients r"
                                   "    WHERE hashtextextended(r.recipient, 0) = hashtextextended($10::text, 0)"
                                   "      AND uuid_send(r.message_id) = uuid_send(a.message_id)"
                                   "      AND r.recipient = $10::text"
                                   "      AND ($11::platform IS NULL OR r.platform = $11::platform)"
                                   "    LIMIT 1), false) AS fits FROM message_recipients a"
                                   " WHERE hashtextextended(a.recipient, 0) = hashtextextended($10::text, 0)"
                                   "   AND" WITHIN("uuid_send(a.message_id)"))),
                       11 },
    [OF_ALL] = { "messages_list_of_all",
                 LISTED(LOOK("SELECT m.id, m.id AS place, $1::uuid IS NULL AND" FITS " AS fits"
                             "  FROM messages m WHERE m.id < $2::uuid AND m.id >= $3::uuid")),
                 9 },
};

static enum way way_of(const struct messages_filter *f)
{
    if (f->recipient != NULL)
        return BY_RECIPIENT;
    return f->user_id == NULL ? OF_ALL : BY_USER;
}

/* The rows that can show as this status, as stored; a final one is stored as it is shown. */
static const char *stored_as(const struct messages_filter *f, struct arena *mem)
{
    if (!f->by_status)
        return NULL;
    if (f->status == MS_SENDING) /* who claims a scheduled message makes it pending */
        return "{pending}";
    if (f->status == MS_QUEUED)
        return "{scheduled,pending}";
    return arena_printf(mem, "{%s}", message_state_name(f->status));
}

static const char *id_of(int64_t ms, struct arena *mem)
{
    char id[UUID_TEXT_BYTES];

    uuid_first_of(ms, id);
    return arena_strdup(mem, id);
}

/*
 * An id may have borrowed from a later millisecond than its message's time, never from an earlier: one
 * for each 2,048 ids that a thread makes in a millisecond.
 */
#define BORROWED_MS 100

/* Where the search begins: at the cursor, or where created_before cannot lie further. */
static const char *below(const struct messages_filter *f, struct arena *mem)
{
    const char *id = f->before_id == NULL ? "ffffffff-ffff-ffff-ffff-ffffffffffff" : f->before_id;
    const char *bound =
        f->created_before_ms < 0 ? id : id_of(f->created_before_ms + BORROWED_MS, mem);

    return strcmp(bound, id) < 0 ? bound : id;
}

static const char *time_or(int64_t ms, const char *otherwise, struct arena *mem)
{
    char text[CLOCK_TEXT_BYTES];

    return ms < 0 ? otherwise : arena_strdup(mem, clock_format(ms, text));
}

#define LISTED_COUNTS 13
#define LISTED_FITS (LISTED_COUNTS + DS_COUNT - DS_PENDING)
#define LISTED_ENDS (LISTED_FITS + 1)

static bool read_listed(const struct rows *r, size_t row, struct listed_message *out)
{
    if (!read_message(r, row, &out->message))
        return false;
    for (int s = DS_PENDING; s < DS_COUNT; s++)
        out->counts[s] = (int)row_int(r, row, LISTED_COUNTS + s - DS_PENDING);
    return true;
}

/* Two rows that follow each other: the message has the address on two platforms. */
static bool is_twice(const struct listed_message *list, size_t i)
{
    return i > 0 && strcmp(list[i].message.id, list[i - 1].message.id) == 0;
}

enum status messages_list(struct db *db, const struct messages_filter *f, struct arena *mem,
                          struct listed_message **out, size_t *count, const char **next_before_id,
                          struct error *err)
{
    const char *args[] = {
        f->user_id,
        below(f, mem),
        id_of(f->created_after_ms < 0 ? 0 : f->created_after_ms, mem),
        time_or(f->created_after_ms, "-infinity", mem),
        time_or(f->created_before_ms, "infinity", mem),
        stored_as(f, mem),
        f->by_status ? message_state_name(f->status) : NULL,
        arena_printf(mem, "%d", f->by_platform ? 1 << f->platform : 0),
        arena_printf(mem, "%d", f->limit + 1),
        f->recipient,
        f->by_platform ? platform_name(f->platform) : NULL,
    };
    struct listed_message *list;
    const char *next = NULL;
    struct rows r;
    size_t n = 0;
    enum status s = db_query(db, &lists[way_of(f)], args, mem, &r, err);

    if (s != ST_OK)
        return s;
    list = ARENA_ARRAY(mem, struct listed_message, r.count + 1);
    for (size_t i = 0; i < r.count && n < (size_t)f->limit && next == NULL; i++) {
        if (!read_listed(&r, i, &list[n]))
            return error_set(err, ST_BUG, "message row holds an unknown status or priority");
        if (row_bool(&r, i, LISTED_ENDS))
            next = list[n].message.id;
        if (row_bool(&r, i, LISTED_FITS) && !is_twice(list, n))
            n++;
    }
    if (next == NULL && r.count > (size_t)f->limit)
        next = list[n - 1].message.id;
    *out = list;
    *count = n;
    *next_before_id = next;
    return ST_OK;
}
