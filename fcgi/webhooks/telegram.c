/* telegram - verifying and reading the updates of a Telegram bot. */
#include "fcgi/webhooks/telegram.h"

#include <string.h>

#include "common/model/recipient.h"
#include "fcgi/webhooks/report.h"
#include "fcgi/webhooks/secrets.h"
#include "fcgi/webhooks/slice.h"

/* The token is all there is: Telegram signs no body. */
enum status telegram_verify(const struct webhook_request *request,
                            const struct provider_config *cfg, struct error *err)
{
    const char *token = request->header(request, "X-Telegram-Bot-Api-Secret-Token");

    if (secrets_are_empty(cfg->secret_token))
        return error_set(err, ST_DENIED, "telegram callback: provider %s has no secret_token",
                         cfg->name);
    if (token == NULL)
        return error_set(err, ST_DENIED, "telegram callback: no X-Telegram-Bot-Api-Secret-Token");
    if (!secrets_have(cfg->secret_token, token))
        return error_set(err, ST_DENIED, "telegram callback: wrong token for provider %s",
                         cfg->name);
    return ST_OK;
}

/* ---- what an update tells ---- */

/* The id of a private chat, as recipients are written; NULL: of a group, or none. */
static const char *private_chat(struct slice text, struct arena *mem)
{
    SCOPED(json_t) chat = slice_read(text);
    const char *type = report_text(mem, chat, "type");
    const char *id = report_text(mem, chat, "id");

    if (type == NULL || strcmp(type, "private") != 0 || id == NULL ||
        !json_is_integer(json_object_get(chat, "id")) || recipient_fault(PF_TELEGRAM, id) != NULL)
        return NULL;
    return id;
}

/* "/start", in a group "/start@TheBot"; what follows it came with the link that was opened. */
static bool is_start(const char *text)
{
    static const char command[] = "/start";
    const char *rest;

    if (text == NULL || strncmp(text, command, strlen(command)) != 0)
        return false;
    rest = text + strlen(command);
    if (*rest == '@')
        rest += strcspn(rest, " \n");
    return *rest == '\0' || *rest == ' ' || *rest == '\n';
}

static const char *event_of_message(struct slice message, struct arena *mem)
{
    return is_start(slice_text(mem, slice_member(message, "text"))) ? "started" : NULL;
}

static const char *event_of_membership(struct slice change, struct arena *mem)
{
    const char *status =
        slice_text(mem, slice_member(slice_member(change, "new_chat_member"), "status"));

    if (status == NULL)
        return NULL;
    if (strcmp(status, "kicked") == 0)
        return "blocked";
    return strcmp(status, "member") == 0 ? "unblocked" : NULL;
}

static const struct kind {
    const char *member; /* of the update, which has one of them */
    const char *(*event)(struct slice value, struct arena *mem); /* NULL: nothing to us */
} kinds[] = {
    { "message", event_of_message },
    { "my_chat_member", event_of_membership },
};

static void report_kind(struct callback_report *report, const struct kind *kind, struct slice value,
                        struct arena *mem)
{
    const char *event = kind->event(value, mem);
    const char *chat = private_chat(slice_member(value, "chat"), mem);

    if (event != NULL && chat != NULL) {
        report->event_name = event;
        report->address = chat;
    }
}

/* ---- the whole ---- */

/* NULL: it has none, and Telegram's updates all have one. */
static const char *update_id(struct slice update, struct arena *mem)
{
    SCOPED(json_t) id = slice_read(slice_member(update, "update_id"));

    return json_is_integer(id) ? arena_printf(mem, "update/%lld", (long long)json_integer_value(id))
                               : NULL;
}

static struct callback_report read_update(struct slice update, struct arena *mem)
{
    struct callback_report report = { .event_id = update_id(update, mem),
                                      .event_name = "other",
                                      .event = CALLBACK_CHANGES_NOTHING };

    if (report.event_id == NULL)
        return report_unreadable();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct slice value = slice_member(update, kinds[i].member);

        if (value.at != NULL)
            report_kind(&report, &kinds[i], value, mem);
    }
    return report;
}

enum status telegram_parse(const struct webhook_request *request, struct arena *mem,
                           struct callback_report **out, size_t *n, struct error *err)
{
    struct callback_report *report;
    struct slice update;

    if (!slice_open(request->body, request->body_len, '{', &update))
        return error_set(err, ST_INVALID, "telegram callback: not an object");
    report = ARENA_NEW(mem, struct callback_report);
    *report = read_update(update, mem);
    *out = report;
    *n = 1;
    return ST_OK;
}
