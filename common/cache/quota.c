/* quota - counting requests a minute, in Redis or, without it, in this process. */
#include "common/cache/quota.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"

/* The expiry is set in the same script as the count, so that no key lives for ever. */
static const struct cache_script count_script = {
    "local n = redis.call('INCR', KEYS[1])\n"
    "if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end\n"
    "local left = redis.call('PTTL', KEYS[1])\n"
    "if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) left = tonumber(ARGV[1]) end\n"
    "return {n, left}\n"
};

#define PIPELINE_MOST 64
#define KEY_BYTES 64

/* ---- this process's own count, while Redis is away ---- */

#define SLOTS 4096
#define NEIGHBOURS 8 /* slots in which a user may be */
struct slot {
    char user_id[UUID_TEXT_BYTES];
    int64_t ends_ms;
    int64_t count;
};
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER; /* guards slots */
static struct slot slots[SLOTS];

static uint32_t hash_of(const char *user_id)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *p = user_id; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    return hash;
}

/*
 * The user's slot, of a window that runs; a new window begins with left_ms to go.  Where all slots in
 * question are others', the first is taken from its user: a full window for that one.
 */
static struct slot *slot_of(const char *user_id, int64_t now_ms, int64_t left_ms)
{
    uint32_t hash = hash_of(user_id);
    struct slot *free_one = NULL, *s;

    for (uint32_t i = 0; i < NEIGHBOURS; i++) {
        s = &slots[(hash + i) % SLOTS];
        if (s->ends_ms > now_ms && strcmp(s->user_id, user_id) == 0)
            return s;
        if (s->ends_ms <= now_ms && free_one == NULL)
            free_one = s;
    }
    s = free_one != NULL ? free_one : &slots[hash % SLOTS];
    snprintf(s->user_id, sizeof s->user_id, "%s", user_id);
    s->ends_ms = now_ms + left_ms;
    s->count = 0;
    return s;
}

static void count_here(const struct quota_ask *ask, int64_t now_ms, int64_t *count, int64_t *left_ms)
{
    struct slot *s;

    pthread_mutex_lock(&slots_lock);
    s = slot_of(ask->user_id, now_ms, QUOTA_WINDOW_MS);
    *count = ++s->count;
    *left_ms = s->ends_ms - now_ms;
    pthread_mutex_unlock(&slots_lock);
}

/* What Redis has counted is where this process would go on. */
static void note_here(const struct quota_ask *ask, int64_t now_ms, int64_t count, int64_t left_ms)
{
    struct slot *s;

    pthread_mutex_lock(&slots_lock);
    s = slot_of(ask->user_id, now_ms, left_ms);
    if (s->count < count)
        s->count = count;
    pthread_mutex_unlock(&slots_lock);
}

/* ---- both ---- */

static void answer(struct quota_ask *ask, int64_t count, int64_t left_ms)
{
    ask->allowed = count <= ask->limit;
    ask->remaining = count < ask->limit ? (int)(ask->limit - count) : 0;
    ask->reset_ms = left_ms;
}

static bool count_in_redis(struct cache *c, struct quota_ask asks[], size_t n, int64_t now_ms)
{
    struct cache_call calls[PIPELINE_MOST];
    char keys[PIPELINE_MOST][KEY_BYTES];
    char window[12];
    struct error err;

    snprintf(window, sizeof window, "%d", QUOTA_WINDOW_MS);
    for (size_t i = 0; i < n; i++) {
        snprintf(keys[i], KEY_BYTES, "notification:quota:{%s}", asks[i].user_id);
        calls[i] = (struct cache_call){ .key = keys[i], .args = { window }, .n_args = 1 };
    }
    if (cache_run(c, &count_script, calls, n, &err) != ST_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        note_here(&asks[i], now_ms, calls[i].first, calls[i].second);
        answer(&asks[i], calls[i].first, calls[i].second);
    }
    return true;
}

void quota_take(struct cache *c, struct quota_ask asks[], size_t n)
{
    int64_t count, left_ms, now_ms = clock_mono_ms();

    for (size_t at = 0; at < n; at += PIPELINE_MOST) {
        size_t some = n - at < PIPELINE_MOST ? n - at : PIPELINE_MOST;

        if (count_in_redis(c, asks + at, some, now_ms))
            continue;
        for (size_t i = at; i < at + some; i++) {
            count_here(&asks[i], now_ms, &count, &left_ms);
            answer(&asks[i], count, left_ms);
        }
    }
}
