#ifndef FCGI_WEBHOOKS_TWILIO_H
#define FCGI_WEBHOOKS_TWILIO_H
#include <stdbool.h>

#include "common/base/urlform.h"
#include "fcgi/webhooks/webhook.h"
/*
 * twilio - status callbacks of Twilio's Messages resource, and their signature.  Pure.
 */
#define TWILIO_WEBHOOK_PATH "/webhooks/twilio"

enum status twilio_verify(const struct webhook_request *request, const struct provider_config *cfg,
                          struct error *err);
enum status twilio_parse(const struct webhook_request *request, struct arena *mem,
                         struct callback_report **out, size_t *n, struct error *err);

/*
 * X-Twilio-Signature: Base64(HMAC-SHA1(token, url and parameters)).  url is the one that Twilio
 * called, with or without its port; tokens are comma-separated, and any of them will do.
 */
bool twilio_signature_is_right(const char *signature, const char *tokens, const char *url,
                               const struct urlform *parameters);
#endif
