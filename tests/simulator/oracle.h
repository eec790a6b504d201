#ifndef SIMULATOR_ORACLE_H
#define SIMULATOR_ORACLE_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
/*
 * oracle - the log of what reached the simulator: one JSON object a line, for other programs to
 * judge by.
 *
 * Each line is one write(2) to a file opened with O_APPEND, so lines of all threads stay whole
 * and a reader never waits for a buffer.  Any thread.
 */
struct oracle;
struct exchange;

struct callback_result {
    const char *provider, *id, *to, *recipient_id, *url, *event;
    bool forged;
    int attempt;         /* 1 for the first */
    int status;          /* 0: no answer */
    const char *trouble; /* curl's words where there was no answer; else NULL */
};

/* path NULL: no log is kept. */
enum status oracle_open(struct oracle **out, const char *path, struct error *err);
/* False: the line is not on the file, so the request must not be answered as if it were. */
bool oracle_request(struct oracle *o, const struct exchange *x);
bool oracle_callback(struct oracle *o, const struct callback_result *r);
uint64_t oracle_failures(const struct oracle *o); /* lines that could not be written */
void oracle_close(struct oracle *o);
#endif
