#ifndef SIMULATOR_REPLY_H
#define SIMULATOR_REPLY_H
#include <microhttpd.h>

#include "tests/simulator/exchange.h"
#include "tests/simulator/pause.h"
/*
 * reply - puts an answer on the wire in the manner its behaviour asks for.
 */
#define REPLY_DRIP_MS 100

/* From the connection's callback, whose result this is.  x stays until the connection is done. */
enum MHD_Result reply_send(struct MHD_Connection *connection, struct exchange *x,
                           struct pause *pause);
/* When the answer is on the wire, whatever became of it. */
void reply_done(struct MHD_Connection *connection, const struct exchange *x);
/* The peer has closed its side, or the connection is broken. */
bool reply_peer_is_gone(struct MHD_Connection *connection);
#endif
