/* window - following the workers' pace. */
#include "common/service/window.h"

#define SHARE_OF_SECOND 4
#define NOTE_EVERY_MS 40 /* a shorter time tells little */
#define WEIGHT 0.3       /* of the newest pace */

static size_t least_of(size_t least, int rate)
{
    size_t calls = (size_t)rate / SHARE_OF_SECOND;

    if (rate > 0 && calls < least)
        least = calls > 0 ? calls : 1;
    return least;
}

void window_init(struct window *w, size_t least, size_t most, int rate)
{
    least = least_of(least, rate);
    *w = (struct window){ .least = least, .size = least, .most = most > least ? most : least };
}

void window_follow(struct window *w, size_t least, int rate)
{
    w->least = least_of(least, rate);
    w->most = w->most > w->least ? w->most : w->least;
    w->size = w->least; /* it learns its size anew */
}

static size_t clamp(const struct window *w, double size)
{
    if (size < (double)w->least)
        return w->least;
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

void window_shrink(struct window *w)
{
    w->size = clamp(w, (double)w->size / 2);
}

size_t window_room(const struct window *w)
{
    size_t there = w->ready + w->put;

    return there < w->size ? w->size - there : 0;
}
