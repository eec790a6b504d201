#ifndef FCGI_LOOP_H
#define FCGI_LOOP_H
#include <stdatomic.h>

#include "common/config/reload.h"
#include "fcgi/patient.h"
#include "fcgi/publisher.h"
/*
 * loop - one thread's work: gather every request that is ready, carry them through each step
 * together, answer each (DESIGN section 2).
 *
 * While a round is under way the next one gathers in the sockets, so batches form by themselves:
 * one request when nothing is going on, many under load.
 */
struct loop_context {
    const struct live_config *config;
    int listen_fd; /* non-blocking, shared with other threads and processes; the last one closes it */
    int stop_fd;   /* becomes readable, and stays so, when the program is to stop */
    struct publisher *publisher;
    struct patient *patient;
    struct turn *turn;
    atomic_int *running; /* threads that have not ended */
};

/* A pthread start routine; arg is a struct loop_context, borrowed.  Returns when all is answered. */
void *loop_run(void *arg);
#endif
