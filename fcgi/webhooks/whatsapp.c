/* whatsapp - verifying and reading the callbacks of the WhatsApp Cloud API. */
#include "fcgi/webhooks/whatsapp.h"

#include <string.h>

#include "common/base/urlform.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "fcgi/webhooks/report.h"
#include "fcgi/webhooks/secrets.h"
#include "fcgi/webhooks/slice.h"

#define SCHEME "sha256="
#define HEX_LENGTH (2 * HMAC_SHA256_BYTES)

/* ---- the signature ---- */

struct signed_body {
    const char *hex, *body;
    size_t body_len;
};

static bool is_signed_by(const char *secret, size_t len, const void *context)
{
    const struct signed_body *b = context;
    uint8_t mac[HMAC_SHA256_BYTES];
    char expected[HEX_LENGTH + 1];

    hmac_sha256(secret, len, b->body, b->body_len, mac);
    hex_encode(mac, sizeof mac, expected);
    return secret_equal(expected, HEX_LENGTH, b->hex, strlen(b->hex));
}

bool whatsapp_signature_is_right(const char *signature, const char *secrets, const char *body,
                                 size_t body_len)
{
    struct signed_body given = { .body = body, .body_len = body_len };

    if (strncmp(signature, SCHEME, strlen(SCHEME)) != 0)
        return false;
    given.hex = signature + strlen(SCHEME);
    return secrets_any(secrets, is_signed_by, &given);
}

enum status whatsapp_verify(const struct webhook_request *request,
                            const struct provider_config *cfg, struct error *err)
{
    const char *signature = request->header(request, "X-Hub-Signature-256");

    if (secrets_are_empty(cfg->app_secret))
        return error_set(err, ST_DENIED, "whatsapp callback: provider %s has no app_secret",
                         cfg->name);
    if (signature == NULL)
        return error_set(err, ST_DENIED, "whatsapp callback: no X-Hub-Signature-256");
    if (!whatsapp_signature_is_right(signature, cfg->app_secret, request->body, request->body_len))
        return error_set(err, ST_DENIED, "whatsapp callback: wrong signature for provider %s",
                         cfg->name);
    return ST_OK;
}

/* ---- the challenge ---- */

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool is_challenge(const char *text)
{
    return text != NULL && *text != '\0' && strlen(text) <= WHATSAPP_CHALLENGE_MAX &&
           is_printable(text);
}

const char *whatsapp_challenge(struct arena *mem, const char *query,
                               const struct provider_config *cfg)
{
    const char *mode, *token, *challenge, *wanted = cfg->verify_token;
    struct urlform form;
    struct error unreadable;

    if (urlform_parse(mem, query, strlen(query), WEBHOOK_PARAMETERS_MAX, &form, &unreadable) !=
        ST_OK)
        return NULL;
    mode = urlform_find(&form, "hub.mode");
    token = urlform_find(&form, "hub.verify_token");
    challenge = urlform_find(&form, "hub.challenge");
    if (mode == NULL || strcmp(mode, "subscribe") != 0 || token == NULL || *wanted == '\0' ||
        !secret_equal(wanted, strlen(wanted), token, strlen(token)))
        return NULL;
    return is_challenge(challenge) ? challenge : NULL;
}

/* ---- one status ---- */

static const struct state {
    const char *name;
    enum delivery_event event;
} states[] = {
    { "sent", EV_REPORTED_SENT },
    { "delivered", EV_REPORTED_DELIVERED },
    { "read", EV_REPORTED_READ },
    { "failed", EV_REPORTED_FAILED },
};

static const struct state *find_state(const char *name)
{
    static const struct state other = { "other", CALLBACK_CHANGES_NOTHING };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].name, name) == 0)
            return &states[i];
    return &other;
}

/* What says most comes first: "details" tells of this message, "title" of all such errors. */
static const char *words_of(const json_t *error, struct arena *mem)
{
    const char *details = report_text(mem, json_object_get(error, "error_data"), "details");
    const char *message = report_text(mem, error, "message");

    if (details != NULL)
        return details;
    return message != NULL ? message : report_text(mem, error, "title");
}

static void report_failure(struct callback_report *report, const json_t *doc, struct arena *mem)
{
    const json_t *error = json_array_get(json_object_get(doc, "errors"), 0);

    report->code = report_code(mem, report_text(mem, error, "code"), report->event_name);
    report->message = report_message(mem, words_of(error, mem));
}

static struct callback_report read_status(struct slice text, struct arena *mem)
{
    SCOPED(json_t) doc = slice_read(text);
    const char *id = report_text(mem, doc, "id"), *status = report_text(mem, doc, "status");
    const struct state *state;
    struct callback_report report;

    if (id == NULL || status == NULL)
        return report_unreadable();
    state = find_state(status);
    report = (struct callback_report){
        .recipient_id = report_recipient(mem, report_text(mem, doc, "biz_opaque_callback_data")),
        .provider_id = report_provider_id(mem, id),
        .event_id = report_event_id(mem, arena_printf(mem, "%s/%s", id, status)),
        .event_name = state->name,
        .event = state->event,
    };
    if (report.event == EV_REPORTED_FAILED)
        report_failure(&report, doc, mem);
    return report;
}

/* ---- the whole ---- */

static bool says(struct slice value, const char *wanted, struct arena *mem)
{
    const char *text = slice_text(mem, value);

    return text != NULL && strcmp(text, wanted) == 0;
}

/* The statuses that a change holds for our number; none where it is of another, or other news. */
static struct slice statuses_of(struct slice change, const struct provider_config *provider,
                                struct arena *mem)
{
    struct slice value = slice_member(change, "value");
    struct slice number = slice_member(slice_member(value, "metadata"), "phone_number_id");

    if (!says(slice_member(change, "field"), "messages", mem) ||
        (provider != NULL && !says(number, provider->phone_number_id, mem)))
        return (struct slice){ NULL, NULL };
    return slice_member(value, "statuses");
}

/* The next status of a callback, over all its entries and their changes. */
struct place {
    struct slice_walk entries, changes, statuses;
    const struct provider_config *provider;
};

static bool next_status(struct place *p, struct arena *mem, struct slice *out)
{
    struct slice found;

    while (!slice_next(&p->statuses, out)) {
        if (slice_next(&p->changes, &found))
            p->statuses = slice_elements(statuses_of(found, p->provider, mem));
        else if (slice_next(&p->entries, &found))
            p->changes = slice_elements(slice_member(found, "changes"));
        else
            return false;
    }
    return true;
}

static struct place beginning(struct slice body, const struct webhook_request *r, struct arena *mem)
{
    struct place p = { .provider = r->provider };

    if (says(slice_member(body, "object"), "whatsapp_business_account", mem))
        p.entries = slice_elements(slice_member(body, "entry"));
    return p;
}

enum status whatsapp_parse(const struct webhook_request *request, struct arena *mem,
                           struct callback_report **out, size_t *n, struct error *err)
{
    struct callback_report *reports;
    struct slice body, status;
    struct place place;
    size_t count = 0, i = 0;

    if (!slice_open(request->body, request->body_len, '{', &body))
        return error_set(err, ST_INVALID, "whatsapp callback: not an object");
    for (place = beginning(body, request, mem); next_status(&place, mem, &status);)
        count++;
    if (count > WEBHOOK_REPORTS_MAX)
        return error_set(err, ST_INVALID, "whatsapp callback: more than %d statuses",
                         WEBHOOK_REPORTS_MAX);
    reports = ARENA_ARRAY(mem, struct callback_report, count);
    for (place = beginning(body, request, mem); next_status(&place, mem, &status);)
        reports[i++] = read_status(status, mem);
    *out = reports;
    *n = count;
    return ST_OK;
}
