#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
/*
 * request - an HTTP request as a plain struct, read from the parameters that a web server sends.
 *
 * Web servers differ in SCRIPT_NAME and PATH_INFO, so the path comes from REQUEST_URI alone.
 * Everything is borrowed from the parameters or copied into the arena.
 */
enum http_method {
    HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER,
    HTTP_METHODS
};
const char *http_method_name(enum http_method m); /* "GET"; "OTHER" */

#define REQUEST_PATH_MAX 2048
#define REQUEST_ID_MAX 128

struct request {
    char *const *params;  /* "NAME=value", NULL ends */
    enum http_method method;
    const char *target;   /* as the client sent it: path and query, still escaped */
    const char *path;     /* decoded, without query and mount point; "" where it cannot be read */
    const char *query;    /* still escaped; "" */
    const char *content_type, *api_key, *request_id; /* NULL: not given */
    int64_t content_length;  /* -1: not given */
    bool bad_content_length; /* given, and not a number */
    const char *body;
    size_t body_len;
    bool body_too_large; /* past the ceiling; body is then not to be used */
    bool body_short;     /* ended before its declared length; likewise */
};

/* A parameter by name ("HTTP_X_API_KEY"); NULL: not sent. */
const char *request_param(const struct request *r, const char *name);
/* A header by name ("X-Twilio-Signature"). */
const char *request_header(const struct request *r, const char *name);

/*
 * Everything but the body.  mount: the path that we are mounted under ("" or "/notify"), cut from
 * the front of the path where it is there.  Never fails: what is missing or unreadable shows in
 * the members.
 */
void request_read(struct arena *mem, char *const *params, const char *mount, struct request *out);

/*
 * Percent-decodes a path: false for a bad escape, NUL, an escaped slash, a control character, bad
 * UTF-8, a segment "." or "..", or more than REQUEST_PATH_MAX bytes.
 */
bool request_decode_path(struct arena *mem, const char *text, size_t len, const char **out);
#endif
