/* digest - SHA-256, and the text forms of bytes. */
#include "common/crypto/digest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

/* Looked up once: OpenSSL 3 would otherwise search its providers at every call. */
static EVP_MD *algorithm;
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (algorithm == NULL)
        abort();
}

void sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    pthread_once(&fetch_once, fetch);
    if (EVP_Digest(data, len, out, NULL, algorithm, NULL) != 1)
        abort();
}

const char *sha256_hex(const void *data, size_t len, char out[SHA256_HEX_BYTES])
{
    uint8_t digest[SHA256_BYTES];

    sha256(data, len, digest);
    hex_encode(digest, sizeof digest, out);
    return out;
}

void hex_encode(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Up to three bytes become four characters; missing bytes become padding. */
static void encode_group(const uint8_t *in, size_t n, char *out)
{
    uint32_t bits = (uint32_t)in[0] << 16;

    if (n > 1)
        bits |= (uint32_t)in[1] << 8;
    if (n > 2)
        bits |= in[2];
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
    out[3] = n > 2 ? alphabet[bits & 63] : '=';
}

void base64_encode(const void *data, size_t len, char *out)
{
    const uint8_t *in = data;

    for (size_t i = 0; i < len; i += 3, out += 4)
        encode_group(in + i, len - i, out);
    *out = '\0';
}

static bool add_character(char c, uint32_t *bits)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);

    if (at == NULL)
        return false;
    *bits = *bits << 6 | (uint32_t)(at - alphabet);
    return true;
}

/* Four characters, the last `padding` of them '=', become 3 - padding bytes. */
static bool decode_group(const char *in, size_t padding, uint8_t *out)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4 - padding; i++)
        if (!add_character(in[i], &bits))
            return false;
    bits <<= 6 * padding;
    /* RFC 4648 section 3.5: bits that belong to no byte are zero, so each text has one meaning. */
    if ((bits & ((1U << 8 * padding) - 1)) != 0)
        return false;
    for (size_t i = 0; i < 3 - padding; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    return true;
}

bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
    size_t padding = 0;

    if (len % 4 != 0)
        return false;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < len; i += 4, out += 3)
        if (!decode_group(text + i, i + 4 == len ? padding : 0, out))
            return false;
    *out_len = len / 4 * 3 - padding;
    return true;
}
