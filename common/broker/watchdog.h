#ifndef COMMON_BROKER_WATCHDOG_H
#define COMMON_BROKER_WATCHDOG_H
#include <pthread.h>
#include <stdint.h>
/*
 * watchdog - ends a call that blocks, by shutting its socket down from another thread.
 *
 * rabbitmq-c writes without a time limit, and a broker with an alarm stops reading: the call would
 * hang for ever.  Whoever makes such a call wraps it in watch_begin/watch_end; the program's main
 * thread calls watchdog_sweep() a few times a second while it waits for signals.
 */
struct watch {
    pthread_mutex_t lock; /* guards the rest */
    int fd;
    int64_t deadline_ms; /* monotonic; 0: no call under way */
    struct watch *next;  /* in the process's list, guarded by the list's own lock */
};
void watch_init(struct watch *w); /* registers it */
void watch_done(struct watch *w);
void watch_begin(struct watch *w, int fd, int64_t limit_ms);
void watch_end(struct watch *w);

/* Shuts down the socket of every call that is past its limit; returns how many.  Any thread. */
int watchdog_sweep(int64_t now_mono_ms);
#endif
