#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
/*
 * progress - a bar on the terminal behind stderr while a long run goes on, and nothing elsewhere.
 */
struct progress {
    const char *what;   /* "replaying" */
    size_t done, total; /* total 0: not known */
    bool shown;         /* stderr is a terminal, and no program reads along */
    int64_t began_ms, next_ms;
};
bool progress_is_wanted(bool json); /* is it worth asking for the total? */
void progress_begin(struct progress *p, bool json, const char *what, size_t total);
void progress_step(struct progress *p);
void progress_to(struct progress *p, size_t done); /* so far along by now */
void progress_end(struct progress *p); /* wipes the bar */

/* "replaying  [#####.....]  500 of 1000", at most width places.  Pure. */
void progress_line(struct buf *out, const char *what, size_t done, size_t total, size_t width);
/* The same of a bar, with its rate behind it where the line has room: "...  500 of 1000  250/s".  Pure. */
void progress_rate_line(struct buf *out, const struct progress *p, int64_t now_ms, size_t width);
#endif
