#ifndef COMMON_BASE_JSON_PATH_H
#define COMMON_BASE_JSON_PATH_H
#include "common/base/arena.h"
#include "common/base/json.h"
/*
 * json_path - what stands at a place of a document that a configuration names: names and numbers
 * joined by dots, as in "messages.0.status".  Numbers count from 0.  Pure.
 */

/* Borrowed from doc; NULL: the path leads nowhere. */
const json_t *json_path_find(const json_t *doc, const char *path, struct arena *mem);
/* Texts, whole numbers and switches, copied; NULL: nothing there, or another kind of value. */
const char *json_path_text(const json_t *doc, const char *path, struct arena *mem);

/*
 * A text of printable ASCII without escapes, from the bytes, without making the document: where one value
 * is wanted, making it all would be most of the work.  NULL also where that value stands there twice, or
 * where brackets, strings or what stands between members make no document; the rest of what is passed
 * over is not judged.  Who gets NULL reads the document, which tells why.
 */
const char *json_path_skim(const char *text, size_t len, const char *path, struct arena *mem);

/* A step that is a number, at most six digits; -1: it is none. */
int json_path_index(const char *step);
#endif
