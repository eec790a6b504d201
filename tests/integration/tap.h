#ifndef TESTS_INTEGRATION_TAP_H
#define TESTS_INTEGRATION_TAP_H
#include <stddef.h>
/*
 * tap - stands between a client and a TCP server of this machine, and keeps what the client says.
 *
 * A thread of its own serves one connection at a time.  What was said is read once it has stopped.
 */
struct tap {
    int port;        /* where the client goes, on the address that was asked for */
    int connections; /* of the client's */
    char said[65536];
    size_t len; /* of said, all connections */
    struct tap_inside *inside;
};

struct tap *tap_start(const char *address, int server_port);
void tap_stop(struct tap *t); /* waits for the client's end of the present connection, and keeps t */
void tap_free(struct tap *t);
#endif
