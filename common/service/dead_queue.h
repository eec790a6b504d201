#ifndef COMMON_SERVICE_DEAD_QUEUE_H
#define COMMON_SERVICE_DEAD_QUEUE_H
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/broker/broker.h"
#include "common/broker/envelope.h"
#include "common/db/dead.h"
#include "common/db/db.h"
/*
 * dead_queue - what lies in the queue of dead letters: events that could not be read, or that name
 * no recipient of ours.  Their bytes are others' and are never trusted.
 *
 * Events are taken, the oldest first; nobody else gets them until they are settled (replayed, or
 * acknowledged), put back, or the connection ends.
 */
#define DEAD_NAME_BYTES 13   /* twelve hexadecimal digits */
#define DEAD_BODY_KEPT 1024

struct dead_event {
    uint64_t tag;
    int position;                 /* in the queue; the oldest is 1 */
    char name[DEAD_NAME_BYTES];   /* the beginning of its body's SHA-256: copies share it */
    const char *body;             /* its first DEAD_BODY_KEPT bytes */
    size_t len;                   /* of the whole */
    const char *queue, *reason;   /* where and why it died; NULL: it does not say */
    int64_t died_ms;              /* -1: it does not say */
    int lane;                     /* of that queue; -1: none of ours */
    const struct envelope *event; /* NULL: it cannot be read; after judging, only known recipients */
    const char *fault;            /* why it cannot be replayed; NULL: it can, as far as is known */
};

/* The next ones, at most `most`; position: of the first of them.  *count 0: there are no more. */
enum status dead_queue_take(struct broker *b, size_t most, int position, struct arena *mem,
                            struct dead_event **out, size_t *count, struct error *err);

/* Does the event fit?  It has no provider, code or user: a filter on these keeps it out. */
bool dead_event_fits(const struct dead_event *e, const struct dead_filter *filter);

/* Asks the database which recipients there are; a fault where an event names none of ours. */
enum status dead_queue_judge(struct db *db, struct dead_event *const events[], size_t n,
                             struct arena *mem, struct error *err);

/*
 * Publishes judged events without a fault to the queue where they died, and acknowledges each that
 * the broker confirms: cut off between the two, an event lies in both, and its claim decides.
 * done[i]: it left the dead letters.
 */
enum status dead_queue_replay(struct broker *b, struct dead_event *const events[], size_t n,
                              int confirm_ms, bool done[], struct error *err);
#endif
