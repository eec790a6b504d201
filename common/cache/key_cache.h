#ifndef COMMON_CACHE_KEY_CACHE_H
#define COMMON_CACHE_KEY_CACHE_H
#include <stdbool.h>
#include <stdint.h>

#include "common/crypto/digest.h"
#include "common/model/caller.h"
/*
 * key_cache - what this process learned of API keys a moment ago.
 *
 * In memory and short-lived: a key that is revoked stops working everywhere within
 * KEY_CACHE_MS, whatever else is up or down.  Keys that do not exist are remembered too, so that
 * guessing costs Postgres no more than knowing.  Bounded; any thread.
 */
#define KEY_CACHE_MS 5000

enum key_known { KEY_UNKNOWN, KEY_GOOD, KEY_BAD };

enum key_known key_cache_get(const char digest[SHA256_HEX_BYTES], int64_t now_mono_ms,
                             struct caller *out);
/* caller NULL: there is no such key. */
void key_cache_put(const char digest[SHA256_HEX_BYTES], int64_t now_mono_ms,
                   const struct caller *caller);
void key_cache_clear(void);
#endif
