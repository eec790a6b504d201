#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/scoped.h"
/*
 * json - the door to jansson for reading, and a writer straight into a buf.
 *
 * Reading is strict: duplicate names, trailing bytes, NUL in strings, bad UTF-8, and nesting deeper
 * than JSON_MAX_DEPTH are refused (RFC 8259 sections 4 and 9 allow a reader to set limits).
 */
SCOPED_RELEASE(json_t, json_decref)

#define JSON_MAX_DEPTH 32

/* NULL with ST_INVALID in *err ("line 1, column 7: ..."): the words never quote the input. */
json_t *json_read(const char *text, size_t len, struct error *err);

/* The first bytes of a document decide: deeper than max outside of strings?  Does not allocate. */
bool json_is_deeper(const char *text, size_t len, int max);

/*
 * Writer.  The caller opens and closes in order; commas come by themselves.
 *
 *     struct json_writer w = JSON_WRITER(&buf);
 *     jw_open(&w, NULL, '{');
 *     jw_text(&w, "id", id);
 *     jw_close(&w, '}');
 *
 * `name` is the member's name, or NULL inside an array or at the top.
 */
struct json_writer {
    struct buf *out;
    bool comma; /* the next value follows another */
};
#define JSON_WRITER(b) { .out = (b) }
void jw_open(struct json_writer *w, const char *name, char bracket);
void jw_close(struct json_writer *w, char bracket);
void jw_text(struct json_writer *w, const char *name, const char *value); /* NULL writes null */
void jw_num(struct json_writer *w, const char *name, int64_t value);
void jw_bool(struct json_writer *w, const char *name, bool value);
void jw_null(struct json_writer *w, const char *name);
void jw_time(struct json_writer *w, const char *name, int64_t wall_ms); /* < 0 writes null */
void jw_raw(struct json_writer *w, const char *name, const char *json);  /* JSON already; NULL: null */

void json_escape(struct buf *out, const char *text, size_t len); /* with the quotes around it */
#endif
