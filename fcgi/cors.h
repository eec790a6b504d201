#ifndef FCGI_CORS_H
#define FCGI_CORS_H
#include "common/config/config.h"
#include "fcgi/call.h"
/*
 * cors - what a browser may know (Fetch standard, "CORS protocol"): the headers for origins of
 * [server] cors_origins, and the answer to a preflight.
 *
 * Credentials are never allowed: the key is a header of the caller's own.  Pure.
 */
/* Before the call is carried through: its headers stay, whatever its answer will be. */
void cors_apply(const struct config_server *config, struct call *call);
#endif
