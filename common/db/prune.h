#ifndef COMMON_DB_PRUNE_H
#define COMMON_DB_PRUNE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
/*
 * prune - removing messages that have been finished for long, with all that belongs to them.
 *
 * A message goes whole or stays whole: it stays where any recipient is open, and where anything has
 * happened to it or to a recipient since.  Each batch is a short transaction of its own, which
 * takes its locks as everybody does: recipients by (message id, n), then messages.
 */
struct prune_tally {
    int64_t looked; /* messages */
    int64_t messages, recipients, events, parked; /* removed */
};
struct prune_place {
    char after[UUID_TEXT_BYTES];
};
#define PRUNE_FROM_FIRST { "00000000-0000-0000-0000-000000000000" }

/*
 * Looks at the next messages behind a place, of about `recipients` recipients together and at least
 * one, and removes those of them that are finished and were last changed before before_ms.  dry: only
 * counts them.  *more: there may be others behind the place, which has moved.
 */
enum status prune_batch(struct db *db, struct prune_place *place, int64_t before_ms, int recipients,
                        bool dry, struct arena *mem, struct prune_tally *io, bool *more,
                        struct error *err);
#endif
