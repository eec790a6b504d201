#ifndef COMMON_CACHE_CACHE_H
#define COMMON_CACHE_CACHE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
/*
 * cache - one connection to Redis, for commands that the system can do without.
 *
 * Every exchange has the time limit of [redis] timeout_ms; after a failure the connection is made
 * anew with back-off, and until then every call says ST_UNAVAILABLE at once.  One thread.
 */
struct cache;

struct cache *cache_new(const struct config_redis *config);
void cache_free(struct cache *c);
bool cache_is_connected(const struct cache *c);
enum status cache_ping(struct cache *c, struct error *err);

/* What the server says of itself. */
struct cache_facts {
    const char *name, *version;   /* "Redis" or "Valkey" */
    const char *policy;           /* maxmemory-policy; "": it does not say */
    int64_t maxmemory, used;      /* bytes; maxmemory 0: no limit */
};
enum status cache_look(struct cache *c, struct arena *mem, struct cache_facts *out, struct error *err);

/* A script that is run by its digest and loaded when the server does not know it. */
struct cache_script {
    const char *text;
};

/* One call of a script: its key and its arguments, and the two numbers that it answers. */
#define CACHE_ARGS_MOST 4
struct cache_call {
    const char *key;
    const char *args[CACHE_ARGS_MOST];
    int n_args;
    int64_t first, second;
};
/* All calls in one round trip.  On failure some may have been carried out. */
enum status cache_run(struct cache *c, const struct cache_script *script, struct cache_call calls[],
                      size_t n, struct error *err);

/* The text of each key in one round trip: NULL where there is none, cut after `most` bytes. */
enum status cache_get_texts(struct cache *c, const char *const keys[], size_t n, size_t most,
                            struct arena *mem, const char *out[], struct error *err);
#endif
