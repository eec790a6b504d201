/* paint - colours on a terminal. */
#include "ctl/paint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/table.h"

static const char *const codes[] = {
    [PAINT_NONE] = "",       [PAINT_GOOD] = "\033[32m", [PAINT_WARN] = "\033[33m",
    [PAINT_BAD] = "\033[31m", [PAINT_FAINT] = "\033[2m", [PAINT_STRONG] = "\033[1m",
};

bool paint_is_wanted(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fd) && (no == NULL || no[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

void paint_add(struct buf *out, bool on, enum paint paint, const char *text)
{
    bool painted = on && codes[paint][0] != '\0';

    if (painted)
        buf_adds(out, codes[paint]);
    table_add_text(out, text);
    if (painted)
        buf_adds(out, "\033[0m");
}
