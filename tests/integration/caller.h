#ifndef TESTS_INTEGRATION_CALLER_H
#define TESTS_INTEGRATION_CALLER_H
#include <stdint.h>

#include "tests/integration/client.h"
/*
 * caller - callbacks as the providers make and sign them, by OpenSSL and by none of our own code.
 *
 * Each is a plain request, which a test may spoil before it calls.  Texts are borrowed or stay
 * until the test ends.
 */
#define HOOK_HEADERS_MOST 4

struct hook {
    const char *method, *target;
    const char *body; /* NULL: none */
    /* "Name: value"; the first is the type, those after it prove the callback.  NULL ends. */
    const char *headers[HOOK_HEADERS_MOST + 1];
};

struct answer hook_call(const struct hook *h);

/* base: public_url, as the provider was given it. */
struct hook hook_twilio(const char *base, const char *token, const char *target, const char *form);
/* key_file: the private one, in PEM. */
struct hook hook_sendgrid(const char *key_file, int64_t at_s, const char *events);
struct hook hook_whatsapp(const char *secret, const char *body);
struct hook hook_telegram(const char *token, const char *body);
/* Gateways, by the name of their section: HMAC-SHA256 in X-Signature, Standard Webhooks, X-Token.
 */
struct hook hook_hmac(const char *name, const char *secret, const char *body);
struct hook hook_standard(const char *name, const char *secret, const char *id, int64_t at_s,
                          const char *body);
struct hook hook_token(const char *name, const char *secret, const char *form);
#endif
