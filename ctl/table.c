/* table - rows for people. */
#include "ctl/table.h"

#include <assert.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_MOST 16
#define GAP 2
#define CUT_LEAST 8
#define LEFT_OUT SIZE_MAX /* the width of a column that is not shown */

size_t table_width(int fd)
{
    struct winsize size;

    if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t places(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += starts_character(*text);
    return n;
}

static const char *shown(const char *cell)
{
    return cell == NULL ? "-" : cell;
}

static void measure(const struct table_column *columns, size_t n_columns,
                    const char *const *cells, size_t n_rows, size_t widths[])
{
    for (size_t c = 0; c < n_columns; c++) {
        widths[c] = places(columns[c].title);
        for (size_t r = 0; r < n_rows; r++) {
            size_t n = places(shown(cells[r * n_columns + c]));

            if (n > widths[c])
                widths[c] = n;
        }
    }
}

/* The widest column that may still give way, or n_columns. */
static size_t widest(const struct table_column *columns, size_t n_columns, const size_t widths[])
{
    size_t best = n_columns;

    for (size_t c = 0; c < n_columns; c++) {
        if (columns[c].may_cut && widths[c] != LEFT_OUT && widths[c] > CUT_LEAST &&
            (best == n_columns || widths[c] > widths[best]))
            best = c;
    }
    return best;
}

/* Places of a line whose columns have given way as far as they may. */
static size_t least(const struct table_column *columns, size_t n_columns, const size_t widths[])
{
    size_t line = 0;

    for (size_t c = 0; c < n_columns; c++) {
        if (widths[c] != LEFT_OUT)
            line += GAP + (columns[c].may_cut && widths[c] > CUT_LEAST ? CUT_LEAST : widths[c]);
    }
    return line - GAP;
}

static void leave_out(const struct table_column *columns, size_t n_columns, size_t widths[],
                      size_t width)
{
    for (size_t c = n_columns; c > 0 && least(columns, n_columns, widths) > width; c--) {
        if (columns[c - 1].may_drop)
            widths[c - 1] = LEFT_OUT;
    }
}

/* What cannot fit is left too wide: a cut id is of no use to anyone. */
static void squeeze(const struct table_column *columns, size_t n_columns, size_t widths[],
                    size_t width)
{
    size_t line = 0;

    for (size_t c = 0; c < n_columns; c++)
        line += widths[c] == LEFT_OUT ? 0 : widths[c] + (c == 0 ? 0 : GAP);
    while (line > width) {
        size_t c = widest(columns, n_columns, widths);

        if (c == n_columns)
            return;
        widths[c]--;
        line--;
    }
}

static void add_blanks(struct buf *out, size_t n)
{
    while (n-- > 0)
        buf_addc(out, ' ');
}

/* C0, DEL, and C1 as UTF-8 writes it (U+0080 to U+009F). */
static bool is_control(const char *text)
{
    unsigned char c = (unsigned char)text[0], next = c == 0 ? 0 : (unsigned char)text[1];

    return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

/* At most `room` characters, the last one "…" where the text goes on. */
static void add_text(struct buf *out, const char *text, size_t room)
{
    size_t left = places(text) > room ? room - 1 : room;
    bool cut = left < room;

    for (; *text != '\0'; text++) {
        if (starts_character(*text) && left-- == 0)
            break;
        if (!is_control(text)) {
            buf_addc(out, *text);
            continue;
        }
        buf_addc(out, '?');
        text += !starts_character(text[1]); /* the second byte of a C1 */
    }
    if (cut)
        buf_adds(out, "…");
}

void table_add_text(struct buf *out, const char *text)
{
    add_text(out, text, places(text));
}

/* The last column that is shown: nothing is put behind it. */
static size_t last_shown(size_t n_columns, const size_t widths[])
{
    size_t c = n_columns - 1;

    while (c > 0 && widths[c] == LEFT_OUT)
        c--;
    return c;
}

static void add_line(struct buf *out, const struct table_column *columns, size_t n_columns,
                     const char *const *cells, const size_t widths[])
{
    size_t last = last_shown(n_columns, widths);

    for (size_t c = 0; c <= last; c++) {
        const char *text = cells == NULL ? columns[c].title : shown(cells[c]);
        size_t n = places(text);
        size_t blanks = n < widths[c] ? widths[c] - n : 0;

        if (widths[c] == LEFT_OUT)
            continue;
        if (columns[c].right)
            add_blanks(out, blanks);
        add_text(out, text, widths[c]);
        if (!columns[c].right && c < last)
            add_blanks(out, blanks);
        if (c < last)
            add_blanks(out, GAP);
    }
    buf_addc(out, '\n');
}

void table_write(struct buf *out, const struct table_column *columns, size_t n_columns,
                 const char *const *cells, size_t n_rows, size_t width)
{
    size_t widths[COLUMNS_MOST];

    assert(n_columns > 0 && n_columns <= COLUMNS_MOST);
    measure(columns, n_columns, cells, n_rows, widths);
    if (width > 0) {
        leave_out(columns, n_columns, widths, width);
        squeeze(columns, n_columns, widths, width);
    }
    add_line(out, columns, n_columns, NULL, widths);
    for (size_t r = 0; r < n_rows; r++)
        add_line(out, columns, n_columns, &cells[r * n_columns], widths);
}
