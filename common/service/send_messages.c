/* send_messages - one commit for a round of messages. */
#include "common/service/send_messages.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"

#define LOOK_UP_MS 3000
#define LOOK_UP_PAUSE_MS 100

/* The connection broke after the statement left.  Ids are ours, so the table knows. */
static void look_up(struct db *db, const struct message_draft *const drafts[], size_t n,
                    struct arena *mem, enum status results[])
{
    const char **ids = ARENA_ARRAY(mem, const char *, n);
    bool *found = ARENA_ARRAY(mem, bool, n);
    int64_t until = clock_mono_ms() + LOOK_UP_MS;
    struct error err;
    enum status s;

    for (size_t i = 0; i < n; i++)
        ids[i] = drafts[i]->id;
    while ((s = messages_exist(db, ids, n, mem, found, &err)) != ST_OK && clock_mono_ms() < until)
        clock_sleep_ms(LOOK_UP_PAUSE_MS);
    for (size_t i = 0; i < n; i++)
        results[i] = s != ST_OK ? ST_UNCERTAIN : found[i] ? ST_OK : ST_UNAVAILABLE;
}

static enum status insert(struct db *db, const struct message_draft *const drafts[], size_t n,
                          struct arena *mem, enum status results[])
{
    struct error err;
    enum status s = messages_insert(db, drafts, n, &err);

    for (size_t i = 0; i < n; i++)
        results[i] = s;
    if (s == ST_UNCERTAIN)
        look_up(db, drafts, n, mem, results);
    else if (s != ST_OK && (s != ST_UNAVAILABLE || n == 1))
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

/* What the table says of a request that was not, or perhaps not, carried out now. */
static void consult(struct db *db, struct keyed_send *k, struct arena *mem)
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

/* The connection broke in the middle: the key's row tells, once the table can be asked again. */
static void consult_patiently(struct db *db, struct keyed_send *k, struct arena *mem)
{
    int64_t until = clock_mono_ms() + LOOK_UP_MS;

    consult(db, k, mem);
    while (k->result == KEYED_FAILED && clock_mono_ms() < until) {
        clock_sleep_ms(LOOK_UP_PAUSE_MS);
        consult(db, k, mem);
    }
    if (k->result == KEYED_IN_PROGRESS) { /* no row: ours was not committed */
        k->result = KEYED_FAILED;
        k->failure = ST_UNAVAILABLE;
    } else if (k->result == KEYED_FAILED) {
        k->failure = ST_UNCERTAIN;
    }
}

static enum status insert_keyed(struct db *db, struct keyed_send sends[], size_t n, struct arena *mem)
{
    struct keyed_request *requests = ARENA_ARRAY(mem, struct keyed_request, n);
    bool *inserted = ARENA_ARRAY(mem, bool, n);
    struct error err;
    enum status s;

    for (size_t i = 0; i < n; i++)
        requests[i] = sends[i].request;
    s = messages_insert_keyed(db, requests, n, mem, inserted, &err);
    for (size_t i = 0; i < n; i++) {
        if (s == ST_OK && inserted[i]) {
            sends[i].result = KEYED_DONE;
        } else if (s == ST_OK) {
            consult(db, &sends[i], mem);
        } else if (s == ST_UNCERTAIN) {
            consult_patiently(db, &sends[i], mem);
        } else {
            sends[i].result = KEYED_FAILED;
            sends[i].failure = s;
        }
    }
    if (s != ST_OK && s != ST_UNCERTAIN && (s != ST_UNAVAILABLE || n == 1))
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
