#ifndef SIMULATOR_MAIL_HEADER_H
#define SIMULATOR_MAIL_HEADER_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
/*
 * mail_header - the fields of a mail or of a part, and what their values mean.  Pure and strict:
 * what RFC 5322 calls obsolete is refused, and so are comments.
 *
 * Functions that can refuse return what is wrong, in words, or NULL.
 */
struct mail_field {
    const char *name;
    const char *value; /* unfolded, without blanks around it */
};
struct mail_fields {
    struct mail_field *at;
    size_t count;
};

/* From lines that end with CRLF, to the empty line or the end.  utf8: RFC 6532 holds. */
const char *mail_fields_read(struct arena *mem, const char *text, size_t len, bool utf8,
                             struct mail_fields *out, size_t *body_at);
size_t mail_fields_count(const struct mail_fields *f, const char *name);
const char *mail_fields_find(const struct mail_fields *f, const char *name); /* NULL: none */

/* A value with encoded words (RFC 2047) becomes UTF-8. */
const char *mail_text_decode(struct arena *mem, const char *value, const char **out);
/* "Name <a@b>" or "a@b"; of a list the first, all being read.  *name may be NULL. */
const char *mail_mailboxes_read(struct arena *mem, const char *value, size_t most,
                                const char **address, const char **name);
const char *mail_date_fault(const char *value);
const char *mail_message_id_fault(const char *value); /* "<local@domain>" */

/* "type/subtype; name=value; ..." (RFC 2045 section 5.1), names and types in lower case. */
#define MAIL_PARAMETERS 8
struct mail_type {
    const char *type; /* "text/plain" */
    struct mail_field parameters[MAIL_PARAMETERS];
    size_t count;
};
const char *mail_type_read(struct arena *mem, const char *value, struct mail_type *out);
const char *mail_type_find(const struct mail_type *t, const char *name); /* NULL: none */
#endif
