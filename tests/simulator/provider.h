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
    const char *prefix; /* paths that begin so are its own */
    struct tally *tally;
    /* As strict as the real one: fills x->message as far as it can be read.  False: refused. */
    bool (*check)(const struct settings *s, struct exchange *x);
    void (*fail)(struct exchange *x, enum fault fault);
    void (*accept)(const struct settings *s, struct exchange *x); /* sets x->id too */
    /* One callback, ready to be posted.  out->body is empty. */
    void (*callback)(const struct settings *s, const struct notice *n, struct step step,
                     struct arena *mem, struct post *out);
};

extern const struct provider *const providers[]; /* NULL ends */

/* From the request to everything else in the exchange. */
void provider_serve(const struct settings *s, struct exchange *x);
#endif
