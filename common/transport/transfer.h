#ifndef COMMON_TRANSPORT_TRANSFER_H
#define COMMON_TRANSPORT_TRANSFER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config/config.h"
/*
 * transfer - what is to be carried to a provider, and what came back; plain data.
 */
enum transfer_kind {
    TRANSFER_HTTP, /* body to url, by method */
    TRANSFER_SMTP, /* submit body (an RFC 5322 message, CRLF) from mail_from to mail_to */
    TRANSFER_LOGIN, /* smtp: EHLO, STARTTLS, AUTH, NOOP, QUIT; the reply's body is all the server said */
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
    const char *trace_line; /* HTTP: one more header, "traceparent: …"; NULL: none; whoever starts it
                               sets it */
    const struct transfer_limits *limits; /* likewise */
};

static inline bool transfer_is_mail(const struct transfer *t)
{
    return t->kind == TRANSFER_SMTP || t->kind == TRANSFER_LOGIN;
}

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
#endif
