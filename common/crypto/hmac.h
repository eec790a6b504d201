#ifndef COMMON_CRYPTO_HMAC_H
#define COMMON_CRYPTO_HMAC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/*
 * hmac - keyed digests (RFC 2104) and comparison that takes the same time whatever differs.
 */
#define HMAC_SHA1_BYTES 20
#define HMAC_SHA256_BYTES 32
void hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
               uint8_t out[HMAC_SHA1_BYTES]);
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                 uint8_t out[HMAC_SHA256_BYTES]);
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len); /* lengths are public */
#endif
