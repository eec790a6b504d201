#ifndef TESTS_INTEGRATION_SCRIPTED_H
#define TESTS_INTEGRATION_SCRIPTED_H
#include <stddef.h>
/*
 * scripted - an HTTP server on the loopback that answers what it is told to, and keeps every
 * request as it came.
 *
 * A thread of its own; connections are kept until the client goes.  The answer is looked at anew
 * for each request: NULL reads the request and closes the connection without a word.
 */
struct scripted;

struct scripted *scripted_start(void);
void scripted_stop(struct scripted *s);

const char *scripted_url(const struct scripted *s); /* "http://127.0.0.1:PORT" */
void scripted_answer(struct scripted *s,
                     const char *bytes); /* borrowed; whole, status line first */

/* The bytes of a request, headers and body, from 0; NULL: no such one. */
const char *scripted_request(struct scripted *s, size_t n);
size_t scripted_count(struct scripted *s);
#endif
