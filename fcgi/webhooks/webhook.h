#ifndef FCGI_WEBHOOKS_WEBHOOK_H
#define FCGI_WEBHOOKS_WEBHOOK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/model/report.h"
/*
 * webhook - what a kind of provider must say about its callbacks: whether one is genuine, and what
 * it reports.
 *
 * Both are pure: a request in, a status or reports out.  verify comes first, over the bytes as they
 * were received; only what it has let through may be given to parse.
 */
#define WEBHOOK_BODY_MAX 65536    /* bytes, of a callback that reports on one message */
#define WEBHOOK_REPORTS_MAX 10000 /* of one callback; what reports more is not read */
#define WEBHOOK_PARAMETERS_MAX 200

/* Borrowed for the time of the call. */
struct webhook_request {
    const char *public_url;   /* [server] public_url; "" where none is configured */
    const char *target;       /* REQUEST_URI as received: path and query, still escaped */
    const char *content_type; /* NULL: none */
    const char *body;
    size_t body_len;
    int64_t now_s; /* wall clock, seconds since 1970 */
    /* The value of a header, by its name as providers write it; NULL: not sent. */
    const char *(*header)(const struct webhook_request *request, const char *name);
    const void *context; /* header()'s own */
    /* Whose it is, once verify has told; parse goes by it.  NULL: not known. */
    const struct provider_config *provider;
};

struct webhook {
    const char *provider_kind; /* as in [provider.NAME] kind */
    const char *path;          /* under public_url */
    size_t body_max;           /* bytes; a longer body is not even looked at */
    /* ST_DENIED: not signed with a secret of this provider; the words are for the log alone. */
    enum status (*verify)(const struct webhook_request *request, const struct provider_config *cfg,
                          struct error *err);
    /* ST_INVALID: genuine, but not what we know to read. */
    enum status (*parse)(const struct webhook_request *request, struct arena *mem,
                         struct callback_report **out, size_t *n, struct error *err);
    bool is_read_for_each; /* parse goes by the provider: one that several verify is read for each */
    bool is_named; /* the path goes on with "/" and the provider's name, the one that may call it */
};

extern const struct webhook webhooks[]; /* a NULL path ends */
const struct webhook *webhook_find(const char *path);
/* The one provider that may call this path, borrowed from it; NULL: any of its kind. */
const char *webhook_provider_name(const struct webhook *hook, const char *path);

/*
 * What a callback has to pass before it is read: its length, then the kind's verify, unless the
 * provider's key `verify` is off.
 */
enum status webhook_verify(const struct webhook *hook, const struct webhook_request *r,
                           const struct provider_config *cfg, struct error *err);
void webhooks_warn_unverified(const struct config *c); /* a line for each such provider, at start */
#endif
