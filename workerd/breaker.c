/* breaker - closed, open, half-open. */
#include "workerd/breaker.h"

#define RUN 10
#define DOUBLINGS_MOST 16

struct breaker_policy breaker_policy_of(int64_t retry_base_ms)
{
    return (struct breaker_policy){
        .run = RUN,
        .first_ms = { [BREAKER_FAILURES] = 5 * retry_base_ms, [BREAKER_CREDENTIALS] = 30 * retry_base_ms },
        .most_ms = { [BREAKER_FAILURES] = 60 * retry_base_ms, [BREAKER_CREDENTIALS] = 300 * retry_base_ms },
    };
}

enum breaker_state breaker_state(const struct breaker *b, int64_t now_ms)
{
    if (b->until_ms == 0)
        return BREAKER_CLOSED;
    return now_ms < b->until_ms ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

bool breaker_begin_probe(struct breaker *b, int64_t now_ms, int64_t life_ms)
{
    if (breaker_state(b, now_ms) != BREAKER_HALF_OPEN || now_ms < b->probe_ms)
        return false;
    b->probe_ms = now_ms + life_ms;
    return true;
}

static int64_t open_for_ms(const struct breaker *b, const struct breaker_policy *p,
                           enum breaker_reason reason)
{
    int64_t ms = p->first_ms[reason];

    for (int i = 0; i < b->openings && i < DOUBLINGS_MOST && ms < p->most_ms[reason]; i++)
        ms *= 2;
    return ms < p->most_ms[reason] ? ms : p->most_ms[reason];
}

/* Where nobody has got through for a while, any failures make a run. */
static bool is_run(const struct breaker *b, const struct breaker_policy *p, int64_t now_ms)
{
    bool lonely = b->success_ms == 0 || now_ms - b->success_ms >= p->first_ms[BREAKER_FAILURES];

    return (lonely ? b->failures : b->first_failures) >= p->run;
}

bool breaker_fail(struct breaker *b, const struct breaker_policy *p, enum breaker_reason reason,
                  bool repeated, int64_t now_ms)
{
    if (breaker_state(b, now_ms) == BREAKER_OPEN)
        return false;
    b->failures++;
    b->first_failures += !repeated;
    if (breaker_state(b, now_ms) == BREAKER_CLOSED && reason == BREAKER_FAILURES && !is_run(b, p, now_ms))
        return false;
    b->until_ms = now_ms + open_for_ms(b, p, reason);
    b->openings++;
    b->probe_ms = 0;
    return true;
}

/* A call that had begun before it opened proves nothing about now. */
bool breaker_succeed(struct breaker *b, int64_t now_ms)
{
    bool closes = breaker_state(b, now_ms) == BREAKER_HALF_OPEN;

    if (breaker_state(b, now_ms) == BREAKER_OPEN)
        return false;
    *b = (struct breaker){ .success_ms = now_ms };
    return closes;
}
