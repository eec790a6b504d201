#ifndef COMMON_SERVICE_BELT_H
#define COMMON_SERVICE_BELT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/config/config.h"
#include "common/db/recipients.h"
/*
 * belt - puts recipients' references onto the broker, with a window of confirms, and marks what the
 * broker has taken as queued.
 *
 * Nothing put here can be lost: each recipient's dispatch row comes due again if its event is not
 * claimed in time.  So a failure needs no handling: the belt forgets, the scheduler repeats.
 * It owns a connection to the broker and one to Postgres.  One thread.
 */
struct belt;

/* How long an event may take from the belt to a claim before the scheduler repeats it. */
#define BELT_GRACE_MS 5000

struct belt *belt_new(const struct config *config, const char *name);
void belt_free(struct belt *b); /* reads outstanding confirms for a moment, then closes */

/* Connects if need be.  ST_UNAVAILABLE: not now. */
enum status belt_ready(struct belt *b, struct error *err);
bool belt_is_up(const struct belt *b);
size_t belt_room(const struct belt *b); /* events that fit into the window now */
int belt_fd(const struct belt *b);

/*
 * One event for each `recipients_per_event` references; consecutive ones of a message share one.
 * Returns how many references were put: fewer than n when the window is full.
 */
size_t belt_put(struct belt *b, int lane, const struct recipient_ref refs[], size_t n,
                struct error *err);

/* Reads confirms, waiting at most wait_ms for the first, and marks what they name. */
enum status belt_turn(struct belt *b, int wait_ms, struct error *err);

/* Something is confirmed and not marked yet: turn again soon. */
bool belt_has_marks(const struct belt *b);

/* Messages ready in a lane's queue, and in that of the dead letters. */
enum status belt_depth(struct belt *b, int lane, uint32_t *ready, struct error *err);
enum status belt_depth_dead(struct belt *b, uint32_t *ready, struct error *err);
#endif
