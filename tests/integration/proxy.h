#ifndef TESTS_INTEGRATION_PROXY_H
#define TESTS_INTEGRATION_PROXY_H
#include <pthread.h>
#include <stdatomic.h>

#include "tests/integration/pg.h"
/*
 * proxy - stands between a connection and Postgres, and cuts it where it is told to.
 *
 * A thread of its own serves one connection at a time.  Postgres notices a cut only when it reads
 * or writes next: it finishes what it is doing, as when a network fails.
 */

struct proxy {
    struct pg front; /* give it to tables_connect() in the place of the cluster */
    const struct pg *back;
    atomic_long allowed; /* bytes that may still go to the client; -1: any number */
    atomic_long passed;  /* bytes that went to the client since proxy_allow() */
    atomic_bool stop;
    int listener;
    pthread_t thread;
};

void proxy_start(struct proxy *p, const struct pg *back);
void proxy_stop(struct proxy *p);
/* Passes on so many bytes of what the server says from now on, then cuts; 0 cuts before the first.
 */
void proxy_allow(struct proxy *p, long bytes);
void proxy_cut_now(struct proxy *p); /* whoever is connected, in the middle of whatever it does */
#endif
