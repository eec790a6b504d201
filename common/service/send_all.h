#ifndef COMMON_SERVICE_SEND_ALL_H
#define COMMON_SERVICE_SEND_ALL_H
#include "common/service/send_messages.h"
/*
 * send_all - any number of messages in one transaction: all of them are accepted, or none.
 *
 * Between send_all_begin() and send_all_end() come any number of additions; after a failure, or to give
 * up, send_all_drop() takes everything back.
 */
enum status send_all_begin(struct db *db, struct error *err);
enum status send_all_add(struct db *db, const struct message_draft *const drafts[], size_t n,
                         struct error *err);
/* Fills each result but `failure`; KEYED_DONE holds once the end has come. */
enum status send_all_add_keyed(struct db *db, struct keyed_send sends[], size_t n, struct arena *mem,
                               struct error *err);
/*
 * first: any one message that was added, or NULL where nothing was.  ST_UNCERTAIN: nobody could be asked
 * whether they are there; after any other failure none is.
 */
enum status send_all_end(struct db *db, const struct message_draft *first, struct error *err);
void send_all_drop(struct db *db);
#endif
