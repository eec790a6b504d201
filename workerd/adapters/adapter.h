#ifndef WORKERD_ADAPTERS_ADAPTER_H
#define WORKERD_ADAPTERS_ADAPTER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/model/platform.h"
#include "common/transport/transfer.h"
/*
 * adapter - what a kind of provider must say: how a delivery becomes a request, and what an answer
 * means.
 *
 * build and judge are pure: a delivery in, bytes out; a reply in, a verdict out.  Sockets,
 * time-outs and retries belong to transport.c, attempt.c and retry.c.  An opened provider is
 * constant and shared by all threads.
 */

/* One recipient of one message, claimed.  Borrowed for the time of the call. */
struct delivery {
    const char *recipient_id; /* MESSAGE.n */
    const char *message_id;
    int n;
    enum platform platform;
    const char *address;
    const char *content, *subject, *html; /* subject, html: NULL where not given */
    const char *from;                     /* the message's own, else the platform's; NULL: none */
    const char *metadata, *own_metadata;  /* the message's and the recipient's, JSON objects; NULL:
                                             none; given on whatsapp alone, for its templates */
    int64_t created_ms, expires_ms;       /* -1: never */
    int64_t now_ms;                       /* wall time of this attempt: build reads no clock */
    int attempt;                          /* 1 for the first */
};

/* DESIGN section 3. */
enum verdict_class {
    VERDICT_ACCEPTED,    /* the provider has it */
    VERDICT_REFUSED,     /* for good, by fault of recipient or content */
    VERDICT_REFUSED_HERE, /* for good by this provider, which can't or won't serve it (a sender that
                            is not ours there, a region): another one may */
    VERDICT_THROTTLED,   /* later; no attempt used up */
    VERDICT_NOT_SENT,    /* certainly not taken: try again, then the next provider */
    VERDICT_UNCLEAR,     /* nobody can know */
    VERDICT_CREDENTIALS  /* our account is refused or misconfigured: not the recipient's fault */
};
struct verdict {
    enum verdict_class class;
    const char *provider_id;  /* ACCEPTED: the provider's id, or NULL */
    const char *code;         /* the provider's own code or ours ("http_503"); NULL when accepted */
    const char *message;      /* the provider's words, at most 300 bytes; may be NULL */
    int64_t retry_after_ms;   /* -1: not named */
    bool recipient_only;      /* THROTTLED: it concerns this message or recipient, not the provider */
    const char *moved_to;     /* NOT_SENT: the recipient's new address, to be kept and used; NULL */
};

struct provider; /* each adapter's own */

struct adapter {
    const char *kind;      /* as in [provider.NAME] kind */
    unsigned platforms;    /* bits 1 << PF_x that it can serve */
    enum status (*open)(struct provider **out, const struct provider_config *cfg,
                        const char *public_url, struct error *err);
    enum status (*build)(const struct provider *p, const struct delivery *d, struct arena *mem,
                         struct transfer *out, struct error *err);
    struct verdict (*judge)(const struct provider *p, const struct reply *r, struct arena *mem);
    void (*close)(struct provider *p);
};

extern const struct adapter *const adapters[]; /* NULL ends */
const struct adapter *adapter_find(const char *kind);
const char *verdict_name(enum verdict_class c); /* "accepted" */
#endif
