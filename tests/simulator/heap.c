/* heap - a binary min-heap in an array. */
#include "tests/simulator/heap.h"

#include <stdlib.h>

static void grow(struct heap *h)
{
    h->cap = h->cap > 0 ? h->cap * 2 : 64;
    h->entries = realloc(h->entries, h->cap * sizeof *h->entries);
    if (h->entries == NULL)
        abort();
}

bool heap_push(struct heap *h, struct heap_entry e)
{
    size_t at = h->count;

    if (h->count == h->limit)
        return false;
    if (h->count == h->cap)
        grow(h);
    h->count++;
    for (; at > 0 && e.due_ms < h->entries[(at - 1) / 2].due_ms; at = (at - 1) / 2)
        h->entries[at] = h->entries[(at - 1) / 2];
    h->entries[at] = e;
    return true;
}

/* Lets e sink from the top, which is free, to its place. */
static void sink(struct heap *h, struct heap_entry e)
{
    size_t at = 0, child;

    while ((child = 2 * at + 1) < h->count) {
        if (child + 1 < h->count && h->entries[child + 1].due_ms < h->entries[child].due_ms)
            child++;
        if (e.due_ms <= h->entries[child].due_ms)
            break;
        h->entries[at] = h->entries[child];
        at = child;
    }
    h->entries[at] = e;
}

bool heap_pop(struct heap *h, int64_t now_ms, struct heap_entry *out)
{
    if (h->count == 0 || h->entries[0].due_ms > now_ms)
        return false;
    *out = h->entries[0];
    h->count--;
    if (h->count > 0)
        sink(h, h->entries[h->count]);
    return true;
}

int64_t heap_wait_ms(const struct heap *h, int64_t now_ms, int64_t most)
{
    int64_t wait = h->count > 0 ? h->entries[0].due_ms - now_ms : most;

    return wait < 0 ? 0 : wait < most ? wait : most;
}

void heap_free(struct heap *h)
{
    free(h->entries);
    *h = (struct heap){ .limit = h->limit };
}
