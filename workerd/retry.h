#ifndef WORKERD_RETRY_H
#define WORKERD_RETRY_H
#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
#include "workerd/adapters/adapter.h"
/*
 * retry - what follows a verdict: another attempt, and when, or the end.  Pure.
 */
struct retry_policy {
    int max_attempts;
    int64_t base_ms, max_ms;
    enum on_unclear on_unclear;
};
enum next_step {
    NEXT_SENT,
    NEXT_RETRY, /* pending again, delay_ms from now */
    NEXT_HOLD,  /* stays as it is, for a callback to settle; fails after delay_ms */
    NEXT_FAILED
};
/* The providers behind the one that was asked, in the platform's list. */
enum others {
    OTHERS_NONE,
    OTHERS_SHUT, /* their breakers are open */
    OTHERS_OPEN
};
struct decision {
    enum next_step next;
    int64_t delay_ms;
    bool give_back;          /* the attempt does not count */
    bool fail_over;          /* by the next provider of the platform's list */
    bool possible_duplicate; /* the next attempt may send a second time */
};

/*
 * attempt is the number of the one just made (1 ..).  Where the verdict is no fault of the recipient
 * and others are open, they are next, at once.  Else exponential with full jitter: a uniform share of min(max, base * 2^(attempt-1)),
 * jitter in [0, 1); what the provider named wins, clamped to max_ms.  A throttled attempt is given
 * back.
 */
struct decision retry_decide(const struct retry_policy *p, int attempt, const struct verdict *v,
                             enum others others, double jitter);
#endif
