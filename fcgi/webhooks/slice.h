#ifndef FCGI_WEBHOOKS_SLICE_H
#define FCGI_WEBHOOKS_SLICE_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/json.h"
/*
 * slice - JSON taken apart as text, so that what one part holds spoils no other.
 *
 * A provider puts many reports into one callback, and beside them what strangers wrote: a browser's
 * name, a mail server's words.  json_read() would refuse the whole for one bad character in it.  So
 * only brackets and strings are looked at here; each part is read strictly when it is used.  Pure;
 * nothing is copied, and no depth is too deep.
 */
struct slice {
    const char *at, *end; /* without the blanks around it; both NULL: there is none */
};

/* False: the text is not one array or object (bracket: '[' or '{') whose brackets all close. */
bool slice_open(const char *text, size_t len, char bracket, struct slice *out);

/* The elements of an array; none of anything else. */
struct slice_walk {
    const char *at, *end;
};
struct slice_walk slice_elements(struct slice array);
bool slice_next(struct slice_walk *w, struct slice *out);
size_t slice_count(struct slice array);

/* An object's member, the first of that name; none where it has none or is no object. */
struct slice slice_member(struct slice object, const char *name);

json_t *slice_read(struct slice s);                        /* NULL: none, or not good JSON */
const char *slice_text(struct arena *mem, struct slice s); /* NULL: not a good string */
#endif
