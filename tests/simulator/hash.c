/* hash - FNV-1a with a finisher, and a table of counters. */
#include "tests/simulator/hash.h"

#include <stdbool.h>
#include <stdlib.h>

#define CAP_FIRST ((size_t)1024)

struct seen_entry {
    uint64_t key; /* 0: free */
    unsigned count;
};

/* FNV alone leaves the high bits of short texts alike; the finisher is MurmurHash3's. */
static uint64_t finish(uint64_t h)
{
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCDu;
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53u;
    return h ^ h >> 33;
}

uint64_t hash_text(uint64_t seed, const char *text)
{
    uint64_t h = 0xCBF29CE484222325u ^ finish(seed + 1);

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001B3u;
    return finish(h);
}

/* The entry of the key, or the free one where it belongs. */
static struct seen_entry *place(struct seen_entry *entries, size_t cap, uint64_t key)
{
    size_t at = (size_t)key & (cap - 1);

    while (entries[at].key != 0 && entries[at].key != key)
        at = (at + 1) & (cap - 1);
    return &entries[at];
}

static void grow(struct seen *s)
{
    size_t cap = s->cap > 0 ? s->cap * 2 : CAP_FIRST;
    struct seen_entry *entries = calloc(cap, sizeof *entries);

    if (entries == NULL)
        abort();
    for (size_t i = 0; i < s->cap; i++)
        if (s->entries[i].key != 0)
            *place(entries, cap, s->entries[i].key) = s->entries[i];
    free(s->entries);
    s->entries = entries;
    s->cap = cap;
}

unsigned seen_count(struct seen *s, const char *text)
{
    uint64_t key = hash_text(0, text);
    struct seen_entry *e;
    unsigned before;

    key = key != 0 ? key : 1;
    pthread_mutex_lock(&s->lock);
    if (s->used >= s->cap / 2)
        grow(s);
    e = place(s->entries, s->cap, key);
    s->used += e->key == 0;
    e->key = key;
    before = e->count++;
    pthread_mutex_unlock(&s->lock);
    return before;
}

void seen_forget(struct seen *s)
{
    pthread_mutex_lock(&s->lock);
    free(s->entries);
    s->entries = NULL;
    s->used = s->cap = 0;
    pthread_mutex_unlock(&s->lock);
}
