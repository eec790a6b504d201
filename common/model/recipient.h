#ifndef COMMON_MODEL_RECIPIENT_H
#define COMMON_MODEL_RECIPIENT_H
#include <stdbool.h>
#include <stddef.h>

#include "common/model/platform.h"
/*
 * recipient - addresses of people: which are valid for a platform, and how a recipient's id reads.
 * Pure.
 */

/*
 * NULL: valid.  Else what is wrong and what is expected, in words for the caller of the API; the
 * words never repeat the address.  sms, whatsapp: E.164, '+' and 7 to 15 digits, the first not 0.
 * email: an addr-spec of RFC 5321 (local part at most 64 bytes, the whole at most 254; no quoted
 * local part, no comment; UTF-8 in the local part as in RFC 6531; a domain of at least two labels,
 * ASCII).  telegram: a chat id (an integer of at most 52 bits, may be negative) or
 * '@' and 5 to 32 of letters, digits and '_', the first a letter.
 */
const char *recipient_fault(enum platform platform, const char *address);

/* "Name <addr@host>" or "addr@host" (RFC 5322 mailbox, ASCII or UTF-8 name).  NULL or the fault. */
const char *mailbox_fault(const char *mailbox);
/* Splits a valid mailbox: the address, and the name or "".  Both copied, cut to their room. */
void mailbox_split(const char *mailbox, char *name, size_t name_size, char *addr, size_t addr_size);

/* MESSAGE.n */
#define RECIPIENT_ID_BYTES 48
const char *recipient_id_format(const char *message_id, int n, char out[RECIPIENT_ID_BYTES]);
/* False: not such an id.  message_id gets 37 bytes. */
bool recipient_id_parse(const char *id, char message_id[37], int *n);
#endif
