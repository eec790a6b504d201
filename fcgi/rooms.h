#ifndef FCGI_ROOMS_H
#define FCGI_ROOMS_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
#include "common/model/message.h"
#include "common/service/window.h"
/*
 * rooms - how much may be put onto each lane of the belt before its queue is looked at again.
 *
 * A room is what a window leaves (common/service/window.h): small while a lane rests, so that one
 * great call can't fill its queue, and larger for as long as the workers keep up.  Taking a place is
 * for any thread; all else is for the one that looks.
 */
struct rooms {
    struct room {
        struct window window;
        long granted;     /* at the last look */
        atomic_long left; /* of these */
    } lanes[LANE_COUNT];
};

void rooms_init(struct rooms *r, const struct config *config);
void rooms_follow(struct rooms *r, const struct config *config); /* other rates; the one that looks */
/* Places for all its recipients; false: not all lanes have them, and none is taken. */
bool rooms_take(struct rooms *r, const struct message_draft *d);

/* Nothing has been taken and nothing lay there: the lane need not be looked at. */
bool rooms_at_rest(const struct rooms *r, int lane);
/* The queue's depth, looked up at now_ms (monotonic). */
void rooms_look(struct rooms *r, int lane, uint32_t ready, int64_t now_ms);
#endif
