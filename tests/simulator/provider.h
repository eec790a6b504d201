#ifndef SIMULATOR_PROVIDER_H
#define SIMULATOR_PROVIDER_H
#include "tests/simulator/callbacks.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/settings.h"
/*
 * provider - what one simulated provider must say, and the course of a request that all share.
 *
 * A provider is one file and one row.  check, fail and accept fill x->answer; nothing here does
 * I/O.  Any thread.
 */
struct provider {
    const char *name;
    const char *prefix; /* paths that begin so are its own; NULL: it does not speak HTTP */
    size_t body_max;    /* of a request; 0: BODY_MAX */
    struct repertoire repertoire;
    /* As strict as the real one: fills x->message as far as it can be read.  False: refused. */
    bool (*check)(const struct settings *s, struct exchange *x);
    void (*fail)(struct exchange *x, int fault);
    void (*accept)(const struct settings *s, struct exchange *x); /* sets x->id too */
    const char *(*event_name)(int event); /* as the provider calls it, for the log */
    size_t batch_most;      /* how many events go into one callback; 0: one */
    bool batch_waits;       /* for more, as long as settings->batch_ms */
    bool retries_slow_down; /* the pause before a callback's n-th further try is n times as long */
    /* One callback, ready to be posted.  out->body is empty.  Items of one provider and URL. */
    void (*callback)(const struct settings *s, const struct item *items, size_t count,
                     struct arena *mem, struct post *out);
};

extern const struct provider *const providers[]; /* NULL ends */

const struct provider *provider_find(const char *path); /* NULL: it is nobody's */
/* Every name in a list of ways to fail is a behaviour of somebody. */
bool provider_ways_are_good(const char *ways);
/* From the request to everything else in the exchange. */
void provider_serve(const struct settings *s, struct exchange *x);
#endif
