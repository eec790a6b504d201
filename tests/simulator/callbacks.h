#ifndef SIMULATOR_CALLBACKS_H
#define SIMULATOR_CALLBACKS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/error.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/oracle.h"
#include "tests/simulator/settings.h"
/*
 * callbacks - tells the sender what became of its messages: later, in the order of a plan, signed.
 *
 * One thread with a curl multi handle posts them, at most CALLBACKS_IN_FLIGHT at once over kept
 * connections.  A provider may put events of several messages into one.  At most CALLBACKS_PENDING
 * messages wait; what comes beyond is dropped and counted.
 */
#define CALLBACKS_IN_FLIGHT 64
#define CALLBACKS_PENDING 1000000
#define CALLBACK_TIMEOUT_MS 15000
#define CALLBACK_RETRY_MS 1000

/* One event of one message. */
struct item {
    const struct notice *notice;
    struct step step;
    int64_t time_ms; /* when it happened, wall clock; the same for each try and each double */
};

/* What a provider makes of one item or more.  Text lives in the arena given with it. */
#define POST_HEADERS 6
#define POST_BATCH_BYTES ((size_t)768 * 1024) /* about where a batch is full */
#define POST_MAX (2 * POST_BATCH_BYTES)
struct post {
    const char *url;
    const char *headers[POST_HEADERS]; /* "Name: value"; NULL ends early */
    struct buf body;
};

struct callbacks;
enum status callbacks_open(struct callbacks **out, const struct settings *s, struct oracle *o,
                           struct error *err);
void callbacks_close(struct callbacks *c); /* what still waits is forgotten */

/*
 * Copies the notice; the first callback goes out after delay_ms.  Any thread.  Returns a handle to
 * ask about that first callback, to be given back by callbacks_release().
 */
struct job;
struct job *callbacks_submit(struct callbacks *c, const struct notice *n, int64_t delay_ms);
bool callbacks_first_done(const struct job *j); /* answered, given up or dropped */
void callbacks_release(struct job *j);          /* takes NULL */

struct callbacks_counts {
    uint64_t posted, answered_2xx, dropped, waiting;
};
void callbacks_count(struct callbacks *c, struct callbacks_counts *out);
#endif
