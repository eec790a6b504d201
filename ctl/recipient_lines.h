#ifndef CTL_RECIPIENT_LINES_H
#define CTL_RECIPIENT_LINES_H
#include <stdbool.h>
#include <stdio.h>

#include "common/model/message_body.h"
/*
 * recipient_lines - reads a list of recipients, one a line, in memory for one line.
 *
 * A line is ADDRESS where all are on one platform, else PLATFORM,ADDRESS.  Blanks around either count for
 * nothing, nor do empty lines, lines that begin with '#', a byte order mark, and the CR of a CRLF.
 */
#define RECIPIENT_LINE_MOST 1024 /* bytes, the line's end not counted */

struct recipient_lines {
    FILE *file; /* the caller's */
    const struct message_rules *rules;
    bool one_platform;
    enum platform platform; /* that one */
    size_t n;               /* of the last line that was read; the first is 1 */
    char text[RECIPIENT_LINE_MOST + 8];
};

enum line_kind {
    LINE_RECIPIENT,
    LINE_NOTHING, /* empty, or a comment */
    LINE_BAD,
    LINE_END,
    LINE_UNREADABLE /* the file could not be read on; errno says why */
};
struct recipient_line {
    struct message_recipient recipient; /* its address is good until the next line */
    const char *part, *why;             /* LINE_BAD: "the platform " or "", and what is wrong; no address */
};
enum line_kind recipient_lines_next(struct recipient_lines *l, struct recipient_line *out);
#endif
