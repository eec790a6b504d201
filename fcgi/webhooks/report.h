#ifndef FCGI_WEBHOOKS_REPORT_H
#define FCGI_WEBHOOKS_REPORT_H
#include "common/base/json.h"
#include "fcgi/webhooks/webhook.h"
/*
 * report - what a provider wrote, made fit to be a report's.  Pure; copies go into the arena.
 *
 * text is NULL where the provider wrote nothing, and so is what comes of it.
 */
#define REPORT_ID_MAX 255
#define REPORT_CODE_MAX 32
#define REPORT_MESSAGE_MAX 300

/* Of an event that can't be read: it is counted, and nothing of it is stored. */
struct callback_report report_unreadable(void);

const char *report_recipient(struct arena *mem, const char *text);   /* NULL: not one of our ids */
const char *report_provider_id(struct arena *mem, const char *text); /* NULL: does not fit */
/* As it is where it fits, else its digest: equal texts stay equal, and different ones differ. */
const char *report_event_id(struct arena *mem, const char *text);
const char *report_digest(struct arena *mem, const void *data, size_t len); /* in place of an id */
const char *report_code(struct arena *mem, const char *text, const char *fallback);
/* People's addresses are masked, which mail servers like to repeat.  NULL: nothing but blanks. */
const char *report_message(struct arena *mem, const char *text);

/* A string that is not empty; a whole number, as text; NULL: anything else.  Borrowed or made. */
const char *report_text(struct arena *mem, const json_t *object, const char *name);
#endif
