#ifndef FCGI_HANDLERS_HANDLERS_H
#define FCGI_HANDLERS_HANDLERS_H
#include <stddef.h>

#include "fcgi/call.h"
/*
 * handlers - what the routes do: decode, call a service, encode.  One file a resource.
 */
void messages_create(struct api *api, struct call *const calls[], size_t n);
void messages_create_bulk(struct api *api, struct call *call);
void messages_show(struct api *api, struct call *call);
void messages_list_show(struct api *api, struct call *call);
void messages_cancel(struct api *api, struct call *call);
void recipients_show(struct api *api, struct call *call);
void events_show(struct api *api, struct call *call);
void webhooks_receive(struct api *api, struct call *const calls[], size_t n);
void webhooks_challenge(struct api *api, struct call *call);
void health_show(struct api *api, struct call *call);
void ready_show(struct api *api, struct call *call);
void version_show(struct api *api, struct call *call);
void metrics_show(struct api *api, struct call *call);
void openapi_show(struct api *api, struct call *call);
void reference_show(struct api *api, struct call *call);
#endif
