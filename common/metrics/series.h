#ifndef COMMON_METRICS_SERIES_H
#define COMMON_METRICS_SERIES_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
/*
 * series - the memory of metrics: values found by a metric's number and its labels as text.
 *
 * It is one array of fixed size without pointers, so that processes can share it: what one has
 * counted stays when it dies, whichever step it dies in.  All zero is empty.  Adding takes no lock;
 * a series, once there, stays until the last process has gone.  Any thread.
 */
#define SERIES_MOST 2048
#define SERIES_VALUES 16
#define SERIES_LABELS_BYTES 120

struct series {
    _Atomic uint32_t state; /* of series.c */
    uint32_t metric;
    char labels[SERIES_LABELS_BYTES]; /* method="GET",status="200" */
    _Atomic uint64_t values[SERIES_VALUES];
};
struct series_store;

/* Of this process alone. */
struct series_store *series_new(void);
/*
 * Of all processes that open this name: one path component, of this user.  layout: of whoever gives
 * the values their meaning; memory of another layout, which another version has left, is replaced.
 */
enum status series_open(const char *name, uint64_t layout, struct series_store **out,
                        struct error *err);
/* The last one to go takes the memory with it. */
void series_close(struct series_store *s); /* NULL is fine */

/* Made where it is not there yet; NULL: there is no room, or the labels are too long. */
struct series *series_find(struct series_store *s, uint32_t metric, const char *labels);
/* The i-th place, below SERIES_MOST; NULL: nothing is there.  Two places may hold the same labels. */
const struct series *series_at(const struct series_store *s, size_t i);

uint64_t series_hash(uint64_t hash, const void *data, size_t len); /* FNV-1a; begins with 0 */
#endif
