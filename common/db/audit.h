#ifndef COMMON_DB_AUDIT_H
#define COMMON_DB_AUDIT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/db/span.h"
#include "common/model/delivery.h"
#include "common/model/platform.h"
/*
 * audit - conservation: each accepted recipient has its end, or lives with a reason.
 *
 * An audit is one transaction that only reads, on one snapshot: what others write meanwhile is neither
 * seen nor held up.  It goes through the messages in steps, so each statement and what it returns are
 * bounded.  While it lasts the snapshot keeps vacuum from removing what dies meanwhile, no more.
 */

/* ---- what may be wrong ---- */

enum audit_fault { AUDIT_LOST, AUDIT_ORPHANED, AUDIT_MISCOUNTED, AUDIT_OVERDUE, AUDIT_FAULTS };
const char *audit_fault_name(enum audit_fault f); /* "lost" */

/* One way to find one; what it finds has a message's id, and n where a recipient is meant. */
struct audit_check {
    enum audit_fault fault;
    const char *what;   /* "live recipients without a dispatch row" */
    const char *remedy; /* one line */
    struct statement find; /* $1 after, $2 up to, $3 grace in ms, $4 at most so many */
};
extern const struct audit_check audit_checks[];
extern const size_t n_audit_checks;

/* ---- why a recipient lives ---- */

enum audit_reason {
    REASON_FINAL, /* it does not: nothing is left to do */
    REASON_SCHEDULED, REASON_RETRY, REASON_SOON, REASON_DUE, /* pending */
    REASON_BELT, REASON_BELT_OVER,                           /* queued */
    REASON_CLAIMED, REASON_LEASE_OVER,                       /* sending */
    REASON_NONE, /* it has no dispatch row: nobody will look at it again */
    AUDIT_REASONS
};

struct audit_counts {
    int64_t messages, accepted;
    int64_t missing; /* recipients that a message counts and that have no row */
    int64_t surplus; /* rows that no message counts */
    int64_t recipients[DS_COUNT][AUDIT_REASONS][PF_COUNT];
};

/* Begins the transaction; *at_ms: the time of its snapshot, about. */
enum status audit_begin(struct db *db, struct arena *mem, int64_t *at_ms, struct error *err);
void audit_end(struct db *db);

/* Adds what a step holds. */
enum status audit_count(struct db *db, const struct span *step, struct arena *mem,
                        struct audit_counts *io, struct error *err);

struct audit_found {
    const char *message_id;
    int n; /* -1: the message */
};
/* What check i finds in a step: how many, and the first `most` of them. */
enum status audit_find(struct db *db, size_t check, const struct span *step, int64_t grace_ms,
                       int most, struct arena *mem, struct audit_found **out, size_t *listed,
                       int64_t *count, struct error *err);

/* ---- what it came to ---- */

struct audit_result {
    int64_t at_ms, messages, accepted, final, live, faults[AUDIT_FAULTS];
};
enum status audit_write(struct db *db, const struct audit_result *r, struct error *err);
/* The last one; ST_NOT_FOUND: nobody has audited yet. */
enum status audit_read(struct db *db, struct arena *mem, struct audit_result *out, struct error *err);
#endif
