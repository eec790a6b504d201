/* routes - the table of routes. */
#include "fcgi/routes.h"

#include "fcgi/handlers/handlers.h"

const struct route routes[] = {
    { HTTP_POST, "/api/v1/messages", NEED_KEY | NEED_QUOTA | NEED_JSON, NULL, messages_create },
    { HTTP_GET, "/api/v1/messages/{id}", NEED_KEY | NEED_QUOTA, messages_show, NULL },
    { HTTP_POST, "/webhooks/twilio", NEED_NOTHING, webhooks_receive, NULL },
    { HTTP_GET, "/health", NEED_NOTHING, health_show, NULL },
    { HTTP_GET, "/ready", NEED_NOTHING, ready_show, NULL },
    { HTTP_GET, "/version", NEED_NOTHING, version_show, NULL },
};
const size_t n_routes = sizeof routes / sizeof *routes;
