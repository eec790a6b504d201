/* response - building an answer. */
#include "fcgi/response.h"

#include <assert.h>
#include <string.h>

void response_init(struct response *r)
{
    r->status = 500;
    r->content_type = NULL;
    r->n_headers = 0;
    r->body.limit = RESPONSE_BODY_MAX;
    buf_clear(&r->body);
}

void response_free(struct response *r)
{
    buf_free(&r->body);
}

void response_header(struct response *r, const char *name, const char *value)
{
    assert(r->n_headers < RESPONSE_HEADERS_MOST);
    if (value != NULL && strpbrk(value, "\r\n") == NULL)
        r->headers[r->n_headers++] = (struct response_header){ name, value };
}

const char *response_find(const struct response *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    }
    return NULL;
}

void response_head(const struct response *r, struct buf *out)
{
    buf_adds(out, "Status: ");
    buf_add_i64(out, r->status);
    buf_adds(out, "\r\n");
    if (r->content_type != NULL) {
        buf_adds(out, "Content-Type: ");
        buf_adds(out, r->content_type);
        buf_adds(out, "\r\n");
    }
    buf_adds(out, "Content-Length: ");
    buf_add_i64(out, (long long)r->body.len);
    buf_adds(out, "\r\n");
    for (size_t i = 0; i < r->n_headers; i++) {
        buf_adds(out, r->headers[i].name);
        buf_adds(out, ": ");
        buf_adds(out, r->headers[i].value);
        buf_adds(out, "\r\n");
    }
    buf_adds(out, "\r\n");
}
