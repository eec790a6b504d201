#ifndef WORKERD_ATTEMPT_H
#define WORKERD_ATTEMPT_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/trace.h"
#include "common/config/config.h"
#include "common/db/recipients.h"
#include "workerd/adapters/adapter.h"
#include "workerd/gate.h"
#include "workerd/providers.h"
/*
 * attempt - one delivery attempt, from a claim to an outcome: may it still go, by whom, what is
 * sent, what the answer means, what follows.  No I/O.
 */
#define TRACE_LINE_BYTES (sizeof "traceparent: " + TRACEPARENT_BYTES)
struct attempt {
    struct arena mem;        /* holds all that the outcome points to, but the claim's own */
    struct claim claim;      /* its texts live in a block of the owner's */
    void *block;             /* that block: the owner's business */
    const struct open_provider *provider;
    int place;               /* of that provider in the platform's list */
    enum others others;      /* behind it in the list, when it was chosen */
    struct transfer transfer;
    char recipient_id[48];
    struct trace trace;      /* of the message, with a span of this attempt */
    char trace_line[TRACE_LINE_BYTES];
    int64_t begun_us;        /* monotonic */
    struct verdict verdict;  /* once it was answered */
    struct outcome outcome;  /* once it has ended */
    struct attempt *next;    /* in a list of the owner's */
};

struct attempt_context {
    const struct config *config;
    const struct providers *providers;
};

/*
 * False: it has ended already, outcome is set (it has expired, or the claim is older than a third
 * of the lease, so that somebody else may think us dead).
 */
bool attempt_begin(struct attempt *a, const struct attempt_context *ctx, int64_t claimed_ms);

/*
 * True: attempt->transfer is to be sent now.  False: outcome is set (nobody can send it, or not
 * now, or its content cannot be built).
 */
bool attempt_build(struct attempt *a, const struct attempt_context *ctx,
                   const struct gate_choice *choice);

/* Whether its provider has had an attempt at this recipient before, as far as the counts tell. */
bool attempt_is_repeated(const struct attempt *a);

/* jitter: in [0, 1). */
void attempt_end(struct attempt *a, const struct reply *reply, double jitter);
#endif
