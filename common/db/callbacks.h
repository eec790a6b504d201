#ifndef COMMON_DB_CALLBACKS_H
#define COMMON_DB_CALLBACKS_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/model/report.h"
/*
 * callbacks - what providers report, taken in once and applied to recipients.
 *
 * A report is known by its provider and event id: told again, it changes nothing.  Its recipient is
 * found by our own id, else by the provider's id of any of its attempts; one that is found by neither
 * is parked, and tried again for CALLBACKS_PARKED_HOURS.  One about a person is found by the address,
 * as the latest message to it, and is not parked.
 *
 * What it does is decided by delivery_step(), whatever comes together and in which order, with three
 * exceptions that go into the timeline only: a report about a recipient that another provider has
 * sent, the failure of another attempt than the one that was sent, and a failure of a recipient that
 * was replayed and has not been tried again.
 */
#define CALLBACKS_PARKED_HOURS 24
#define CALLBACKS_KEPT_DAYS 8 /* the longest that a provider repeats a callback is 7 (WhatsApp) */

struct callbacks_tally {
    size_t fresh;   /* taken in for the first time */
    size_t changed; /* recipients that they moved */
    size_t parked;
    size_t dropped; /* callbacks_retry(): given up */
};

/* One statement, so one transaction.  Reports without an event id are left out. */
enum status callbacks_record(struct db *db, const struct callback_report reports[], size_t n,
                             struct arena *mem, struct callbacks_tally *out, struct error *err);

/* Tries `limit` parked ones whose time has come.  *tried: how many there were. */
enum status callbacks_retry(struct db *db, int limit, struct arena *mem, size_t *tried,
                            struct callbacks_tally *out, struct error *err);

/* Forgets at most `limit` that no provider repeats any more. */
enum status callbacks_prune(struct db *db, int limit, size_t *pruned, struct error *err);
#endif
