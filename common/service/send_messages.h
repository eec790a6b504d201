#ifndef COMMON_SERVICE_SEND_MESSAGES_H
#define COMMON_SERVICE_SEND_MESSAGES_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
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
#endif
