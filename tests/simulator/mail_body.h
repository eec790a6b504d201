#ifndef SIMULATOR_MAIL_BODY_H
#define SIMULATOR_MAIL_BODY_H
#include "tests/simulator/mail_header.h"
/*
 * mail_body - a part of a mail, or all of it: its transfer encoding, its charset, the parts inside.
 * Pure.
 */
struct mail_contents {
    const char *text, *html; /* of the first part of the kind; lines end with LF but the last */
    int attachments;         /* parts of other kinds */
};

/* Adds to *out.  NULL, or what is wrong.  The body's lines have been checked. */
const char *mail_part_read(struct arena *mem, const struct mail_fields *header, const char *body,
                           size_t len, struct mail_contents *out);
#endif
