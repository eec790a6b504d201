#ifndef COMMON_DB_DISPATCH_H
#define COMMON_DB_DISPATCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/db/recipients.h"
#include "common/model/platform.h"
/*
 * dispatch - the timer: what is due, taking it, and how much of it there is.
 *
 * Its table has a row for each recipient that has something to do; several of a message begin as one row
 * of another, a run (sql/0016_runs.up.sql).
 */
struct due {
    struct recipient_ref ref;
    enum delivery_state status;
    int attempts;
    int64_t queued_ms; /* QUEUED: for how long it has been marked so */
    bool leased;       /* SENDING: a worker has it */
    bool expired; /* its message's expires_at has passed */
};
enum take_order {
    TAKE_OLDEST, /* whose time came first */
    TAKE_IN_TURN, /* the same share for each user, theirs whose time came first; for a backlog */
    TAKE_RUNS     /* the same of runs, of which they get rows of their own */
};
#define TAKE_ORDERS 3
struct take {
    int lane;
    enum take_order order;
    int limit;
    int64_t grace_ms; /* what is taken comes due again after this */
    int64_t lease_ms; /* what a worker has claimed does so that long after its claim */
};
/*
 * Takes at most limit recipients of a lane whose time has come, and puts their time off, so that nobody
 * else takes them and nothing is lost if the caller dies.  Rows that another scheduler is taking are
 * passed over.
 */
enum status dispatch_take(struct db *db, const struct take *take, struct arena *mem, struct due **out,
                          size_t *count, struct error *err);

/* What a lane has in the table: whose time has come, whose has not, and for how long the first has. */
struct backlog {
    int64_t due, waiting; /* counting stops at `most` */
    int64_t oldest_ms;    /* -1: nothing is due */
};
enum status dispatch_backlog(struct db *db, int most, struct arena *mem,
                             struct backlog out[LANE_COUNT], struct error *err);
#endif
