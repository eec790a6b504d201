#ifndef TESTS_INTEGRATION_PEER_H
#define TESTS_INTEGRATION_PEER_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>
/*
 * peer - a server inside the test's process that does to a connection what its script says.
 *
 * Each connection has a thread of its own, which runs the script and then closes it.  A request is
 * known by the number that is its path: how often each was seen is counted.  What waits for the
 * other side returns false once the connection or the peer is at its end.
 */
#define PEER_IDS 4096

struct visit;
typedef void peer_script(struct visit *v);

struct peer {
    int port;
    atomic_int connections;
    atomic_int requests;        /* whole ones */
    atomic_int seen[PEER_IDS];  /* whole requests with the path /ID */
    atomic_int begun[PEER_IDS]; /* heads of requests with the path /ID */
    atomic_llong sent_bytes;
    atomic_bool is_stopping;
    struct peer_inside *inside;
};
struct visit {
    struct peer *peer;
    int n;             /* which connection this is, from 1 */
    int requests;      /* of this connection, this one included */
    char head[8192];   /* of the present request, or the last line */
    size_t body_bytes; /* announced */
    size_t body_left;  /* not read yet */
    char body[1024];   /* the beginning of it */
    int fd;
    SSL *ssl;          /* NULL: plain */
    char ahead[16384]; /* read, not used */
    size_t ahead_len;
};

/* tls: borrowed; NULL: plain. */
struct peer *peer_start(peer_script *script, SSL_CTX *tls);
void peer_stop(struct peer *p);       /* cuts all connections, and frees it */
void peer_close_door(struct peer *p); /* further connections are refused */

bool visit_head(struct visit *v);               /* up to the blank line */
bool visit_body(struct visit *v, size_t bytes); /* so much of it */
bool visit_request(struct visit *v);            /* all of it, and it counts as seen */
bool visit_line(struct visit *v);               /* into head, without its CRLF */
bool visit_say(struct visit *v, const char *text);
bool visit_bytes(struct visit *v, const void *bytes, size_t n);
bool visit_answer(struct visit *v, const char *body); /* 200, and the connection stays */
bool visit_pause(struct visit *v, int ms);
void visit_reset(struct visit *v); /* the close will be a RST */
void visit_serve(struct visit *v); /* answers "ok" to all that comes */
#endif
