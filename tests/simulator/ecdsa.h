#ifndef SIMULATOR_ECDSA_H
#define SIMULATOR_ECDSA_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
/*
 * ecdsa - signatures on the curve P-256 over SHA-256, as text.  Any thread once opened.
 */
#define ECDSA_PUBLIC_BYTES 128    /* SubjectPublicKeyInfo in base64, with its NUL */
#define ECDSA_SIGNATURE_BYTES 100 /* an ASN.1 sequence of r and s in base64, with its NUL */

struct ecdsa;
/* path: a private key in PEM; NULL: a new one is made. */
enum status ecdsa_open(struct ecdsa **out, const char *path, struct error *err);
void ecdsa_close(struct ecdsa *e); /* takes NULL */
const char *ecdsa_public(const struct ecdsa *e); /* one line of base64, without armour */

/* Of `before` and the data, one behind the other.  forged: by a key that nobody knows. */
void ecdsa_sign(const struct ecdsa *e, bool forged, const char *before, const void *data,
                size_t len, char out[ECDSA_SIGNATURE_BYTES]);
/* Whether a signature is right under a public key; malformed ones are not. */
bool ecdsa_verify(const char *public_key, const char *signature, const char *before,
                  const void *data, size_t len);
#endif
