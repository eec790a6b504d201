#ifndef FCGI_GUARDS_H
#define FCGI_GUARDS_H
#include <stddef.h>

#include "fcgi/call.h"
/*
 * guards - what a route asks of a call before its handler sees it: key, quota, body.  A call that
 * fails one is answered; the others go on.
 */
void guards_keys(struct api *api, struct call *const calls[], size_t n);   /* one look-up for all */
void guards_quotas(struct api *api, struct call *const calls[], size_t n); /* one round trip */
void guards_body(struct call *call);
#endif
