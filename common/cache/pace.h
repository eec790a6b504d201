#ifndef COMMON_CACHE_PACE_H
#define COMMON_CACHE_PACE_H
#include <stdbool.h>
#include <stdint.h>

#include "common/cache/cache.h"
/*
 * pace - at most so many calls a second for one and the same recipient.
 *
 * Who is not let through is told when to come again, and each of them another time, an interval
 * apart, so that a crowd for one recipient does not come back all at once.  Redis keeps the pace for
 * all workers; while it is away each process keeps its own.
 */

/*
 * who: names the recipient; it is kept as a digest only.  True: go.  False: not before *wait_ms.
 * Never fails.
 */
bool pace_take(struct cache *c, const char *provider, const char *who, int rate, int64_t *wait_ms);
#endif
