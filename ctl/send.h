#ifndef CTL_SEND_H
#define CTL_SEND_H
#include "common/db/users.h"
#include "common/service/send_messages.h"
#include "ctl/send_line.h"
/*
 * send - the parts of `notifyctl send` that its two files share.
 */

/* To the recipients of a file (ctl/send_file.c); connected, and the line judged. */
enum status send_to_file(struct ctl *ctl, const struct send_line *line, const struct message_rules *rules,
                         const struct user *user, struct error *err);

/* The answer that is kept for a key, and the same for a message without one. */
const char *send_answer(struct arena *mem, const struct message_draft *d);
/* The id in such an answer, which may have been given long ago; NULL: none. */
const char *send_answer_id(struct arena *mem, const char *answer);
void send_keyed_init(struct keyed_send *out, const struct message_draft *const *draft, const char *key,
                     const char *meaning, size_t len, struct arena *mem);
#endif
