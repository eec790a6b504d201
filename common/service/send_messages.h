#ifndef COMMON_SERVICE_SEND_MESSAGES_H
#define COMMON_SERVICE_SEND_MESSAGES_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/db/idempotency.h"
#include "common/db/messages.h"
#include "common/model/message.h"
/*
 * send_messages - accepts the messages of a round: one commit for all, and an honest answer for
 * each.
 *
 * A round that fails for another reason than an absent database is repeated message by message, so
 * that one bad row never refuses its neighbours.  A commit whose outcome is unknown is settled on a
 * new connection.  results[i]: ST_OK (it is in Postgres), ST_UNCERTAIN (nobody could be asked),
 * anything else (it is not).
 */
void send_messages(struct db *db, const struct message_draft *const drafts[], size_t n,
                   struct arena *mem, enum status results[]);

/* All of them together, or none: for one call that sends many.  The same results. */
enum status send_together(struct db *db, const struct message_draft *const drafts[], size_t n,
                          struct arena *mem);

/* Requests that carry an Idempotency-Key. */
enum keyed_result {
    KEYED_DONE,        /* carried out now */
    KEYED_REPLAY,      /* it was carried out before: `kept` is its answer */
    KEYED_MISMATCH,    /* the key was used with another body */
    KEYED_IN_PROGRESS, /* the first request with this key is not done */
    KEYED_FAILED       /* `failure` says why */
};
struct keyed_send {
    struct keyed_request request;
    enum keyed_result result;
    struct kept_answer kept;
    enum status failure;
};
void send_keyed(struct db *db, struct keyed_send sends[], size_t n, struct arena *mem);
/* Fills the result of one that was not, or perhaps not, carried out now: what the table says of it. */
void keyed_consult(struct db *db, struct keyed_send *k, struct arena *mem);
#endif
