#ifndef SIMULATOR_HEAP_H
#define SIMULATOR_HEAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/*
 * heap - what is due first, out of many; bounded.
 *
 * Items due in the same millisecond come in any order.  One thread at a time.
 */
struct heap_entry {
    int64_t due_ms; /* monotonic */
    void *item;
    uint32_t tag; /* the owner's */
};
struct heap {
    struct heap_entry *entries;
    size_t count, cap, limit;
};
#define HEAP_INIT(max)                                                                             \
    {                                                                                              \
        .limit = (max)                                                                             \
    }
bool heap_push(struct heap *h, struct heap_entry e);                   /* false: full */
bool heap_pop(struct heap *h, int64_t now_ms, struct heap_entry *out); /* false: nothing is due */
int64_t heap_wait_ms(const struct heap *h, int64_t now_ms, int64_t most); /* to the first one */
void heap_free(struct heap *h);
#endif
