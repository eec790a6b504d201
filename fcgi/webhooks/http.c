/* http - verifying and reading the callbacks of configured gateways. */
#include "fcgi/webhooks/http.h"

#include <string.h>

#include "common/base/json_path.h"
#include "common/base/mask.h"
#include "common/config/gateway_callback.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "fcgi/webhooks/reading.h"
#include "fcgi/webhooks/report.h"
#include "fcgi/webhooks/secrets.h"
#include "fcgi/webhooks/slice.h"

#define STANDARD_SECRET_MAX 256 /* in base64 */
#define STANDARD_VERSION "v1,"

/* ---- a signature over the body, in a header ---- */

struct signed_body {
    const char *signature, *body;
    size_t body_len;
};

static const char *without(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
}

static bool is_hex(const uint8_t *mac, size_t mac_len, const char *given)
{
    char expected[2 * HMAC_SHA256_BYTES + 1];

    hex_encode(mac, mac_len, expected);
    return secret_equal(expected, 2 * mac_len, given, strlen(given));
}

static bool fits_sha256_hex(const char *secret, size_t len, const void *context)
{
    const struct signed_body *b = context;
    uint8_t mac[HMAC_SHA256_BYTES];

    hmac_sha256(secret, len, b->body, b->body_len, mac);
    return is_hex(mac, sizeof mac, without(b->signature, "sha256="));
}

static bool fits_sha1_hex(const char *secret, size_t len, const void *context)
{
    const struct signed_body *b = context;
    uint8_t mac[HMAC_SHA1_BYTES];

    hmac_sha1(secret, len, b->body, b->body_len, mac);
    return is_hex(mac, sizeof mac, without(b->signature, "sha1="));
}

static bool fits_sha256_base64(const char *secret, size_t len, const void *context)
{
    const struct signed_body *b = context;
    char expected[BASE64_BYTES(HMAC_SHA256_BYTES)];
    const char *given = without(b->signature, "sha256=");
    uint8_t mac[HMAC_SHA256_BYTES];

    hmac_sha256(secret, len, b->body, b->body_len, mac);
    base64_encode(mac, sizeof mac, expected);
    return secret_equal(expected, sizeof expected - 1, given, strlen(given));
}

/* Nothing of a request without a body would be signed: its query could say anything. */
static bool body_is_proved(const struct webhook_request *r, const struct gateway_callback *g,
                           secret_fits fits)
{
    const struct signed_body given = { r->header(r, g->proof_name), r->body, r->body_len };

    return given.signature != NULL && r->body_len > 0 && secrets_any(g->secrets, fits, &given);
}

/* ---- the secret itself ---- */

static bool token_is_right(const struct webhook_request *r, const struct gateway_callback *g)
{
    const char *token = r->header(r, g->proof_name);

    return token != NULL && secrets_have(g->secrets, token);
}

static bool query_is_right(const struct webhook_request *r, const struct gateway_callback *g)
{
    struct arena mem = ARENA_INIT;
    struct urlform query;
    struct error unreadable;
    const char *token = NULL;
    bool right;

    if (reading_query_form(&mem, r, &query, &unreadable) == ST_OK)
        token = urlform_find(&query, g->proof_name);
    right = token != NULL && secrets_have(g->secrets, token);
    arena_done(&mem);
    return right;
}

/* ---- Standard Webhooks ---- */

/*
 * Secrets of others lack their padding, or have bits behind the last byte, which our decoder
 * rightly takes for another text: here they are put in order.  0: no secret.
 */
static size_t decode_secret(const char *secret, size_t len, uint8_t *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    /* Of the last digit, by how many digits the last four have. */
    static const unsigned kept_bits[] = { 63, 0, 48, 60 };
    char text[STANDARD_SECRET_MAX + 4];
    const char *last;
    size_t out_len;

    while (len > 0 && secret[len - 1] == '=')
        len--;
    if (len == 0 || len % 4 == 1 || len > STANDARD_SECRET_MAX)
        return 0;
    memcpy(text, secret, len);
    last = memchr(digits, text[len - 1], strlen(digits));
    if (last == NULL)
        return 0;
    text[len - 1] = digits[(unsigned)(last - digits) & kept_bits[len % 4]];
    while (len % 4 != 0)
        text[len++] = '=';
    return base64_decode(text, len, out, &out_len) ? out_len : 0;
}

struct signed_content {
    const char *signatures;
    const struct buf *content;
};

/* Those of other versions are skipped. */
static bool is_among(const char *signatures, const char *expected)
{
    const size_t version_len = strlen(STANDARD_VERSION);
    bool any = false;

    while (*signatures != '\0') {
        size_t len = strcspn(signatures, " ");

        if (len > version_len && memcmp(signatures, STANDARD_VERSION, version_len) == 0 &&
            secret_equal(expected, strlen(expected), signatures + version_len, len - version_len))
            any = true;
        signatures += len;
        signatures += strspn(signatures, " ");
    }
    return any;
}

static bool fits_standard(const char *secret, size_t len, const void *context)
{
    static const char prefix[] = "whsec_";
    const struct signed_content *c = context;
    uint8_t key[STANDARD_SECRET_MAX], mac[HMAC_SHA256_BYTES];
    char expected[BASE64_BYTES(HMAC_SHA256_BYTES)];
    size_t key_len;

    if (len >= strlen(prefix) && memcmp(secret, prefix, strlen(prefix)) == 0) {
        secret += strlen(prefix);
        len -= strlen(prefix);
    }
    key_len = decode_secret(secret, len, key);
    if (key_len == 0)
        return false;
    hmac_sha256(key, key_len, c->content->data, c->content->len, mac);
    base64_encode(mac, sizeof mac, expected);
    return is_among(c->signatures, expected);
}

/* A dot in the id or the time would let one text stand for two. */
bool http_standard_is_right(const char *signature, const char *id, const char *timestamp,
                            const char *secrets, const char *body, size_t body_len)
{
    struct buf content = BUF_INIT(HTTP_BODY_MAX + 1024);
    const struct signed_content given = { signature, &content };
    bool right;

    if (*id == '\0' || strchr(id, '.') != NULL || strchr(timestamp, '.') != NULL)
        return false;
    buf_adds(&content, id);
    buf_addc(&content, '.');
    buf_adds(&content, timestamp);
    buf_addc(&content, '.');
    buf_add(&content, body, body_len);
    right = !buf_overflowed(&content) && secrets_any(secrets, fits_standard, &given);
    buf_free(&content);
    return right;
}

static bool standard_is_right(const struct webhook_request *r, const struct gateway_callback *g)
{
    const char *id = r->header(r, "webhook-id");
    const char *timestamp = r->header(r, "webhook-timestamp");
    const char *signature = r->header(r, "webhook-signature");

    return id != NULL && timestamp != NULL && signature != NULL && r->body_len > 0 &&
           reading_is_timely(timestamp, r->now_s, HTTP_TOLERANCE_S, HTTP_TOLERANCE_S) &&
           http_standard_is_right(signature, id, timestamp, g->secrets, r->body, r->body_len);
}

/* ---- verifying a request ---- */

static bool is_proved(const struct webhook_request *r, const struct gateway_callback *g)
{
    switch (g->proof) {
    case PROOF_NONE:
        return false;
    case PROOF_HMAC_SHA256_HEX:
        return body_is_proved(r, g, fits_sha256_hex);
    case PROOF_HMAC_SHA256_BASE64:
        return body_is_proved(r, g, fits_sha256_base64);
    case PROOF_HMAC_SHA1_HEX:
        return body_is_proved(r, g, fits_sha1_hex);
    case PROOF_TOKEN:
        return token_is_right(r, g);
    case PROOF_QUERY:
        return query_is_right(r, g);
    case PROOF_STANDARD:
        return standard_is_right(r, g);
    }
    return false;
}

enum status http_verify(const struct webhook_request *request, const struct provider_config *cfg,
                        struct error *err)
{
    struct gateway_fault faults[GATEWAY_CALLBACK_FAULTS];
    struct gateway_callback callback;
    struct arena mem = ARENA_INIT;
    enum status st = ST_OK;

    if (gateway_callback_read(&mem, cfg, &callback, faults) > 0)
        st = error_set(err, ST_DENIED, "http callback: provider %s: %s %s", cfg->name,
                       faults[0].key, faults[0].words);
    else if (callback.proof == PROOF_NONE || secrets_are_empty(callback.secrets))
        st = error_set(err, ST_DENIED, "http callback: provider %s has no callback_secret",
                       cfg->name);
    else if (!is_proved(request, &callback))
        st = error_set(err, ST_DENIED, "http callback: not proved to be of provider %s", cfg->name);
    arena_done(&mem);
    return st;
}

/* ---- one report ---- */

/* Where its fields stand: a document, or pairs. */
struct source {
    const json_t *doc;
    const struct urlform *form;
    const struct urlform *query;
    const struct gateway_callback *keys;
    struct arena *mem;
};

/* A pair is found by the path as it is written.  NULL: nothing is there, or the path is empty. */
static const char *text_at(const struct source *s, const char *path)
{
    const char *text;

    if (*path == '\0')
        return NULL;
    text = s->form != NULL ? urlform_find(s->form, path) : json_path_text(s->doc, path, s->mem);
    return text != NULL && *text != '\0' ? text : NULL;
}

static const struct meaning {
    const char *name;
    enum delivery_event event;
    size_t list; /* of struct gateway_callback */
} meanings[] = {
    { "sent", EV_REPORTED_SENT, offsetof(struct gateway_callback, sent) },
    { "delivered", EV_REPORTED_DELIVERED, offsetof(struct gateway_callback, delivered) },
    { "read", EV_REPORTED_READ, offsetof(struct gateway_callback, read) },
    { "failed", EV_REPORTED_FAILED, offsetof(struct gateway_callback, failed) },
};

static const struct meaning *meaning_of(const struct gateway_callback *keys, const char *value)
{
    static const struct meaning other = { "other", CALLBACK_CHANGES_NOTHING, 0 };

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        const char *const *list = (const char *const *)((const char *)keys + meanings[i].list);

        if (gateway_lists(*list, value))
            return &meanings[i];
    }
    return &other;
}

static const char *recipient_of(const struct source *s)
{
    const char *text = *s->keys->recipient_path != '\0' ? text_at(s, s->keys->recipient_path)
                                                        : urlform_find(s->query, "id");

    return report_recipient(s->mem, text);
}

/* Codes are shown to operators, and a wrong path might lead to an address. */
static void report_failure(struct callback_report *report, const struct source *s)
{
    const char *code = text_at(s, s->keys->code_path);

    if (code != NULL)
        code = mask_addresses(s->mem, code);
    report->code = report_code(s->mem, code, report->event_name);
    report->message = report_message(s->mem, text_at(s, s->keys->error_path));
}

static struct callback_report read_report(const struct source *s)
{
    const struct gateway_callback *keys = s->keys;
    const char *value = text_at(s, keys->status_path), *id = text_at(s, keys->id_path);
    const char *recipient = recipient_of(s), *event = text_at(s, keys->event_path);
    const struct meaning *meaning;
    struct callback_report report;

    if (value == NULL || (id == NULL && recipient == NULL))
        return report_unreadable();
    meaning = meaning_of(keys, value);
    if (event == NULL)
        event = arena_printf(s->mem, "%s/%s", id != NULL ? id : recipient, value);
    report = (struct callback_report){
        .recipient_id = recipient,
        .provider_id = report_provider_id(s->mem, id),
        .event_id = report_event_id(s->mem, event),
        .event_name = meaning->name,
        .event = meaning->event,
    };
    if (report.event == EV_REPORTED_FAILED)
        report_failure(&report, s);
    return report;
}

/* ---- the whole ---- */

static struct callback_report read_object(struct source *s, struct slice text)
{
    SCOPED(json_t) doc = slice_read(text);

    if (!json_is_object(doc))
        return report_unreadable();
    s->doc = doc;
    return read_report(s);
}

static enum status read_array(struct source *s, struct slice array, struct callback_report **out,
                              size_t *n, struct error *err)
{
    size_t count = slice_count(array), i = 0;
    struct callback_report *reports;
    struct slice_walk walk;
    struct slice element;

    if (count > WEBHOOK_REPORTS_MAX)
        return error_set(err, ST_INVALID, "http callback: more than %d reports",
                         WEBHOOK_REPORTS_MAX);
    reports = ARENA_ARRAY(s->mem, struct callback_report, count);
    for (walk = slice_elements(array); slice_next(&walk, &element);)
        reports[i++] = read_object(s, element);
    *out = reports;
    *n = count;
    return ST_OK;
}

static enum status read_one(struct source *s, struct slice object, struct callback_report **out,
                            size_t *n)
{
    struct callback_report *report = ARENA_NEW(s->mem, struct callback_report);

    *report = object.at != NULL ? read_object(s, object) : read_report(s);
    *out = report;
    *n = 1;
    return ST_OK;
}

static enum status read_body(struct source *s, const struct webhook_request *r,
                             struct callback_report **out, size_t *n, struct error *err)
{
    struct slice text = { NULL, NULL };
    struct urlform form;

    if (r->body_len == 0) {
        s->form = s->query;
        return read_one(s, text, out, n);
    }
    if (reading_is_form(r->content_type)) {
        if (urlform_parse(s->mem, r->body, r->body_len, WEBHOOK_PARAMETERS_MAX, &form, err) !=
            ST_OK)
            return error_set(err, ST_INVALID, "http callback: the form can't be read");
        s->form = &form;
        return read_one(s, text, out, n);
    }
    if (slice_open(r->body, r->body_len, '[', &text))
        return read_array(s, text, out, n, err);
    if (slice_open(r->body, r->body_len, '{', &text))
        return read_one(s, text, out, n);
    return error_set(err, ST_INVALID, "http callback: neither a form nor JSON");
}

enum status http_parse(const struct webhook_request *request, struct arena *mem,
                       struct callback_report **out, size_t *n, struct error *err)
{
    struct gateway_fault faults[GATEWAY_CALLBACK_FAULTS];
    struct gateway_callback keys;
    struct urlform query;
    struct source source = { .query = &query, .keys = &keys, .mem = mem };

    if (request->provider == NULL ||
        gateway_callback_read(mem, request->provider, &keys, faults) > 0)
        return error_set(err, ST_INVALID, "http callback: of no gateway that is described");
    if (reading_query_form(mem, request, &query, err) != ST_OK)
        return error_set(err, ST_INVALID, "http callback: the query can't be read");
    return read_body(&source, request, out, n, err);
}
