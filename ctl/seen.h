#ifndef CTL_SEEN_H
#define CTL_SEEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/model/platform.h"
/*
 * seen - which recipients of a long list have come before.
 *
 * Kept is not the address but half of its SHA-256, 16 bytes in a table that is never more than three
 * quarters full: a million recipients take 32 MiB.  That two different ones share it will not happen.
 */
#define SEEN_BYTES 16
struct seen {
    uint8_t (*slots)[SEEN_BYTES]; /* all zeros: free */
    size_t size, used;
};
#define SEEN_INIT { 0 }
bool seen_before(struct seen *s, enum platform platform, const char *address); /* and takes it in */
void seen_free(struct seen *s);
#endif
