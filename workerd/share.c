/* share - free slots, given one by one. */
#include "workerd/share.h"

#include <stdbool.h>
#include <string.h>

#define HIGH_PART 4 /* one slot in so many is for high alone */
#define LOW_TURN 5  /* one in so many is low's while it waits */

/* What is left to give in one call. */
struct rest {
    size_t waiting[LANE_COUNT];
    size_t permits[PF_COUNT];
    size_t used[PRIO_COUNT];
};

static size_t used_of(const size_t used[PRIO_COUNT])
{
    return used[PRIO_HIGH] + used[PRIO_NORMAL] + used[PRIO_LOW];
}

size_t share_free(const struct share *s)
{
    size_t used = used_of(s->used);

    return used < s->most ? s->most - used : 0;
}

/* A lane of this priority that may begin another call, from the platform on whose turn it is; -1. */
static int lane_for(const struct rest *r, enum priority prio, int first)
{
    for (int i = 0; i < PF_COUNT; i++) {
        enum platform pf = (enum platform)((first + i) % PF_COUNT);

        if (r->permits[pf] > 0 && r->waiting[lane_of(pf, prio)] > 0)
            return lane_of(pf, prio);
    }
    return -1;
}

/* The next lane to be given a slot; -1: none can take one. */
static int choose(struct share *s, const struct rest *r)
{
    int high = lane_for(r, PRIO_HIGH, s->next_platform);
    int normal = lane_for(r, PRIO_NORMAL, s->next_platform);
    int low = lane_for(r, PRIO_LOW, s->next_platform);
    bool room = r->used[PRIO_NORMAL] + r->used[PRIO_LOW] < s->most - s->most / HIGH_PART;

    if (low >= 0 && room && (s->since_low >= LOW_TURN - 1 || (high < 0 && normal < 0))) {
        s->since_low = 0;
        return low;
    }
    if (low >= 0)
        s->since_low++;
    return high >= 0 ? high : room ? normal : -1;
}

void share_slots(struct share *s, const size_t waiting[LANE_COUNT], const size_t permits[PF_COUNT],
                 size_t limit, size_t plan[LANE_COUNT])
{
    struct rest r;
    int lane;

    memset(plan, 0, LANE_COUNT * sizeof *plan);
    memcpy(r.waiting, waiting, sizeof r.waiting);
    memcpy(r.permits, permits, sizeof r.permits);
    memcpy(r.used, s->used, sizeof r.used);
    for (size_t given = 0; given < limit && used_of(r.used) < s->most; given++) {
        lane = choose(s, &r);
        if (lane < 0)
            return;
        plan[lane]++;
        r.waiting[lane]--;
        r.permits[lane_platform(lane)]--;
        r.used[lane_priority(lane)]++;
        s->next_platform = (lane_platform(lane) + 1) % PF_COUNT;
    }
}
