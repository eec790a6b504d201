/* pace - spacing the calls for one recipient, in Redis or, without it, in this process. */
#include "common/cache/pace.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/crypto/digest.h"

/* `free` is when the next call may go; `tail` is the next time to be given to one that must wait. */
static const struct cache_script take_script = {
    "local gap = tonumber(ARGV[1])\n"
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
    "local old = redis.call('HMGET', KEYS[1], 'free', 'tail')\n"
    "local free, tail = tonumber(old[1]) or 0, tonumber(old[2]) or 0\n"
    "local go, wait = 1, 0\n"
    "if now >= free then\n"
    "  free = now + gap\n"
    "else\n"
    "  tail = math.max(tail, free)\n"
    "  go, wait = 0, tail - now\n"
    "  tail = tail + gap\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'free', string.format('%d', free),"
    "           'tail', string.format('%d', tail))\n"
    "redis.call('PEXPIRE', KEYS[1], math.max(free, tail) - now + 1000)\n"
    "return {go, wait}\n"
};

#define KEY_BYTES 160
#define WHO_HEX 32 /* 128 bits of the digest: enough that no two recipients meet */

/* ---- this process's own, while Redis is away ---- */

#define SLOTS 4096
struct slot {
    char who[WHO_HEX + 1];
    int64_t free_ms, tail_ms;
};
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER; /* guards slots */
static struct slot slots[SLOTS];

static bool take_here(const char *who, int64_t gap_ms, int64_t *wait_ms)
{
    char head[4] = { who[0], who[1], who[2] }; /* a digest is uniform already */
    struct slot *s = &slots[strtoul(head, NULL, 16) % SLOTS];
    int64_t now_ms = clock_mono_ms();
    bool go;

    pthread_mutex_lock(&slots_lock);
    if (strcmp(s->who, who) != 0) {
        *s = (struct slot){ 0 };
        memcpy(s->who, who, sizeof s->who);
    }
    go = now_ms >= s->free_ms;
    if (go) {
        s->free_ms = now_ms + gap_ms;
    } else {
        if (s->tail_ms < s->free_ms)
            s->tail_ms = s->free_ms;
        *wait_ms = s->tail_ms - now_ms;
        s->tail_ms += gap_ms;
    }
    pthread_mutex_unlock(&slots_lock);
    return go;
}

/* ---- both ---- */

bool pace_take(struct cache *c, const char *provider, const char *who, int rate, int64_t *wait_ms)
{
    char digest[SHA256_HEX_BYTES], key[KEY_BYTES], gap[12];
    int64_t gap_ms = 1000 / rate > 0 ? 1000 / rate : 1;
    struct cache_call call = { .key = key, .args = { gap }, .n_args = 1 };
    struct error err;

    sha256_hex(who, strlen(who), digest);
    digest[WHO_HEX] = '\0';
    snprintf(key, sizeof key, "notification:pace:{%.40s:%.32s}", provider, digest);
    snprintf(gap, sizeof gap, "%d", (int)gap_ms);
    if (cache_run(c, &take_script, &call, 1, &err) != ST_OK)
        return take_here(digest, gap_ms, wait_ms);
    *wait_ms = call.second;
    return call.first != 0;
}
