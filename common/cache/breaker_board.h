#ifndef COMMON_CACHE_BREAKER_BOARD_H
#define COMMON_CACHE_BREAKER_BOARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/cache/cache.h"
/*
 * breaker_board - what all workers know of the providers' breakers, in Redis.
 *
 * `notification:breaker:{NAME}` holds, while a breaker is open and for some time after,
 *
 *     {"state":"open","until_ms":1796115600000,"reason":"credentials refused","failures":3}
 *
 * and what is not there is closed.  Every call may say ST_UNAVAILABLE: then each process knows only
 * its own.
 */

/* ---- for workers ---- */

struct breaker_entry {
    int64_t until_ms; /* wall time; 0: closed */
    int failures;     /* openings in a row */
    int64_t pause_ms; /* the provider asked for silence for so long; 0: it did not */
};

/* out[i] is about names[i]. */
enum status breaker_board_look(struct cache *c, const char *const names[], size_t n,
                               struct breaker_entry out[], struct error *err);
enum status breaker_board_open(struct cache *c, const char *name, int64_t until_ms, int failures,
                               const char *reason, int64_t life_ms, struct error *err);
enum status breaker_board_close(struct cache *c, const char *name, struct error *err);
/* *won: it is half-open, and nobody else probes it until it is opened or closed, or life_ms are over. */
enum status breaker_board_probe(struct cache *c, const char *name, int64_t life_ms, bool *won,
                                struct error *err);
/* No call to it for so long; never shortens what is there. */
enum status breaker_board_pause(struct cache *c, const char *name, int64_t pause_ms,
                                struct error *err);

/* ---- for people ---- */

struct breaker_view {
    const char *state;  /* "closed", "open", "half_open"; "unknown": what hangs there cannot be read */
    const char *reason; /* NULL: not told */
    int64_t until_ms;   /* wall time of the next try; -1: not told */
    int failures;       /* openings in a row */
};

/* What the board says of these providers.  Texts live in the arena. */
enum status breaker_board_read(struct cache *c, const char *const names[], size_t n,
                               struct arena *mem, struct breaker_view out[], struct error *err);
/* Of all that are configured, in their order; out has room for them. */
enum status breaker_board_read_all(struct cache *c, const struct config *config, struct arena *mem,
                                   struct breaker_view out[], struct error *err);

/* One entry of the board; NULL: there is none.  Pure. */
struct breaker_view breaker_view_of(const char *text, struct arena *mem);
#endif
