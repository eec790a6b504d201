#ifndef FCGI_CALL_H
#define FCGI_CALL_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/trace.h"
#include "common/cache/cache.h"
#include "common/config/config.h"
#include "common/db/db.h"
#include "common/model/caller.h"
#include "fcgi/publisher.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
/*
 * call - one request on its way through the program, with its answer and all that belongs to it.
 */

/* What a thread has: its connections, and what all threads share. */
struct api {
    const struct config *config; /* constant within a round */
    struct publisher *publisher; /* shared; any thread may put */
    struct db *db;
    struct cache *cache;
    const char *mount; /* the path of public_url, "" at the root */
};

struct route;

struct call {
    struct arena mem; /* lives until the answer has gone */
    struct request req;
    struct response res;
    const struct route *route; /* NULL: none fits */
    const char *id;            /* what stands for {id} or {name} in the path; NULL: the route has none */
    bool authenticated;
    struct caller caller; /* where authenticated */
    bool answered;        /* the rest of the way passes it by */
    char request_id[REQUEST_ID_MAX + 1];
    struct trace trace;        /* of the caller, with a span of this request; a new one without it */
    bool traced;               /* the caller gave it */
    const char *message_id;    /* the one message that it is about; NULL: none, or several */
    int64_t started_us;
};
void call_init(struct call *c);  /* for a fresh struct */
void call_reset(struct call *c); /* for the next request; memory is kept */
void call_done(struct call *c);
#endif
