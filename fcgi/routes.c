/* routes - the table of routes. */
#include "fcgi/routes.h"

#include "fcgi/handlers/handlers.h"

#define NEED_CALLER (NEED_KEY | NEED_QUOTA)

const struct route routes[] = {
    { HTTP_POST, "/api/v1/messages", NEED_CALLER | NEED_JSON, NULL, messages_create },
    { HTTP_GET, "/api/v1/messages", NEED_CALLER, messages_list_show, NULL },
    { HTTP_POST, "/api/v1/messages/bulk", NEED_CALLER | NEED_JSON, messages_create_bulk, NULL },
    { HTTP_GET, "/api/v1/messages/{id}", NEED_CALLER, messages_show, NULL },
    { HTTP_DELETE, "/api/v1/messages/{id}", NEED_CALLER, messages_cancel, NULL },
    { HTTP_GET, "/api/v1/messages/{id}/recipients", NEED_CALLER, recipients_show, NULL },
    { HTTP_GET, "/api/v1/messages/{id}/events", NEED_CALLER, events_show, NULL },
    { HTTP_POST, "/webhooks/twilio", NEED_NOTHING, NULL, webhooks_receive },
    { HTTP_POST, "/webhooks/sendgrid", NEED_NOTHING, NULL, webhooks_receive },
    { HTTP_POST, "/webhooks/whatsapp", NEED_NOTHING, NULL, webhooks_receive },
    { HTTP_GET, "/webhooks/whatsapp", NEED_NOTHING, webhooks_challenge, NULL },
    { HTTP_POST, "/webhooks/telegram", NEED_NOTHING, NULL, webhooks_receive },
    { HTTP_POST, "/webhooks/http/{name}", NEED_NOTHING, NULL, webhooks_receive },
    { HTTP_GET, "/webhooks/http/{name}", NEED_NOTHING, NULL, webhooks_receive },
    { HTTP_GET, "/health", NEED_NOTHING, health_show, NULL },
    { HTTP_GET, "/ready", NEED_NOTHING, ready_show, NULL },
    { HTTP_GET, "/version", NEED_NOTHING, version_show, NULL },
    { HTTP_GET, "/metrics", NEED_NOTHING, metrics_show, NULL },
    { HTTP_GET, "/openapi.yaml", NEED_NOTHING, openapi_show, NULL },
    { HTTP_GET, "/docs", NEED_NOTHING, reference_show, NULL },
};
const size_t n_routes = sizeof routes / sizeof *routes;
