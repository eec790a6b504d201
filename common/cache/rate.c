/* rate - token buckets, in Redis or, without it, in this process. */
#include "common/cache/rate.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

/* Times are Redis's own, so the clocks of the hosts do not matter. */
static const struct cache_script take_script = {
    "local rate, burst, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000 + t[2] / 1000\n"
    "local old = redis.call('HMGET', KEYS[1], 'tokens', 'at')\n"
    "local tokens = tonumber(old[1]) or burst\n"
    "tokens = math.min(burst, tokens + math.max(0, now - (tonumber(old[2]) or now)) * rate / 1000)\n"
    "local granted = math.min(want, math.floor(tokens))\n"
    "tokens = tokens - granted\n"
    "redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.3f', now))\n"
    "redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)\n"
    "if granted >= want then return {granted, 0} end\n"
    "return {granted, math.ceil((1 - tokens + math.floor(tokens)) * 1000 / rate)}\n"
};

#define ASKS_MOST 8
#define KEY_BYTES (RATE_NAME_MAX + 32)

static int burst_of(int rate)
{
    return rate < 20 ? 1 : rate / 20;
}

/* ---- this process's own buckets, while Redis is away ---- */

#define SLOTS 256
#define ONE INT64_C(1000000) /* a call, in millionths: a rate of 1 adds one of them a microsecond */
struct slot {
    char name[RATE_NAME_MAX + 1];
    int64_t millionths;
    int64_t at_us;
};
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER; /* guards slots */
static struct slot slots[SLOTS];

/* Buckets that share a slot take it from each other: a full one for the newcomer. */
static struct slot *slot_of(const char *name, int burst, int64_t now_us)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    struct slot *s;

    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    s = &slots[hash % SLOTS];
    if (strcmp(s->name, name) != 0) {
        snprintf(s->name, sizeof s->name, "%s", name);
        s->millionths = burst * ONE;
        s->at_us = now_us;
    }
    return s;
}

static void refill(struct slot *s, int rate, int burst, int64_t now_us)
{
    int64_t full_us = burst * ONE / rate, since_us = now_us - s->at_us;

    s->millionths += (since_us < full_us ? since_us : full_us) * rate;
    if (s->millionths > burst * ONE)
        s->millionths = burst * ONE;
    s->at_us = now_us;
}

static void take_here(struct rate_ask *ask)
{
    int64_t now_us = clock_mono_us(), whole, missing;
    int burst = burst_of(ask->rate);
    struct slot *s;

    pthread_mutex_lock(&slots_lock);
    s = slot_of(ask->name, burst, now_us);
    refill(s, ask->rate, burst, now_us);
    whole = s->millionths / ONE;
    ask->granted = ask->want < whole ? ask->want : (int)whole;
    s->millionths -= ask->granted * ONE;
    missing = ONE - s->millionths % ONE;
    ask->wait_ms = ask->granted >= ask->want ? 0 : missing / ask->rate / 1000 + 1;
    pthread_mutex_unlock(&slots_lock);
}

/* ---- both ---- */

static bool take_in_redis(struct cache *c, struct rate_ask asks[], size_t n)
{
    struct cache_call calls[ASKS_MOST];
    char keys[ASKS_MOST][KEY_BYTES], numbers[ASKS_MOST][3][12];
    struct error err;

    for (size_t i = 0; i < n; i++) {
        snprintf(keys[i], KEY_BYTES, "notification:rate:{%s}", asks[i].name);
        snprintf(numbers[i][0], sizeof numbers[i][0], "%d", asks[i].rate);
        snprintf(numbers[i][1], sizeof numbers[i][1], "%d", burst_of(asks[i].rate));
        snprintf(numbers[i][2], sizeof numbers[i][2], "%d", asks[i].want);
        calls[i] = (struct cache_call){ .key = keys[i],
                                        .args = { numbers[i][0], numbers[i][1], numbers[i][2] },
                                        .n_args = 3 };
    }
    if (cache_run(c, &take_script, calls, n, &err) != ST_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        asks[i].granted = (int)calls[i].first;
        asks[i].wait_ms = calls[i].second;
    }
    return true;
}

void rate_take(struct cache *c, struct rate_ask asks[], size_t n)
{
    for (size_t at = 0; at < n; at += ASKS_MOST) {
        size_t some = n - at < ASKS_MOST ? n - at : ASKS_MOST;

        if (take_in_redis(c, asks + at, some))
            continue;
        for (size_t i = at; i < at + some; i++)
            take_here(&asks[i]);
    }
}
