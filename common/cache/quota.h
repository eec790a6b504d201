#ifndef COMMON_CACHE_QUOTA_H
#define COMMON_CACHE_QUOTA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cache/cache.h"
/*
 * quota - how many requests a user has made in the present minute.
 *
 * A window begins with the first request and lasts a minute.  Redis counts over all processes, in
 * one script; while it is away each process counts for itself, on from what it last saw of Redis's
 * count.  So at most `limit` requests pass in each process.
 */
#define QUOTA_WINDOW_MS 60000

struct quota_ask {
    const char *user_id;
    int limit; /* a minute; at least 1 */
    /* answers */
    bool allowed;
    int remaining;
    int64_t reset_ms; /* until the window is whole again */
};
/* Never fails.  Counts of different asks of one user are exact within the call. */
void quota_take(struct cache *c, struct quota_ask asks[], size_t n);
#endif
