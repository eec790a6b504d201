#ifndef CTL_AUDIT_VIEW_H
#define CTL_AUDIT_VIEW_H
#include "common/db/audit.h"
#include "ctl/ctl.h"
/*
 * audit_view - what an audit found, as two tables for people or a document for programs.
 */
enum audit_hold { HOLD_NONE, HOLD_OFF, HOLD_BREAKER }; /* what keeps back all that is due */

struct audit_fault_view {
    int64_t count;
    size_t listed; /* of them, ids */
    const char **ids;
};
struct audit_view {
    int64_t at_ms, since_ms; /* since_ms: -1 for all */
    bool recorded;
    struct audit_counts counts;
    struct audit_fault_view *faults; /* one for each of audit_checks */
    enum audit_hold holds[PF_COUNT];
};

void audit_view_totals(const struct audit_view *v, int64_t *final, int64_t *live);
void audit_view_print(struct ctl *ctl, const struct audit_view *v, const struct audit_result *result);
#endif
