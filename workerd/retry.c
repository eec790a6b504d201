/* retry - the table of what follows each verdict, and the delay before another attempt. */
#include "workerd/retry.h"

/*
 * DESIGN section 3.  An answer that says nothing about the recipient (throttled, credentials) burns
 * no attempt: the whole provider slows down or its breaker opens instead.
 */
static const struct rule {
    enum next_step next;    /* with no other provider to go to */
    bool fails_over;        /* to another provider, where there is one */
    bool give_back, possible_duplicate;
} rules[] = {
    [VERDICT_ACCEPTED] = { NEXT_SENT, false, false, false },
    [VERDICT_REFUSED] = { NEXT_FAILED, false, false, false },
    [VERDICT_REFUSED_HERE] = { NEXT_FAILED, true, false, false },
    [VERDICT_THROTTLED] = { NEXT_RETRY, false, true, false },
    [VERDICT_NOT_SENT] = { NEXT_RETRY, true, false, false },
    [VERDICT_UNCLEAR] = { NEXT_RETRY, false, false, true },
    [VERDICT_CREDENTIALS] = { NEXT_RETRY, true, true, false },
};

static int64_t backoff_ms(const struct retry_policy *p, int attempt, double jitter)
{
    int64_t ceiling = p->base_ms;

    /* Doubling stops at the bound, so it cannot overflow whatever the attempt's number. */
    for (int i = 1; i < attempt && ceiling < p->max_ms; i++)
        ceiling = ceiling > p->max_ms / 2 ? p->max_ms : ceiling * 2;
    if (ceiling > p->max_ms)
        ceiling = p->max_ms;
    return (int64_t)((double)ceiling * jitter);
}

static int64_t retry_delay_ms(const struct retry_policy *p, int attempt, int64_t named_ms,
                              double jitter)
{
    if (named_ms < 0)
        return backoff_ms(p, attempt, jitter);
    return named_ms < p->max_ms ? named_ms : p->max_ms;
}

/*
 * Whoever is shut now is no better than the one that could not be reached, but it is all that is left
 * to a recipient that this one refuses for good.
 */
static bool fails_over(const struct rule *rule, enum others others)
{
    return rule->fails_over &&
           (others == OTHERS_OPEN || (others == OTHERS_SHUT && rule->next == NEXT_FAILED));
}

struct decision retry_decide(const struct retry_policy *p, int attempt, const struct verdict *v,
                             enum others others, double jitter)
{
    const struct rule *rule = &rules[v->class];
    bool holds = v->class == VERDICT_UNCLEAR && p->on_unclear == UNCLEAR_HOLD;
    bool over = fails_over(rule, others) && v->moved_to == NULL;

    /* A callback may take as long as the longest wait between two attempts. */
    if (holds)
        return (struct decision){ .next = NEXT_HOLD, .delay_ms = p->max_ms };
    if (rule->next != NEXT_RETRY && !over)
        return (struct decision){ .next = rule->next };
    if (!rule->give_back && attempt >= p->max_attempts)
        return (struct decision){ .next = NEXT_FAILED };
    return (struct decision){
        .next = NEXT_RETRY,
        .delay_ms = (over && others == OTHERS_OPEN) || v->moved_to != NULL
                        ? 0
                        : retry_delay_ms(p, attempt, v->retry_after_ms, jitter),
        .give_back = rule->give_back,
        .fail_over = over,
        .possible_duplicate = rule->possible_duplicate,
    };
}
