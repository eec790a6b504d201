/* crowd - processes that wait for a common start and write what they saw into shared memory. */
#include "tests/integration/crowd.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "tests/integration/stack.h"

#define CROWD_MS 80000
#define CALLERS_MOST 200

struct caller_seen *crowd_run(int n, void (*work)(int i, const void *with, struct caller_seen *seen),
                              const void *with)
{
    size_t bytes = sizeof(int) * 16 + sizeof(struct caller_seen) * (size_t)n;
    volatile int *go = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct caller_seen *seen;
    pid_t pids[CALLERS_MOST];

    ck_assert(go != MAP_FAILED && n > 0 && n <= CALLERS_MOST);
    seen = (struct caller_seen *)(uintptr_t)(go + 16);
    for (int i = 0; i < n; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (!*go)
                clock_sleep_ms(1);
            work(i, with, &seen[i]);
            _exit(0);
        }
    }
    *go = 1;
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(process_wait(pids[i], CROWD_MS), 0);
    return seen;
}

int crowd_count(const struct caller_seen seen[], int n, int status)
{
    int count = 0;

    for (int i = 0; i < n; i++)
        count += seen[i].status == status;
    return count;
}
