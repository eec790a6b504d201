#ifndef COMMON_BASE_URLFORM_H
#define COMMON_BASE_URLFORM_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/error.h"
/*
 * urlform - application/x-www-form-urlencoded: the query of a URL, and bodies of forms, read and
 * written.
 *
 * Pairs keep their order and may repeat a key.  '+' is a blank.  Reading is strict: a '%' without
 * two hexadecimal digits is refused, and so is a NUL in either form, so that every key and value is
 * whole as a C string.  The bytes need not be UTF-8.
 */
struct urlform_pair {
    const char *key, *value; /* decoded; "" where there is none */
};
struct urlform {
    struct urlform_pair *pairs;
    size_t count;
};

/*
 * Empty parts ("a=1&&b=2") count for nothing.  ST_LIMITED: more than max_pairs; ST_INVALID: not a
 * form.  The words never quote the input.
 */
enum status urlform_parse(struct arena *mem, const char *text, size_t len, size_t max_pairs,
                          struct urlform *out, struct error *err);
const char *urlform_find(const struct urlform *form, const char *key); /* the first; NULL: none */

/* All but letters, digits and "-._~" is percent-encoded, so the text is good in queries too. */
void urlform_encode(struct buf *out, const char *text);
/* Appends key=value, after a '&' where out is not empty. */
void urlform_add(struct buf *out, const char *key, const char *value);
#endif
