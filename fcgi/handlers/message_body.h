#ifndef FCGI_HANDLERS_MESSAGE_BODY_H
#define FCGI_HANDLERS_MESSAGE_BODY_H
#include <stdint.h>

#include "common/base/json.h"
#include "common/config/config.h"
#include "common/model/message.h"
/*
 * message_body - a message as it stands in a request's body (CONTRACT section 3, "Sending").  Pure.
 *
 * Every fault is reported at once, each with its JSON pointer; an unknown member is a fault, so
 * that a typing error is never swallowed.  Where a member is optional, null means "not given".
 */

/* What the rules need to know of the surroundings. */
struct message_rules {
    int64_t now_ms;
    bool enabled[PF_COUNT]; /* platforms that can deliver here */
};
void message_rules_init(struct message_rules *r, const struct config *config, int64_t now_ms);

/*
 * prefix: the pointer of `body` itself ("" or "/messages/3").  Fills everything but id, user_id and
 * due_ms of *out; what it points to belongs to mem.  Usable only when no fault was added.
 */
void message_body_read(const json_t *body, const char *prefix, const struct message_rules *rules,
                       struct arena *mem, struct message_draft *out, struct faults *faults);
#endif
