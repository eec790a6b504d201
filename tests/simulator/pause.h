#ifndef SIMULATOR_PAUSE_H
#define SIMULATOR_PAUSE_H
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
/*
 * pause - connections that wait for a time or for something to happen, without a thread each.
 *
 * A paused connection is suspended in libmicrohttpd, whose threads serve others meanwhile; then
 * its callback is called again.
 */
struct pause;
enum status pause_open(struct pause **out, struct error *err);

/*
 * From the connection's own callback, which must return at once after it.  The connection goes on
 * at deadline_ms (monotonic), or sooner when ready(arg) says so: it is asked at first_ms and then
 * each poll_ms, in another thread.  ready NULL: only the deadline counts, and with it come all of the
 * next few milliseconds.  False: pause_stop() was called, and nothing has been done.
 */
struct pause_terms {
    int64_t first_ms, deadline_ms;
    int poll_ms;
    bool (*ready)(void *arg);
    void *arg;
};
bool pause_connection(struct pause *p, struct MHD_Connection *connection,
                      const struct pause_terms *terms);

void pause_stop(struct pause *p); /* all go on; no more are paused; before MHD_stop_daemon() */
void pause_close(struct pause *p);
#endif
