/* cancel_message - takes a message back, only while it is scheduled. */
#include "common/service/cancel_message.h"

#include "common/base/uuid.h"
#include "common/db/messages.h"
#include "common/db/recipients.h"

/* The state as callers see it. */
static enum status look(struct db *db, const char *id, const char *owner, struct arena *mem,
                        enum message_state *shown, struct error *err)
{
    struct message message;
    int counts[DS_COUNT];
    enum status s = messages_find(db, id, owner, mem, &message, err);

    if (s == ST_OK)
        s = recipients_count(db, message.id, mem, counts, err);
    if (s == ST_OK)
        *shown = message_state_shown(message.status, counts);
    return s;
}

enum status cancel_message(struct db *db, const char *id, const char *owner, struct arena *mem,
                           enum message_state *shown, struct error *err)
{
    struct message message;
    enum status s;

    if (!uuid_is_valid(id)) /* another form cannot be a message's */
        return error_set(err, ST_NOT_FOUND, "no such message");
    s = messages_find(db, id, owner, mem, &message, err);
    if (s == ST_OK)
        s = recipients_cancel(db, message.id, owner, err);
    if (s != ST_CONFLICT)
        return s;
    s = look(db, message.id, owner, mem, shown, err);
    if (s != ST_OK) /* reading is never uncertain: it can simply be asked again */
        return s == ST_UNCERTAIN ? error_set(err, ST_UNAVAILABLE, "the state could not be read") : s;
    return error_set(err, ST_CONFLICT, "Only a scheduled message can be cancelled; this one is %s.",
                     message_state_name(*shown));
}
