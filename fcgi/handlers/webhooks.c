/* webhooks - a provider's callback: verified, read, recorded, and only then answered. */
#include <string.h>

#include "common/base/log.h"
#include "common/service/record_callback.h"
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

static enum status record(struct api *api, const struct provider_config *provider,
                          const struct callback_report *report)
{
    struct callback callback = { .recipient_id = report->recipient_id,
                                 .event = report->event,
                                 .provider = provider->name,
                                 .provider_id = report->provider_id,
                                 .code = report->code,
                                 .message = report->message };
    struct error err;
    size_t moved = 0;
    enum status s;

    if (report->event == CALLBACK_CHANGES_NOTHING)
        return ST_OK;
    s = record_callback(api->db, &callback, &moved, &err);
    if (s == ST_INVALID) { /* genuine, but not about a message of ours: nothing to repeat */
        log_info("webhook.unknown_recipient", STR("provider", provider->name));
        return ST_OK;
    }
    if (s != ST_OK)
        log_warn("webhook.not_recorded", STR("provider", provider->name), ERR(&err));
    return s;
}

void webhooks_receive(struct api *api, struct call *c)
{
    const struct webhook *hook = webhook_find(c->req.path);
    struct webhook_request r = { .public_url = api->config->server.public_url,
                                 .target = c->req.target,
                                 .content_type = c->req.content_type,
                                 .body = c->req.body,
                                 .body_len = c->req.body_len,
                                 .header = header_of,
                                 .context = &c->req };
    const struct provider_config *provider;
    struct callback_report *reports;
    size_t n = 0;
    struct error err;
    enum status s;

    provider = sender_of(api, hook, &r, &err);
    if (provider == NULL) {
        log_warn("webhook.refused", STR("kind", hook->provider_kind), ERR(&err));
        problem_answer(c, PROBLEM_INVALID_SIGNATURE, NULL, NULL);
        return;
    }
    s = hook->parse(&r, &c->mem, &reports, &n, &err);
    if (s != ST_OK) {
        log_warn("webhook.unreadable", STR("provider", provider->name), ERR(&err));
        problem_answer(c, PROBLEM_INVALID_PARAMETER, "The callback cannot be read.", NULL);
        return;
    }
    for (size_t i = 0; i < n && s == ST_OK; i++)
        s = record(api, provider, &reports[i]);
    if (s != ST_OK) {
        /* Recording is repeatable, so "uncertain" is simply "again, please". */
        problem_from_status(c, s == ST_UNCERTAIN ? ST_UNAVAILABLE : s);
        return;
    }
    c->res.status = 200;
    c->answered = true;
}
