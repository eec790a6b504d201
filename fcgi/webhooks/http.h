#ifndef FCGI_WEBHOOKS_HTTP_H
#define FCGI_WEBHOOKS_HTTP_H
#include <stdbool.h>

#include "fcgi/webhooks/webhook.h"
/*
 * http - callbacks of gateways that the configuration describes.  Pure.
 *
 * Each has a URL of its own, /webhooks/http/NAME, since nothing else tells one from another.  What
 * proves a callback and what stands where in it: common/config/gateway_callback.h.
 */
#define HTTP_WEBHOOK_PATH "/webhooks/http"
#define HTTP_BODY_MAX (1u << 20)
#define HTTP_TOLERANCE_S 300 /* of Standard Webhooks: as its own libraries have it */

enum status http_verify(const struct webhook_request *request, const struct provider_config *cfg,
                        struct error *err);
/*
 * The body is a form, an object of JSON, or an array of them; without a body the query tells all.
 * A report that names no message, or has no value where one is looked for, is "unreadable".
 */
enum status http_parse(const struct webhook_request *request, struct arena *mem,
                       struct callback_report **out, size_t *n, struct error *err);

/*
 * Standard Webhooks 1.0: signature is a list, divided by blanks, of "v1," and
 * Base64(HMAC-SHA256(secret, id.timestamp.body)); secrets are comma-separated, in base64.  Any of
 * both will do.  Knows no clock.
 */
bool http_standard_is_right(const char *signature, const char *id, const char *timestamp,
                            const char *secrets, const char *body, size_t body_len);
#endif
