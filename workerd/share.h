#ifndef WORKERD_SHARE_H
#define WORKERD_SHARE_H
#include <stddef.h>

#include "common/model/platform.h"
/*
 * share - who gets the free slots of a thread: the lanes' fairness.  Pure.
 *
 * A quarter of the slots is kept for `high`, so that it always finds one; of five slots that are
 * given while `low` waits, one is low's, so that it never starves; the platforms of a priority take
 * turns.
 */
struct share {
    size_t most;             /* slots of the thread */
    size_t used[PRIO_COUNT]; /* kept by the owner: +1 when an attempt begins, -1 when it is recorded */
    size_t since_low;        /* given to others while low waited */
    int next_platform;
};

/*
 * plan[lane]: how many of that lane to claim now.  waiting: references by lane; permits: how many
 * calls each platform may begin now (providers' breakers and rates); in all at most `limit`.
 */
void share_slots(struct share *s, const size_t waiting[LANE_COUNT], const size_t permits[PF_COUNT],
                 size_t limit, size_t plan[LANE_COUNT]);
size_t share_free(const struct share *s);
#endif
