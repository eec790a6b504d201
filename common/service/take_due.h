#ifndef COMMON_SERVICE_TAKE_DUE_H
#define COMMON_SERVICE_TAKE_DUE_H
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/db/dispatch.h"
/*
 * take_due - one round over a lane of the timer table: what is due is sorted into what may leave,
 * what waits on the belt or is with a worker already, what has expired, and what a dead worker left
 * behind.
 *
 * belt_is_full: what was queued a while ago still waits there, and is not sent again.
 * *out: the references that may leave now, by the belt or by the caller's own claim.  *taken: how
 * many rows the round took up; the limit: there may be more.
 */
enum status take_due(struct db *db, const struct config *config, const struct take *take,
                     bool belt_is_full, struct arena *mem, struct recipient_ref **out, size_t *count,
                     size_t *taken, struct error *err);
#endif
