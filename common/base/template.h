#ifndef COMMON_BASE_TEMPLATE_H
#define COMMON_BASE_TEMPLATE_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/escape.h"
/*
 * template - a text with {placeholders}, each filled in with a value that is escaped for where it
 * stands.  Pure.
 *
 * A placeholder is a '{', a name of letters and '_', and a '}'.  "{{" is a '{'.  A '{' before
 * anything but a letter is itself, and so is every other '}': JSON is written as it is.
 */
struct template_piece {
    const char *text; /* as it is; NULL: a placeholder */
    size_t len;
    int name; /* the placeholder's place among the names; -1: none */
};
struct template {
    struct template_piece *pieces; /* neighbouring texts may be pieces of their own */
    size_t count;
};

/*
 * names: NULL ends.  NULL: well-formed.  Else what is wrong and where, in words that do not quote
 * the text, which may hold secrets; *out is then as it was.
 */
const char *template_parse(struct arena *mem, const char *text, const char *const names[],
                           struct template *out);

bool template_uses(const struct template *t, int name);

/* The placeholder alone, with no text around it. */
bool template_is_bare(const struct template *t);

/* values: one a name; NULL is empty.  False: one of them can't stand there. */
bool template_fill(struct buf *out, const struct template *t, const char *const values[],
                   escape_fn escape);
#endif
