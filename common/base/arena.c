/* arena - memory in growing blocks, given back all at once. */
#include "common/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16 * 1024) /* the first block, unless said otherwise; each next one doubles */
#define KEEP_BYTES ((size_t)256 * 1024) /* the most that a reset keeps, and where doubling ends */
#define ALIGN alignof(max_align_t)

struct arena_block {
    struct arena_block *next; /* the older one */
    size_t size;
    alignas(max_align_t) char data[];
};

/*
 * Under AddressSanitizer only what was handed out may be touched, and a gap lies behind each piece:
 * otherwise an arena would hide overruns, and uses after a reset, from it.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define GAP_BYTES ALIGN
#else
#define ASAN_POISON_MEMORY_REGION(start, n) ((void)(start), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(start, n) ((void)(start), (void)(n))
#define GAP_BYTES 0
#endif

static struct arena_block *block_new(size_t size)
{
    struct arena_block *b = malloc(sizeof *b + size);

    if (b == NULL)
        abort();
    b->next = NULL;
    b->size = size;
    ASAN_POISON_MEMORY_REGION(b->data, size);
    return b;
}

static void block_free(struct arena_block *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
    free(b);
}

static void blocks_free(struct arena_block *b)
{
    while (b != NULL) {
        struct arena_block *next = b->next;

        block_free(b);
        b = next;
    }
}

static void add_block(struct arena *a, size_t least)
{
    size_t first = a->smallest > 0 ? a->smallest : BLOCK_BYTES;
    size_t size = a->first == NULL ? first : a->first->size * 2;
    struct arena_block *b;

    if (size > KEEP_BYTES)
        size = KEEP_BYTES;
    b = block_new(least > size ? least : size);
    b->next = a->first;
    a->first = b;
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    size_t need;
    char *at;

    if (bytes > SIZE_MAX / 4)
        abort();
    need = (bytes + GAP_BYTES + ALIGN - 1) / ALIGN * ALIGN;
    if (need == 0)
        need = ALIGN;
    if (a->first == NULL || need > a->first->size - a->used)
        add_block(a, need);
    at = a->first->data + a->used;
    a->used += need;
    a->total += bytes;
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    return at;
}

void *arena_zero(struct arena *a, size_t bytes)
{
    return memset(arena_alloc(a, bytes), 0, bytes);
}

char *arena_strdup(struct arena *a, const char *text)
{
    return text == NULL ? NULL : arena_strndup(a, text, strlen(text));
}

char *arena_strndup(struct arena *a, const char *text, size_t n)
{
    char *copy = arena_alloc(a, n + 1);

    if (n > 0)
        memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    char small[256];
    char *text;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n < 0)
        abort();
    if ((size_t)n < sizeof small)
        return arena_strndup(a, small, (size_t)n);
    text = arena_alloc(a, (size_t)n + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}

/* Takes the largest block that may be kept out of the list; NULL: there is none. */
static struct arena_block *take_largest(struct arena_block **list)
{
    struct arena_block **best = NULL;
    struct arena_block *found;

    for (struct arena_block **b = list; *b != NULL; b = &(*b)->next)
        if ((*b)->size <= KEEP_BYTES && (best == NULL || (*b)->size > (*best)->size))
            best = b;
    if (best == NULL)
        return NULL;
    found = *best;
    *best = found->next;
    found->next = NULL;
    return found;
}

/*
 * Several blocks become one of their joint size, so that a loop which always needs about as much
 * finds it in one piece from its second round on, and asks malloc no more.
 */
void arena_reset(struct arena *a)
{
    size_t joint = 0;
    struct arena_block *keep;

    for (const struct arena_block *b = a->first; b != NULL && joint < KEEP_BYTES; b = b->next)
        joint += b->size;
    if (joint > KEEP_BYTES)
        joint = KEEP_BYTES;
    keep = take_largest(&a->first);
    blocks_free(a->first);
    if (keep != NULL && keep->size < joint) {
        block_free(keep);
        keep = NULL;
    }
    if (keep == NULL && joint > 0)
        keep = block_new(joint);
    if (keep != NULL)
        ASAN_POISON_MEMORY_REGION(keep->data, keep->size);
    *a = (struct arena){ .first = keep, .smallest = a->smallest };
}

void arena_done(struct arena *a)
{
    blocks_free(a->first);
    *a = (struct arena){ .smallest = a->smallest };
}
