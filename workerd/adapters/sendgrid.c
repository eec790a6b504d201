/* sendgrid - mail by SendGrid's v3 mail/send. */
#include "workerd/adapters/kinds.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "workerd/adapters/mail.h"
#include "workerd/adapters/verdict.h"

#define BODY_LIMIT (2u << 20) /* the largest text and html, every byte of them escaped */
#define RESET_MAX_S 3600      /* a limit that ends later is not believed */

struct provider {
    struct arena mem; /* holds the provider too */
    const char *url;
    const char *headers[4];
    const char *list_unsubscribe;
    int timeout_ms;
};

/* Their places in a reply. */
enum { MESSAGE_ID, RATE_RESET };
static const char *const wanted[] = {
    [MESSAGE_ID] = "X-Message-Id", [RATE_RESET] = "X-RateLimit-Reset", NULL
};

/* ---- opening ---- */

/* The key stands in a header. */
static bool is_key(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static void sendgrid_close(struct provider *p)
{
    if (p != NULL) {
        struct arena mem = p->mem;

        arena_done(&mem);
    }
}

static enum status sendgrid_open(struct provider **out, const struct provider_config *cfg,
                                 const char *public_url, struct error *err)
{
    const char *base = *cfg->base_url != '\0' ? cfg->base_url : "https://api.sendgrid.com";
    enum status st = mail_check_config(cfg, err);
    struct arena mem = ARENA_INIT;
    struct provider *p;

    if (st != ST_OK)
        return st;
    if (!is_key(cfg->api_key))
        return error_set(err, ST_INVALID, "provider %s: api_key is missing or no key", cfg->name);
    p = ARENA_NEW(&mem, struct provider);
    p->url = arena_printf(&mem, "%s/v3/mail/send", base);
    p->headers[0] = "Content-Type: application/json";
    p->headers[1] = "Accept: application/json";
    p->headers[2] = arena_printf(&mem, "Authorization: Bearer %s", cfg->api_key);
    p->list_unsubscribe = arena_strdup(&mem, cfg->list_unsubscribe);
    p->timeout_ms = cfg->timeout_ms;
    p->mem = mem;
    *out = p;
    return ST_OK;
}

/* ---- building ---- */

static void add_mailbox(struct json_writer *w, const char *name, const char *email,
                        const char *display)
{
    jw_open(w, name, '{');
    jw_text(w, "email", email);
    if (*display != '\0')
        jw_text(w, "name", display);
    jw_close(w, '}');
}

/*
 * One recipient a request: SendGrid names one id for each.  custom_args come back with every event,
 * so that one which overtakes our own record finds its row.
 */
static void add_personalizations(struct json_writer *w, const struct delivery *d)
{
    jw_open(w, "personalizations", '[');
    jw_open(w, NULL, '{');
    jw_open(w, "to", '[');
    add_mailbox(w, NULL, d->address, "");
    jw_close(w, ']');
    jw_open(w, "custom_args", '{');
    jw_text(w, "notification_id", d->recipient_id);
    jw_close(w, '}');
    jw_close(w, '}');
    jw_close(w, ']');
}

static void add_part(struct json_writer *w, const char *type, const char *value)
{
    if (value == NULL || *value == '\0') /* SendGrid refuses an empty one */
        return;
    jw_open(w, NULL, '{');
    jw_text(w, "type", type);
    jw_text(w, "value", value);
    jw_close(w, '}');
}

/* The plain text must come first. */
static void add_content(struct json_writer *w, const struct delivery *d)
{
    jw_open(w, "content", '[');
    add_part(w, "text/plain", d->content);
    add_part(w, "text/html", d->html);
    jw_close(w, ']');
}

static void add_headers(struct json_writer *w, const struct mail *mail)
{
    if (mail->unsubscribe == NULL)
        return;
    jw_open(w, "headers", '{');
    jw_text(w, "List-Unsubscribe", mail->unsubscribe);
    if (mail->one_click)
        jw_text(w, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    jw_close(w, '}');
}

static void write_body(struct buf *out, const struct delivery *d, const struct mail *mail)
{
    struct json_writer w = JSON_WRITER(out);

    jw_open(&w, NULL, '{');
    add_personalizations(&w, d);
    add_mailbox(&w, "from", mail->from_addr, mail->from_name);
    jw_text(&w, "subject", mail->subject);
    add_content(&w, d);
    add_headers(&w, mail);
    jw_close(&w, '}');
}

static enum status sendgrid_build(const struct provider *p, const struct delivery *d,
                                  struct arena *mem, struct transfer *out, struct error *err)
{
    struct buf body = BUF_INIT(BODY_LIMIT);
    struct mail mail;
    enum status st = mail_describe(&mail, d, p->list_unsubscribe, mem, err);

    if (st != ST_OK)
        return st;
    write_body(&body, d, &mail);
    if (buf_overflowed(&body))
        st = error_set(err, ST_INVALID, "content_too_long: the mail passes %u bytes", BODY_LIMIT);
    else
        *out = (struct transfer){
            .kind = TRANSFER_HTTP,
            .url = p->url,
            .headers = p->headers,
            .want_headers = wanted,
            .body = arena_strndup(mem, buf_str(&body), body.len),
            .body_len = body.len,
            .timeout_ms = p->timeout_ms,
        };
    buf_free(&body);
    return st;
}

/* ---- judging ---- */

/*
 * The only resource is mail/send: where there is none, or none that takes POST, base_url is wrong.
 * A status without a row goes by what it says by itself.
 */
static const struct {
    int status;
    enum verdict_class class;
} classes[] = {
    { 200, VERDICT_ACCEPTED }, /* checked only: the account sends nothing (sandbox mode) */
    { 202, VERDICT_ACCEPTED },    { 400, VERDICT_REFUSED },     { 401, VERDICT_CREDENTIALS },
    { 403, VERDICT_CREDENTIALS }, /* but for a sender that is not ours there */
    { 404, VERDICT_CREDENTIALS }, { 405, VERDICT_CREDENTIALS }, { 413, VERDICT_REFUSED },
    { 429, VERDICT_THROTTLED },
};

static enum verdict_class class_of_status(int status)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].status == status)
            return classes[i].class;
    return verdict_class_of_http(status);
}

/* A 403 for the sender: this account has not verified it.  Any other is for the key. */
static bool is_of_sender(const char *field)
{
    return field != NULL && (strcmp(field, "from") == 0 || strncmp(field, "from.", 5) == 0);
}

/* The limit's end is a Unix time in seconds; -1: not named, past, or not to be believed. */
static int64_t wait_for_reset(const struct reply *r)
{
    const char *text = r->headers[RATE_RESET];
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
    int64_t wait_ms;

    if (digits == 0 || digits > 12 || text[digits] != '\0')
        return -1;
    wait_ms = strtoll(text, NULL, 10) * INT64_C(1000) - r->now_ms;
    return wait_ms > 0 && wait_ms <= RESET_MAX_S * INT64_C(1000) ? wait_ms : -1;
}

static struct verdict judge_refusal(const json_t *doc, enum verdict_class class,
                                    const struct reply *r, struct arena *mem)
{
    const json_t *first = json_array_get(json_object_get(doc, "errors"), 0);
    const char *field = json_string_value(json_object_get(first, "field"));
    const char *text = json_string_value(json_object_get(first, "message"));
    struct verdict v;

    if (field != NULL && text != NULL)
        text = arena_printf(mem, "%s: %s", field, text);
    if (r->status == 403 && is_of_sender(field))
        class = VERDICT_REFUSED_HERE;
    v = verdict_make(class, arena_printf(mem, "http_%d", r->status), text, r, mem);
    if (class == VERDICT_THROTTLED && v.retry_after_ms < 0)
        v.retry_after_ms = wait_for_reset(r);
    return v;
}

/* NULL: none, or none that can be stored and found again. */
static const char *message_id(const struct reply *r, struct arena *mem)
{
    const char *id = r->headers[MESSAGE_ID];

    return id != NULL && is_key(id) ? arena_strdup(mem, id) : NULL;
}

static struct verdict sendgrid_judge(const struct provider *p, const struct reply *r,
                                     struct arena *mem)
{
    enum verdict_class class = class_of_status(r->status);
    struct error unreadable;
    SCOPED(json_t) doc = NULL;

    if (r->reach != REACH_ANSWERED)
        return verdict_of_reach(r, mem);
    if (class == VERDICT_ACCEPTED)
        return verdict_accepted(message_id(r, mem));
    /* A gateway may answer with anything: then doc is NULL, and has no members. */
    doc = json_read(r->body, r->body_len, &unreadable);
    return judge_refusal(doc, class, r, mem);
}

const struct adapter sendgrid_adapter = {
    .kind = "sendgrid",
    .platforms = 1u << PF_EMAIL,
    .open = sendgrid_open,
    .build = sendgrid_build,
    .judge = sendgrid_judge,
    .close = sendgrid_close,
};
