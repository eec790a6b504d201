#ifndef CTL_MESSAGE_TEXT_H
#define CTL_MESSAGE_TEXT_H
#include "common/db/events.h"
#include "common/db/messages.h"
#include "common/db/recipients.h"
#include "ctl/ctl.h"
/*
 * message_text - messages on the terminal of whoever looks after them.
 */

/* "name        value", or nothing where there is no value. */
void message_line(struct ctl *ctl, const char *name, const char *value);
/* "2 delivered, 1 failed" */
const char *message_summary(struct ctl *ctl, const int counts[DS_COUNT]);
void message_recipients(struct ctl *ctl, const struct recipient *list, size_t n);
void message_timeline(struct ctl *ctl, const struct event *list, size_t n);

/* All recipients of a message, and its whole timeline as far as TIMELINE_MOST, oldest first. */
#define TIMELINE_MOST 20000
enum status message_read_recipients(struct ctl *ctl, const char *id, struct recipient **out, size_t *n,
                                    struct error *err);
enum status message_read_events(struct ctl *ctl, const char *id, struct event **out, size_t *n,
                                struct error *err);
#endif
