/* lane_flags - one hash: a lane and until when its flag is up. */
#include "common/cache/lane_flags.h"

#include <stdio.h>

#define KEY "notification:lanes:full"

/* Times are Redis's own, so the clocks of the hosts do not matter. */
#define NOW_MS                             \
    "local t = redis.call('TIME')\n"       \
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

static const struct cache_script raise_script = {
    NOW_MS
    "local lanes, life = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
    "local lane = 0\n"
    "while lanes > 0 do\n"
    "  if lanes % 2 == 1 then redis.call('HSET', KEYS[1], lane, string.format('%d', now + life)) end\n"
    "  lanes = math.floor(lanes / 2)\n"
    "  lane = lane + 1\n"
    "end\n"
    "redis.call('PEXPIRE', KEYS[1], life)\n"
    "return {1, 0}\n"
};
static const struct cache_script read_script = {
    NOW_MS
    "local all, lanes = redis.call('HGETALL', KEYS[1]), 0\n"
    "for i = 1, #all, 2 do\n"
    "  if tonumber(all[i + 1]) > now then lanes = lanes + 2 ^ tonumber(all[i]) end\n"
    "end\n"
    "return {lanes, 0}\n"
};

enum status lane_flags_raise(struct cache *c, unsigned lanes, int64_t life_ms, struct error *err)
{
    char mask[12], life[24];
    struct cache_call call = { .key = KEY, .args = { mask, life }, .n_args = 2 };

    snprintf(mask, sizeof mask, "%u", lanes);
    snprintf(life, sizeof life, "%lld", (long long)life_ms);
    return cache_run(c, &raise_script, &call, 1, err);
}

enum status lane_flags_read(struct cache *c, unsigned *lanes, struct error *err)
{
    struct cache_call call = { .key = KEY };
    enum status s = cache_run(c, &read_script, &call, 1, err);

    if (s == ST_OK)
        *lanes = (unsigned)call.first;
    return s;
}
