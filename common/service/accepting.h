#ifndef COMMON_SERVICE_ACCEPTING_H
#define COMMON_SERVICE_ACCEPTING_H
#include <stdbool.h>

#include "common/base/json.h"
#include "common/config/config.h"
#include "common/model/message.h"
#include "common/model/message_body.h"
#include "common/service/send_messages.h"
/*
 * accepting - what stands between a message as somebody wrote it and its rows, the same for the API
 * and for notifyctl.  Pure but for the making of ids.
 */

/* What this configuration can deliver, at this moment. */
void message_rules_init(struct message_rules *r, const struct config *config, int64_t now_ms);

/* Gives it an id and its user; due at once, or at its time.  user_id is borrowed. */
void draft_adopt(struct message_draft *d, const char *user_id);
/* One that is not scheduled, and is published: when the scheduler looks after it all the same. */
void draft_put_off(struct message_draft *d, int64_t grace_ms);

/* The answer to one accepted message; its first members alone stand in a bulk's results. */
void accepted_write(struct json_writer *w, const struct message_draft *d);
void accepted_write_start(struct json_writer *w, const struct message_draft *d);

/* CONTRACT section 3: 1 to 255 printable ASCII characters. */
bool idempotency_key_is_valid(const char *key);
/* A request of its own, with a fresh token; everything is borrowed but the digest of the body. */
void keyed_request_init(struct keyed_request *r, const char *user_id, const char *key,
                        const char *body, size_t len, struct arena *mem);
#endif
