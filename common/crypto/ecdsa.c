/* ecdsa - OpenSSL's check of a signature, behind stricter reading of both texts. */
#include "common/crypto/ecdsa.h"

#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/crypto/digest.h"

#define KEY_BYTES 91
#define KEY_LENGTH (BASE64_BYTES(KEY_BYTES) - 1)
#define SIGNATURE_BYTES_MAX 72 /* two integers of 33 bytes and three headers */
#define SIGNATURE_LENGTH_MAX (BASE64_BYTES(SIGNATURE_BYTES_MAX) - 1)

/*
 * How each uncompressed key of this curve begins: id-ecPublicKey, prime256v1 by its name, a bit
 * string.  So no other curve, and none that the key describes itself, ever reaches OpenSSL.
 */
static const uint8_t key_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                    0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                    0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04 };

/* NULL: not a key of this curve.  OpenSSL sees to it that the point lies on it. */
static EVP_PKEY *read_key(const char *text, size_t len)
{
    uint8_t der[KEY_LENGTH / 4 * 3];
    const unsigned char *at = der;
    size_t der_len;

    if (len != KEY_LENGTH || !base64_decode(text, len, der, &der_len) || der_len != KEY_BYTES ||
        memcmp(der, key_head, sizeof key_head) != 0)
        return NULL;
    return d2i_PUBKEY(NULL, &at, KEY_BYTES);
}

bool ecdsa_p256_is_key(const char *key, size_t key_len)
{
    EVP_PKEY *pkey = read_key(key, key_len);
    bool is_key = pkey != NULL;

    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return is_key;
}

/* OpenSSL itself refuses integers and lengths that DER would have written otherwise. */
static bool is_right(EVP_PKEY *key, const uint8_t *der, size_t der_len, const void *head,
                     size_t head_len, const void *body, size_t body_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool right = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestVerifyUpdate(ctx, head, head_len) == 1 &&
                 EVP_DigestVerifyUpdate(ctx, body, body_len) == 1 &&
                 EVP_DigestVerifyFinal(ctx, der, der_len) == 1;

    EVP_MD_CTX_free(ctx);
    return right;
}

/* What OpenSSL notes of a failure would be read as that of this thread's next TLS call. */
bool ecdsa_p256_is_right(const char *key, size_t key_len, const char *signature, const void *head,
                         size_t head_len, const void *body, size_t body_len)
{
    size_t length = strnlen(signature, SIGNATURE_LENGTH_MAX + 1), der_len;
    uint8_t der[SIGNATURE_LENGTH_MAX / 4 * 3];
    EVP_PKEY *pkey;
    bool right;

    if (length == 0 || length > SIGNATURE_LENGTH_MAX ||
        !base64_decode(signature, length, der, &der_len))
        return false;
    pkey = read_key(key, key_len);
    right = pkey != NULL && is_right(pkey, der, der_len, head, head_len, body, body_len);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return right;
}
