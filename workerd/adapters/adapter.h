#ifndef WORKERD_ADAPTERS_ADAPTER_H
#define WORKERD_ADAPTERS_ADAPTER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/model/platform.h"
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

enum transfer_kind {
    TRANSFER_HTTP, /* body to url, by method */
    TRANSFER_SMTP, /* submit body (an RFC 5322 message, CRLF) from mail_from to mail_to */
    TRANSFER_NONE  /* nothing leaves the program: the reply is made from `body` (status 200) */
};
/* What [provider.NAME] says of every call, whatever its kind. */
struct transfer_limits {
    int connect_ms;
    int low_speed_bytes, low_speed_seconds; /* fewer bytes a second for so long end it; 0: off */
    const char *ca_bundle;                    /* trusted instead of the system's; "": those */
    int connections;                          /* smtp: to the server at once, of a thread */
};
struct transfer {
    enum transfer_kind kind;
    const char *method; /* HTTP: POST, PUT, PATCH, or GET, which has no body; NULL: POST */
    const char *url;
    const char *const *headers; /* "Name: value", NULL ends; may be NULL */
    const char *const *want_headers; /* names whose values the reply shall carry, NULL ends; at most
                                        REPLY_HEADERS; may be NULL */
    const char *username, *password; /* HTTP Basic or SMTP AUTH; NULL: none */
    const char *body;
    size_t body_len;
    const char *mail_from, *mail_to; /* bare addresses */
    enum starttls starttls;          /* smtp:// only */
    const char *own_id;              /* the provider's id where an accepting answer names none; NULL */
    int timeout_ms;
    const char *trace_line; /* HTTP: one more header, "traceparent: …"; NULL: none; the caller of
                               build sets it */
    const struct transfer_limits *limits; /* likewise */
};

/* How far a transfer came; an HTTP or SMTP status may stand beside each. */
enum reach {
    REACH_ANSWERED,    /* a whole answer was read */
    REACH_NOT_SENT,    /* DNS, connect or TLS failed: no byte of the request left */
    REACH_UNCLEAR,     /* the request left, wholly or in part; the answer did not come whole */
    REACH_CREDENTIALS, /* smtp: AUTH refused before any mail was offered */
    REACH_REFUSED      /* smtp: the server refused before the end of the message; status has its code */
};
#define REPLY_HEADERS 2
#define REPLY_HEADER_MAX 200
struct reply {
    enum reach reach;
    int status;              /* HTTP status or last SMTP code; 0: none */
    const char *body;        /* NUL-terminated, cut at 64 KiB; for SMTP the last reply, all its lines */
    size_t body_len;
    const char *headers[REPLY_HEADERS]; /* of transfer.want_headers, in its order; NULL: not there,
                                           or longer than REPLY_HEADER_MAX */
    int64_t retry_after_ms;  /* from Retry-After; -1: none */
    int64_t now_ms;          /* wall time of the reply: judge reads no clock */
    const char *trouble;     /* the transport's own words where reach is not ANSWERED; no address */
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
