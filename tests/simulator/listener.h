#ifndef SIMULATOR_LISTENER_H
#define SIMULATOR_LISTENER_H
#include "common/base/error.h"
#include "tests/simulator/settings.h"
/*
 * listener - a socket to accept from.  It is ours, so that its port is known and an address in use
 * is reported plainly.
 */

/* Non-blocking.  *port is the one that it got. */
enum status listener_open(const struct listen_at *at, int *fd, uint16_t *port, struct error *err);
#endif
