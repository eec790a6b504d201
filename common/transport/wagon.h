#ifndef COMMON_TRANSPORT_WAGON_H
#define COMMON_TRANSPORT_WAGON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/transport/origin.h"
#include "common/transport/sockets.h"
#include "common/transport/transfer.h"
/*
 * wagon - one transfer on one libcurl handle: what libcurl is told before, and what came of it.
 *
 * A request leaves once.  Left alone, libcurl sends one again when a re-used connection ends
 * without an answer (Curl_retry_request() of lib/transfer.c: GET, an empty POST, any body that it
 * can rewind), whether or not the provider has acted on it.  Two gates are shut behind the first
 * request: CURLOPT_PREREQFUNCTION, which libcurl calls before each request that it begins
 * (MSTATE_DO of lib/multi.c), and CURLOPT_OPENSOCKETFUNCTION, so that no new connection is made for
 * nothing.  The first also tells what has begun, whatever error follows.
 *
 * Whoever carries a wagon has it to himself.
 */
struct wagon {
    const struct transfer *what;
    void *owner;
    struct origin origin; /* of what->url */
    int64_t started_ms;   /* monotonic; the limits count from here */
    bool is_put_off;      /* every mailer was busy: they count from its departure */
    CURL *easy;           /* while it is loaded */
    CURL *own_easy;       /* its carrier's business; freed by wagon_done() */
    CURLU *url;              /* url_text, parsed; NULL: it cannot be.  Both stay from call to call */
    char *url_text;
    struct sockets *sockets; /* of its carrier, set before wagon_load(); NULL: it watches none */
    struct curl_slist *headers, *rcpt, *resolve;
    size_t sent;       /* bytes of a mail that libcurl has taken */
    size_t head_bytes; /* of an HTTP answer */
    struct buf answer; /* HTTP body, or the last SMTP reply */
    struct buf wanted[REPLY_HEADERS]; /* values of what->want_headers */
    bool reply_goes_on; /* more lines of the SMTP reply are to come */
    bool has_begun;    /* a request may have left, wholly or in part */
    bool was_held;     /* a gate was shut: libcurl wanted to send again */
    bool has_head;     /* all headers of a final answer are here */
    bool is_cut;       /* the answer is longer than what we read of it */
    CURLcode result;
    int status;
    int64_t retry_after_ms; /* -1: none */
    struct wagon *next;     /* in a list of its holder's */
};

void wagon_init(struct wagon *w);
void wagon_done(struct wagon *w);

/* A new transfer.  False: its URL is not one of its kind, and the wagon has failed already. */
bool wagon_begin(struct wagon *w, const struct transfer *what, void *owner, int64_t now_ms);
/* "192.0.2.1,[2001:db8::1]": the addresses of origin.host, so that libcurl looks up nothing. */
void wagon_resolve(struct wagon *w, const char *addresses);
/* Sets easy up; the time that has passed since wagon_begin() is taken off its limits. */
void wagon_load(struct wagon *w, CURL *easy, int64_t now_ms);
/* Keeps what libcurl knows of the end; easy is in no multi handle any more. */
void wagon_unload(struct wagon *w, CURLcode result);
/* Ends what has never been loaded. */
void wagon_fail(struct wagon *w, CURLcode result);

/* Copied into mem. */
struct reply wagon_reply(const struct wagon *w, struct arena *mem);
#endif
