/* hmac - keyed digests (RFC 2104) and comparison in constant time. */
#include "common/crypto/hmac.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/*
 * Contexts with the digest already looked up, but no key: a call copies one instead of searching
 * OpenSSL's providers.  They never change after fetch(), so all threads may copy them.
 */
static EVP_MAC_CTX *with_sha1, *with_sha256;
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static EVP_MAC_CTX *context_new(EVP_MAC *mac, char *digest)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

    if (ctx == NULL || EVP_MAC_CTX_set_params(ctx, params) != 1)
        abort();
    return ctx;
}

static void fetch(void)
{
    char sha1[] = "SHA1", sha256[] = "SHA256"; /* OSSL_PARAM wants them writable */
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    if (mac == NULL)
        abort();
    with_sha1 = context_new(mac, sha1);
    with_sha256 = context_new(mac, sha256);
    EVP_MAC_free(mac); /* the contexts hold on to it */
}

static void hmac(const EVP_MAC_CTX *model, const void *key, size_t key_len, const void *data,
                 size_t len, uint8_t *out, size_t out_size)
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(model);
    size_t written;

    /* A NULL key would mean "the one before": an empty key is a pointer to nothing. */
    if (ctx == NULL || EVP_MAC_init(ctx, key_len > 0 ? key : "", key_len, NULL) != 1 ||
        EVP_MAC_update(ctx, data, len) != 1 || EVP_MAC_final(ctx, out, &written, out_size) != 1)
        abort();
    EVP_MAC_CTX_free(ctx);
}

void hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
               uint8_t out[HMAC_SHA1_BYTES])
{
    pthread_once(&fetch_once, fetch);
    hmac(with_sha1, key, key_len, data, len, out, HMAC_SHA1_BYTES);
}

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                 uint8_t out[HMAC_SHA256_BYTES])
{
    pthread_once(&fetch_once, fetch);
    hmac(with_sha256, key, key_len, data, len, out, HMAC_SHA256_BYTES);
}

bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}
