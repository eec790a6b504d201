#ifndef COMMON_DB_ARRAY_H
#define COMMON_DB_ARRAY_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
/*
 * array - a Postgres array as a parameter, for unnest(): a column with an element for each row.
 *
 * Begin, add the elements in order, hand it to db_exec_arrays() or db_query_arrays().  It is sent in
 * the binary form of its type (array_recv of PostgreSQL and that of the element), which the server
 * reads at a fraction of what text costs; labels of an enum, whose type has a number of its own in
 * each database, go as text (PostgreSQL manual, 8.15.6).  A value that its type cannot hold is
 * refused by the server.  One ceiling of 64 MiB guards each array.
 */
enum array_type {
    ARRAY_LABEL,
    ARRAY_BOOL,
    ARRAY_INT2,
    ARRAY_INT4,
    ARRAY_INT8,
    ARRAY_TEXT,
    ARRAY_JSON,
    ARRAY_JSONB,
    ARRAY_UUID,
    ARRAY_TIME, /* timestamptz */
};
struct array {
    enum array_type type;
    struct buf bytes;
    uint32_t count;
    bool has_value; /* an element that is not NULL */
};
void array_begin(struct array *a, enum array_type type); /* also empties a used one; memory is kept */
/* Of a label, a text, JSON, or a uuid in its text form; NULL is SQL's NULL. */
void array_add_text(struct array *a, const char *value);
void array_add_int(struct array *a, int64_t value);
void array_add_time(struct array *a, int64_t wall_ms); /* < 0 is NULL */
void array_add_bool(struct array *a, bool value);
void array_free(struct array *a);

/* As libpq takes it; `value` is good until array_begin. */
struct array_param {
    const char *value;
    int length, format; /* format: 0 text, 1 binary */
};
/*
 * One of nothing but NULLs is sent as an empty one: unnest() gives NULL for what is shorter than
 * another column of the same rows.  So one column of each unnest() must have a value in each row.
 */
struct array_param array_end(struct array *a);

/* The columns of a statement, each with the type at its place. */
void arrays_begin(struct array col[], const enum array_type types[], int n);
void arrays_free(struct array col[], int n);
#endif
