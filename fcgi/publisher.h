#ifndef FCGI_PUBLISHER_H
#define FCGI_PUBLISHER_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/config/reload.h"
#include "common/model/message.h"
/*
 * publisher - the thread that puts accepted recipients onto the broker, so that the request path
 * never waits for it.
 *
 * publisher_put never blocks and never fails: what does not fit or cannot be published is found by
 * the scheduler, for its dispatch row comes due.
 */
struct publisher;

struct publisher *publisher_start(const struct live_config *config);
/* Publishes what waits for at most a second, then ends the thread. */
void publisher_stop(struct publisher *p);

/* Any thread.  Messages that are scheduled for later, or due at once, are passed over. */
void publisher_put(struct publisher *p, const struct message_draft *draft);

/*
 * May this message go onto the belt?  Not while the broker is away or one of its lanes has a backlog,
 * where it must not overtake, or no room for all its recipients: then accept with due_ms = now, and do
 * not put it.  Ask once, and only for a message that goes now: places on the belt are taken by it.
 * Any thread.
 */
bool publisher_takes(struct publisher *p, const struct message_draft *draft);
/* Some lane has more than fits onto the belt: delivering is behind accepting.  Any thread. */
bool publisher_is_behind(const struct publisher *p);
/* The last round trip to the broker; -1 while there is none.  Any thread. */
int64_t publisher_latency_us(const struct publisher *p);
#endif
