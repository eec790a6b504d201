/* stream - recv() and send(), or OpenSSL's in their place. */
#include "tests/simulator/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base/random.h"

#define LIFE_SECONDS (10L * 365 * 24 * 3600)
#define PEM_BYTES 16384

struct tls {
    SSL_CTX *ctx;
    char pem[PEM_BYTES];
};

/* ---- a certificate ---- */

static void add_name(X509 *cert)
{
    X509_NAME *name = X509_get_subject_name(cert);

    if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
                                   -1, 0) != 1 ||
        X509_set_issuer_name(cert, name) != 1)
        abort();
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    if (extension == NULL || X509_add_ext(cert, extension, -1) != 1)
        abort();
    X509_EXTENSION_free(extension);
}

/* Signed by itself: who trusts it as an authority trusts the server. */
static X509 *new_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    uint64_t serial;

    if (cert == NULL)
        abort();
    random_bytes(&serial, sizeof serial);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), LIFE_SECONDS);
    X509_set_pubkey(cert, key);
    add_name(cert);
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    if (X509_sign(cert, key, EVP_sha256()) == 0)
        abort();
    return cert;
}

static void use_new_identity(SSL_CTX *ctx)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key != NULL ? new_certificate(key) : NULL;

    if (cert == NULL || SSL_CTX_use_certificate(ctx, cert) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, key) != 1)
        abort();
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void write_pem(struct tls *t)
{
    BIO *out = BIO_new(BIO_s_mem());
    int n;

    if (out == NULL || PEM_write_bio_X509(out, SSL_CTX_get0_certificate(t->ctx)) != 1)
        abort();
    n = BIO_read(out, t->pem, sizeof t->pem - 1);
    t->pem[n > 0 ? n : 0] = '\0';
    BIO_free(out);
}

enum status tls_open(struct tls **out, const char *certificate, const char *key, struct error *err)
{
    struct tls *t = calloc(1, sizeof *t);

    if (t == NULL)
        abort();
    t->ctx = SSL_CTX_new(TLS_server_method());
    if (t->ctx == NULL)
        abort();
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_AUTO_RETRY);
    if (certificate == NULL) {
        use_new_identity(t->ctx);
    } else if (SSL_CTX_use_certificate_chain_file(t->ctx, certificate) != 1 ||
               SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1 ||
               SSL_CTX_check_private_key(t->ctx) != 1) {
        tls_close(t);
        return error_set(err, ST_INVALID, "%s and %s are no certificate and its key", certificate,
                         key);
    }
    write_pem(t);
    *out = t;
    return ST_OK;
}

void tls_close(struct tls *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

const char *tls_certificate(const struct tls *t)
{
    return t->pem;
}

/* ---- a stream ---- */

bool stream_secure(struct stream *s, const struct tls *t)
{
    SSL *ssl = SSL_new(t->ctx);

    if (ssl == NULL || SSL_set_fd(ssl, s->fd) != 1)
        abort();
    s->ssl = ssl;
    return SSL_accept(ssl) == 1;
}

ssize_t stream_read(struct stream *s, void *out, size_t max)
{
    ssize_t n;

    if (s->ssl != NULL) {
        n = SSL_read(s->ssl, out, (int)max);
        return n > 0 ? n : SSL_get_error(s->ssl, (int)n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
    }
    do
        n = recv(s->fd, out, max, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

bool stream_write(struct stream *s, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n > 0) {
        ssize_t done = s->ssl != NULL ? SSL_write(s->ssl, at, (int)(n < 65536 ? n : 65536))
                                      : send(s->fd, at, n, MSG_NOSIGNAL);

        if (done <= 0 && (s->ssl != NULL || errno != EINTR))
            return false;
        at += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

void stream_end(struct stream *s)
{
    if (s->ssl == NULL)
        return;
    SSL_shutdown(s->ssl);
    SSL_free(s->ssl);
    s->ssl = NULL;
}
