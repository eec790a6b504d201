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

/*
 * From now on a connect(2) to a unix socket that is ours alone is refused at once, so that the web server
 * turns to another; what waits in it can still be accepted.  A socket that others may have too, as that
 * of systemd or one that was listened on by another process, stays as it is.
 */
void listener_refuse(int fd);
#endif
