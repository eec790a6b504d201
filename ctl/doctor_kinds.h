#ifndef CTL_DOCTOR_KINDS_H
#define CTL_DOCTOR_KINDS_H
#include "common/base/arena.h"
#include "common/config/config.h"
#include "common/transport/transfer.h"
/*
 * doctor_kinds - how to ask a provider of each kind whether it takes our credentials, without sending
 * anything to anybody.  Pure.
 */
struct kind {
    const char *kind;
    /* Fills *out but for its limits.  NULL: there is nothing that could be asked. */
    void (*ask)(const struct provider_config *pc, struct arena *mem, struct transfer *out);
    const char *const *refusals; /* statuses that mean refused, each "401"; NULL: none does */
    const char *remedy;          /* where credentials were refused */
};
const struct kind *kind_find(const char *kind); /* NULL: no such kind */

enum answer { ANSWER_GOOD, ANSWER_REFUSED, ANSWER_AWAY, ANSWER_ODD };
/* *words: what was found, without a secret.  Texts live in the arena. */
enum answer kind_judge(const struct kind *k, const struct provider_config *pc, const struct reply *r,
                       struct arena *mem, const char **words);
#endif
