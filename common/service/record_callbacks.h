#ifndef COMMON_SERVICE_RECORD_CALLBACKS_H
#define COMMON_SERVICE_RECORD_CALLBACKS_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/model/delivery.h"
/*
 * record_callbacks - what providers told us of recipients, applied as the transition table allows.
 * Told twice, late or out of order, it leads to the same state.
 */
struct callback {
    const char *recipient_id; /* MESSAGE.n, ours */
    enum delivery_event event;
    const char *provider, *provider_id, *code, *message; /* NULL: not told */
    enum status result; /* ST_OK, also where nothing had to change; ST_INVALID: not an id of ours */
};
/*
 * One statement for each kind of event among them, in the order in which a message goes through
 * them.  Where a statement fails, its callbacks are tried one by one.
 */
void record_callbacks(struct db *db, struct callback callbacks[], size_t n, struct arena *mem);
#endif
