/* twilio - verifying and reading the callbacks of Twilio's Messages resource. */
#include "fcgi/webhooks/twilio.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "common/base/uuid.h"
#include "common/model/recipient.h"
#include "fcgi/webhooks/reading.h"
#include "fcgi/webhooks/report.h"
#include "fcgi/webhooks/secrets.h"

#define TARGET_MAX 8192
#define SIGNED_LIMIT (2 * WEBHOOK_BODY_MAX)
#define SIGNATURE_LENGTH (BASE64_BYTES(HMAC_SHA1_BYTES) - 1)
#define SID_MAX 64

/* ---- the signature ---- */

/* Keys alone decide the order ("Reason" before "ReasonX"), then the values of a repeated key. */
static int compare_pairs(const void *a, const void *b)
{
    const struct urlform_pair *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order != 0 ? order : strcmp(x->value, y->value);
}

/* Key and value without anything between; a pair that is repeated counts once. */
static void add_parameters(struct buf *out, const struct urlform_pair *sorted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_pairs(&sorted[i - 1], &sorted[i]) == 0)
            continue;
        buf_adds(out, sorted[i].key);
        buf_adds(out, sorted[i].value);
    }
}

/* Where a URL's authority falls apart. */
struct url_parts {
    const char *scheme, *host, *port, *rest; /* each up to the next; port is "" or ":8443" */
    size_t scheme_len, host_len, port_len;
};

static bool split_url(const char *url, struct url_parts *out)
{
    const char *authority = strstr(url, "://"), *end, *at, *bracket, *colon;

    if (authority == NULL)
        return false;
    authority += strlen("://");
    end = authority + strcspn(authority, "/?#");
    at = memrchr(authority, '@', (size_t)(end - authority));
    out->scheme = url;
    out->scheme_len = (size_t)(authority - url);
    /* Twilio drops "user:password@" before it signs. */
    out->host = at != NULL ? at + 1 : authority;
    bracket = memrchr(out->host, ']', (size_t)(end - out->host));
    colon = memrchr(out->host, ':', (size_t)(end - out->host));
    if (colon == NULL || (bracket != NULL && colon < bracket))
        colon = end;
    out->host_len = (size_t)(colon - out->host);
    out->port = colon;
    out->port_len = (size_t)(end - colon);
    out->rest = end;
    return true;
}

/*
 * One URL has several spellings, and Twilio's services differ in which of them they sign: some keep
 * the port, some drop it; and where a proxy has decoded the query's quotes and the like, the signed
 * URL had them escaped, as the URL standard (section 1.3, special-query percent-encode set) does.
 */
enum { WITH_PORT = 1, WITH_ESCAPES = 2, SPELLINGS = 4 };

static void add_port(struct buf *out, const struct url_parts *url)
{
    bool tls = strncasecmp(url->scheme, "https:", strlen("https:")) == 0;

    if (url->port_len > 0)
        buf_add(out, url->port, url->port_len);
    else
        buf_adds(out, tls ? ":443" : ":80");
}

static void add_escaped(struct buf *out, const char *query, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (query[i] <= ' ' || query[i] > '~' || strchr("\"'<>", query[i]) != NULL)
            buf_addf(out, "%%%02X", (unsigned char)query[i]);
        else
            buf_addc(out, query[i]);
    }
}

static void add_url(struct buf *out, const struct url_parts *url, int spelling)
{
    size_t len = strcspn(url->rest, "#"), path_len = strcspn(url->rest, "?#");

    buf_add(out, url->scheme, url->scheme_len);
    buf_add(out, url->host, url->host_len);
    if (spelling & WITH_PORT)
        add_port(out, url);
    buf_add(out, url->rest, path_len);
    if (spelling & WITH_ESCAPES)
        add_escaped(out, url->rest + path_len, len - path_len);
    else
        buf_add(out, url->rest + path_len, len - path_len);
}

struct signed_text {
    const char *signature;
    const struct buf *text;
};

static bool is_signed_by(const char *token, size_t len, const void *context)
{
    const struct signed_text *t = context;
    char expected[SIGNATURE_LENGTH + 1];
    uint8_t mac[HMAC_SHA1_BYTES];

    hmac_sha1(token, len, t->text->data, t->text->len, mac);
    base64_encode(mac, sizeof mac, expected);
    return secret_equal(expected, SIGNATURE_LENGTH, t->signature, strlen(t->signature));
}

bool twilio_signature_is_right(const char *signature, const char *tokens, const char *url,
                               const struct urlform *parameters)
{
    struct buf text = BUF_INIT(SIGNED_LIMIT);
    const struct signed_text given = { signature, &text };
    struct arena mem = ARENA_INIT;
    struct urlform_pair *sorted;
    struct url_parts parts;
    bool right = false;

    if (!split_url(url, &parts))
        return false;
    sorted = ARENA_ARRAY(&mem, struct urlform_pair, parameters->count);
    if (parameters->count > 0) {
        memcpy(sorted, parameters->pairs, parameters->count * sizeof *sorted);
        qsort(sorted, parameters->count, sizeof *sorted, compare_pairs);
    }
    for (int spelling = 0; spelling < SPELLINGS; spelling++) {
        buf_clear(&text);
        add_url(&text, &parts, spelling);
        add_parameters(&text, sorted, parameters->count);
        if (!buf_overflowed(&text) && secrets_any(tokens, is_signed_by, &given))
            right = true;
    }
    buf_free(&text);
    arena_done(&mem);
    return right;
}

/* ---- verifying a request ---- */

/*
 * The URL that Twilio called, made of the configured base: scheme, host and mount point as a
 * responder sees them are a proxy's and not to be trusted.  NULL: not a callback's path.
 */
static const char *called_url(struct arena *mem, const struct webhook_request *r)
{
    const char *query = reading_query(r->target);
    size_t path_len = strlen(r->target) - strlen(query);
    const size_t own_len = strlen(TWILIO_WEBHOOK_PATH);

    if (path_len < own_len || strlen(r->target) > TARGET_MAX ||
        memcmp(r->target + path_len - own_len, TWILIO_WEBHOOK_PATH, own_len) != 0)
        return NULL;
    return arena_printf(mem, "%s%s%s", r->public_url, TWILIO_WEBHOOK_PATH, query);
}

/*
 * The parameters that the signature covers.  A body that is no form is covered by its digest, which
 * the signed URL names; one that neither is a form nor has a digest would be covered by nothing.
 */
static enum status covered_parameters(struct arena *mem, const struct webhook_request *r,
                                      struct urlform *out, struct error *err)
{
    struct urlform query;
    char hex[SHA256_HEX_BYTES];
    const char *digest;

    if (reading_query_form(mem, r, &query, err) != ST_OK)
        return error_set(err, ST_DENIED, "twilio callback: the query can't be read");
    digest = urlform_find(&query, "bodySHA256");
    if (digest != NULL) {
        sha256_hex(r->body, r->body_len, hex);
        if (!secret_equal(hex, strlen(hex), digest, strlen(digest)))
            return error_set(err, ST_DENIED, "twilio callback: the body is not the signed one");
        *out = (struct urlform){ .count = 0 };
        return ST_OK;
    }
    if (r->body_len > 0 && !reading_is_form(r->content_type))
        return error_set(err, ST_DENIED, "twilio callback: neither a form nor a signed digest");
    if (urlform_parse(mem, r->body, r->body_len, WEBHOOK_PARAMETERS_MAX, out, err) != ST_OK)
        return error_set(err, ST_DENIED, "twilio callback: the form can't be read");
    return ST_OK;
}

static enum status verify_in(struct arena *mem, const struct webhook_request *r,
                             const struct provider_config *cfg, struct error *err)
{
    const char *signature = r->header(r, "X-Twilio-Signature");
    const char *url = called_url(mem, r);
    struct urlform parameters;
    enum status st;

    if (signature == NULL)
        return error_set(err, ST_DENIED, "twilio callback: no X-Twilio-Signature");
    if (*r->public_url == '\0')
        return error_set(err, ST_DENIED, "twilio callback: [server] public_url is not configured");
    if (url == NULL || r->body_len > WEBHOOK_BODY_MAX)
        return error_set(err, ST_DENIED, "twilio callback: not a URL or a size of Twilio's");
    st = covered_parameters(mem, r, &parameters, err);
    if (st != ST_OK)
        return st;
    if (!twilio_signature_is_right(signature, cfg->auth_token, url, &parameters))
        return error_set(err, ST_DENIED, "twilio callback: wrong signature for provider %s",
                         cfg->name);
    return ST_OK;
}

enum status twilio_verify(const struct webhook_request *request, const struct provider_config *cfg,
                          struct error *err)
{
    struct arena mem = ARENA_INIT;
    enum status st = verify_in(&mem, request, cfg, err);

    arena_done(&mem);
    return st;
}

/* ---- reading ---- */

static const struct state {
    const char *name;
    enum delivery_event event;
} states[] = {
    { "accepted", CALLBACK_CHANGES_NOTHING },
    { "scheduled", CALLBACK_CHANGES_NOTHING },
    { "queued", CALLBACK_CHANGES_NOTHING },
    { "sending", CALLBACK_CHANGES_NOTHING },
    { "sent", EV_REPORTED_SENT },
    { "partially_delivered", CALLBACK_CHANGES_NOTHING },
    { "delivered", EV_REPORTED_DELIVERED },
    { "read", EV_REPORTED_READ },
    { "undelivered", EV_REPORTED_FAILED },
    { "failed", EV_REPORTED_FAILED },
    { "canceled", EV_REPORTED_FAILED },
};

static const struct state *find_state(const char *name)
{
    static const struct state other = { "other", CALLBACK_CHANGES_NOTHING };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcasecmp(states[i].name, name) == 0)
            return &states[i];
    return &other;
}

/* The first of two parameters that is there and not empty; NULL: neither. */
static const char *find_either(const struct urlform *form, const char *key, const char *second)
{
    const char *value = urlform_find(form, key);

    if (value == NULL || *value == '\0')
        value = urlform_find(form, second);
    return value != NULL && *value != '\0' ? value : NULL;
}

static bool is_sid(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    return len > 0 && len <= SID_MAX && text[len] == '\0';
}

/* WhatsApp's receipts say "delivered" in MessageStatus still, and READ in EventType. */
static const char *status_of(const struct urlform *form)
{
    const char *type = urlform_find(form, "EventType");

    if (type != NULL && strcasecmp(type, "READ") == 0)
        return "read";
    return find_either(form, "MessageStatus", "SmsStatus");
}

/* Whatever failed has a code, the name of its state where Twilio gives none. */
static void report_trouble(struct callback_report *report, const struct urlform *form,
                           struct arena *mem)
{
    const char *code = urlform_find(form, "ErrorCode");
    const char *words = find_either(form, "ErrorMessage", "ChannelStatusMessage");

    if (code != NULL && *code != '\0' && strcmp(code, "0") != 0)
        report->code = report_code(mem, code, report->event_name);
    else if (report->event == EV_REPORTED_FAILED)
        report->code = report->event_name;
    report->message = report_message(mem, words);
}

static enum status read_report(const struct urlform *query, const struct urlform *form,
                               struct arena *mem, struct callback_report *out, struct error *err)
{
    const char *sid = find_either(form, "MessageSid", "SmsSid");
    const char *status = status_of(form), *id = urlform_find(query, "id");
    char message_id[UUID_TEXT_BYTES];
    const struct state *state;
    const char *word;
    int n;

    if (sid == NULL || !is_sid(sid) || status == NULL)
        return error_set(err, ST_INVALID, "twilio callback: no MessageSid or no MessageStatus");
    if (id != NULL && !recipient_id_parse(id, message_id, &n))
        return error_set(err, ST_INVALID, "twilio callback: id is not a recipient's");
    state = find_state(status);
    word = strcmp(state->name, "other") == 0 ? status : state->name;
    *out = (struct callback_report){
        .recipient_id = id,
        .provider_id = sid,
        .event = state->event,
        .event_name = state->name,
        .event_id = report_event_id(mem, arena_printf(mem, "%s/%s", sid, word)),
    };
    report_trouble(out, form, mem);
    return ST_OK;
}

enum status twilio_parse(const struct webhook_request *request, struct arena *mem,
                         struct callback_report **out, size_t *n, struct error *err)
{
    struct callback_report *report = ARENA_NEW(mem, struct callback_report);
    struct urlform query, form;
    enum status st;

    if (request->body_len > WEBHOOK_BODY_MAX || !reading_is_form(request->content_type))
        return error_set(err, ST_INVALID, "twilio callback: a status comes as a form");
    if (reading_query_form(mem, request, &query, err) != ST_OK ||
        urlform_parse(mem, request->body, request->body_len, WEBHOOK_PARAMETERS_MAX, &form, err) !=
            ST_OK)
        return error_set(err, ST_INVALID, "twilio callback: the query or the form can't be read");
    st = read_report(&query, &form, mem, report, err);
    if (st != ST_OK)
        return st;
    *out = report;
    *n = 1;
    return ST_OK;
}
