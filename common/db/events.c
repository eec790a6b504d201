/* events - reading the timeline. */
#include "common/db/events.h"

#include "common/base/clock.h"

#define MS(column) "(extract(epoch FROM " column ") * 1000)::bigint"

#define COLUMNS                                                                                   \
    "SELECT id, " MS("at") ", n, event, status, provider, code, detail, attempt, latency_ms, "      \
    MS("next_attempt_at") ", possible_duplicate FROM message_events"

static const struct statement page = {
    "events_page",
    COLUMNS " WHERE message_id = $1 AND (at, id) > ($2::timestamptz, $3::bigint)"
            " ORDER BY at, id LIMIT $4",
    4
};
static const struct statement of_recipient = {
    "events_of_recipient",
    COLUMNS " WHERE message_id = $1 AND (n IS NULL OR n = $2) ORDER BY at, id LIMIT $3", 3
};

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

enum status events_page(struct db *db, const char *message_id, int64_t after_ms, int64_t after_id,
                        int limit, struct arena *mem, struct event **out, size_t *count,
                        struct error *err)
{
    char at[CLOCK_TEXT_BYTES];
    const char *args[] = { message_id, after_ms < 0 ? "-infinity" : clock_format(after_ms, at),
                           arena_printf(mem, "%lld", (long long)after_id),
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
