#ifndef COMMON_BASE_SUPERVISOR_H
#define COMMON_BASE_SUPERVISOR_H
#include <stdint.h>
/*
 * supervisor - tells the service manager how the program is, by the protocol of sd_notify(3): one
 * datagram of NAME=VALUE lines to the socket that NOTIFY_SOCKET names.
 *
 * It is a dozen lines, and libsystemd would bring in much more than them.  Without NOTIFY_SOCKET, and
 * where nobody listens, nothing happens.  Any thread.
 */
void supervisor_tell(const char *state); /* "READY=1"; "RELOADING=1\nMONOTONIC_USEC=…" */

/*
 * How often it wants to hear WATCHDOG=1 (WatchdogSec= of the unit), in milliseconds; 0: not at all,
 * or not from this process.
 */
int64_t supervisor_watchdog_ms(void);
#endif
