#ifndef COMMON_MODEL_UNSUBSCRIBE_H
#define COMMON_MODEL_UNSUBSCRIBE_H
#include <stdbool.h>

#include "common/base/arena.h"
/*
 * unsubscribe - how to leave, as a mail's List-Unsubscribe header says it (RFC 2369, RFC 8058).
 * Pure.
 *
 * A web address, a mail address or both, each in angle brackets, with a comma between; {id} in them
 * stands for the recipient's id:
 *
 *     <https://example.com/leave?id={id}>, <mailto:leave@example.com?subject={id}>
 */

/* NULL: well-formed.  Else what is wrong, in words that do not quote it. */
const char *unsubscribe_fault(const char *text);

/* RFC 8058 section 3.1: one click is enough where a web address is https. */
bool unsubscribe_is_one_click(const char *text);

/* The header's value for this recipient, of a text that is well-formed. */
const char *unsubscribe_fill(struct arena *mem, const char *text, const char *id);
#endif
