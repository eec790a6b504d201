#ifndef COMMON_DB_MESSAGES_H
#define COMMON_DB_MESSAGES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/model/message.h"
/*
 * messages - the table of messages, and the one statement that accepts them.
 */

/*
 * Messages, their recipients, their dispatch rows and their first event, in one statement and one
 * synchronous commit: all of them or none.
 */
enum status messages_insert(struct db *db, const struct message_draft *const drafts[], size_t n,
                            struct error *err);

/*
 * The same for requests that carry an Idempotency-Key: each with its kept answer, and only if its
 * key was not used before.  inserted[i]: the i-th request was carried out now.  Of two with the same
 * key, in this call or at the same time elsewhere, one is.
 */
struct keyed_request {
    const char *user_id, *key, *body_sha256;         /* lower-case hex */
    int status;                                      /* of the answer to keep */
    const char *location, *response;                 /* location: may be NULL */
    char token[UUID_TEXT_BYTES];                     /* any fresh id */
    const struct message_draft *const *drafts;
    size_t n_drafts;                                 /* may be 0 */
};
enum status messages_insert_keyed(struct db *db, const struct keyed_request requests[], size_t n,
                                  struct arena *mem, bool inserted[], struct error *err);

/* Which of these ids are there: for a commit whose outcome is unknown. */
enum status messages_exist(struct db *db, const char *const ids[], size_t n, struct arena *mem,
                           bool found[], struct error *err);

struct message {
    const char *id, *user_id, *content, *subject, *html, *metadata;
    enum message_state status; /* as stored */
    enum priority priority;
    int recipient_count;
    int64_t created_ms, updated_ms, scheduled_ms, expires_ms; /* -1: none */
};
/* user_id NULL sees every user's messages.  ST_NOT_FOUND for unknown and for another's alike. */
enum status messages_find(struct db *db, const char *id, const char *user_id, struct arena *mem,
                          struct message *out, struct error *err);

/* Newest first. */
struct messages_filter {
    const char *user_id;        /* NULL: every user's */
    const char *before_id;      /* NULL: from the newest on */
    int64_t created_after_ms, created_before_ms; /* -1: no bound; both exclusive */
    bool by_status;
    enum message_state status;  /* as shown */
    bool by_platform;
    enum platform platform;
    const char *recipient;      /* NULL: any; with by_platform, on that platform */
    int limit;
};
struct listed_message {
    struct message message;
    int counts[DS_COUNT];
};
/*
 * *next_before_id: the before_id of the next page, NULL at the end.  A page looks only so far: it may
 * hold fewer than limit, even none, and not be the last.
 */
enum status messages_list(struct db *db, const struct messages_filter *filter, struct arena *mem,
                          struct listed_message **out, size_t *count, const char **next_before_id,
                          struct error *err);

/*
 * A message's runs (see sql/0016_runs.up.sql) go with the last of its recipients that was open.  One that
 * a scheduler is taking up is left to it: waiting for it could deadlock, and it will find nothing there.
 */
#define RUNS_END_CTE(settled)                                                                     \
    "ended_runs AS ("                                                                             \
    "  DELETE FROM dispatch_runs WHERE ctid = ANY (ARRAY("                                        \
    "    SELECT u.ctid FROM " settled " s JOIN dispatch_runs u ON u.message_id = s.id"            \
    "     WHERE s.open_count = 0 AND s.recipient_count > 1 FOR UPDATE OF u SKIP LOCKED))"         \
    ")"

/*
 * The end of a WITH that moves recipients to a state in which nothing is left for the worker: brings
 * the counters of their messages and the final status in line.  Needs a CTE
 * `moved (message_id, n, status, was)` of them, was: their state before; one that a worker still had,
 * whichever, may be given as WAS_OPEN.  Rows are locked in the order of their ids, so that two workers
 * never deadlock.
 */
#define WAS_OPEN "'sending'::delivery_status AS was"
#define COUNT_AS(states, column) "count(*) FILTER (WHERE " column " IN (" states "))"
#define OPEN_STATES "'pending', 'queued', 'sending'"
#define SENT_STATES "'sent', 'delivered', 'read'"
#define MESSAGES_SETTLE_CTE                                                                       \
    " gone AS MATERIALIZED ("                                                                     \
    "  SELECT message_id, " COUNT_AS(OPEN_STATES, "was") " AS n,"                                 \
    "         " COUNT_AS(SENT_STATES, "status") " - " COUNT_AS(SENT_STATES, "was") " AS sent,"    \
    "         " COUNT_AS("'expired'", "status") " - " COUNT_AS("'expired'", "was") " AS expired"  \
    "    FROM moved GROUP BY message_id ORDER BY message_id"                                      \
    " ), settled AS ("                                                                            \
    "  UPDATE messages m"                                                                         \
    "     SET open_count = m.open_count - g.n, sent_count = m.sent_count + g.sent,"               \
    "         expired_count = m.expired_count + g.expired, updated_at = now(),"                   \
    "         status = CASE"                                                                      \
    "           WHEN m.open_count > g.n THEN 'pending'"                                           \
    "           WHEN m.sent_count + g.sent > 0 THEN 'completed'"                                  \
    "           WHEN m.expired_count + g.expired = m.recipient_count THEN 'expired'"              \
    "           ELSE 'failed' END::message_status"                                                \
    "    FROM gone g WHERE m.id = g.message_id"                                                   \
    "  RETURNING m.id, m.recipient_count, m.open_count"                                           \
    " ), " RUNS_END_CTE("settled")
#endif
