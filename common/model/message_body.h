#ifndef COMMON_MODEL_MESSAGE_BODY_H
#define COMMON_MODEL_MESSAGE_BODY_H
#include <stdint.h>

#include "common/base/json.h"
#include "common/model/message.h"
/*
 * message_body - a message as callers write it, in the body of a request or from the command line
 * (CONTRACT section 3, "Sending").  Pure.
 *
 * Every fault is reported at once, each with its JSON pointer; an unknown member is a fault, so
 * that a typing error is never swallowed.  Where a member is optional, null means "not given".
 */

/* What the rules need to know of the surroundings. */
struct message_rules {
    int64_t now_ms;
    bool enabled[PF_COUNT]; /* platforms that can deliver here */
    bool recipients_follow; /* they come from elsewhere: the body must not name any */
};
/* What is wrong with the name of a platform, or NULL with *out filled. */
const char *message_platform_fault(const struct message_rules *rules, const char *name,
                                   enum platform *out);

/*
 * prefix: the pointer of `body` itself ("" or "/messages/3").  Fills everything but id, user_id and
 * due_ms of *out; what it points to belongs to mem.  Usable only when no fault was added.
 */
void message_body_read(const json_t *body, const char *prefix, const struct message_rules *rules,
                       struct arena *mem, struct message_draft *out, struct faults *faults);
#endif
