/* guards - keys, quotas and bodies. */
#include "fcgi/guards.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/cache/quota.h"
#include "common/metrics/metrics.h"
#include "common/service/authorize.h"
#include "fcgi/problem.h"
#include "fcgi/routes.h"

static bool needs(const struct call *c, unsigned what)
{
    return !c->answered && c->route != NULL && (c->route->needs & what) != 0;
}

/* ---- keys ---- */

static void apply_key(struct call *c, const struct key_ask *ask)
{
    if (ask->result == ST_DENIED) {
        problem_answer(c, PROBLEM_INVALID_API_KEY, "The key is unknown or was revoked.", NULL);
    } else if (ask->result != ST_OK) {
        problem_from_status(c, ask->result);
    } else if (!ask->caller.active) {
        problem_answer(c, PROBLEM_ACCOUNT_DISABLED, NULL, NULL);
    } else {
        c->authenticated = true;
        c->caller = ask->caller;
    }
}

void guards_keys(struct api *api, struct call *const calls[], size_t n)
{
    struct key_ask *asks;
    struct call **askers;
    size_t n_asks = 0;

    if (n == 0)
        return;
    asks = ARENA_ARRAY(&calls[0]->mem, struct key_ask, n);
    askers = ARENA_ARRAY(&calls[0]->mem, struct call *, n);
    for (size_t i = 0; i < n; i++) {
        if (!needs(calls[i], NEED_KEY))
            continue;
        if (calls[i]->req.api_key == NULL) {
            problem_answer(calls[i], PROBLEM_MISSING_API_KEY,
                           "Send it as X-API-Key, or as Authorization: Bearer.", NULL);
            continue;
        }
        asks[n_asks].key = calls[i]->req.api_key;
        askers[n_asks++] = calls[i];
    }
    authorize_keys(api->db, asks, n_asks, &calls[0]->mem);
    for (size_t i = 0; i < n_asks; i++)
        apply_key(askers[i], &asks[i]);
}

/* ---- quotas ---- */

static const char *number(struct call *c, int64_t value)
{
    return arena_printf(&c->mem, "%lld", (long long)value);
}

static void apply_quota(struct call *c, const struct quota_ask *ask, const char *tier)
{
    int64_t reset_s = (ask->reset_ms + 999) / 1000;

    response_header(&c->res, "X-RateLimit-Limit", number(c, ask->limit));
    response_header(&c->res, "X-RateLimit-Remaining", number(c, ask->remaining));
    response_header(&c->res, "X-RateLimit-Reset", number(c, reset_s));
    if (ask->allowed)
        return;
    response_header(&c->res, "Retry-After", number(c, reset_s > 0 ? reset_s : 1));
    metrics_add(M_RATE_LIMIT_HITS, 1, LABELS(tier));
    problem_answer(c, PROBLEM_RATE_LIMITED,
                   arena_printf(&c->mem, "The tier %s allows %d requests a minute.", c->caller.tier,
                                ask->limit),
                   NULL);
}

void guards_quotas(struct api *api, struct call *const calls[], size_t n)
{
    struct quota_ask *asks;
    struct call **askers;
    size_t n_asks = 0;

    if (n == 0 || !api->config->rate_limit.enabled)
        return;
    asks = ARENA_ARRAY(&calls[0]->mem, struct quota_ask, n);
    askers = ARENA_ARRAY(&calls[0]->mem, struct call *, n);
    for (size_t i = 0; i < n; i++) {
        int limit;

        if (!needs(calls[i], NEED_QUOTA))
            continue;
        limit = config_tier_limit(api->config, calls[i]->caller.tier);
        if (limit == 0) /* unlimited: no number would be true */
            continue;
        asks[n_asks] = (struct quota_ask){ .user_id = calls[i]->caller.user_id, .limit = limit };
        askers[n_asks++] = calls[i];
    }
    quota_take(api->cache, asks, n_asks);
    for (size_t i = 0; i < n_asks; i++)
        apply_quota(askers[i], &asks[i], config_tier_name(api->config, askers[i]->caller.tier));
}

/* ---- bodies ---- */

/* "application/json", with parameters or without; a missing type is taken as JSON. */
static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;

    if (content_type == NULL || content_type[0] == '\0')
        return true;
    return strncasecmp(content_type, json, len) == 0 &&
           strchr("; \t", content_type[len]) != NULL; /* its end, too */
}

void guards_body(struct call *c)
{
    const char *encoding = request_header(&c->req, "Content-Encoding");

    if (c->answered)
        return;
    if (c->req.bad_content_length)
        problem_answer(c, PROBLEM_INVALID_PARAMETER, "Content-Length is not a number.", NULL);
    else if (c->req.body_too_large)
        problem_answer(c, PROBLEM_BODY_TOO_LARGE, NULL, NULL);
    else if (c->req.body_short)
        problem_answer(c, PROBLEM_INVALID_PARAMETER,
                       "The body is shorter than its Content-Length.", NULL);
    else if (needs(c, NEED_JSON) && !is_json(c->req.content_type))
        problem_answer(c, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL, NULL);
    else if (needs(c, NEED_JSON) && encoding != NULL && strcasecmp(encoding, "identity") != 0)
        problem_answer(c, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                       "Compressed bodies are not accepted: leave Content-Encoding out.", NULL);
}
