#ifndef COMMON_BASE_UTF8_H
#define COMMON_BASE_UTF8_H
#include <stdbool.h>
#include <stddef.h>
/*
 * utf8 - which bytes are well-formed UTF-8 (RFC 3629 section 4).  Pure.
 */

/* The length (1 to 4) of the character at text, of which n bytes may be read; 0: ill-formed. */
size_t utf8_length(const char *text, size_t n);

/* The characters of text; a byte that belongs to none counts as one. */
size_t utf8_count(const char *text);

/* The most bytes, at most max, after which text of len bytes can be cut between characters. */
size_t utf8_cut(const char *text, size_t len, size_t max);
#endif
