/* seen - which recipients of a long list have come before. */
#include "ctl/seen.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/crypto/digest.h"

#define FIRST_SIZE 4096 /* a power of two, as all sizes */

/* The slot where this one is, or would go. */
static size_t place_of(uint8_t (*slots)[SEEN_BYTES], size_t size, const uint8_t print[SEEN_BYTES])
{
    static const uint8_t none[SEEN_BYTES];
    size_t at;

    memcpy(&at, print, sizeof at);
    for (at &= size - 1; memcmp(slots[at], none, SEEN_BYTES) != 0; at = (at + 1) & (size - 1)) {
        if (memcmp(slots[at], print, SEEN_BYTES) == 0)
            break;
    }
    return at;
}

static void grow(struct seen *s)
{
    size_t size = s->size == 0 ? FIRST_SIZE : s->size * 2;
    uint8_t (*slots)[SEEN_BYTES] = calloc(size, SEEN_BYTES);

    if (slots == NULL)
        abort(); /* out of memory */
    for (size_t i = 0; i < s->size; i++) {
        if (s->slots[i][SEEN_BYTES - 1] != 0)
            memcpy(slots[place_of(slots, size, s->slots[i])], s->slots[i], SEEN_BYTES);
    }
    free(s->slots);
    s->slots = slots;
    s->size = size;
}

bool seen_before(struct seen *s, enum platform platform, const char *address)
{
    struct buf text = BUF_INIT(1u << 16);
    uint8_t print[SHA256_BYTES];
    size_t at;
    bool before;

    if (s->used >= s->size / 4 * 3)
        grow(s);
    buf_addf(&text, "%d,%s", (int)platform, address);
    sha256(text.data, text.len, print);
    buf_free(&text);
    print[SEEN_BYTES - 1] |= 1; /* no print is all zeros */
    at = place_of(s->slots, s->size, print);
    before = s->slots[at][SEEN_BYTES - 1] != 0;
    memcpy(s->slots[at], print, SEEN_BYTES);
    s->used += !before;
    return before;
}

void seen_free(struct seen *s)
{
    free(s->slots);
    *s = (struct seen)SEEN_INIT;
}
