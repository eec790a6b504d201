/* progress - a bar on the terminal. */
#include "ctl/progress.h"

#include <stdio.h>
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

static void draw(const struct progress *p)
{
    struct buf line = BUF_INIT(LINE_BYTES);
    size_t width = table_width(STDERR_FILENO);

    progress_line(&line, p->what, p->done, p->total, width == 0 ? 80 : width - 1);
    fprintf(stderr, "\r\033[K%s", buf_str(&line));
    buf_free(&line);
}

void progress_begin(struct progress *p, bool json, const char *what, size_t total)
{
    *p = (struct progress){ .what = what, .total = total, .shown = progress_is_wanted(json) };
}

void progress_step(struct progress *p)
{
    p->done++;
    if (!p->shown || clock_mono_ms() < p->next_ms)
        return;
    draw(p);
    p->next_ms = clock_mono_ms() + EVERY_MS;
}

void progress_end(struct progress *p)
{
    if (p->shown && p->next_ms > 0)
        fputs("\r\033[K", stderr);
}
