#ifndef COMMON_BASE_FAILPOINT_H
#define COMMON_BASE_FAILPOINT_H
/*
 * failpoint - a named step at which a test can kill, stop, delay or fail the program.
 *
 * Only in builds made with --enable-failpoints; otherwise nothing is left of it.  The environment
 * chooses: NOTIFY_FAILPOINTS="claim.committed=kill@2,record.before=delay:500" kills at the second
 * pass of claim.committed and waits 500 ms at each pass of record.before.  Actions: kill (SIGKILL),
 * stop (SIGSTOP), delay:MS, error (failpoint() returns true once the pass is reached).
 */
#include <stdbool.h>
#ifdef ENABLE_FAILPOINTS
bool failpoint(const char *name);
#else
static inline bool failpoint(const char *name)
{
    (void)name;
    return false;
}
#endif
#endif
