#ifndef WORKERD_LOOP_H
#define WORKERD_LOOP_H
#include <stdatomic.h>

#include "common/config/config.h"
#include "common/db/audit.h"
#include "workerd/gate.h"
#include "workerd/providers.h"
/*
 * loop - one thread's work: gather the events that are ready, claim them, call the providers, record
 * what came out (DESIGN section 2).
 */
struct loop_state { /* of one thread, for others to see */
    _Atomic int64_t moved_ms; /* when it last began a turn, or a step that may take long; monotonic */
    atomic_bool database_is_up, broker_is_up;
    atomic_size_t in_flight[PF_COUNT]; /* attempts that were begun and are not recorded */
    atomic_size_t waiting[LANE_COUNT]; /* references that it was handed and has not claimed */
};

/* What the scheduler saw at its last look, for others to tell. */
struct sample {
    atomic_bool taken;
    atomic_llong lag_ms;            /* how long the first that is due has been so */
    atomic_llong due;               /* counting stops at SAMPLE_MOST in a lane */
    atomic_llong depth[LANE_COUNT]; /* of the queues */
    atomic_llong dead;              /* of that of the dead letters */
    atomic_llong audited_ms;        /* wall time of the last audit; 0: nobody has audited yet */
    atomic_llong faults[AUDIT_FAULTS]; /* what it found */
};
#define SAMPLE_MOST 10000

/* What a turn goes by; a reload makes a new one, and the ones before stay until the end. */
struct settings {
    const struct config *config;
    struct providers *providers;
    struct settings *before;
};

struct pool_shared {
    const struct config *config; /* of the start */
    _Atomic(struct settings *) settings;
    _Atomic int64_t scheduler_moved_ms;
    struct loop_state *states;         /* one for each loop: config->worker.threads */
    atomic_int next_state;             /* the first that no loop has taken yet */
    struct gate_shared *gate;
    atomic_bool stopping;
    atomic_bool something_is_due; /* now, and was not before: the scheduler need not wait */
    struct sample sample;
    atomic_bool belt_is_away; /* the scheduler cannot publish: loops take what is due themselves */
    _Atomic int64_t drain_until_ms; /* monotonic; valid while stopping */
};

/* Pthread start routines; arg is a struct pool_shared. */
void *loop_run(void *arg);
void *scheduler_run(void *arg);

/* How long the broker may be away before what is due leaves straight from Postgres. */
#define BROKER_PATIENCE_MS 5000
#endif
