#ifndef COMMON_SERVICE_TAKE_DUE_H
#define COMMON_SERVICE_TAKE_DUE_H
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/db/recipients.h"
/*
 * take_due - one round over a lane of the timer table: what is due is sorted into what may leave,
 * what has expired, and what a dead worker left behind.
 *
 * *out: the references that may leave now, by the belt or by the caller's own claim.  Their rows
 * come due again after grace_ms.
 */
enum status take_due(struct db *db, const struct config *config, int lane, int limit,
                     int64_t grace_ms, struct arena *mem, struct recipient_ref **out, size_t *count,
                     struct error *err);
#endif
