#ifndef COMMON_SERVICE_DEAD_LETTERS_H
#define COMMON_SERVICE_DEAD_LETTERS_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/broker/broker.h"
#include "common/db/dead.h"
#include "common/db/db.h"
/*
 * dead_letters - replaying and purging: recipients that failed, and events in the queue of dead
 * letters; in batches, each letter told of as it is done or refused.
 *
 * A run that is cut off has done what it told of, and at most a batch more; the next run finds the
 * rest.  Two runs side by side do nothing twice.
 */
enum dead_action {
    DEAD_REPLAY, /* to the beginning: pending again; back to the queue where it died */
    DEAD_PURGE,  /* out of sight: acknowledged; removed */
    DEAD_ACTIONS
};
enum dead_end {
    DEAD_DONE,
    DEAD_REFUSED, /* it cannot be, for the reason told */
    DEAD_MOVED    /* someone else was faster: nothing is left to do */
};
struct dead_told {
    const char *kind; /* "recipient", "event" */
    const char *id;   /* MESSAGE.n, or the event's name; good during the call */
    enum dead_end end;
    const char *reason; /* NULL where it was done */
};

struct dead_run {
    enum dead_action action;
    bool dry_run;     /* tell what would be done, and change nothing */
    size_t left;      /* letters that may still be taken up, refused ones too */
    int max_attempts; /* of [worker] */
    int confirm_ms;   /* of [rabbitmq] */
    struct db *db;
    struct broker *broker; /* connected, and used for nothing else; only for events */
    void (*tell)(void *arg, const struct dead_told *told);
    void *arg;
};

/* Those that failed and fit, the latest first; and those that are named, each once. */
enum status dead_run_failed(struct dead_run *run, const struct dead_filter *filter, struct error *err);
enum status dead_run_recipients(struct dead_run *run, const struct recipient_ref refs[], size_t n,
                                struct error *err);

/*
 * Events of the queue, as many as lay there at the beginning, in no order.  names NULL: all
 * that fit the filter; else those with one of these names, and a name that none has is refused.
 */
enum status dead_run_events(struct dead_run *run, const struct dead_filter *filter,
                            const char *const names[], size_t n_names, struct error *err);
#endif
