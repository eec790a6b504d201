/* cursor - a place and the proof that we gave it for this list. */
#include "fcgi/cursor.h"

#include <string.h>

#include "common/crypto/digest.h"

#define PROOF_BYTES 9

static void prove(const char *place, const char *scope, struct arena *mem, uint8_t out[PROOF_BYTES])
{
    const char *both = arena_printf(mem, "%s\n%s", scope, place);
    uint8_t digest[SHA256_BYTES];

    sha256(both, strlen(both), digest);
    memcpy(out, digest, PROOF_BYTES);
}

static void swap(char *text, char a, char to_a, char b, char to_b)
{
    for (; *text != '\0'; text++) {
        if (*text == a)
            *text = to_a;
        else if (*text == b)
            *text = to_b;
    }
}

const char *cursor_make(struct arena *mem, const char *place, const char *scope)
{
    size_t len = strlen(place);
    uint8_t *raw = arena_alloc(mem, PROOF_BYTES + len);
    char *text = arena_alloc(mem, BASE64_BYTES(PROOF_BYTES + len));

    prove(place, scope, mem, raw);
    memcpy(raw + PROOF_BYTES, place, len);
    base64_encode(raw, PROOF_BYTES + len, text);
    swap(text, '+', '-', '/', '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}

bool cursor_read(struct arena *mem, const char *text, const char *scope, const char **place)
{
    size_t len = strlen(text), raw_len;
    char padded[CURSOR_TEXT_MAX + 4];
    uint8_t raw[CURSOR_TEXT_MAX], proof[PROOF_BYTES];
    char *found;

    if (len > CURSOR_TEXT_MAX || strpbrk(text, "+/=") != NULL)
        return false;
    strcpy(padded, text);
    while (len % 4 != 0)
        padded[len++] = '=';
    padded[len] = '\0';
    swap(padded, '-', '+', '_', '/');
    if (!base64_decode(padded, len, raw, &raw_len) || raw_len <= PROOF_BYTES ||
        raw_len > PROOF_BYTES + CURSOR_PLACE_MAX)
        return false;
    found = arena_strndup(mem, (const char *)raw + PROOF_BYTES, raw_len - PROOF_BYTES);
    prove(found, scope, mem, proof);
    if (memcmp(raw, proof, PROOF_BYTES) != 0 || strlen(found) != raw_len - PROOF_BYTES)
        return false;
    *place = found;
    return true;
}
