#ifndef COMMON_DB_ARRAY_H
#define COMMON_DB_ARRAY_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
/*
 * array - a Postgres array written as text ({1,2,"a \"b\""}), for parameters of unnest().
 *
 * Begin, add the elements in order, end: what array_end() returns is the parameter.  One ceiling of
 * 64 MiB guards each array.
 */
struct array {
    struct buf text;
    bool has_value; /* an element that is not NULL */
};
void array_begin(struct array *a); /* also empties a used one; memory is kept */
void array_add_text(struct array *a, const char *value); /* NULL is SQL's NULL */
void array_add_int(struct array *a, int64_t value);
void array_add_time(struct array *a, int64_t wall_ms); /* < 0 is NULL */
void array_add_bool(struct array *a, bool value);
const char *array_end(struct array *a); /* the parameter; good until array_begin */
void array_free(struct array *a);

/* The columns of a statement: all begun; all ended, each the parameter at its place; all freed. */
void arrays_begin(struct array col[], int n);
void arrays_end(struct array col[], int n, const char *args[]);
/*
 * The same for columns that one unnest() takes apart, beside one that has a value in each row: it gives
 * NULL for what a shorter array lacks, so a column of nothing but NULLs is sent as an empty one.
 */
void arrays_end_sparse(struct array col[], int n, const char *args[]);
void arrays_free(struct array col[], int n);
#endif
