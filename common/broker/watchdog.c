/* watchdog - ends calls that block. */
#include "common/broker/watchdog.h"

#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/log.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER; /* guards `watches` and every next */
static struct watch *watches;

void watch_init(struct watch *w)
{
    pthread_mutex_init(&w->lock, NULL);
    w->fd = -1;
    w->deadline_ms = 0;
    pthread_mutex_lock(&list_lock);
    w->next = watches;
    watches = w;
    pthread_mutex_unlock(&list_lock);
}

void watch_done(struct watch *w)
{
    pthread_mutex_lock(&list_lock);
    for (struct watch **p = &watches; *p != NULL; p = &(*p)->next) {
        if (*p == w) {
            *p = w->next;
            break;
        }
    }
    pthread_mutex_unlock(&list_lock);
    pthread_mutex_destroy(&w->lock);
}

void watch_begin(struct watch *w, int fd, int64_t limit_ms)
{
    pthread_mutex_lock(&w->lock);
    w->fd = fd;
    w->deadline_ms = clock_mono_ms() + limit_ms;
    pthread_mutex_unlock(&w->lock);
}

void watch_end(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->deadline_ms = 0;
    w->fd = -1;
    pthread_mutex_unlock(&w->lock);
}

int watchdog_sweep(int64_t now_mono_ms)
{
    int ended = 0;

    pthread_mutex_lock(&list_lock);
    for (struct watch *w = watches; w != NULL; w = w->next) {
        pthread_mutex_lock(&w->lock);
        if (w->deadline_ms != 0 && now_mono_ms > w->deadline_ms) {
            /* The descriptor stays open and its own thread's: only its calls end. */
            shutdown(w->fd, SHUT_RDWR);
            w->deadline_ms = 0;
            ended++;
        }
        pthread_mutex_unlock(&w->lock);
    }
    pthread_mutex_unlock(&list_lock);
    if (ended > 0)
        log_warn("watchdog.ended_blocked_call", NUM("calls", ended));
    return ended;
}
