#ifndef SIMULATOR_WHATSAPP_H
#define SIMULATOR_WHATSAPP_H
#include "common/crypto/hmac.h"
#include "tests/simulator/provider.h"
/*
 * whatsapp - the messages edge of Meta's WhatsApp Cloud API, and its status webhook.
 *
 * Numbers 1555000NNNN, with or without '+', choose a behaviour by NNNN.
 */
#define WHATSAPP_TEXT_MAX 4096
#define WHATSAPP_OPAQUE_MAX 512
#define WHATSAPP_RETRIES 10 /* of a callback that is not answered 2xx */
#define WHATSAPP_SIGNATURE_BYTES (sizeof "sha256=" + 2 * (size_t)HMAC_SHA256_BYTES)

extern const struct provider whatsapp_provider;

/* The faults that only this provider has. */
enum whatsapp_fault {
    WHATSAPP_PAIR_LIMITED = FAULT_COUNT,
    WHATSAPP_ACCOUNT_LIMITED,
    WHATSAPP_SPAM_LIMITED,
    WHATSAPP_UNDELIVERABLE,
    WHATSAPP_FORBIDDEN,
    WHATSAPP_POLICY,
    WHATSAPP_NOT_ON_TRIAL,
    WHATSAPP_COUNTRY_CLOSED,
    WHATSAPP_MAINTENANCE,
    WHATSAPP_FAULTS
};

/* And its own event: a text came too long after the recipient's last message. */
#define WHATSAPP_WINDOW_CLOSED EVENT_COUNT
#define WHATSAPP_WINDOW_NUMBER 7047

/* Of one answer; details and subcode only where there are any. */
struct whatsapp_error {
    int status, code, subcode;
    const char *message, *details;
};
void whatsapp_refuse(struct exchange *x, const struct whatsapp_error *e);

/* X-Hub-Signature-256 of a body: "sha256=" and lower-case hexadecimal. */
void whatsapp_sign(const char *app_secret, const void *body, size_t len,
                   char out[WHATSAPP_SIGNATURE_BYTES]);

/* whatsapp_provider's; see provider.h. */
bool whatsapp_check(const struct settings *s, struct exchange *x);
void whatsapp_callback(const struct settings *s, const struct item *items, size_t count,
                       struct arena *mem, struct post *out);
const char *whatsapp_event_name(int event);
#endif
