#ifndef FCGI_ROUTES_H
#define FCGI_ROUTES_H
#include <stddef.h>

#include "fcgi/call.h"
#include "fcgi/request.h"
/*
 * routes - the table of everything that can be called.
 */
enum need {
    NEED_NOTHING = 0,
    NEED_KEY = 1 << 0,  /* an API key of an active account */
    NEED_QUOTA = 1 << 1, /* counts against the caller's rate limit */
    NEED_JSON = 1 << 2  /* a body of application/json */
};

struct route {
    enum http_method method;
    const char *path; /* at most one {id} or {name}, as the last or last but one segment */
    unsigned needs;
    /* One of the two: each call in its turn, or all calls of a round together. */
    void (*handle)(struct api *api, struct call *call);
    void (*handle_all)(struct api *api, struct call *const calls[], size_t n);
};
extern const struct route routes[];
extern const size_t n_routes;
#endif
