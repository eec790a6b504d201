#ifndef WORKERD_EVENTS_H
#define WORKERD_EVENTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/broker/broker.h"
#include "common/config/config.h"
#include "common/db/recipients.h"
/*
 * events - what the broker has handed to this thread and nobody has claimed yet, lane by lane.
 *
 * An event is acknowledged when all its recipients have been claimed or refused the claim: from
 * then on their dispatch rows keep them, so the broker's copy has done its work.  A lane that waits
 * (for a rate, for a breaker) holds back no other.  One thread.
 */
struct events;

struct events *events_new(const struct config *config);
/* Other rates: a consumer that may hold another number of events than before begins anew. */
void events_follow(struct events *e, const struct config *config);
void events_free(struct events *e); /* says good-bye to the broker: what is unclaimed goes back */

/*
 * Connects and subscribes if need be, and takes in what has come, without waiting.  Cannot be
 * processed: to the dead letters.  A lost connection empties the lists: the broker hands its events
 * out again.
 */
enum status events_receive(struct events *e, struct error *err);
bool events_are_up(const struct events *e);
int events_fd(const struct events *e);
bool events_have_input(const struct events *e); /* receive again before waiting */

/* How many references wait in each lane. */
void events_waiting(const struct events *e, size_t out[LANE_COUNT]);
/*
 * The first plan[lane] references of each lane, at most what waits there, lane after lane; how
 * many.  Good until events_taken.
 */
size_t events_peek(struct events *e, const size_t plan[LANE_COUNT], struct recipient_ref out[]);
/*
 * Those of a peek with the same plan are claimed, or unknown[i] is true: there is no such recipient.
 * Of what is complete by that, events which named an unknown one go to the dead letters, and the rest
 * is acknowledged.
 */
void events_taken(struct events *e, const size_t plan[LANE_COUNT], const bool unknown[]);

/*
 * Out of its turn: any reference of the lane, drawn by chance, whose recipient has never been claimed.
 * False: there is none.  Once it is taken its place in the lane stays, and a claim of that is refused.
 */
bool events_peek_untried(struct events *e, int lane, struct recipient_ref *out);
void events_untried_taken(struct events *e); /* of the last peek, with nothing in between */
#endif
