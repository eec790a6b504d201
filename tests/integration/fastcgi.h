#ifndef TESTS_INTEGRATION_FASTCGI_H
#define TESTS_INTEGRATION_FASTCGI_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "tests/integration/client.h"
#include "tests/integration/record.h"
/*
 * fastcgi - speaks to a responder's socket as a web server does, or as none should.
 */
enum { FCGI_BEGIN = 1, FCGI_ABORT, FCGI_END, FCGI_PARAMS, FCGI_STDIN, FCGI_STDOUT, FCGI_STDERR,
       FCGI_DATA, FCGI_GET_VALUES };

const char *fastcgi_socket(const char *name); /* "fcgi-1" */
int fastcgi_connect(const char *socket);      /* -1: nobody listens */

/* Building requests; the records all carry id 1. */
void fastcgi_record(struct buf *out, int type, const void *content, size_t len);
void fastcgi_begin(struct buf *out, bool keep);
void fastcgi_param(struct buf *params, const char *name, const char *value);
/* The usual parameters of a call; key and body may be NULL. */
void fastcgi_params(struct buf *params, const char *method, const char *target, const char *key,
                    const char *body);
/* A whole request. */
void fastcgi_request(struct buf *out, const char *method, const char *target, const char *key,
                     const char *body);

bool fastcgi_send(int fd, const void *bytes, size_t n); /* false: the other side is gone */
/*
 * Reads one answer; false: the connection ended, or time was up, before it was whole.  `to` is what
 * was asked there, for the record.
 */
bool fastcgi_answer_to(const struct asked *to, int fd, int64_t limit_ms, struct answer *out);
bool fastcgi_answer(int fd, int64_t limit_ms, struct answer *out); /* to nothing that has a name */
/* True once the other side has closed. */
bool fastcgi_is_closed(int fd, int64_t limit_ms);

/* A whole call; false: no answer. */
bool fastcgi_try(const char *socket, const char *method, const char *target, struct answer *out);
struct answer fastcgi_call(const char *socket, const char *method, const char *target,
                           const char *key, const char *body);
#endif
