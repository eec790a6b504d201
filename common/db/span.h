#ifndef COMMON_DB_SPAN_H
#define COMMON_DB_SPAN_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/uuid.h"
#include "common/db/db.h"
/*
 * span - the way through all messages, in steps of about as many rows, by their ids.
 *
 * The steps lie side by side and leave nothing out between the first and the last possible id, so what
 * belongs to no message is met too.
 */
struct span {
    char after[UUID_TEXT_BYTES], upto[UUID_TEXT_BYTES]; /* ids > after, and <= upto */
    bool ended; /* the last step has been taken */
};

/* Before the first step; since_ms: of messages created since, 0 for all. */
struct span span_begin(int64_t since_ms);
/* The next step: about `rows` recipients, messages or dispatch rows.  False in *more: there is none. */
enum status span_next(struct db *db, struct span *s, int rows, struct arena *mem, bool *more,
                      struct error *err);

/* How many messages there are, as the planner believes: for a bar.  0: not known. */
enum status span_size(struct db *db, struct arena *mem, size_t *messages, struct error *err);
#endif
