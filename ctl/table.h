#ifndef CTL_TABLE_H
#define CTL_TABLE_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
/*
 * table - rows for people: a header line, columns as wide as their widest cell, and lines that fit
 * the terminal where some column may be cut.
 *
 * A character counts as one place on the screen.  Control bytes are shown as '?', so that no cell
 * can steer the terminal.  Pure, but for table_width().
 */
struct table_column {
    const char *title;
    bool right;   /* numbers */
    bool may_cut; /* gives way, down to 8 places, when a line does not fit; ends in "…" then */
    bool may_drop; /* left out, the last such first, where cutting alone is not enough */
};

/*
 * cells: n_rows rows of n_columns; NULL shows as "-".  width: 0 is no limit, so that what goes into a
 * pipe or a file is whole.
 */
void table_write(struct buf *out, const struct table_column *columns, size_t n_columns,
                 const char *const *cells, size_t n_rows, size_t width);

/* A text as a cell shows it, whole. */
void table_add_text(struct buf *out, const char *text);

/* Places in a line of the terminal behind fd; 0 where it is none. */
size_t table_width(int fd);
#endif
