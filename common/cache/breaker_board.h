#ifndef COMMON_CACHE_BREAKER_BOARD_H
#define COMMON_CACHE_BREAKER_BOARD_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/cache/cache.h"
/*
 * breaker_board - what all workers know of the providers' breakers, in Redis.
 *
 * `notification:breaker:NAME` holds {"state", "until_ms", "reason", "failures"} while a breaker is
 * open, and goes by itself some time after; absent is closed.  Every call may say ST_UNAVAILABLE:
 * then each process knows only its own.
 */
struct breaker_entry {
    int64_t until_ms; /* wall time; 0: closed */
    int failures;
    int64_t pause_ms; /* the provider asked for silence for so long; 0: it did not */
};

/* out[i] is about names[i]. */
enum status breaker_board_look(struct cache *c, const char *const names[], size_t n,
                               struct breaker_entry out[], struct error *err);
enum status breaker_board_open(struct cache *c, const char *name, int64_t until_ms, int failures,
                               const char *reason, int64_t life_ms, struct error *err);
enum status breaker_board_close(struct cache *c, const char *name, struct error *err);
/* *won: nobody else probes this provider within life_ms. */
enum status breaker_board_probe(struct cache *c, const char *name, int64_t life_ms, bool *won,
                                struct error *err);
/* No call to it for so long; never shortens what is there. */
enum status breaker_board_pause(struct cache *c, const char *name, int64_t pause_ms,
                                struct error *err);
#endif
