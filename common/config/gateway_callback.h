#ifndef COMMON_CONFIG_GATEWAY_CALLBACK_H
#define COMMON_CONFIG_GATEWAY_CALLBACK_H
#include "common/config/gateway.h"
/*
 * gateway_callback - what a provider of kind http says about its callbacks, understood: what proves
 * them, and what stands where in them.  Pure.
 *
 * check.c asks whether it can be understood, the webhook works by it.
 */
enum gateway_proof {
    PROOF_NONE,            /* no callback is believed */
    PROOF_HMAC_SHA256_HEX, /* of the body, in the named header */
    PROOF_HMAC_SHA256_BASE64,
    PROOF_HMAC_SHA1_HEX,
    PROOF_TOKEN,   /* the secret itself, in the named header */
    PROOF_QUERY,   /* the secret itself, as the named parameter of the URL */
    PROOF_STANDARD /* Standard Webhooks 1.0 */
};

struct gateway_callback {
    enum gateway_proof proof;
    const char *proof_name; /* of the header or parameter; "": the scheme's own */
    const char *secrets;    /* comma-separated, any of them will do */
    const char *id_path, *recipient_path, *event_path; /* "": none */
    const char *status_path, *code_path, *error_path;
    const char *sent, *delivered, *read, *failed; /* values at status_path, comma-separated */
};

#define GATEWAY_CALLBACK_FAULTS 12 /* as many as there are keys */

/* Copies what it keeps.  As gateway_read(): the number of faults, each of another key. */
size_t gateway_callback_read(struct arena *mem, const struct provider_config *cfg,
                             struct gateway_callback *out,
                             struct gateway_fault faults[GATEWAY_CALLBACK_FAULTS]);
#endif
