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
 * Events are taken; nobody else gets them until they are settled (replayed, or acknowledged), put
 * back, or the connection ends.  A quorum queue keeps no order among what is put back, so an event's
 * place in the queue says nothing: it is known by its name.
 */
/*
 * The most that may be settled before the next ones are taken.  The broker buffers what it is told of
 * a quorum queue beyond 32 commands that the queue has not applied, and forgets the buffer when the
 * channel closes: acknowledged messages would lie there again.  Taking waits for the queue.
 */
#define DEAD_BATCH 12

#define DEAD_NAME_BYTES 13   /* twelve hexadecimal digits */
#define DEAD_BODY_KEPT 1024

struct dead_event {
    uint64_t tag;
    int position;                 /* after a look: among those that were seen; the oldest is 1 */
    char name[DEAD_NAME_BYTES];   /* the beginning of its body's SHA-256: copies share it */
    const char *body;             /* its first DEAD_BODY_KEPT bytes */
    size_t len;                   /* of the whole */
    const char *queue, *reason;   /* where and why it died; NULL: it does not say */
    int64_t died_ms;              /* -1: it does not say */
    int lane;                     /* of that queue; -1: none of ours */
    const struct envelope *event; /* NULL: it cannot be read; after judging, only known recipients */
    const char *fault;            /* why it cannot be replayed; NULL: it can, as far as is known */
};

/* The next ones, at most `most`.  *count 0: there are no more. */
enum status dead_queue_take(struct broker *b, size_t most, struct arena *mem,
                            struct dead_event **out, size_t *count, struct error *err);

/*
 * Gives back all that were taken and not settled, `taken` of them.  The broker does so some time after
 * it was told: waits until its queue counts them again, 5 s at most, so that who looks next sees them all.
 */
enum status dead_queue_put_back(struct broker *b, size_t taken, struct error *err);

/*
 * Takes at most DEAD_LOOK_MOST, puts all back, and orders them by when they died, which numbers
 * them.  behind: how many more there are.
 */
#define DEAD_LOOK_MOST 10000
enum status dead_queue_look(struct broker *b, struct arena *mem, struct dead_event **out,
                            size_t *count, size_t *behind, struct error *err);

/* Does the event fit?  It has no provider, code or user: a filter on these keeps it out. */
bool dead_event_fits(const struct dead_event *e, const struct dead_filter *filter);

/* Asks the database which recipients there are; a fault where an event names none of ours. */
enum status dead_queue_judge(struct db *db, struct dead_event *const events[], size_t n,
                             struct arena *mem, struct error *err);

/*
 * Publishes judged events without a fault, at most DEAD_BATCH, to the queue where they died, and
 * acknowledges each that the broker confirms: cut off between the two, an event lies in both, and its claim decides.
 * done[i]: it left the dead letters.
 */
enum status dead_queue_replay(struct broker *b, struct dead_event *const events[], size_t n,
                              int confirm_ms, bool done[], struct error *err);
#endif
