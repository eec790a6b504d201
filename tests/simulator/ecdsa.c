/* ecdsa - OpenSSL's keys and signatures in base64. */
#include "tests/simulator/ecdsa.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/crypto/digest.h"

struct ecdsa {
    EVP_PKEY *key, *stranger;
    char public[ECDSA_PUBLIC_BYTES];
};

static bool is_p256(const EVP_PKEY *key)
{
    char group[32] = "";

    return key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

    if (f != NULL)
        fclose(f);
    if (is_p256(key))
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    if (key == NULL)
        abort();
    return key;
}

static void write_public(struct ecdsa *e)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(e->key, &der);

    if (len <= 0 || BASE64_BYTES((size_t)len) > sizeof e->public)
        abort();
    base64_encode(der, (size_t)len, e->public);
    OPENSSL_free(der);
}

enum status ecdsa_open(struct ecdsa **out, const char *path, struct error *err)
{
    EVP_PKEY *key = path != NULL ? read_key(path) : new_key();
    struct ecdsa *e;

    if (key == NULL)
        return error_set(err, ST_INVALID, "%s: no private key of the curve P-256 in PEM", path);
    e = calloc(1, sizeof *e);
    if (e == NULL)
        abort();
    e->key = key;
    e->stranger = new_key();
    write_public(e);
    *out = e;
    return ST_OK;
}

void ecdsa_close(struct ecdsa *e)
{
    if (e == NULL)
        return;
    EVP_PKEY_free(e->key);
    EVP_PKEY_free(e->stranger);
    free(e);
}

const char *ecdsa_public(const struct ecdsa *e)
{
    return e->public;
}

void ecdsa_sign(const struct ecdsa *e, bool forged, const char *before, const void *data,
                size_t len, char out[ECDSA_SIGNATURE_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[80];
    size_t der_len = sizeof der;

    if (ctx == NULL ||
        EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, forged ? e->stranger : e->key) != 1 ||
        EVP_DigestSignUpdate(ctx, before, strlen(before)) != 1 ||
        EVP_DigestSignUpdate(ctx, data, len) != 1 || EVP_DigestSignFinal(ctx, der, &der_len) != 1)
        abort();
    EVP_MD_CTX_free(ctx);
    base64_encode(der, der_len, out);
}

static EVP_PKEY *key_of_text(const char *text)
{
    uint8_t der[ECDSA_PUBLIC_BYTES];
    const unsigned char *at = der;
    size_t len = 0;
    EVP_PKEY *key;

    if (strlen(text) >= sizeof der || !base64_decode(text, strlen(text), der, &len))
        return NULL;
    key = d2i_PUBKEY(NULL, &at, (long)len);
    if (is_p256(key) && at == der + len)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

bool ecdsa_verify(const char *public_key, const char *signature, const char *before,
                  const void *data, size_t len)
{
    EVP_PKEY *key = key_of_text(public_key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[ECDSA_SIGNATURE_BYTES];
    size_t der_len = 0;
    bool right;

    right = key != NULL && ctx != NULL && strlen(signature) < sizeof der &&
            base64_decode(signature, strlen(signature), der, &der_len) &&
            EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestVerifyUpdate(ctx, before, strlen(before)) == 1 &&
            EVP_DigestVerifyUpdate(ctx, data, len) == 1 &&
            EVP_DigestVerifyFinal(ctx, der, der_len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return right;
}
