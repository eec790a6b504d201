/* webhooks - a provider's callback: verified, read, recorded, and only then answered. */
#include <string.h>

#include "common/base/log.h"
#include "common/service/record_callbacks.h"
#include "fcgi/handlers/handlers.h"
#include "fcgi/problem.h"
#include "fcgi/webhooks/webhook.h"

static const char *header_of(const struct webhook_request *r, const char *name)
{
    return request_header(r->context, name);
}

/*
 * Every provider of this kind may have sent it: the one whose secret fits is the one that did.
 * NULL: none.
 */
static const struct provider_config *sender_of(const struct api *api, const struct webhook *hook,
                                               const struct webhook_request *r, struct error *err)
{
    error_set(err, ST_DENIED, "no provider of this kind is configured");
    for (size_t i = 0; i < api->config->n_providers; i++) {
        const struct provider_config *p = &api->config->providers[i];

        if (strcmp(p->kind, hook->provider_kind) == 0 && hook->verify(r, p, err) == ST_OK)
            return p;
    }
    return NULL;
}

/* Verified and read; what it reports is added to the round's callbacks.  False: it is answered. */
static bool read_call(struct api *api, struct call *c, struct callback_report **reports, size_t *n,
                      const struct provider_config **provider)
{
    const struct webhook *hook = webhook_find(c->req.path);
    struct webhook_request r = { .public_url = api->config->server.public_url,
                                 .target = c->req.target,
                                 .content_type = c->req.content_type,
                                 .body = c->req.body,
                                 .body_len = c->req.body_len,
                                 .header = header_of,
                                 .context = &c->req };
    struct error err;

    *provider = sender_of(api, hook, &r, &err);
    if (*provider == NULL) {
        log_warn("webhook.refused", STR("kind", hook->provider_kind), ERR(&err));
        problem_answer(c, PROBLEM_INVALID_SIGNATURE, NULL, NULL);
        return false;
    }
    if (hook->parse(&r, &c->mem, reports, n, &err) != ST_OK) {
        log_warn("webhook.unreadable", STR("provider", (*provider)->name), ERR(&err));
        problem_answer(c, PROBLEM_INVALID_PARAMETER, "The callback cannot be read.", NULL);
        return false;
    }
    return true;
}

/* The callbacks of a call, as a stretch of the round's. */
struct stretch {
    struct call *call;
    size_t first, count;
};

static size_t add_reports(struct callback callbacks[], const struct callback_report reports[],
                          size_t n, const char *provider)
{
    size_t added = 0;

    for (size_t i = 0; i < n; i++) {
        if (reports[i].event == CALLBACK_CHANGES_NOTHING)
            continue;
        callbacks[added++] = (struct callback){ .recipient_id = reports[i].recipient_id,
                                                .event = reports[i].event,
                                                .provider = provider,
                                                .provider_id = reports[i].provider_id,
                                                .code = reports[i].code,
                                                .message = reports[i].message };
    }
    return added;
}

/* Genuine, but not about a message of ours, is 200 too: there is nothing to repeat. */
static void answer(struct call *c, const struct callback callbacks[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (callbacks[i].result == ST_INVALID) {
            log_info("webhook.unknown_recipient", STR("provider", callbacks[i].provider));
        } else if (callbacks[i].result != ST_OK) {
            /* Recording is repeatable, so "uncertain" is simply "again, please". */
            problem_from_status(c, callbacks[i].result == ST_UNCERTAIN ? ST_UNAVAILABLE
                                                                      : callbacks[i].result);
            return;
        }
    }
    c->res.status = 200;
    c->answered = true;
}

#define REPORTS_MOST 1024 /* of a round; what is beyond is asked to come again */

void webhooks_receive(struct api *api, struct call *const calls[], size_t n)
{
    struct arena *mem = &calls[0]->mem;
    struct callback *callbacks = ARENA_ARRAY(mem, struct callback, REPORTS_MOST);
    struct stretch *stretches = ARENA_ARRAY(mem, struct stretch, n);
    size_t n_callbacks = 0, n_stretches = 0;

    for (size_t i = 0; i < n; i++) {
        const struct provider_config *provider;
        struct callback_report *reports;
        size_t count = 0;

        if (!read_call(api, calls[i], &reports, &count, &provider))
            continue;
        if (n_callbacks + count > REPORTS_MOST) {
            problem_from_status(calls[i], ST_UNAVAILABLE);
            continue;
        }
        stretches[n_stretches] = (struct stretch){ .call = calls[i], .first = n_callbacks };
        stretches[n_stretches].count =
            add_reports(callbacks + n_callbacks, reports, count, provider->name);
        n_callbacks += stretches[n_stretches++].count;
    }
    record_callbacks(api->db, callbacks, n_callbacks, mem);
    for (size_t i = 0; i < n_stretches; i++)
        answer(stretches[i].call, callbacks + stretches[i].first, stretches[i].count);
}
