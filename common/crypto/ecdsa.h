#ifndef COMMON_CRYPTO_ECDSA_H
#define COMMON_CRYPTO_ECDSA_H
#include <stdbool.h>
#include <stddef.h>
/*
 * ecdsa - signatures over P-256 with SHA-256 (FIPS 186-5), checked against a public key.  Any
 * thread.
 *
 * Each text has one spelling: base64 as digest.h reads it, the key a SubjectPublicKeyInfo that
 * names the curve and holds the whole point (RFC 5480), the signature in DER.  Anything else is
 * wrong.
 */
bool ecdsa_p256_is_key(const char *key, size_t key_len);

/* The signature is of head and then body, with nothing between. */
bool ecdsa_p256_is_right(const char *key, size_t key_len, const char *signature, const void *head,
                         size_t head_len, const void *body, size_t body_len);
#endif
