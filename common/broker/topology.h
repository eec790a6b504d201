#ifndef COMMON_BROKER_TOPOLOGY_H
#define COMMON_BROKER_TOPOLOGY_H
#include <stdbool.h>

#include "common/model/platform.h"
/*
 * topology - the exchanges and queues of CONTRACT section 6.  Both programs declare all of them.
 */
#define EXCHANGE_WORK "notification.exchange"
#define EXCHANGE_DEAD "notification.dlx"
#define QUEUE_DEAD "notification.dead"

/* A delivery that was handed out this often without an acknowledgement goes to the dead letters. */
#define QUEUE_DELIVERY_LIMIT 20

struct lane_queue {
    const char *queue, *key; /* "notification.sms.high", "sms.high" */
};
extern const struct lane_queue lane_queues[LANE_COUNT]; /* by lane_of() */
int lane_of_queue(const char *queue); /* -1: no lane has a queue of this name */
#endif
