#ifndef FCGI_PATIENT_H
#define FCGI_PATIENT_H
#include <stdbool.h>
#include <stdint.h>
/*
 * patient - the thread that waits for requests that arrive slowly, so that a slow client behind a
 * streaming web server holds nobody.
 *
 * It gathers the bytes of each in a file in memory and gives the connection back when the request
 * is whole.  It also sees connections off whose input was not read.  Bounded in connections, bytes
 * and time: what is over is closed, and the web server tells its client.
 */
#define PATIENT_CONNECTIONS_MAX 512
#define PATIENT_BYTES_MAX (128u << 20)

struct patient;

/* A request that has become whole.  The taker owns both descriptors. */
struct patient_request {
    int fd;     /* the connection */
    int source; /* a file with the request's bytes, at its start */
    bool oversize; /* the body is past its ceiling and was not read further */
};

struct patient *patient_start(uint64_t body_max, int64_t timeout_ms);
void patient_stop(struct patient *p); /* closes what it still has */

/* Both take over fd.  Any thread. */
void patient_wait(struct patient *p, int fd);  /* until its request is whole */
void patient_leave(struct patient *p, int fd); /* answered: read and forget until the peer closes */

/* Readable while a request is to be taken; poll it, then take until false.  Any thread. */
int patient_fd(const struct patient *p);
bool patient_take(struct patient *p, struct patient_request *out);
bool patient_expects(const struct patient *p); /* a request is still to be taken, or on its way */
#endif
