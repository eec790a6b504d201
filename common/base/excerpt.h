#ifndef COMMON_BASE_EXCERPT_H
#define COMMON_BASE_EXCERPT_H
#include <stddef.h>

#include "common/base/arena.h"
/*
 * excerpt - the beginning of what others wrote, made fit to be stored and shown.
 *
 * The copy has at most max bytes, never cut inside a character: control bytes become blanks, bytes
 * that are not UTF-8 become '?', blanks at both ends go.  text needs no NUL at its end.
 */
const char *excerpt(struct arena *mem, const char *text, size_t len, size_t max);
#endif
