#ifndef WORKERD_ADAPTERS_MIME_H
#define WORKERD_ADAPTERS_MIME_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/error.h"
/*
 * mime - a mail as RFC 5322 and MIME write it: CRLF, lines of at most 76 bytes but for long
 * addresses, ASCII but for UTF-8 in an address (RFC 6532).  Pure.
 */
struct mime_mail {
    const char *id;                    /* our own id of it, of letters, digits, '-' and '.' */
    const char *from_name, *from_addr; /* the name in UTF-8, or "" */
    const char *to_addr;
    const char *subject;     /* UTF-8; NULL: no such header */
    const char *unsubscribe; /* List-Unsubscribe, ASCII; it folds at blanks; NULL: no such header */
    bool one_click;          /* and List-Unsubscribe-Post (RFC 8058 section 3.1) */
    const char *text, *html; /* html: NULL for text alone */
    int64_t date_ms;
};

/* <ID@the sender's domain>, with its brackets. */
const char *mime_message_id(struct arena *mem, const struct mime_mail *mail);

/*
 * ST_INVALID, before anything is written: a line break in what belongs into a header ("bad_header:
 * ..."), control bytes, blanks or brackets in an address, or anything but printable ASCII in
 * unsubscribe.
 */
enum status mime_write(struct buf *out, const struct mime_mail *mail, struct arena *mem,
                       struct error *err);
#endif
