/* marks - a ring of references, the oldest of which are written together. */
#include "common/service/marks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/db/events.h"

#define MOST 8192 /* a power of two; who is quicker than this in AGE_MS writes earlier */
#define ONCE 1024 /* in a statement: nobody waits long for it */
#define AGE_MS 400
#define COMPANY_MS 50 /* who is nearly as old goes with the oldest */

_Static_assert(AGE_MS < EVENTS_LATE_MS, "a mark that is told in time keeps its time");

struct mark {
    char message_id[UUID_TEXT_BYTES];
    int n, fence;
    int64_t published_ms; /* wall */
    int64_t since_ms;     /* monotonic */
};

struct marks {
    struct db *db;
    size_t first, count;
    struct mark ring[MOST];
};

struct marks *marks_new(const struct config *config, const char *name)
{
    struct marks *m = calloc(1, sizeof *m);

    if (m == NULL)
        abort();
    m->db = db_new(&config->database,
                   &(struct db_options){ .application = name, .async_commit = true, .by_key = true });
    return m;
}

static const struct mark *oldest(const struct marks *m, size_t k)
{
    return &m->ring[(m->first + k) % MOST];
}

/* The oldest, at most ONCE, of those that have been here since before then. */
static void write_until(struct marks *m, int64_t since_ms)
{
    struct queued_mark batch[ONCE];
    struct error err;
    size_t n = 0;

    for (; n < m->count && n < ONCE && oldest(m, n)->since_ms <= since_ms; n++) {
        const struct mark *one = oldest(m, n);

        batch[n] = (struct queued_mark){ .ref = { one->message_id, one->n, one->fence },
                                         .published_ms = one->published_ms };
    }
    if (n > 0 && recipients_mark_queued(m->db, batch, n, &err) != ST_OK)
        log_debug("marks.failed", ERR(&err));
    m->first = (m->first + n) % MOST;
    m->count -= n;
}

void marks_add(struct marks *m, const struct recipient_ref *ref, int64_t published_ms)
{
    struct mark *one;

    if (m->count == MOST)
        write_until(m, INT64_MAX);
    one = &m->ring[(m->first + m->count++) % MOST];
    memcpy(one->message_id, ref->message_id, UUID_TEXT_BYTES);
    one->n = ref->n;
    one->fence = ref->fence;
    one->published_ms = published_ms;
    one->since_ms = clock_mono_ms();
}

void marks_turn(struct marks *m)
{
    int64_t now_ms = clock_mono_ms();

    if (m->count > 0 && oldest(m, 0)->since_ms <= now_ms - AGE_MS)
        write_until(m, now_ms - AGE_MS + COMPANY_MS);
}

bool marks_any(const struct marks *m)
{
    return m->count > 0;
}

void marks_free(struct marks *m)
{
    while (m->count > 0)
        write_until(m, INT64_MAX);
    db_free(m->db);
    free(m);
}
