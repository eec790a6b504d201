#ifndef WORKERD_BREAKER_H
#define WORKERD_BREAKER_H
#include <stdbool.h>
#include <stdint.h>
/*
 * breaker - keeps calls away from a provider that does not work.  Pure; times are the caller's.
 *
 * It opens after a run of failures of connection or 5xx kind, or at once when the provider refuses
 * our credentials, and is half-open when its time is over: one probe goes, and decides.  Each time
 * it opens again without a success in between the time doubles.
 *
 * A recipient that has failed before and fails again tells as much about itself: while others get
 * through, only first failures make a run, so that a crowd of bad recipients shuts no provider.
 */
struct breaker {
    int failures;      /* in a row */
    int first_failures; /* of these, of recipients that had not failed before */
    int64_t success_ms; /* the last; 0: none yet */
    int openings;      /* in a row */
    int64_t until_ms;  /* 0: closed */
    int64_t probe_ms;  /* until then a probe is under way; 0: none */
};
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
enum breaker_reason { BREAKER_FAILURES, BREAKER_CREDENTIALS };

struct breaker_policy {
    int run;                       /* failures that open it */
    int64_t first_ms[2], most_ms[2]; /* how long, by reason */
};
/* From [worker] retry_base_ms: failures 5 to 60 times that, credentials 30 to 300 times. */
struct breaker_policy breaker_policy_of(int64_t retry_base_ms);

enum breaker_state breaker_state(const struct breaker *b, int64_t now_ms);

/* Half-open: may the caller probe?  One at a time, and a lost one blocks for life_ms only. */
bool breaker_begin_probe(struct breaker *b, int64_t now_ms, int64_t life_ms);

/*
 * A call failed; true: it has opened, now or again.  Calls of before it opened change nothing.
 * repeated: the same recipient has failed before.
 */
bool breaker_fail(struct breaker *b, const struct breaker_policy *p, enum breaker_reason reason,
                  bool repeated, int64_t now_ms);
/* A call got through to the provider; true: that closed it. */
bool breaker_succeed(struct breaker *b, int64_t now_ms);
#endif
