#ifndef COMMON_SERVICE_RECORD_CALLBACK_H
#define COMMON_SERVICE_RECORD_CALLBACK_H
#include <stddef.h>

#include "common/base/error.h"
#include "common/db/db.h"
#include "common/model/delivery.h"
/*
 * record_callback - what a provider told us of a recipient, applied as the transition table allows.
 * Told twice, late or out of order, it leads to the same state.
 */
struct callback {
    const char *recipient_id; /* MESSAGE.n, ours */
    enum delivery_event event;
    const char *provider, *provider_id, *code, *message; /* NULL: not told */
};
/* moved: 1 where the recipient changed.  ST_INVALID: not an id of ours. */
enum status record_callback(struct db *db, const struct callback *c, size_t *moved,
                            struct error *err);
#endif
