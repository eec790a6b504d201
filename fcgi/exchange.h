#ifndef FCGI_EXCHANGE_H
#define FCGI_EXCHANGE_H
#include <stdbool.h>
#include <stddef.h>
/*
 * exchange - one FastCGI request and its answer on a connection, by libfcgi.
 *
 * libfcgi decodes and encodes; the connection's life is ours, for libfcgi would wait up to two
 * seconds for the peer to close.  An exchange reads from a descriptor that holds a whole request
 * (records.h), so no call here waits for input.  One thread.
 */
struct exchange;

bool exchange_library_init(void); /* once, before threads */
struct exchange *exchange_new(void);
void exchange_free(struct exchange *x);

/*
 * Reads the parameters.  source: where the request's bytes wait, fd itself or a file; the answer
 * goes to fd.  Neither is closed here.  False: libfcgi refused the request; if source was a file it
 * is closed, and fd is still the caller's.
 */
bool exchange_begin(struct exchange *x, int fd, int source);
char *const *exchange_params(const struct exchange *x); /* "NAME=value", NULL ends */

/* Reads the body, at most max bytes; *ended: there was no more. */
size_t exchange_read(struct exchange *x, char *out, size_t max, bool *ended);

/* Writes the answer and ends the request.  False: the peer is gone. */
bool exchange_answer(struct exchange *x, const char *head, size_t head_len, const char *body,
                     size_t body_len);
bool exchange_keeps(const struct exchange *x); /* the front will send its next request here */
#endif
