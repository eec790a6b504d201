/* webhooks - the table of the providers that call us back. */
#include "fcgi/webhooks/webhook.h"

#include <string.h>

#include "common/base/log.h"
#include "fcgi/webhooks/http.h"
#include "fcgi/webhooks/sendgrid.h"
#include "fcgi/webhooks/telegram.h"
#include "fcgi/webhooks/twilio.h"
#include "fcgi/webhooks/whatsapp.h"

const struct webhook webhooks[] = {
    { "twilio", TWILIO_WEBHOOK_PATH, WEBHOOK_BODY_MAX, twilio_verify, twilio_parse },
    { "sendgrid", SENDGRID_WEBHOOK_PATH, SENDGRID_BODY_MAX, sendgrid_verify, sendgrid_parse },
    { "whatsapp_cloud", WHATSAPP_WEBHOOK_PATH, WHATSAPP_BODY_MAX, whatsapp_verify, whatsapp_parse,
      .is_read_for_each = true },
    { "telegram", TELEGRAM_WEBHOOK_PATH, TELEGRAM_BODY_MAX, telegram_verify, telegram_parse },
    { "http", HTTP_WEBHOOK_PATH, HTTP_BODY_MAX, http_verify, http_parse, .is_named = true },
    { NULL },
};

/* The name is one step of the path: no slash, and not nothing. */
const char *webhook_provider_name(const struct webhook *hook, const char *path)
{
    size_t len = strlen(hook->path);

    if (!hook->is_named || strncmp(path, hook->path, len) != 0 || path[len] != '/')
        return NULL;
    path += len + 1;
    return *path != '\0' && strchr(path, '/') == NULL ? path : NULL;
}

const struct webhook *webhook_find(const char *path)
{
    for (const struct webhook *w = webhooks; w->path != NULL; w++)
        if (w->is_named ? webhook_provider_name(w, path) != NULL : strcmp(w->path, path) == 0)
            return w;
    return NULL;
}

enum status webhook_verify(const struct webhook *hook, const struct webhook_request *r,
                           const struct provider_config *cfg, struct error *err)
{
    if (r->body_len > hook->body_max)
        return error_set(err, ST_DENIED, "%s callback: longer than %zu bytes", hook->provider_kind,
                         hook->body_max);
    if (cfg->verify_callbacks == VERIFY_OFF)
        return ST_OK;
    return hook->verify(r, cfg, err);
}

static bool calls_back(const char *kind)
{
    for (const struct webhook *w = webhooks; w->path != NULL; w++)
        if (strcmp(w->provider_kind, kind) == 0)
            return true;
    return false;
}

void webhooks_warn_unverified(const struct config *c)
{
    for (size_t i = 0; i < c->n_providers; i++)
        if (c->providers[i].verify_callbacks == VERIFY_OFF && calls_back(c->providers[i].kind))
            log_warn("webhook.unverified", STR("provider", c->providers[i].name));
}
