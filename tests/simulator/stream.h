#ifndef SIMULATOR_STREAM_H
#define SIMULATOR_STREAM_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/error.h"
/*
 * stream - the bytes of a connected socket, in the clear or through TLS.
 *
 * A stream belongs to one thread; the identity of the server is shared by all.
 */
struct tls; /* certificate and key */
/* PEM files; both NULL: a key and a certificate for localhost and 127.0.0.1 are made. */
enum status tls_open(struct tls **out, const char *certificate, const char *key, struct error *err);
void tls_close(struct tls *t);              /* takes NULL */
const char *tls_certificate(const struct tls *t); /* PEM */

struct stream {
    int fd;
    void *ssl; /* NULL: in the clear */
};
bool stream_secure(struct stream *s, const struct tls *t); /* the server's side of a handshake */
ssize_t stream_read(struct stream *s, void *out, size_t max); /* 0: the end; -1: no more of it */
bool stream_write(struct stream *s, const void *bytes, size_t n); /* all of it */
/* Says goodbye where TLS wants one; the socket stays open. */
void stream_end(struct stream *s);
#endif
