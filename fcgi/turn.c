/* turn - a lock that is waited for no longer than it is worth. */
#include "fcgi/turn.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct turn {
    pthread_mutex_t lock; /* guards is_taken */
    pthread_cond_t ended;
    bool is_taken;
};

struct turn *turn_new(void)
{
    struct turn *t = calloc(1, sizeof *t);
    pthread_condattr_t attr;

    if (t == NULL)
        abort();
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->ended, &attr);
    pthread_condattr_destroy(&attr);
    return t;
}

void turn_free(struct turn *t)
{
    if (t == NULL)
        return;
    pthread_cond_destroy(&t->ended);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static struct timespec after(int ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)ms * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

bool turn_take(struct turn *t, int wait_ms)
{
    struct timespec until = after(wait_ms);
    bool mine;

    pthread_mutex_lock(&t->lock);
    while (t->is_taken && pthread_cond_timedwait(&t->ended, &t->lock, &until) != ETIMEDOUT)
        continue;
    mine = !t->is_taken;
    t->is_taken = true;
    pthread_mutex_unlock(&t->lock);
    return mine;
}

void turn_end(struct turn *t)
{
    pthread_mutex_lock(&t->lock);
    t->is_taken = false;
    pthread_cond_signal(&t->ended);
    pthread_mutex_unlock(&t->lock);
}
