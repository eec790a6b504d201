#ifndef FCGI_ROUTER_H
#define FCGI_ROUTER_H
#include "common/base/buf.h"
#include "fcgi/call.h"
/*
 * router - finds the route of a call.
 *
 * HEAD is GET without its body (RFC 9110 section 9.3.2); OPTIONS tells what is allowed.  A fixed path
 * goes before one with {id} or {name}.  A path that exists with other methods is
 * 405 with Allow; everything else is 404.
 */
/* Sets call->route and call->id, or answers the call. */
void router_find(struct call *call);
#endif
