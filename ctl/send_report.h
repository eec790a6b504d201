#ifndef CTL_SEND_REPORT_H
#define CTL_SEND_REPORT_H
#include "common/base/json.h"
#include "ctl/ctl.h"
#include "ctl/progress.h"
#include "ctl/recipient_lines.h"
/*
 * send_report - what is told of a run over a file of recipients: counts, messages, bad lines.
 */
#define REPORT_MESSAGES_SHOWN 20
#define REPORT_FAULTS_SHOWN 20
#define REPORT_FAULTS_LISTED 1000 /* with --json */

struct send_report {
    struct ctl *ctl;
    const char *file; /* as it is called in front of a line's number */
    const char *user;
    struct buf results, faults; /* for programs members of arrays; for people the faults are lines */
    struct json_writer results_json, faults_json;
    struct progress bar;
    const char *shown[REPORT_MESSAGES_SHOWN][4];
    size_t messages, recipients;      /* accepted now */
    size_t replayed, kept_recipients; /* accepted by an earlier call with the same key */
    size_t duplicates, bad, refused;  /* refused: messages, whose key stands for others */
};
void report_begin(struct send_report *r, struct ctl *ctl, const char *file, const char *user);
void report_bad_line(struct send_report *r, size_t n, const struct recipient_line *line);

/* A message of the lines first to last.  id: NULL where an earlier call did not tell. */
enum report_end { REPORT_ACCEPTED, REPORT_REPLAYED, REPORT_REFUSED };
struct report_message {
    const char *id;
    size_t first, last, recipients;
    enum report_end end;
    const char *why; /* REPORT_REFUSED */
};
void report_message(struct send_report *r, const struct report_message *m);

/* Tells all that was gathered; of what was taken back, only the faults. */
void report_end(struct send_report *r, size_t lines, bool taken_back);
/* "2 bad lines and 1 message refused" */
const char *report_amiss(const struct send_report *r);
#endif
