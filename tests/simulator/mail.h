#ifndef SIMULATOR_MAIL_H
#define SIMULATOR_MAIL_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
/*
 * mail - a whole mail as it was submitted: whether it keeps the rules of RFC 5322 and MIME, and
 * what a reader would see of it.  Pure.
 */
struct mail_terms {
    const char *from; /* of the envelope */
    bool utf8;        /* SMTPUTF8 was asked for */
    bool eight_bit;   /* BODY=8BITMIME was, or SMTPUTF8 */
};

/* NULL: not given, or not readable. */
struct mail {
    const char *from, *to; /* addresses; of several, the first */
    const char *subject;   /* decoded */
    const char *message_id;
    /* Decoded, with LF at the end of each line but the last. */
    const char *text, *html;
    int attachments;
};

#define MAIL_LINE_MAX 998 /* without CRLF: RFC 5322 section 2.1.1 */

/* NULL: the mail is right.  Else the first rule that it breaks; *out holds what could be read. */
const char *mail_read(struct arena *mem, const char *data, size_t len,
                      const struct mail_terms *terms, struct mail *out);
#endif
