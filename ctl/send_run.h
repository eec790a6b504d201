#ifndef CTL_SEND_RUN_H
#define CTL_SEND_RUN_H
#include "common/model/message.h"
#include "ctl/list_file.h"
#include "ctl/recipient_lines.h"
#include "ctl/seen.h"
#include "ctl/send_line.h"
#include "ctl/send_report.h"
/*
 * send_run - a run over a file of recipients, in memory for one call of the database.
 *
 * A message takes the lines 1 to 1,000, the next 1,001 to 2,000, whatever of them counts for nothing: so
 * the same file makes the same messages when it is sent again, from any multiple of that on.
 */
#define LINES_EACH MESSAGE_RECIPIENTS_MAX
#define CALL_MESSAGES 10

struct chunk {
    struct message_draft draft;
    size_t first, last; /* lines */
};

struct run {
    struct ctl *ctl;
    const struct send_line *line;
    struct list_file source;
    struct recipient_lines lines;
    struct seen seen;
    struct arena mem; /* of one call */
    struct chunk chunks[CALL_MESSAGES];
    size_t n_chunks;
    struct chunk open;
    size_t settled; /* every line up to this one has been dealt with, and stays so */
    struct message_draft *first; /* that was written in the one transaction */
    struct send_report report;
};

/* Writes the messages that have gathered, up to the line that was read last. */
enum status run_call(struct run *r, struct error *err);
#endif
