#ifndef SIMULATOR_TEXT_H
#define SIMULATOR_TEXT_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
/*
 * text - what the providers' rules ask of texts and addresses.  Pure.
 *
 * Written for the simulator alone: what judges the project's requests must not share its code.
 */
long text_characters(const char *text); /* -1: not all of it is UTF-8 */
/* The next CRLF before the end; NULL: there is none. */
const char *text_crlf(const char *text, const char *end);
bool text_is_digits(const char *text, size_t min, size_t max);
bool text_is_of(const char *text, const char *characters); /* and not empty */
bool text_is_e164(const char *text);                       /* "+15551234567" */
/* An address as it stands on an envelope, "local@domain"; UTF-8 is good in the local part. */
bool text_is_mail_address(const char *text);

/* The four digits by which a recipient chooses its behaviour; -1: it is an ordinary one. */
int text_phone_number(const char *digits); /* 1555000NNNN: the number without its '+' */
int text_mail_number(const char *address); /* NAME+NNNN@DOMAIN */
int text_chat_number(const char *chat);    /* 555000NNNN or -100555000NNNN */

/* The time as in "Thu, 24 Aug 2023 05:01:45 +0000" (RFC 2822 section 3.3), always in UTC. */
const char *text_date(struct arena *mem, long long wall_ms);

/* An Authorization header with this scheme and exactly this secret; header NULL: none is given. */
bool text_is_bearer(const char *header, const char *token);
bool text_is_basic(const char *header, const char *user, const char *password);
#endif
