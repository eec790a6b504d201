#ifndef TESTS_INTEGRATION_PROGRAM_H
#define TESTS_INTEGRATION_PROGRAM_H
#include "common/base/buf.h"
/*
 * program - runs one of our programs to its end and keeps what it said.
 */
struct outcome {
    struct buf out, err;
    int status; /* the exit status; -1: ended by a signal, or by us after 30 s, stretched by CK_TIMEOUT_MULTIPLIER */
};

/*
 * name: "notifyctl"; found in the folder NOTIFY_BIN, else where the build leaves it.  words: the
 * arguments, NULL at the end.  env: "NAME=value" added to the environment, NULL at the end or NULL;
 * of the environment around, nothing that begins with NOTIFY_ or PG is passed on.
 */
struct outcome program_run(const char *name, const char *const words[], const char *const env[]);
void outcome_free(struct outcome *o);
#endif
