/* doctor_redis - checks that ask Redis. */
#include <inttypes.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/cache/breaker_board.h"
#include "ctl/doctor.h"

static bool is_answered(struct doctor *d, enum status s, const struct error *err)
{
    if (s == ST_OK)
        return true;
    d->away = true;
    /* Calls go on without it: limits, rates and breakers are then each process's own. */
    doctor_fail(d, "Start Redis, and look at [redis]: host, port or socket, and password.", "%s", err->text);
    return false;
}

void check_redis_server(struct doctor *d)
{
    struct cache_facts f;
    struct error err;
    int64_t begun;
    double ms;

    d->cache = cache_new(&d->config->redis);
    if (!is_answered(d, cache_look(d->cache, &d->mem, &f, &err), &err))
        return;
    begun = clock_mono_us();
    if (!is_answered(d, cache_ping(d->cache, &err), &err))
        return;
    ms = (double)(clock_mono_us() - begun) / 1000;
    if (ms * 2 > d->config->redis.timeout_ms)
        doctor_warn(d, "Put it near the programs, or raise [redis] timeout_ms.",
                    "%s %s answers in %.1f ms, and a call may take %d", f.name, f.version, ms,
                    d->config->redis.timeout_ms);
    else
        doctor_ok(d, "%s %s answers in %.1f ms", f.name, f.version, ms);
}

void check_redis_memory(struct doctor *d)
{
    static const char remedy[] = "Set maxmemory-policy noeviction in redis.conf.";
    struct cache_facts f;
    struct error err;

    if (!is_answered(d, cache_look(d->cache, &d->mem, &f, &err), &err))
        return;
    if (f.maxmemory > 0 && strcmp(f.policy, "noeviction") != 0)
        doctor_warn(d, remedy, "maxmemory-policy is %s: a full Redis drops quotas and breakers", f.policy);
    else if (f.maxmemory > 0 && f.used > f.maxmemory / 10 * 9)
        doctor_warn(d, "Raise maxmemory, or look who else uses it.",
                    "%" PRId64 " MiB of %" PRId64 " MiB are used: it will refuse to write", f.used >> 20,
                    f.maxmemory >> 20);
    else if (f.policy[0] != '\0' && strncmp(f.policy, "allkeys", 7) == 0)
        doctor_warn(d, remedy, "maxmemory-policy is %s: once maxmemory is set, quotas and breakers are dropped",
                    f.policy);
    else
        doctor_ok(d, "maxmemory-policy is %s, %" PRId64 " MiB are used", f.policy, f.used >> 20);
}

void check_redis_breakers(struct doctor *d)
{
    size_t n = d->config->n_providers, shut = 0;
    struct breaker_view *views = ARENA_ARRAY(&d->mem, struct breaker_view, n + 1);
    struct error err;

    if (n == 0 || !is_answered(d, breaker_board_read_all(d->cache, d->config, &d->mem, views, &err), &err))
        return;
    for (size_t i = 0; i < n; i++) {
        char until[CLOCK_TEXT_BYTES];

        if (strcmp(views[i].state, "closed") == 0)
            continue;
        shut++;
        d->subject = d->config->providers[i].name;
        doctor_warn(d, "It closes by itself once a call succeeds; see this provider's credentials below.",
                    "is %s%s%s: %s", views[i].state, views[i].until_ms > 0 ? " until " : "",
                    views[i].until_ms > 0 ? clock_format(views[i].until_ms, until) : "",
                    views[i].reason == NULL ? "no reason is told" : views[i].reason);
    }
    d->subject = NULL;
    if (shut == 0)
        doctor_ok(d, "all %zu are closed", n);
}
