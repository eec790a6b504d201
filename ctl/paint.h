#ifndef CTL_PAINT_H
#define CTL_PAINT_H
#include <stdbool.h>

#include "common/base/buf.h"
/*
 * paint - colours on a terminal, and nowhere else.
 */
enum paint { PAINT_NONE, PAINT_GOOD, PAINT_WARN, PAINT_BAD, PAINT_FAINT, PAINT_STRONG };

/* A terminal that can, behind fd, whose user has not set NO_COLOR (https://no-color.org). */
bool paint_is_wanted(int fd);
/* The text, painted where `on`.  Control characters of the text are shown as '?'. */
void paint_add(struct buf *out, bool on, enum paint paint, const char *text);
#endif
