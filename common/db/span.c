/* span - the way through all messages, in steps of about as many rows. */
#include "common/db/span.h"

#include <string.h>

#define LAST_ID "ffffffff-ffff-ffff-ffff-ffffffffffff"

/* Whichever table is first through with so many rows ends the step; NULL: none has as many. */
static const struct statement next = {
    "span_next",
    "SELECT least("
    "  (SELECT message_id FROM message_recipients WHERE message_id > $1::uuid"
    "    ORDER BY message_id, n OFFSET $2::int LIMIT 1),"
    "  (SELECT id FROM messages WHERE id > $1::uuid ORDER BY id OFFSET $2::int LIMIT 1),"
    "  (SELECT message_id FROM dispatch WHERE message_id > $1::uuid"
    "    ORDER BY message_id, n OFFSET $2::int LIMIT 1))",
    2
};

struct span span_begin(int64_t since_ms)
{
    struct span s = { .ended = false };

    uuid_first_of(since_ms, s.upto);
    return s;
}

enum status span_next(struct db *db, struct span *s, int rows, struct arena *mem, bool *more,
                      struct error *err)
{
    const char *args[] = { s->upto, arena_printf(mem, "%d", rows) };
    struct rows r;
    enum status st;

    *more = !s->ended;
    if (s->ended)
        return ST_OK;
    st = db_query(db, &next, args, mem, &r, err);
    if (st != ST_OK)
        return st;
    strcpy(s->after, s->upto);
    s->ended = row_text(&r, 0, 0) == NULL;
    strcpy(s->upto, s->ended ? LAST_ID : row_text(&r, 0, 0));
    return ST_OK;
}

static const struct statement size = {
    "span_size", "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'messages'::regclass", 0
};

enum status span_size(struct db *db, struct arena *mem, size_t *messages, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, &size, NULL, mem, &r, err);

    if (s == ST_OK)
        *messages = (size_t)row_int(&r, 0, 0);
    return s;
}
