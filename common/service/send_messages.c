/* send_messages - one commit for a round of messages. */
#include "common/service/send_messages.h"

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/db/messages.h"

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
