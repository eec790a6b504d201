/* progress - a bar on the terminal. */
#include "ctl/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "ctl/table.h"

#define EVERY_MS 100
#define BAR_MOST 40
#define LINE_BYTES 512

bool progress_is_wanted(bool json)
{
    return !json && isatty(STDERR_FILENO);
}

void progress_line(struct buf *out, const char *what, size_t done, size_t total, size_t width)
{
    char counts[64];
    size_t bar, full;

    if (total == 0) {
        buf_addf(out, "%s  %zu", what, done);
        return;
    }
    if (done > total)
        done = total;
    snprintf(counts, sizeof counts, "%zu of %zu", done, total);
    full = (size_t)snprintf(NULL, 0, "%s  []  %s", what, counts);
    bar = width > full + BAR_MOST ? BAR_MOST : width > full ? width - full : 0;
    buf_addf(out, "%s  [", what);
    for (size_t i = 0; i < bar; i++)
        buf_addc(out, i < bar * done / total ? '#' : '.');
    buf_addf(out, "]  %s", counts);
}

#define RATE_LEAST_MS 1000 /* before, a rate would only be a guess */
#define BESIDE_RATE 40     /* places that the bar needs for itself */

void progress_rate_line(struct buf *out, const struct progress *p, int64_t now_ms, size_t width)
{
    int64_t ms = now_ms - p->began_ms;
    char rate[32] = "";
    size_t len;

    if (ms >= RATE_LEAST_MS)
        snprintf(rate, sizeof rate, "  %zu/s", (size_t)((double)p->done * 1000 / (double)ms));
    len = strlen(rate);
    if (width < len + BESIDE_RATE)
        len = 0;
    progress_line(out, p->what, p->done, p->total, width - len);
    buf_add(out, rate, len);
}

static void draw(const struct progress *p)
{
    struct buf line = BUF_INIT(LINE_BYTES);
    size_t width = table_width(STDERR_FILENO);

    progress_rate_line(&line, p, clock_mono_ms(), width == 0 ? 80 : width - 1);
    fprintf(stderr, "\r\033[K%s", buf_str(&line));
    buf_free(&line);
}

void progress_begin(struct progress *p, bool json, const char *what, size_t total)
{
    *p = (struct progress){ .what = what, .total = total, .shown = progress_is_wanted(json),
                            .began_ms = clock_mono_ms() };
}

void progress_to(struct progress *p, size_t done)
{
    p->done = done;
    if (!p->shown || clock_mono_ms() < p->next_ms)
        return;
    draw(p);
    p->next_ms = clock_mono_ms() + EVERY_MS;
}

void progress_step(struct progress *p)
{
    progress_to(p, p->done + 1);
}

void progress_end(struct progress *p)
{
    if (p->shown && p->next_ms > 0)
        fputs("\r\033[K", stderr);
}
