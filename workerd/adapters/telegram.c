/* telegram - messages of a bot, by Telegram's Bot API. */
#include "workerd/adapters/kinds.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/utf8.h"
#include "common/model/recipient.h"
#include "workerd/adapters/verdict.h"

#define TEXT_MAX_CHARACTERS 4096
#define BODY_LIMIT (512 * 1024) /* the longest content, each of its bytes escaped */
#define TOKEN_MAX 80            /* the Bot API server takes no longer one */
#define RETRY_AFTER_MAX_S (INT64_C(366) * 24 * 3600)

struct provider {
    struct arena mem;       /* holds the provider too */
    const char *url;        /* holds the token: it must not be shown */
    const char *secret;     /* the token behind its ':' */
    const char *parse_mode; /* NULL: texts are sent as they are */
    int timeout_ms;
};

/* ---- opening ---- */

/* The bot's id, ':' and base64url; all of it stands in the URL's path. */
static bool is_bot_token(const char *text)
{
    size_t id = strspn(text, "0123456789"), secret;

    if (id == 0 || text[0] == '0' || text[id] != ':')
        return false;
    secret =
        strspn(text + id + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return secret > 0 && text[id + 1 + secret] == '\0' && id + 1 + secret <= TOKEN_MAX;
}

static void telegram_close(struct provider *p)
{
    if (p != NULL) {
        struct arena mem = p->mem;

        arena_done(&mem);
    }
}

static enum status telegram_open(struct provider **out, const struct provider_config *cfg,
                                 const char *public_url, struct error *err)
{
    const char *base = *cfg->base_url != '\0' ? cfg->base_url : "https://api.telegram.org";
    struct arena mem = ARENA_INIT;
    struct provider *p;

    if (!is_bot_token(cfg->bot_token))
        return error_set(err, ST_INVALID, "provider %s: bot_token is missing or no token",
                         cfg->name);
    p = ARENA_NEW(&mem, struct provider);
    p->url = arena_printf(&mem, "%s/bot%s/sendMessage", base, cfg->bot_token);
    p->secret = arena_strdup(&mem, strchr(cfg->bot_token, ':') + 1);
    if (strcmp(cfg->parse_mode, "none") != 0)
        p->parse_mode = arena_strdup(&mem, cfg->parse_mode);
    p->timeout_ms = cfg->timeout_ms;
    p->mem = mem;
    *out = p;
    return ST_OK;
}

/* ---- building ---- */

/* A chat's id is a number in JSON, and a channel's name a string. */
static void write_chat(struct json_writer *w, const char *address)
{
    if (*address != '@' && recipient_fault(PF_TELEGRAM, address) == NULL)
        jw_num(w, "chat_id", strtoll(address, NULL, 10));
    else
        jw_text(w, "chat_id", address);
}

/*
 * The sender is the bot, and Telegram knows no subject: delivery.from, subject and html have no
 * place here.  Links are previewed as Telegram does by default.
 */
static enum status telegram_build(const struct provider *p, const struct delivery *d,
                                  struct arena *mem, struct transfer *out, struct error *err)
{
    static const char *const headers[] = { "Content-Type: application/json",
                                           "Accept: application/json", NULL };
    struct buf body = BUF_INIT(BODY_LIMIT);
    struct json_writer w = JSON_WRITER(&body);
    size_t characters = utf8_count(d->content);
    enum status st = ST_OK;

    /* The bound holds for what is left when the markup is taken out: then only Telegram can tell.
     */
    if (p->parse_mode == NULL && characters > TEXT_MAX_CHARACTERS)
        return error_set(err, ST_INVALID, "content_too_long: %zu characters, at most %d",
                         characters, TEXT_MAX_CHARACTERS);
    jw_open(&w, NULL, '{');
    write_chat(&w, d->address);
    jw_text(&w, "text", d->content);
    if (p->parse_mode != NULL)
        jw_text(&w, "parse_mode", p->parse_mode);
    jw_close(&w, '}');
    if (buf_overflowed(&body))
        st = error_set(err, ST_INVALID, "content_too_long: the body passes %d bytes", BODY_LIMIT);
    else
        *out = (struct transfer){
            .kind = TRANSFER_HTTP,
            .url = p->url,
            .headers = headers,
            .body = arena_strndup(mem, buf_str(&body), body.len),
            .body_len = body.len,
            .timeout_ms = p->timeout_ms,
        };
    buf_free(&body);
    return st;
}

/* ---- judging ---- */

/*
 * What {"ok":false,"error_code":...} means: the first row that fits counts.
 *
 * A group that became a supergroup has a new id, and nothing was sent to the old one.
 * "Logged out" and 421 say that this server does not serve the bot, which was moved to another.
 * 403 is the recipient's will (the bot was blocked or kicked, never spoken to) or a user who is
 * gone.
 * 409 is a quarrel about the bot's updates: it says nothing against the recipient, and no method
 * was run.
 */
static const struct outcome {
    int first, last;
    bool moved;              /* only where the answer names the group's new id */
    const char *description; /* only where this is the answer's; NULL: any */
    enum verdict_class class;
} outcomes[] = {
    { 400, 400, true, NULL, VERDICT_NOT_SENT },
    { 400, 400, false, "Logged out", VERDICT_CREDENTIALS },
    { 400, 400, false, NULL, VERDICT_REFUSED },     /* no such chat, bad markup, too long a text */
    { 401, 401, false, NULL, VERDICT_CREDENTIALS }, /* no such token */
    { 403, 403, false, NULL, VERDICT_REFUSED },
    { 404, 404, false, NULL, VERDICT_CREDENTIALS }, /* no such token or method */
    { 409, 409, false, NULL, VERDICT_NOT_SENT },
    { 421, 421, false, NULL, VERDICT_CREDENTIALS },
    { 429, 429, false, NULL, VERDICT_THROTTLED }, /* of the bot or of the chat: it does not say */
    { 500, 599, false, NULL, VERDICT_UNCLEAR },
};

static const struct outcome *find_outcome(int code, bool moved, const char *description)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        const struct outcome *o = &outcomes[i];

        if (code >= o->first && code <= o->last && (moved || !o->moved) &&
            (o->description == NULL || strcmp(o->description, description) == 0))
            return o;
    }
    return NULL;
}

/* The group's new id, as an address; NULL: none. */
static const char *new_address(const json_t *parameters, struct arena *mem)
{
    const json_t *id = json_object_get(parameters, "migrate_to_chat_id");
    const char *address = arena_printf(mem, "%lld", (long long)json_integer_value(id));

    return recipient_fault(PF_TELEGRAM, address) == NULL ? address : NULL;
}

/* The answer's own time wins over the header's, which says the same or was put there by others. */
static int64_t retry_after_ms(const json_t *parameters, const struct reply *r)
{
    int64_t seconds = json_integer_value(json_object_get(parameters, "retry_after"));

    if (seconds <= 0)
        return r->retry_after_ms;
    return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}

static struct verdict judge_error(const struct provider *p, int code, const json_t *doc,
                                  const struct reply *r, struct arena *mem)
{
    const json_t *parameters = json_object_get(doc, "parameters");
    const char *text = json_string_value(json_object_get(doc, "description"));
    const char *moved_to = new_address(parameters, mem);
    const struct outcome *known = find_outcome(code, moved_to != NULL, text != NULL ? text : "");
    struct verdict v =
        verdict_make(known != NULL ? known->class : verdict_class_of_http(code),
                     arena_printf(mem, "tg_%d", code), verdict_words(text, p->secret), r, mem);

    v.retry_after_ms = retry_after_ms(parameters, r);
    v.moved_to = known != NULL && known->moved ? moved_to : NULL;
    return v;
}

/* A message's id is unique only in its chat.  NULL: the answer names none. */
static const char *message_id(const json_t *doc, struct arena *mem)
{
    const json_t *result = json_object_get(doc, "result");
    const json_t *message = json_object_get(result, "message_id");
    const json_t *chat = json_object_get(json_object_get(result, "chat"), "id");

    if (!json_is_integer(message))
        return NULL;
    if (!json_is_integer(chat))
        return arena_printf(mem, "%lld", (long long)json_integer_value(message));
    return arena_printf(mem, "%lld:%lld", (long long)json_integer_value(chat),
                        (long long)json_integer_value(message));
}

/* error_code of an answer that is Telegram's own; 0: the HTTP status must do. */
static int error_code(const json_t *doc)
{
    json_int_t code = json_integer_value(json_object_get(doc, "error_code"));

    return json_is_false(json_object_get(doc, "ok")) && code >= 100 && code <= 999 ? (int)code : 0;
}

static struct verdict telegram_judge(const struct provider *p, const struct reply *r,
                                     struct arena *mem)
{
    bool good = r->status >= 200 && r->status <= 299;
    struct error unreadable;
    SCOPED(json_t) doc = NULL;
    const char *id = NULL;
    int code;

    if (r->reach != REACH_ANSWERED)
        return verdict_of_reach(r, mem);
    /* A gateway may answer with anything: then doc is NULL, and has no members. */
    doc = json_read(r->body, r->body_len, &unreadable);
    if (good && json_is_true(json_object_get(doc, "ok")))
        id = message_id(doc, mem);
    if (id != NULL)
        return verdict_accepted(id);
    code = error_code(doc);
    if (code != 0)
        return judge_error(p, code, doc, r, mem);
    if (good)
        return verdict_make(VERDICT_UNCLEAR, "unreadable_answer", NULL, r, mem);
    return verdict_make(verdict_class_of_http(r->status), arena_printf(mem, "http_%d", r->status),
                        NULL, r, mem);
}

const struct adapter telegram_adapter = {
    .kind = "telegram",
    .platforms = 1u << PF_TELEGRAM,
    .open = telegram_open,
    .build = telegram_build,
    .judge = telegram_judge,
    .close = telegram_close,
};
