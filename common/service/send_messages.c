/* send_messages - one commit for a round of messages. */
#include "common/service/send_messages.h"

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/db/messages.h"

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
