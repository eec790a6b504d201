#ifndef COMMON_DB_FEED_H
#define COMMON_DB_FEED_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/db/events.h"
/*
 * feed - the timelines of all messages as they grow, in the order of time.
 *
 * Nothing is missed and nothing comes twice: a reader goes no further than events_settled(), behind
 * which no event can be written any more, and begins the next time where it ended.  A call looks at
 * FEED_PAGE events, whatever the filter, by an index.
 */
#define FEED_PAGE 2000

struct feed_filter {
    const char *platform, *status, *provider; /* NULL: any */
    const char *user_id, *message_id;
    bool errors; /* only what failed, or has a code */
};
struct feed_event {
    int64_t at_ms;
    const char *message_id;
    int n; /* -1: of the message itself */
    const char *platform; /* NULL: of the message itself */
    const char *event, *status, *provider, *code; /* NULL: none */
    int64_t attempt; /* -1: none */
    bool possible_duplicate;
};

/*
 * The next events before before_ms (exclusive), from behind *place, which moves on past what was
 * looked at.  *more: there are more before before_ms.
 */
enum status feed_page(struct db *db, const struct feed_filter *filter, struct events_place *place,
                      int64_t before_ms, struct arena *mem, struct feed_event **out, size_t *count,
                      bool *more, struct error *err);

/* How many events feed_page() would look at until then; counting stops at FEED_COUNT_MOST. */
#define FEED_COUNT_MOST 100000
enum status feed_count(struct db *db, struct events_place place, int64_t before_ms, struct arena *mem,
                       int64_t *out, struct error *err);
#endif
