/* send_messages - one commit for a round of messages. */
#include "common/service/send_messages.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"

#define SETTLE_MS 3000
#define SETTLE_PAUSE_MS 100

/* A conflict: are these the rows of the first time?  One statement wrote all of them, or none. */
static enum status look_up(struct db *db, const struct message_draft *const drafts[],
                           struct arena *mem, struct error *err)
{
    enum status conflict = err->kind;
    bool found;
    enum status s = messages_exist(db, (const char *[]){ drafts[0]->id }, 1, mem, &found, err);

    if (s != ST_OK)
        return s;
    return found ? ST_OK : conflict;
}

/*
 * The connection broke after the statement left, which may be running still: looking for the rows
 * would not tell whether they come yet.  Writing them again does, for ids are ours: it waits for the
 * first time to end, and then finds its rows or takes their place.
 */
static enum status insert_again(struct db *db, const struct message_draft *const drafts[], size_t n,
                                struct arena *mem, struct error *err)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;

    while (clock_mono_ms() < until) {
        enum status s = messages_insert(db, drafts, n, err);

        if (s == ST_CONFLICT)
            s = look_up(db, drafts, mem, err);
        if (s != ST_UNCERTAIN && s != ST_UNAVAILABLE)
            return s;
        clock_sleep_ms(SETTLE_PAUSE_MS);
    }
    return error_set(err, ST_UNCERTAIN, "database: nobody could be asked what was written");
}

static enum status insert(struct db *db, const struct message_draft *const drafts[], size_t n,
                          struct arena *mem, enum status results[])
{
    struct error err;
    enum status s = messages_insert(db, drafts, n, &err);

    if (s == ST_UNCERTAIN)
        s = insert_again(db, drafts, n, mem, &err);
    for (size_t i = 0; i < n; i++)
        results[i] = s;
    if (s != ST_OK && s != ST_UNAVAILABLE) /* that one the connection announces, once */
        log_error("messages.insert_failed", ERR(&err), NUM("messages", n));
    return s;
}

void send_messages(struct db *db, const struct message_draft *const drafts[], size_t n,
                   struct arena *mem, enum status results[])
{
    enum status s;

    if (n == 0)
        return;
    failpoint("accept.before_commit");
    s = insert(db, drafts, n, mem, results);
    if (n > 1 && s != ST_OK && s != ST_UNCERTAIN && s != ST_UNAVAILABLE) {
        for (size_t i = 0; i < n; i++)
            insert(db, drafts + i, 1, mem, results + i);
    }
    failpoint("accept.committed");
}

enum status send_together(struct db *db, const struct message_draft *const drafts[], size_t n,
                          struct arena *mem)
{
    enum status *results = ARENA_ARRAY(mem, enum status, n + 1);

    if (n > 0)
        insert(db, drafts, n, mem, results);
    return n > 0 ? results[0] : ST_OK;
}

/* ---- with an Idempotency-Key ---- */

void keyed_consult(struct db *db, struct keyed_send *k, struct arena *mem)
{
    enum status s = idempotency_find(db, k->request.user_id, k->request.key, mem, &k->kept, NULL);

    k->failure = s == ST_UNCERTAIN ? ST_UNAVAILABLE : s;
    if (s == ST_NOT_FOUND)
        k->result = KEYED_IN_PROGRESS;
    else if (s != ST_OK)
        k->result = KEYED_FAILED;
    else if (strcmp(k->kept.token, k->request.token) == 0)
        k->result = KEYED_DONE;
    else
        k->result = strcmp(k->kept.body_sha256, k->request.body_sha256) == 0 ? KEYED_REPLAY
                                                                             : KEYED_MISMATCH;
}

/*
 * As insert_again(): a second time waits for the first to end, and then finds its keys, with our
 * tokens, or takes their place.
 */
static enum status insert_keyed_settled(struct db *db, const struct keyed_request requests[], size_t n,
                                        struct arena *mem, bool inserted[], struct error *err)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;
    enum status s = messages_insert_keyed(db, requests, n, mem, inserted, err);

    if (s != ST_UNCERTAIN)
        return s;
    while ((s == ST_UNCERTAIN || s == ST_UNAVAILABLE) && clock_mono_ms() < until) {
        clock_sleep_ms(SETTLE_PAUSE_MS);
        s = messages_insert_keyed(db, requests, n, mem, inserted, err);
    }
    return s == ST_UNAVAILABLE ? ST_UNCERTAIN : s;
}

static enum status insert_keyed(struct db *db, struct keyed_send sends[], size_t n, struct arena *mem)
{
    struct keyed_request *requests = ARENA_ARRAY(mem, struct keyed_request, n);
    bool *inserted = ARENA_ARRAY(mem, bool, n);
    struct error err;
    enum status s;

    for (size_t i = 0; i < n; i++)
        requests[i] = sends[i].request;
    s = insert_keyed_settled(db, requests, n, mem, inserted, &err);
    for (size_t i = 0; i < n; i++) {
        sends[i].result = s == ST_OK ? KEYED_DONE : KEYED_FAILED;
        sends[i].failure = s;
        if (s == ST_OK && !inserted[i])
            keyed_consult(db, &sends[i], mem);
    }
    if (s != ST_OK && s != ST_UNAVAILABLE)
        log_error("messages.insert_failed", ERR(&err), NUM("requests", n));
    return s;
}

void send_keyed(struct db *db, struct keyed_send sends[], size_t n, struct arena *mem)
{
    enum status s;

    if (n == 0)
        return;
    s = insert_keyed(db, sends, n, mem);
    if (n > 1 && s != ST_OK && s != ST_UNCERTAIN && s != ST_UNAVAILABLE) {
        for (size_t i = 0; i < n; i++)
            insert_keyed(db, sends + i, 1, mem);
    }
}
