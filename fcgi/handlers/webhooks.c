/* webhooks - a provider's callback: verified, read, recorded, and only then answered. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/metrics/metrics.h"
#include "common/service/record_callbacks.h"
#include "fcgi/handlers/handlers.h"
#include "fcgi/problem.h"
#include "fcgi/webhooks/webhook.h"
#include "fcgi/webhooks/whatsapp.h"

static const char *header_of(const struct webhook_request *r, const char *name)
{
    return request_header(r->context, name);
}

/*
 * The providers whose secret fits, of all of this kind or of the one that the path names: several may
 * share an account.
 */
static size_t find_callers(const struct api *api, const char *path, const struct webhook *hook,
                           const struct webhook_request *r, const struct provider_config *out[],
                           struct error *err)
{
    const char *name = webhook_provider_name(hook, path);
    size_t n = 0;

    error_set(err, ST_DENIED, "no provider of this kind and name is configured");
    for (size_t i = 0; i < api->config->n_providers; i++) {
        const struct provider_config *p = &api->config->providers[i];

        if (strcmp(p->kind, hook->provider_kind) == 0 && (name == NULL || strcmp(name, p->name) == 0) &&
            webhook_verify(hook, r, p, err) == ST_OK)
            out[n++] = p;
    }
    return n;
}

static const char *names_of(struct arena *mem, const struct provider_config *const callers[], size_t n)
{
    const char *names = callers[0]->name;

    for (size_t i = 1; i < n; i++)
        names = arena_printf(mem, "%s,%s", names, callers[i]->name);
    return names;
}

/* What is worth a line in the log, as numbers: a callback's words are people's data. */
static void tell_oddities(const struct callback_report reports[], size_t n, const char *provider)
{
    size_t unreadable = 0, unknown = 0;

    for (size_t i = 0; i < n; i++) {
        unreadable += reports[i].event_id == NULL;
        unknown += strcmp(reports[i].event_name, "other") == 0;
    }
    if (unreadable + unknown > 0)
        log_info("webhook.unknown_events", STR("provider", provider), NUM("unreadable", unreadable),
                 NUM("unknown", unknown));
}

/* Reads it for one caller, in the name of `names`, behind what was read for those before. */
static enum status read_for(struct call *c, const struct webhook *hook, struct webhook_request *r,
                            const struct provider_config *caller, const char *names,
                            struct callback_call *out, struct error *err)
{
    struct callback_report *reports, *all;
    size_t n;
    enum status s;

    r->provider = caller;
    s = hook->parse(r, &c->mem, &reports, &n, err);
    if (s != ST_OK || n == 0)
        return s;
    for (size_t i = 0; i < n; i++)
        reports[i].provider = names;
    tell_oddities(reports, n, names);
    all = reports;
    if (out->n > 0) {
        all = ARENA_ARRAY(&c->mem, struct callback_report, out->n + n);
        memcpy(all, out->reports, out->n * sizeof *all);
        memcpy(all + out->n, reports, n * sizeof *all);
    }
    out->reports = all;
    out->n += n;
    return ST_OK;
}

/* Verified and read: what it reports.  False: it is answered. */
static bool read_call(struct api *api, struct call *c, struct callback_call *out)
{
    const struct webhook *hook = webhook_find(c->req.path);
    struct webhook_request r = { .public_url = api->config->server.public_url,
                                 .target = c->req.target,
                                 .content_type = c->req.content_type,
                                 .body = c->req.body,
                                 .body_len = c->req.body_len,
                                 .now_s = clock_wall_ms() / 1000,
                                 .header = header_of,
                                 .context = &c->req };
    const struct provider_config **callers =
        ARENA_ARRAY(&c->mem, const struct provider_config *, api->config->n_providers + 1);
    struct error err;
    size_t n = find_callers(api, c->req.path, hook, &r, callers, &err);
    enum status s = ST_OK;

    if (n == 0) {
        log_warn("webhook.refused", STR("kind", hook->provider_kind), ERR(&err));
        problem_answer(c, PROBLEM_INVALID_SIGNATURE, NULL, NULL);
        return false;
    }
    *out = (struct callback_call){ .n = 0 };
    if (!hook->is_read_for_each)
        s = read_for(c, hook, &r, callers[0], names_of(&c->mem, callers, n), out, &err);
    for (size_t i = 0; i < n && hook->is_read_for_each && s == ST_OK; i++)
        s = read_for(c, hook, &r, callers[i], callers[i]->name, out, &err);
    if (s == ST_OK)
        return true;
    log_warn("webhook.unreadable", STR("provider", callers[0]->name), ERR(&err));
    problem_answer(c, PROBLEM_INVALID_PARAMETER, "The callback cannot be read.", NULL);
    return false;
}

static void count_events(const struct callback_call *read)
{
    for (size_t i = 0; i < read->n; i++) {
        const char *names = read->reports[i].provider;
        char first[64];

        snprintf(first, sizeof first, "%.*s", (int)strcspn(names, ","), names);
        metrics_add(M_WEBHOOK_EVENTS, 1, LABELS(first, read->reports[i].event_name));
    }
}

/* Genuine, but not about a message of ours, is 200 too: there is nothing to repeat. */
static void answer(struct call *c, enum status result)
{
    if (result != ST_OK) {
        /* Recording is repeatable, so "uncertain" is simply "again, please". */
        problem_from_status(c, result == ST_UNCERTAIN ? ST_UNAVAILABLE : result);
        return;
    }
    c->res.status = 200;
    c->answered = true;
}

void webhooks_receive(struct api *api, struct call *const calls[], size_t n)
{
    struct arena *mem = &calls[0]->mem;
    struct callback_call *read = ARENA_ARRAY(mem, struct callback_call, n);
    struct call **of = ARENA_ARRAY(mem, struct call *, n);
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        if (read_call(api, calls[i], &read[k]))
            of[k++] = calls[i];
    }
    record_callbacks(api->db, read, k, mem);
    for (size_t i = 0; i < k; i++) {
        if (read[i].result == ST_OK)
            count_events(&read[i]);
        answer(of[i], read[i].result);
    }
}

/* Meta's question whether this URL is ours: answered with its own words, where it knows our token. */
void webhooks_challenge(struct api *api, struct call *c)
{
    for (size_t i = 0; i < api->config->n_providers; i++) {
        const struct provider_config *p = &api->config->providers[i];
        const char *challenge = strcmp(p->kind, "whatsapp_cloud") == 0
                                    ? whatsapp_challenge(&c->mem, c->req.query, p)
                                    : NULL;

        if (challenge != NULL) {
            c->res.status = 200;
            c->res.content_type = "text/plain; charset=utf-8";
            buf_adds(&c->res.body, challenge);
            c->answered = true;
            return;
        }
    }
    log_warn("webhook.challenge_refused");
    problem_answer(c, PROBLEM_INVALID_SIGNATURE, NULL, NULL);
}
