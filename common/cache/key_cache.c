/* key_cache - a small table of API keys seen lately. */
#include "common/cache/key_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 1024 /* a power of two; a digest's place is its first 10 bits */

struct slot {
    char digest[SHA256_HEX_BYTES];
    bool good;
    int64_t until_ms;
    struct caller caller;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards slots */
static struct slot slots[SLOTS];

/* The digest is uniform already. */
static struct slot *slot_of(const char *digest)
{
    char head[4] = { digest[0], digest[1], digest[2] };

    return &slots[strtoul(head, NULL, 16) % SLOTS];
}

enum key_known key_cache_get(const char digest[SHA256_HEX_BYTES], int64_t now_mono_ms,
                             struct caller *out)
{
    enum key_known known = KEY_UNKNOWN;
    struct slot *s = slot_of(digest);

    pthread_mutex_lock(&lock);
    if (s->until_ms > now_mono_ms && strcmp(s->digest, digest) == 0) {
        known = s->good ? KEY_GOOD : KEY_BAD;
        if (s->good)
            *out = s->caller;
    }
    pthread_mutex_unlock(&lock);
    return known;
}

void key_cache_put(const char digest[SHA256_HEX_BYTES], int64_t now_mono_ms,
                   const struct caller *caller)
{
    struct slot *s = slot_of(digest);

    pthread_mutex_lock(&lock);
    snprintf(s->digest, sizeof s->digest, "%s", digest);
    s->good = caller != NULL;
    s->until_ms = now_mono_ms + KEY_CACHE_MS;
    if (caller != NULL)
        s->caller = *caller;
    pthread_mutex_unlock(&lock);
}

void key_cache_clear(void)
{
    pthread_mutex_lock(&lock);
    memset(slots, 0, sizeof slots);
    pthread_mutex_unlock(&lock);
}
