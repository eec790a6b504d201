#ifndef SIMULATOR_SENDGRID_H
#define SIMULATOR_SENDGRID_H
#include "common/base/json.h"
#include "tests/simulator/ecdsa.h"
#include "tests/simulator/provider.h"
/*
 * sendgrid - mail/send of SendGrid's API v3, and its event webhook.
 *
 * Addresses NAME+NNNN@DOMAIN choose a behaviour by NNNN.  The first recipient of a request decides
 * its answer; each has events of its own.
 */
#define SENDGRID_BODY_MAX ((size_t)30 * 1024 * 1024)
#define SENDGRID_RECIPIENTS_MAX 1000
#define SENDGRID_ARGS_MAX 10000
#define SENDGRID_RETRIES 10 /* of a callback that is not answered 2xx */

extern const struct provider sendgrid_provider;

/* The faults and events that only this provider has. */
enum sendgrid_fault {
    SENDGRID_FORBIDDEN = FAULT_COUNT,
    SENDGRID_TOO_LARGE,
    SENDGRID_LIMITED_LONGER,
    SENDGRID_FAULTS
};
enum sendgrid_event {
    SENDGRID_BLOCKED = EVENT_COUNT,
    SENDGRID_DEFERRED,
    SENDGRID_DROPPED_UNSUBSCRIBED,
    SENDGRID_LATE_BOUNCE,
    SENDGRID_SPAM_REPORT,
    SENDGRID_EVENTS
};

struct sendgrid_error {
    int status;
    const char *message, *field, *help; /* field, help: or NULL */
};
void sendgrid_refuse(struct exchange *x, const struct sendgrid_error *e);

/* sendgrid_provider's; see provider.h. */
bool sendgrid_check(const struct settings *s, struct exchange *x);
void sendgrid_callback(const struct settings *s, const struct item *items, size_t count,
                       struct arena *mem, struct post *out);
const char *sendgrid_event_name(int event);

/* What each event of a recipient carries: JSON members of its custom_args and categories. */
const char *sendgrid_extra(struct arena *mem, const json_t *doc, const json_t *personalization);
/* A custom argument of a recipient; NULL: it has none. */
const char *sendgrid_argument(const json_t *doc, const json_t *personalization, const char *name);
bool sendgrid_is_sandboxed(const json_t *doc);
#endif
