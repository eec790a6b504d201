#ifndef COMMON_DB_EVENTS_H
#define COMMON_DB_EVENTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
/*
 * events - reading the timeline; every change of state writes its own rows.
 */
struct event {
    int64_t id, at_ms;
    int n; /* -1: of the message itself */
    const char *event, *status, *provider, *code, *detail;
    int64_t attempt, latency_ms;  /* -1: none */
    int64_t next_attempt_ms;      /* -1: none */
    bool possible_duplicate;
};
/*
 * Some events are told a moment after what they tell of: the mark of a publication waits for company.
 * None is dated further back than this, by the database's clock.
 */
#define EVENTS_LATE_MS 500

/*
 * What is written from now on is dated no earlier than this: read after having asked, what lies before
 * it is all there is.
 */
enum status events_settled(struct db *db, struct arena *mem, int64_t *before_ms, struct error *err);

struct events_place {
    int64_t at_ms, id;
};
#define EVENTS_BEGIN { -1, -1 }
/*
 * Oldest first, from behind *place, which then is where the next page begins.  A page that is not the
 * last ends before whatever may still get an event in front of it, from somebody who is writing now or
 * is late: it may be shorter than limit, even empty.  The last one shows all there is.
 */
enum status events_page(struct db *db, const char *message_id, struct events_place *place, int limit,
                        struct arena *mem, struct event **out, size_t *count, bool *more,
                        struct error *err);
/* The oldest `limit` of one recipient and of its whole message. */
enum status events_of_recipient(struct db *db, const char *message_id, int n, int limit,
                                struct arena *mem, struct event **out, size_t *count,
                                struct error *err);
#endif
