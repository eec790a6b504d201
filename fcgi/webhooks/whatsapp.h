#ifndef FCGI_WEBHOOKS_WHATSAPP_H
#define FCGI_WEBHOOKS_WHATSAPP_H
#include <stdbool.h>

#include "fcgi/webhooks/webhook.h"
/*
 * whatsapp - status callbacks of Meta's WhatsApp Cloud API, their signature, and the challenge by
 * which Meta makes sure that the URL is ours.  Pure.
 */
#define WHATSAPP_WEBHOOK_PATH "/webhooks/whatsapp"
#define WHATSAPP_BODY_MAX (4u << 20) /* Meta's own maximum is 3 MB */
#define WHATSAPP_CHALLENGE_MAX 512

enum status whatsapp_verify(const struct webhook_request *request,
                            const struct provider_config *cfg, struct error *err);
/*
 * An app gets the callbacks of all its numbers, and each other kind of news of its accounts: only
 * statuses of the provider's own number are reported.
 */
enum status whatsapp_parse(const struct webhook_request *request, struct arena *mem,
                           struct callback_report **out, size_t *n, struct error *err);

/*
 * X-Hub-Signature-256: "sha256=" and HMAC-SHA256(secret, body) in lower-case hexadecimal; secrets
 * are comma-separated, and any of them will do.
 */
bool whatsapp_signature_is_right(const char *signature, const char *secrets, const char *body,
                                 size_t body_len);

/* The body to answer a verification with, by its query ("hub.mode=..."); NULL: refuse it. */
const char *whatsapp_challenge(struct arena *mem, const char *query,
                               const struct provider_config *cfg);
#endif
