#ifndef FCGI_RESPONSE_H
#define FCGI_RESPONSE_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
/*
 * response - an answer as a plain struct: status, headers, body.
 */
#define RESPONSE_BODY_MAX (16u << 20)
#define RESPONSE_HEADERS_MOST 24

struct response_header {
    const char *name, *value;
};
struct response {
    int status;
    const char *content_type; /* NULL: no body */
    struct response_header headers[RESPONSE_HEADERS_MOST];
    size_t n_headers;
    struct buf body;
};
void response_init(struct response *r);  /* 500, no header, an empty body; keeps the body's memory */
void response_free(struct response *r);
/* value is borrowed.  A value with a line break is left out: no header can be injected. */
void response_header(struct response *r, const char *name, const char *value);
const char *response_find(const struct response *r, const char *name); /* NULL: not there */
/* The block before the body, as FastCGI wants it: "Status: 202\r\n…\r\n\r\n". */
void response_head(const struct response *r, struct buf *out);
#endif
