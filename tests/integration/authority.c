/* authority - certificates for a test. */
#include "tests/integration/authority.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY (24 * 60 * 60L)

struct authority {
    EVP_PKEY *key;
    X509 *own;
    long serial;
};

/* None of these fails, but by our own mistake. */
static void must(int worked)
{
    if (worked <= 0)
        abort();
}

static void extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    must(e != NULL && X509_add_ext(cert, e, -1));
    X509_EXTENSION_free(e);
}

/* Not signed yet. */
static X509 *begin(EVP_PKEY *key, const char *name, long serial, long from, long until)
{
    X509 *cert = X509_new();

    must(cert != NULL && X509_set_version(cert, 2));
    must(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial));
    must(X509_gmtime_adj(X509_getm_notBefore(cert), from) != NULL);
    must(X509_gmtime_adj(X509_getm_notAfter(cert), until) != NULL);
    must(X509_set_pubkey(cert, key));
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                                    (const unsigned char *)name, -1, -1, 0));
    return cert;
}

struct authority *authority_new(const char *bundle)
{
    struct authority *a = calloc(1, sizeof *a);
    FILE *f = fopen(bundle, "w");

    must(a != NULL && f != NULL);
    a->key = EVP_EC_gen("P-256");
    must(a->key != NULL);
    a->own = begin(a->key, "An authority of tests", ++a->serial, -2 * DAY, 2 * DAY);
    must(X509_set_issuer_name(a->own, X509_get_subject_name(a->own)));
    extend(a->own, NID_basic_constraints, "critical,CA:TRUE");
    extend(a->own, NID_key_usage, "critical,keyCertSign");
    must(X509_sign(a->own, a->key, EVP_sha256()));
    must(PEM_write_X509(f, a->own));
    fclose(f);
    return a;
}

void authority_free(struct authority *a)
{
    X509_free(a->own);
    EVP_PKEY_free(a->key);
    free(a);
}

static X509 *certify(struct authority *a, EVP_PKEY *key, const char *host, enum certificate kind)
{
    X509 *cert = begin(key, host, ++a->serial, -2 * DAY, kind == CERT_EXPIRED ? -DAY : DAY);
    X509 *issuer = kind == CERT_SELF_SIGNED ? cert : a->own;
    char names[300];

    snprintf(names, sizeof names, "DNS:%s%s", kind == CERT_OTHER_HOST ? "other-" : "", host);
    extend(cert, NID_subject_alt_name, names);
    must(X509_set_issuer_name(cert, X509_get_subject_name(issuer)));
    must(X509_sign(cert, kind == CERT_SELF_SIGNED ? key : a->key, EVP_sha256()));
    return cert;
}

SSL_CTX *authority_context(struct authority *a, const char *host, enum certificate kind)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert;

    must(ctx != NULL && key != NULL);
    cert = certify(a, key, host, kind);
    must(SSL_CTX_use_certificate(ctx, cert));
    must(SSL_CTX_use_PrivateKey(ctx, key));
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}
