/* window - following the workers' pace. */
#include "workerd/window.h"

#define SHARE_OF_SECOND 4
#define NOTE_EVERY_MS 40 /* a shorter time tells little */
#define WEIGHT 0.3       /* of the newest pace */

void window_init(struct window *w, size_t capacity)
{
    size_t most = 2 * capacity;

    *w = (struct window){ .most = most > WINDOW_LEAST ? most : WINDOW_LEAST };
    w->size = WINDOW_LEAST;
}

static size_t clamp(const struct window *w, double size)
{
    if (size < WINDOW_LEAST)
        return WINDOW_LEAST;
    return size < (double)w->most ? (size_t)size : w->most;
}

void window_note(struct window *w, size_t ready, bool backlog, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - w->since_ms;
    size_t there = w->ready + w->put, taken = there > ready ? there - ready : 0;

    w->ready = ready;
    w->put = 0;
    w->taken += taken;
    if (w->since_ms != 0 && elapsed_ms < NOTE_EVERY_MS)
        return;
    if (w->since_ms != 0 && backlog) {
        w->a_second += WEIGHT * ((double)w->taken * 1000 / (double)elapsed_ms - w->a_second);
        w->size = ready == 0 ? clamp(w, 2 * (double)w->size) : clamp(w, w->a_second / SHARE_OF_SECOND);
    }
    w->since_ms = now_ms;
    w->taken = 0;
}

void window_put(struct window *w, size_t n)
{
    w->put += n;
}

size_t window_room(const struct window *w)
{
    size_t there = w->ready + w->put;

    return there < w->size ? w->size - there : 0;
}
