#ifndef COMMON_SERVICE_WINDOW_H
#define COMMON_SERVICE_WINDOW_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/*
 * window - how many events of a lane may wait, on the broker or where the caller counts them besides:
 * about a quarter of a second of what the workers take.  Pure.
 *
 * The backlog stays in Postgres, where it can be cancelled, counted and ordered fairly; what is on
 * the belt can't be overtaken, so it is kept short.  It begins with the least and doubles for as long
 * as the workers run dry.
 */
struct window {
    size_t least, most;
    size_t size;      /* now */
    double a_second;  /* taken by the workers, smoothed */
    size_t ready;     /* at the last look */
    size_t put;       /* since then */
    size_t taken;     /* by the workers, since since_ms */
    int64_t since_ms; /* 0: no look yet */
};

/* Where a rate (calls a second; 0: none) says how slow it goes, the least is a quarter of a second's too. */
void window_init(struct window *w, size_t least, size_t most, int rate);
/* Another rate, from now on. */
void window_follow(struct window *w, size_t least, int rate);

/* The queue's depth, looked up at now_ms (monotonic); backlog: more was due than fitted. */
void window_note(struct window *w, size_t ready, bool backlog, int64_t now_ms);
void window_put(struct window *w, size_t n); /* so many were published */
void window_shrink(struct window *w);        /* to half: it was not used */
size_t window_room(const struct window *w);
#endif
