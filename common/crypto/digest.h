#ifndef COMMON_CRYPTO_DIGEST_H
#define COMMON_CRYPTO_DIGEST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/*
 * digest - SHA-256, and the text forms of bytes.  Any thread.
 */
#define SHA256_BYTES 32
#define SHA256_HEX_BYTES 65
void sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES]);
const char *sha256_hex(const void *data, size_t len, char out[SHA256_HEX_BYTES]); /* lower case */
void hex_encode(const uint8_t *data, size_t len, char *out); /* 2 * len + 1 bytes */

/* RFC 4648 section 4, with padding, no line breaks.  out: BASE64_BYTES(len). */
#define BASE64_BYTES(len) (((len) + 2) / 3 * 4 + 1)
void base64_encode(const void *data, size_t len, char *out);
/* Strict: length, alphabet, padding.  out holds at least len / 4 * 3 bytes.  False: not base64. */
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len);
#endif
