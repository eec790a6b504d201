#ifndef COMMON_CACHE_RATE_H
#define COMMON_CACHE_RATE_H
#include <stddef.h>
#include <stdint.h>

#include "common/cache/cache.h"
/*
 * rate - how many calls may begin now, where so many a second are allowed: token buckets.
 *
 * A bucket holds a twentieth of a second's worth of calls, at least one: with what calls gain or lose
 * on their way from here to the wire, no second sees more than a tenth above its rate.  Redis keeps it
 * for all workers; while it is away each process keeps its own.
 */
struct rate_ask {
    const char *name;  /* of the bucket, at most RATE_NAME_MAX bytes */
    int rate;          /* a second; at least 1 */
    int want;
    /* answers */
    int granted;
    int64_t wait_ms;   /* until there is another; 0 where all were granted */
};
#define RATE_NAME_MAX 100

/* Never fails. */
void rate_take(struct cache *c, struct rate_ask asks[], size_t n);
#endif
