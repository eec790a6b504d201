#ifndef FCGI_HANDLERS_QUERY_H
#define FCGI_HANDLERS_QUERY_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/urlform.h"
#include "fcgi/call.h"
/*
 * query - the query parameters of a list, checked against what the list knows.
 *
 * Every fault is found before the call is answered with invalid_parameter, each named by its
 * parameter ("?limit"): an unknown parameter, one given twice, or one whose value cannot be used.
 */
struct query {
    struct call *call;
    struct urlform form;
    struct faults faults;
};

/* known: NULL ends.  False: the query cannot be read, and the call is answered. */
bool query_read(struct query *q, struct call *call, const char *const known[]);

const char *query_text(const struct query *q, const char *name); /* NULL: not given */
int query_int(struct query *q, const char *name, int min, int max, int fallback);
int64_t query_time(struct query *q, const char *name); /* -1: not given */
void query_fault(struct query *q, const char *name, const char *detail);

/* The filters in a fixed order, without cursor and limit: what a cursor is bound to. */
const char *query_scope(const struct query *q, const char *const known[]);
/* The place that ?cursor names, NULL where there is none. */
const char *query_cursor(struct query *q, const char *scope);

/* True: no fault.  Else the call is answered. */
bool query_done(struct query *q);
#endif
