/* topology - the table of queues: a lane for each platform and priority. */
#include "common/broker/topology.h"

#include <string.h>

#define LANES(name, pf)                                                                    \
    [(pf) * PRIO_COUNT + PRIO_HIGH] = { "notification." name ".high", name ".high" },      \
    [(pf) * PRIO_COUNT + PRIO_NORMAL] = { "notification." name, name },                    \
    [(pf) * PRIO_COUNT + PRIO_LOW] = { "notification." name ".low", name ".low" }

const struct lane_queue lane_queues[LANE_COUNT] = {
    LANES("sms", PF_SMS),
    LANES("email", PF_EMAIL),
    LANES("whatsapp", PF_WHATSAPP),
    LANES("telegram", PF_TELEGRAM),
};

int lane_of_queue(const char *queue)
{
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        if (strcmp(lane_queues[lane].queue, queue) == 0)
            return lane;
    }
    return -1;
}
