#ifndef COMMON_DB_RECIPIENTS_H
#define COMMON_DB_RECIPIENTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/model/delivery.h"
#include "common/model/platform.h"
/*
 * recipients - the table of recipients: every change of state is one compare-and-set statement over
 * a batch, which also moves the dispatch rows, the messages' counters and the timeline.
 */

/* Which recipient, in which generation: what an event on the broker names. */
struct recipient_ref {
    const char *message_id;
    int n;
    int fence;
};

/* ---- the worker's side ---- */

struct claim {
    struct recipient_ref ref; /* with the new fence */
    int attempt;
    int place; /* in the platform's list of providers: where to begin */
    enum platform platform;
    enum priority priority;
    const char *address;
    const char *content, *subject, *html; /* shared by all claims of a message */
    const char *senders;                  /* JSON, or NULL */
    const char *metadata, *own_metadata;  /* the message's, the recipient's; NULL but on whatsapp */
    const char *trace;                    /* what trace_keep() wrote; NULL: the message is its own */
    int64_t created_ms, expires_ms;       /* expires_ms: -1 for never */
    int64_t wanted_ms;                    /* when it was to leave: created, or scheduled */
};
/*
 * pending or queued -> sending, for those that are still of that generation and have not expired;
 * committed when this returns.
 */
enum status recipients_claim(struct db *db, const struct recipient_ref refs[], size_t n,
                             struct arena *mem, struct claim **out, size_t *count, struct error *err);

struct outcome {
    struct recipient_ref ref;
    enum delivery_state status; /* sent, failed, expired, pending (again), or sending (held) */
    bool untried;               /* it was let go without a call */
    const char *provider, *provider_id;
    int place;                  /* where the next attempt begins */
    const char *moved_to;       /* the recipient's new address; NULL: as it was */
    const char *code, *message; /* NULL where all went well */
    int64_t delay_ms;           /* pending, sending: when the scheduler looks again */
    bool give_back;             /* the attempt does not count */
    bool possible_duplicate;
    int attempt;
    int64_t latency_ms;
};
/*
 * sending -> what came out.  moved[i] is false where the row was no longer ours (a callback was
 * faster, or the lease was over): then only the timeline and a missing provider id are written.
 */
enum status recipients_record(struct db *db, const struct outcome outcomes[], size_t n,
                              struct arena *mem, bool moved[], struct error *err);

/* unknown[i]: there is no such recipient, in whatever state and generation. */
enum status recipients_unknown(struct db *db, const struct recipient_ref refs[], size_t n,
                               struct arena *mem, bool unknown[], struct error *err);

/* ---- the belt's side ---- */

/* pending or queued -> queued, lazily: rows that someone else is changing are left alone. */
struct queued_mark {
    struct recipient_ref ref;
    int64_t published_ms; /* wall time */
};
enum status recipients_mark_queued(struct db *db, const struct queued_mark marks[], size_t n,
                                   struct error *err);

/* sending -> pending, after a lease that ran out; the timeline says possible_duplicate. */
enum status recipients_abandon(struct db *db, const struct recipient_ref refs[], size_t n,
                               struct error *err);

/* pending, queued or sending of that generation -> failed or expired, without a provider's word. */
enum status recipients_settle(struct db *db, const struct recipient_ref refs[], size_t n,
                              enum delivery_state status, const char *code, const char *message,
                              struct error *err);

/* ---- the caller's side ---- */

/*
 * Cancels a message that is scheduled and of which nothing has been claimed.  user_id NULL: any
 * user's.  ST_CONFLICT: there is no such message in that state; look it up to say why.
 */
enum status recipients_cancel(struct db *db, const char *message_id, const char *user_id,
                              struct error *err);

/* ---- the readers' side ---- */

struct recipient {
    int n;
    enum platform platform;
    enum delivery_state status;
    const char *address, *provider, *provider_id, *error_code, *error_message;
    int attempts;
    int64_t next_attempt_ms, sent_ms, delivered_ms, read_ms, updated_ms; /* -1: none */
};
/* In the order of n, from `first` on, at most `limit`. */
struct recipients_filter {
    const char *message_id;
    int first, limit;
    const char *status, *platform; /* names; NULL: any */
};
enum status recipients_page(struct db *db, const struct recipients_filter *filter, struct arena *mem,
                            struct recipient **out, size_t *count, struct error *err);
enum status recipients_count(struct db *db, const char *message_id, struct arena *mem,
                             int counts[DS_COUNT], struct error *err);
#endif
