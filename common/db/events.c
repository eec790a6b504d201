/* events - reading the timeline. */
#include "common/db/events.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/db/sql.h"

/*
 * A message's acceptance is told by its own row, not by one of the timeline: it is the first event of
 * every message, and says nothing that the message does not.
 */
#define TIMELINE(of_message, of_events, limit)                                                     \
    "SELECT id, " MS("at") ", n, event, status, provider, code, detail, attempt, latency_ms, "     \
    MS("next_attempt_at") ", possible_duplicate FROM ("                                            \
    " SELECT 0::bigint AS id, created_at AS at, NULL::integer AS n, 'accepted' AS event,"          \
    "        NULL AS status, NULL AS provider, NULL AS code, NULL AS detail,"                      \
    "        NULL::integer AS attempt, NULL::integer AS latency_ms,"                               \
    "        scheduled_at AS next_attempt_at, false AS possible_duplicate"                         \
    "   FROM messages WHERE id = $1" of_message                                                    \
    " UNION ALL (SELECT id, at, n, event, status, provider, code, detail, attempt, latency_ms,"    \
    "                   next_attempt_at, possible_duplicate"                                       \
    "   FROM message_events WHERE message_id = $1" of_events " ORDER BY at, id LIMIT " limit ")"   \
    ") t ORDER BY at, id LIMIT " limit

static const struct statement page = {
    "events_page",
    TIMELINE(" AND (created_at, 0) > ($2::timestamptz, $3::bigint)",
             " AND (at, id) > ($2::timestamptz, $3::bigint)", "$4"),
    4
};
static const struct statement of_recipient = { "events_of_recipient",
                                               TIMELINE("", " AND (n IS NULL OR n = $2)", "$3"), 3 };

static int64_t int_or_none(const struct rows *r, size_t row, int col)
{
    return row_text(r, row, col) == NULL ? -1 : row_int(r, row, col);
}

static struct event *read_events(const struct rows *r, struct arena *mem)
{
    struct event *list = ARENA_ARRAY(mem, struct event, r->count + 1);

    for (size_t i = 0; i < r->count; i++) {
        list[i] = (struct event){
            .id = row_int(r, i, 0), .at_ms = row_int(r, i, 1), .n = (int)int_or_none(r, i, 2),
            .event = row_text(r, i, 3), .status = row_text(r, i, 4),
            .provider = row_text(r, i, 5), .code = row_text(r, i, 6), .detail = row_text(r, i, 7),
            .attempt = int_or_none(r, i, 8), .latency_ms = int_or_none(r, i, 9),
            .next_attempt_ms = int_or_none(r, i, 10), .possible_duplicate = row_bool(r, i, 11),
        };
    }
    return list;
}

static enum status read_page(struct db *db, const char *message_id, struct events_place behind, int limit,
                             struct arena *mem, struct event **out, size_t *count, struct error *err)
{
    char at[CLOCK_TEXT_BYTES];
    const char *args[] = { message_id, behind.at_ms < 0 ? "-infinity" : clock_format(behind.at_ms, at),
                           arena_printf(mem, "%lld", (long long)behind.id),
                           arena_printf(mem, "%d", limit) };
    struct rows r;
    enum status s = db_query(db, &page, args, mem, &r, err);

    if (s != ST_OK)
        return s;
    *out = read_events(&r, mem);
    *count = r.count;
    return ST_OK;
}

enum status events_of_recipient(struct db *db, const char *message_id, int n, int limit,
                                struct arena *mem, struct event **out, size_t *count,
                                struct error *err)
{
    const char *args[] = { message_id, arena_printf(mem, "%d", n), arena_printf(mem, "%d", limit) };
    struct rows r;
    enum status s = db_query(db, &of_recipient, args, mem, &r, err);

    if (s != ST_OK)
        return s;
    *out = read_events(&r, mem);
    *count = r.count;
    return ST_OK;
}

/*
 * What is written later is not dated before this: transactions that write date their events after
 * their own start, or late by as much as is allowed (and a millisecond, since times are rounded).  No
 * statement of ours lasts as long as a minute: what does is a stranger's, and waited for by nobody.
 */
static const struct statement settled = {
    "events_settled",
    "SELECT " MS("least(min(xact_start), clock_timestamp())") " - $1::bigint - 1"
    "  FROM pg_stat_get_activity(NULL)"
    " WHERE backend_xid IS NOT NULL AND xact_start > clock_timestamp() - interval '1 minute'",
    1
};

enum status events_settled(struct db *db, struct arena *mem, int64_t *before_ms, struct error *err)
{
    struct rows r;
    const char *late_ms = arena_printf(mem, "%d", EVENTS_LATE_MS);
    enum status s = db_query(db, &settled, &late_ms, mem, &r, err);

    if (s == ST_OK)
        *before_ms = row_int(&r, 0, 0);
    return s;
}

/* Nothing comes before a message's own acceptance, which is written with it. */
static bool is_settled(const struct event *e, int64_t before_ms)
{
    return e->at_ms < before_ms || strcmp(e->event, "accepted") == 0;
}

/*
 * The page is read again after having asked who is writing: whoever was done by then is in it, and
 * whoever was not, or came later, dates behind where it ends.
 */
enum status events_page(struct db *db, const char *message_id, struct events_place *place, int limit,
                        struct arena *mem, struct event **out, size_t *count, bool *more,
                        struct error *err)
{
    struct event *list;
    int64_t before_ms;
    size_t n, shown = 0;
    enum status s = read_page(db, message_id, *place, limit + 1, mem, &list, &n, err);

    if (s == ST_OK && n > (size_t)limit) {
        s = events_settled(db, mem, &before_ms, err);
        if (s == ST_OK)
            s = read_page(db, message_id, *place, limit + 1, mem, &list, &n, err);
        while (s == ST_OK && shown < (size_t)limit && is_settled(&list[shown], before_ms))
            shown++;
    } else {
        shown = n;
    }
    if (s != ST_OK)
        return s;
    if (shown > 0)
        *place = (struct events_place){ list[shown - 1].at_ms, list[shown - 1].id };
    *out = list;
    *count = shown;
    *more = shown < n;
    return ST_OK;
}
