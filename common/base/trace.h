#ifndef COMMON_BASE_TRACE_H
#define COMMON_BASE_TRACE_H
#include <stdbool.h>
#include <stddef.h>
/*
 * trace - a place in a distributed trace, after W3C Trace Context (Level 1, version 00), section 3.2:
 * the trace, the span that is under way in it, and the caller's flags.
 *
 * Pure but for trace_begin and trace_continue, which draw the span's id by chance.  Any thread.
 */
struct trace {
    char id[33];     /* 32 lower-case hexadecimal digits, not all zero; "": there is no trace */
    char span[17];   /* 16 of them; "": no span of it is known */
    char parent[17]; /* the span that caused this one; "": none */
    char flags[3];   /* two digits, as the caller gave them; "00" */
};
#define TRACEPARENT_BYTES 56 /* the header's value, with its NUL */
#define TRACE_KEPT_BYTES 51  /* id, span and flags without dashes, with its NUL: what is stored */

/*
 * The value of a traceparent header.  A later version is read as far as version 00 goes (section 4.3).
 * False: NULL, or not one; *out is then without a trace, as section 3.2.2.4 asks for.
 */
bool trace_parse(const char *text, struct trace *out);

/* A new trace, with a span in it. */
void trace_begin(struct trace *out);
/* A trace of this name, which is a UUID: a message that came without one is its own. */
void trace_of_uuid(const char *uuid, struct trace *out);
/* A new span in the trace of `before`, caused by its span. */
void trace_continue(const struct trace *before, struct trace *out);

void trace_format(const struct trace *t, char out[TRACEPARENT_BYTES]);

/* What is kept with a message, and read again where it leaves.  False: it was not written by this. */
void trace_keep(const struct trace *t, char out[TRACE_KEPT_BYTES]);
bool trace_recall(const char *kept, struct trace *out);
#endif
