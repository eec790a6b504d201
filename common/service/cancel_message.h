#ifndef COMMON_SERVICE_CANCEL_MESSAGE_H
#define COMMON_SERVICE_CANCEL_MESSAGE_H
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/model/message.h"
/*
 * cancel_message - takes a message back, only while it is scheduled and nothing of it was claimed.
 *
 * owner: the user whose messages may be meant; NULL: anybody's.  ST_NOT_FOUND: there is no such
 * message.  ST_CONFLICT: it is in another state, which is *shown then, and *err says so in words for
 * the caller.
 */
enum status cancel_message(struct db *db, const char *id, const char *owner, struct arena *mem,
                           enum message_state *shown, struct error *err);
#endif
