#ifndef COMMON_CACHE_LANE_FLAGS_H
#define COMMON_CACHE_LANE_FLAGS_H
#include <stdint.h>

#include "common/base/error.h"
#include "common/cache/cache.h"
#include "common/model/platform.h"
/*
 * lane_flags - lanes with a backlog, told by schedulers to responders through Redis.
 *
 * While a flag is up, responders leave the lane's new recipients to the scheduler, which takes users
 * in turn; so the queue stays short and nobody overtakes.  A flag lasts a moment and is then down;
 * without Redis all are down.
 */

/* lanes: bits 1 << lane. */
enum status lane_flags_raise(struct cache *c, unsigned lanes, int64_t life_ms, struct error *err);
enum status lane_flags_read(struct cache *c, unsigned *lanes, struct error *err);
#endif
