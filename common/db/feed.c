/* feed - the timelines of all messages as they grow. */
#include "common/db/feed.h"

#include "common/base/clock.h"
#include "common/db/sql.h"

/* $1, $2: the place; $3: before when. */
#define BEHIND " at >= $1::timestamptz AND (at > $1::timestamptz OR id > $2::bigint) AND at < $3::timestamptz"

/* The inner SELECT bounds what is looked at; whether it fits is found out about no more than that. */
#define FEED(of_events)                                                                            \
    "SELECT e.id, " MS("e.at") ", e.message_id, e.n, r.platform, e.event, e.status, e.provider,"   \
    " e.code, e.attempt, e.possible_duplicate,"                                                    \
    " ($4::text IS NULL OR r.platform::text = $4) AND ($5::text IS NULL OR e.status = $5)"               \
    " AND ($6::text IS NULL OR e.provider = $6)"                                                   \
    " AND (NOT $7::boolean OR e.code IS NOT NULL OR e.status = 'failed')"                          \
    " AND ($8::uuid IS NULL OR EXISTS (SELECT FROM messages m"                                     \
    "                                   WHERE m.id = e.message_id AND m.user_id = $8))"            \
    " FROM (SELECT id, at, message_id, n, event, status, provider, code, attempt,"                 \
    "              possible_duplicate FROM message_events"                                         \
    "        WHERE" of_events BEHIND " ORDER BY at, id LIMIT " TEXT(FEED_PAGE) ") e"               \
    " LEFT JOIN message_recipients r ON r.message_id = e.message_id AND r.n = e.n"                 \
    " ORDER BY e.at, e.id"

static const struct statement page_of_all = { "feed_page", FEED(""), 8 };
static const struct statement page_of_message = { "feed_page_of_message",
                                                  FEED(" message_id = $9::uuid AND"), 9 };
static const struct statement counting = {
    "feed_count",
    "SELECT count(*) FROM (SELECT FROM message_events WHERE" BEHIND
    " LIMIT " TEXT(FEED_COUNT_MOST) ") e", 3
};

struct place_text {
    char at[CLOCK_TEXT_BYTES], before[CLOCK_TEXT_BYTES];
    const char *id;
};

static void write_place(struct place_text *t, struct events_place place, int64_t before_ms,
                        struct arena *mem)
{
    clock_format(place.at_ms < 0 ? 0 : place.at_ms, t->at);
    clock_format(before_ms < 0 ? 0 : before_ms, t->before);
    t->id = arena_printf(mem, "%lld", (long long)place.id);
}

static int64_t int_or_none(const struct rows *r, size_t row, int col)
{
    return row_text(r, row, col) == NULL ? -1 : row_int(r, row, col);
}

static size_t keep_fitting(const struct rows *r, struct feed_event *list)
{
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++) {
        if (!row_bool(r, i, 11))
            continue;
        list[n++] = (struct feed_event){
            .at_ms = row_int(r, i, 1), .message_id = row_text(r, i, 2), .n = (int)int_or_none(r, i, 3),
            .platform = row_text(r, i, 4), .event = row_text(r, i, 5), .status = row_text(r, i, 6),
            .provider = row_text(r, i, 7), .code = row_text(r, i, 8), .attempt = int_or_none(r, i, 9),
            .possible_duplicate = row_bool(r, i, 10),
        };
    }
    return n;
}

enum status feed_page(struct db *db, const struct feed_filter *filter, struct events_place *place,
                      int64_t before_ms, struct arena *mem, struct feed_event **out, size_t *count,
                      bool *more, struct error *err)
{
    const struct statement *st = filter->message_id != NULL ? &page_of_message : &page_of_all;
    struct place_text t;
    struct rows r;
    enum status s;

    write_place(&t, *place, before_ms, mem);
    s = db_query(db, st,
                 (const char *[]){ t.at, t.id, t.before, filter->platform, filter->status,
                                   filter->provider, filter->errors ? "true" : "false",
                                   filter->user_id, filter->message_id },
                 mem, &r, err);
    if (s != ST_OK)
        return s;
    *out = ARENA_ARRAY(mem, struct feed_event, r.count + 1);
    *count = keep_fitting(&r, *out);
    *more = r.count == FEED_PAGE;
    if (r.count > 0)
        *place = (struct events_place){ row_int(&r, r.count - 1, 1), row_int(&r, r.count - 1, 0) };
    return ST_OK;
}

enum status feed_count(struct db *db, struct events_place place, int64_t before_ms, struct arena *mem,
                       int64_t *out, struct error *err)
{
    struct place_text t;
    struct rows r;
    enum status s;

    write_place(&t, place, before_ms, mem);
    s = db_query(db, &counting, (const char *[]){ t.at, t.id, t.before }, mem, &r, err);
    if (s == ST_OK)
        *out = row_int(&r, 0, 0);
    return s;
}
