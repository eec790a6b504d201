#ifndef FCGI_LISTENER_H
#define FCGI_LISTENER_H
#include "common/base/error.h"
/*
 * listener - the socket that the web server connects to.
 *
 * In this order: address ("PATH" of a unix socket, or HOST:PORT) where it is given; the socket that
 * systemd passes as fd 3 (sd_listen_fds(3)); fd 0, as spawn-fcgi and mod_fcgid pass it.  The
 * socket is non-blocking afterwards.  ST_INVALID: none of them is there.
 */
enum status listener_open(const char *address, int *fd, struct error *err);
#endif
