/* cors - cross-origin headers. */
#include "fcgi/cors.h"

#include <string.h>

#define SENT "X-API-Key, Authorization, Content-Type, Idempotency-Key, X-Request-Id"
#define SHOWN "Location, Retry-After, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, "       \
              "X-RateLimit-Reset, Idempotent-Replayed"

/* One of a list with commas and blanks, compared to the letter. */
static bool is_listed(const char *list, const char *origin)
{
    size_t len = strlen(origin);

    while (*list != '\0') {
        size_t some;

        list += strspn(list, ", \t");
        some = strcspn(list, ", \t");
        if (some == len && some > 0 && memcmp(list, origin, len) == 0)
            return true;
        list += some;
    }
    return false;
}

static void answer_preflight(struct call *call)
{
    response_header(&call->res, "Access-Control-Allow-Methods",
                    response_find(&call->res, "Allow"));
    response_header(&call->res, "Access-Control-Allow-Headers", SENT);
    response_header(&call->res, "Access-Control-Max-Age", "600");
}

void cors_apply(const struct config_server *config, struct call *call)
{
    const char *origin = request_header(&call->req, "Origin");
    bool any = strcmp(config->cors_origins, "*") == 0;

    if (config->cors_origins[0] == '\0')
        return;
    if (!any)
        response_header(&call->res, "Vary", "Origin");
    if (origin == NULL || (!any && !is_listed(config->cors_origins, origin)))
        return;
    response_header(&call->res, "Access-Control-Allow-Origin", any ? "*" : origin);
    response_header(&call->res, "Access-Control-Expose-Headers", SHOWN);
    if (call->req.method == HTTP_OPTIONS &&
        request_header(&call->req, "Access-Control-Request-Method") != NULL)
        answer_preflight(call);
}
