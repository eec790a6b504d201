#ifndef FCGI_CURSOR_H
#define FCGI_CURSOR_H
#include <stdbool.h>

#include "common/base/arena.h"
/*
 * cursor - where the next page of a list begins, as an opaque text.
 *
 * A cursor is good only for the list that gave it: it carries a digest of its place and of the
 * scope (the route and its filters), so that one that was cut, altered or taken from another list
 * is refused.  It is no secret and grants nothing: who may see what is decided by the key.  Pure.
 */
#define CURSOR_PLACE_MAX 64
#define CURSOR_TEXT_MAX 160

/* place: a short text without control characters.  base64url without padding (RFC 4648 section 5). */
const char *cursor_make(struct arena *mem, const char *place, const char *scope);
/* False: not a cursor of this scope. */
bool cursor_read(struct arena *mem, const char *text, const char *scope, const char **place);
#endif
