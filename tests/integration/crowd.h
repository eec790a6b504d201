#ifndef TESTS_INTEGRATION_CROWD_H
#define TESTS_INTEGRATION_CROWD_H
#include "tests/integration/client.h"
/*
 * crowd - many callers at once, each a process of its own; they begin together.
 */
struct caller_seen {
    int status;   /* of the last answer; 0: there was none */
    char body[512];
    int counts[600]; /* for the caller's own use */
};
/*
 * Calls work(i, with, &seen[i]) in n processes and waits for them all.  No assertion of Check's may
 * be made there.  What it returns is shared memory that stays.
 */
struct caller_seen *crowd_run(int n, void (*work)(int i, const void *with, struct caller_seen *seen),
                              const void *with);
int crowd_count(const struct caller_seen seen[], int n, int status);
#endif
