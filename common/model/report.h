#ifndef COMMON_MODEL_REPORT_H
#define COMMON_MODEL_REPORT_H
#include "common/model/delivery.h"
/*
 * report - what a provider's callback says about one recipient.  All text is borrowed, and fit to be
 * stored.
 */
struct callback_report {
    /* The [provider.NAME] that told it; several, comma-separated, where they share an account, and it
       is of the one that the recipient was sent by.  Set by whoever verified the callback. */
    const char *provider;
    const char *recipient_id; /* MESSAGE.n as we gave it; NULL: only provider_id names it */
    const char *provider_id;  /* what the provider calls the message; NULL: not told */
    /* Of what is about a person and no message: whom, as recipients are written; else NULL. */
    const char *address;
    /* The same whenever the provider repeats this report, of 1 to 255 printable bytes.  NULL: an event
       among others that can't be read ("unreadable"); it is counted, and nothing is stored. */
    const char *event_id;
    const char *event_name; /* the provider's word, one of a fixed set */
    enum delivery_event event; /* CALLBACK_CHANGES_NOTHING: for the timeline only */
    const char *code;          /* NULL where nothing went wrong */
    const char *message;       /* the provider's words, at most 300 bytes; may be NULL */
};
#define CALLBACK_CHANGES_NOTHING EV_COUNT
#endif
