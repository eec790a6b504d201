#ifndef FCGI_WEBHOOKS_SENDGRID_H
#define FCGI_WEBHOOKS_SENDGRID_H
#include <stdbool.h>

#include "fcgi/webhooks/webhook.h"
/*
 * sendgrid - SendGrid's event webhook: batches of events, and the signature over each batch.  Pure.
 */
#define SENDGRID_WEBHOOK_PATH "/webhooks/sendgrid"
#define SENDGRID_BODY_MAX (4u << 20) /* it sends what gathered in 30 seconds, or at 768 kB */

/* SendGrid repeats a batch for 24 hours, and does not say that it signs it anew. */
#define SENDGRID_OLDEST_S (25 * 3600)
#define SENDGRID_AHEAD_S 300

enum status sendgrid_verify(const struct webhook_request *request,
                            const struct provider_config *cfg, struct error *err);
/* An event that can't be read is reported as "unreadable", and spoils no other. */
enum status sendgrid_parse(const struct webhook_request *request, struct arena *mem,
                           struct callback_report **out, size_t *n, struct error *err);

/*
 * ECDSA over the timestamp's text and the body as received; keys are comma-separated, and any of
 * them will do.  Knows no clock: how old the timestamp is, is not looked at.
 */
bool sendgrid_signature_is_right(const char *signature, const char *timestamp, const char *keys,
                                 const char *body, size_t body_len);
#endif
