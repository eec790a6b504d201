#ifndef FCGI_WEBHOOKS_TELEGRAM_H
#define FCGI_WEBHOOKS_TELEGRAM_H
#include "fcgi/webhooks/webhook.h"
/*
 * telegram - updates of a Telegram bot: who has started it, who has blocked it.  Pure.
 *
 * Telegram tells nothing of what becomes of a message, so no update is about one: a report names
 * the chat instead, and changes nothing.
 */
#define TELEGRAM_WEBHOOK_PATH "/webhooks/telegram"
#define TELEGRAM_BODY_MAX (1u << 20)

enum status telegram_verify(const struct webhook_request *request,
                            const struct provider_config *cfg, struct error *err);
/*
 * One report: "started", "blocked" or "unblocked" with the private chat's id as its address; or
 * "other".  Telegram holds back all later updates until one is answered with success, so nothing
 * that a stranger writes may make an update unreadable.
 */
enum status telegram_parse(const struct webhook_request *request, struct arena *mem,
                           struct callback_report **out, size_t *n, struct error *err);
#endif
