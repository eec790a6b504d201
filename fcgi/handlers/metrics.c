/* metrics - what the responders of this host have counted, for Prometheus. */
#include "common/metrics/metrics.h"

#include "fcgi/handlers/handlers.h"

void metrics_show(struct api *api, struct call *c)
{
    metrics_write(&c->res.body);
    c->res.status = 200;
    c->res.content_type = METRICS_TEXT_TYPE;
    response_header(&c->res, "Cache-Control", "no-store");
    c->answered = true;
}
