/* send_all - any number of messages in one transaction. */
#include "common/service/send_all.h"

#include "common/base/clock.h"

#define SETTLE_MS 5000
#define SETTLE_PAUSE_MS 100

enum status send_all_begin(struct db *db, struct error *err)
{
    return db_begin(db, err);
}

enum status send_all_add(struct db *db, const struct message_draft *const drafts[], size_t n,
                         struct error *err)
{
    return n == 0 ? ST_OK : messages_insert(db, drafts, n, err);
}

enum status send_all_add_keyed(struct db *db, struct keyed_send sends[], size_t n, struct arena *mem,
                               struct error *err)
{
    struct keyed_request *requests = ARENA_ARRAY(mem, struct keyed_request, n + 1);
    bool *inserted = ARENA_ARRAY(mem, bool, n + 1);
    enum status s;

    if (n == 0)
        return ST_OK;
    for (size_t i = 0; i < n; i++)
        requests[i] = sends[i].request;
    s = messages_insert_keyed(db, requests, n, mem, inserted, err);
    for (size_t i = 0; i < n && s == ST_OK; i++) {
        sends[i].result = KEYED_DONE;
        if (inserted[i])
            continue;
        keyed_consult(db, &sends[i], mem);
        if (sends[i].result == KEYED_FAILED)
            s = error_set(err, sends[i].failure, "the key of an earlier call could not be looked up");
    }
    return s;
}

/*
 * The commit's answer was lost.  Writing one of the messages again tells: it waits for the first
 * transaction to end, and then finds its row, or takes its place and is taken back.
 */
static enum status settle(struct db *db, const struct message_draft *first, struct error *err)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;

    while (clock_mono_ms() < until) {
        enum status s = db_begin(db, err);

        if (s == ST_OK)
            s = messages_insert(db, &first, 1, err);
        db_rollback(db);
        if (s == ST_CONFLICT)
            return ST_OK;
        if (s == ST_OK)
            return error_set(err, ST_UNAVAILABLE, "database: lost at the commit");
        clock_sleep_ms(SETTLE_PAUSE_MS);
    }
    return error_set(err, ST_UNCERTAIN, "database: nobody could be asked whether the commit was done");
}

enum status send_all_end(struct db *db, const struct message_draft *first, struct error *err)
{
    enum status s = db_commit(db, err);

    if (s == ST_UNCERTAIN && first != NULL)
        return settle(db, first, err);
    return s;
}

void send_all_drop(struct db *db)
{
    db_rollback(db);
}
