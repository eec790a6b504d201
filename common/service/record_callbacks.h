#ifndef COMMON_SERVICE_RECORD_CALLBACKS_H
#define COMMON_SERVICE_RECORD_CALLBACKS_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/model/report.h"
/*
 * record_callbacks - what providers told us of recipients, taken in and applied.  Told twice, late or
 * out of order, it leads to the same state.
 *
 * What came in one call is recorded in one transaction, or not at all: then the provider is to call
 * again.  Calls that come together share a transaction, and where that fails for another reason than
 * an outage each is tried alone, so that none spoils its neighbours.
 */
struct callback_call {
    const struct callback_report *reports;
    size_t n;
    enum status result; /* ST_UNCERTAIN may have been recorded; to record it again is no harm */
};
void record_callbacks(struct db *db, struct callback_call calls[], size_t n, struct arena *mem);
#endif
