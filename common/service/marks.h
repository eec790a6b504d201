#ifndef COMMON_SERVICE_MARKS_H
#define COMMON_SERVICE_MARKS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config/config.h"
#include "common/db/recipients.h"
/*
 * marks - what the broker has confirmed and is to be marked as queued, a moment later and together.
 *
 * The longer a mark waits the likelier its recipient has been claimed meanwhile: then only the timeline
 * is told, and the row is spared a version.  A mark is information, not a decision: one that cannot be
 * written is not repeated.  It owns a connection to Postgres.  One thread.
 */
struct marks;

struct marks *marks_new(const struct config *config, const char *name);
void marks_free(struct marks *m); /* writes what is left */

void marks_add(struct marks *m, const struct recipient_ref *ref, int64_t published_ms); /* wall time */
/* Writes some of those that have waited for long enough; to be called often. */
void marks_turn(struct marks *m);
bool marks_any(const struct marks *m);
#endif
