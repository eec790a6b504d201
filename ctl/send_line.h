#ifndef CTL_SEND_LINE_H
#define CTL_SEND_LINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/model/message_body.h"
#include "ctl/call.h"
#include "ctl/ctl.h"
/*
 * send_line - what a line of `notifyctl send` says: a message as the API takes it, and how to send it.
 */
struct send_line {
    const char *as;      /* EMAIL; NULL: not given */
    const char *to_file; /* NULL: the recipients stand on the line */
    const char *key;     /* --idempotency-key; NULL: none */
    bool one_platform;   /* of the lines of to_file */
    enum platform platform;
    bool all_or_nothing;
    int skip_lines;
    int wait_seconds; /* 0: not asked for */
    struct message_draft draft;
    /* The same for the same line, whenever it is given: what a key stands for. */
    const char *meaning;
};

/*
 * After send_check(), which judges what options go together.  Reads what the line names (the standard input, the file of --html) and judges the message as the API
 * does.  Its faults are told by ctl_fault(), each with its option.  The draft has no id and no user yet.
 */
enum status send_line_read(struct ctl *ctl, const struct call *call, const struct message_rules *rules,
                           struct send_line *out, struct error *err);
#endif
