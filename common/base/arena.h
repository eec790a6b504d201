#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H
#include <stddef.h>
/*
 * arena - memory that is given back all at once, when a request or an attempt ends.
 *
 * Blocks grow on demand and are kept by arena_reset() (up to a bound), so that a loop allocates
 * nothing once warm.  Running out of memory aborts.  One thread.
 */
struct arena_block;
struct arena {
    struct arena_block *first; /* the newest block; the oldest is last in the list */
    size_t used;               /* bytes taken from `first` */
    size_t total;              /* bytes handed out since the last reset */
    size_t smallest;           /* bytes of the first block, where thousands need little; 0: 16 KiB */
};
#define ARENA_INIT { 0 }

void *arena_alloc(struct arena *a, size_t bytes); /* aligned for any type, not cleared */
void *arena_zero(struct arena *a, size_t bytes);  /* the same, cleared */
char *arena_strdup(struct arena *a, const char *text);           /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *text, size_t n); /* copies n bytes and adds a NUL */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a); /* everything handed out is gone; memory is kept for re-use */
void arena_done(struct arena *a);  /* the same, and memory goes back */

#define ARENA_NEW(a, type) ((type *)arena_zero((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_zero((a), sizeof(type) * (n)))
#endif
