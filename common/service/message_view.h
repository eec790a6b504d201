#ifndef COMMON_SERVICE_MESSAGE_VIEW_H
#define COMMON_SERVICE_MESSAGE_VIEW_H
#include "common/base/json.h"
#include "common/db/events.h"
#include "common/db/messages.h"
#include "common/db/recipients.h"
/*
 * message_view - messages, recipients and events as answers show them (CONTRACT section 4).  Pure.
 */

/* counts: recipients by state.  recipients: the first of them, or NULL to leave the member out. */
void message_view_write(struct json_writer *w, const struct message *m, const int counts[DS_COUNT],
                        const struct recipient *recipients, size_t n_recipients);
/* The same without its last bracket, for who adds a member of its own. */
void message_view_open(struct json_writer *w, const struct message *m, const int counts[DS_COUNT],
                       const struct recipient *recipients, size_t n_recipients);
void recipient_view_write(struct json_writer *w, const char *message_id, const struct recipient *r);
void event_view_write(struct json_writer *w, const char *message_id, const struct event *e);
#endif
