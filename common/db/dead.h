#ifndef COMMON_DB_DEAD_H
#define COMMON_DB_DEAD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/db/recipients.h"
/*
 * dead - recipients that failed, as dead letters: listing them, letting them begin anew, and
 * acknowledging them.
 *
 * A replayed recipient is pending again with all its attempts before it; its timeline stays.  One
 * that is purged stays failed and is listed no more.  Both are compare-and-set on the state and the
 * generation, so what a callback, a worker or another operator has moved meanwhile is left alone.
 */
struct dead_filter {
    bool by_platform;
    enum platform platform;
    const char *provider, *code, *user_id, *message_id; /* NULL: any */
    int64_t since_ms, until_ms; /* when it failed, from and before; -1: no bound */
};

/* A place in the list, which goes from the latest failure to the first. */
struct dead_place {
    int64_t failed_ms, event_id;
};
#define DEAD_FROM_LATEST { -1, -1 }

struct dead_recipient {
    struct recipient_ref ref;
    struct dead_place place;
    enum platform platform;
    enum delivery_state status;
    const char *address, *provider, *provider_id, *code, *message; /* NULL: none */
    int attempts;
    bool expired; /* its message's expires_at has passed: it could not leave any more */
    bool purged;
    bool erased; /* its address is gone: it can never leave again */
};

/* The next ones behind a place; at most limit. */
enum status dead_page(struct db *db, const struct dead_filter *filter, struct dead_place behind,
                      int limit, struct arena *mem, struct dead_recipient **out, size_t *count,
                      struct error *err);
/* How many there are, at most `most`. */
enum status dead_count(struct db *db, const struct dead_filter *filter, size_t most,
                       struct arena *mem, size_t *count, struct error *err);
/* Recipients by their ids, whatever their state and generation; those that exist, in any order. */
enum status dead_find(struct db *db, const struct recipient_ref refs[], size_t n, struct arena *mem,
                      struct dead_recipient **out, size_t *count, struct error *err);

/*
 * failed -> pending, due now: dispatch row, message's counters and status, timeline.  The timeline
 * says possible_duplicate where an outcome was unknown: one of its attempts said so, or it used up
 * max_attempts.  moved[i]: it was; else it is no longer failed, of another generation, or expired.
 */
enum status dead_replay(struct db *db, const struct recipient_ref refs[], size_t n, int max_attempts,
                        struct arena *mem, bool moved[], struct error *err);
/* moved[i]: it is out of sight from now on. */
enum status dead_purge(struct db *db, const struct recipient_ref refs[], size_t n, struct arena *mem,
                       bool moved[], struct error *err);
#endif
