#ifndef COMMON_DB_EVENTS_H
#define COMMON_DB_EVENTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
/*
 * events - reading the timeline; every change of state writes its own rows.
 */
struct event {
    int64_t id, at_ms;
    int n; /* -1: of the message itself */
    const char *event, *status, *provider, *code, *detail;
    int64_t attempt, latency_ms;  /* -1: none */
    int64_t next_attempt_ms;      /* -1: none */
    bool possible_duplicate;
};
/* Oldest first, behind the place (after_ms, after_id); -1 for both begins. */
enum status events_page(struct db *db, const char *message_id, int64_t after_ms, int64_t after_id,
                        int limit, struct arena *mem, struct event **out, size_t *count,
                        struct error *err);
/* The oldest `limit` of one recipient and of its whole message. */
enum status events_of_recipient(struct db *db, const char *message_id, int n, int limit,
                                struct arena *mem, struct event **out, size_t *count,
                                struct error *err);
#endif
