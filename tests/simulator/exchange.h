#ifndef SIMULATOR_EXCHANGE_H
#define SIMULATOR_EXCHANGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "tests/simulator/behaviour.h"
/*
 * exchange - one request and its answer, as plain data; a test can build one by hand.
 *
 * Text lives in `mem` (or is constant) and is good as long as the exchange.
 */
#define BODY_MAX ((size_t)256 * 1024) /* of a request, where its provider names no other limit */
#define BODY_MAX_ANY ((size_t)32 * 1024 * 1024)

struct request {
    const char *method;
    const char *path;                         /* as sent, still encoded, without the query */
    const char *authorization, *content_type; /* NULL: not given */
    const char *traceparent;                  /* likewise */
    bool reused; /* its connection has served an earlier one */
    struct buf body;                          /* overflowed: more than its limit came */
};

/* What the provider found in the request.  NULL: not there, or not readable. */
struct message {
    const char *to, *from, *service, *text, *status_callback;
    const char *subject, *html;
    const char *template;     /* the name of a text that the provider keeps */
    const char *message_id;   /* of a mail, with its brackets */
    const char *recipient_id; /* the sender's own name for the delivery */
    int media;                /* attachments */
    int number;               /* the four digits that choose the behaviour; -1: none */
};

#define ANSWER_HEADERS 6
struct answer {
    int status;          /* 0: nothing is answered */
    int code;            /* the provider's own error code; 0: none */
    const char *problem; /* the words beside it; NULL: none */
    const char *content_type, *body; /* content_type NULL: there is no body */
    size_t body_len;
    struct answer_header {
        const char *name, *value;
    } headers[ANSWER_HEADERS]; /* a NULL name ends early */
};

/* When a callback that failed is posted again; bits. */
enum retry_on {
    RETRY_CONNECT = 1, /* no connection */
    RETRY_READ = 2,    /* no answer in time, or a cut one */
    RETRY_4XX = 4,
    RETRY_5XX = 8,
    RETRY_3XX = 16, /* none is followed */
    RETRY_ALL = 31
};

struct provider;
/* Of one accepted message: what a provider needs to write its callbacks. */
struct notice {
    const struct provider *provider;
    const struct plan *plan;
    const char *url; /* without a fragment; NULL: no callbacks are wanted */
    const char *to, *from, *service, *id, *recipient_id; /* from, service, recipient_id: or NULL */
    const char *extra;                                   /* the provider's own; NULL: none */
    int place;        /* among the recipients of its request */
    int64_t first_ms; /* when its first event happens, wall clock */
    int retries;
    unsigned retry_on;
};

struct exchange {
    struct arena mem;
    struct request request;
    int64_t received_ms;             /* wall clock */
    const struct provider *provider; /* NULL: the path is nobody's */
    const char *shown_path;          /* for the log; NULL: the path as it is */
    struct message message;
    bool ok;                           /* the request is one the real provider would take */
    const struct behaviour *behaviour; /* NULL when not ok */
    int latency_ms;                    /* the behaviour's own */
    const char *ends;                  /* behaviour_ends() */
    const char *id;                    /* of the accepted message; NULL: it was not accepted */
    bool rehearsal;                    /* it asked to be checked and no more */
    struct notice notice;              /* of the recipient that the behaviour is chosen by */
    struct notice *others;             /* of further ones */
    size_t other_count;
    struct answer answer;
};

/* Moves the text into the exchange's memory and frees the buf. */
void exchange_answer(struct exchange *x, int status, const char *content_type, struct buf *body);
void exchange_answer_json(struct exchange *x, int status, struct buf *json);
void exchange_add_header(struct exchange *x, const char *name, const char *value);
const char *exchange_header(const struct exchange *x, const char *name); /* NULL: it has none */
#endif
