/* sendgrid - verifying and reading the batches of SendGrid's event webhook. */
#include "fcgi/webhooks/sendgrid.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "fcgi/webhooks/reading.h"
#include "fcgi/webhooks/report.h"
#include "fcgi/webhooks/secrets.h"
#include "fcgi/webhooks/slice.h"

#define EVENT_ID_MAX 100
#define MESSAGE_ID_LENGTH 22

/* ---- the signature ---- */

struct signed_batch {
    const char *signature, *timestamp, *body;
    size_t body_len;
};

static bool is_signed_by(const char *key, size_t len, const void *context)
{
    const struct signed_batch *b = context;

    return ecdsa_p256_is_right(key, len, b->signature, b->timestamp, strlen(b->timestamp), b->body,
                               b->body_len);
}

bool sendgrid_signature_is_right(const char *signature, const char *timestamp, const char *keys,
                                 const char *body, size_t body_len)
{
    const struct signed_batch given = { signature, timestamp, body, body_len };

    return secrets_any(keys, is_signed_by, &given);
}

enum status sendgrid_verify(const struct webhook_request *request,
                            const struct provider_config *cfg, struct error *err)
{
    const char *signature = request->header(request, "X-Twilio-Email-Event-Webhook-Signature");
    const char *timestamp = request->header(request, "X-Twilio-Email-Event-Webhook-Timestamp");

    if (secrets_are_empty(cfg->webhook_public_key))
        return error_set(err, ST_DENIED, "sendgrid callback: provider %s has no webhook_public_key",
                         cfg->name);
    if (signature == NULL || timestamp == NULL)
        return error_set(err, ST_DENIED, "sendgrid callback: no signature or no timestamp");
    if (!reading_is_timely(timestamp, request->now_s, SENDGRID_OLDEST_S, SENDGRID_AHEAD_S))
        return error_set(err, ST_DENIED, "sendgrid callback: its time is past, ahead or none");
    if (!sendgrid_signature_is_right(signature, timestamp, cfg->webhook_public_key, request->body,
                                     request->body_len))
        return error_set(err, ST_DENIED, "sendgrid callback: wrong signature for provider %s",
                         cfg->name);
    return ST_OK;
}

/* ---- one event ---- */

static const struct kind {
    const char *name;
    enum delivery_event event;
} kinds[] = {
    { "processed", EV_REPORTED_SENT },
    { "delivered", EV_REPORTED_DELIVERED },
    { "open", EV_REPORTED_READ },
    { "click", EV_REPORTED_READ },
    { "dropped", EV_REPORTED_FAILED },
    { "bounce", EV_REPORTED_FAILED },
    { "deferred", CALLBACK_CHANGES_NOTHING }, /* SendGrid goes on trying, for 72 hours */
    { "spamreport", CALLBACK_CHANGES_NOTHING },
    { "unsubscribe", CALLBACK_CHANGES_NOTHING },
    { "group_unsubscribe", CALLBACK_CHANGES_NOTHING },
    { "group_resubscribe", CALLBACK_CHANGES_NOTHING },
};

static const struct kind *find_kind(const char *name)
{
    static const struct kind other = { "other", CALLBACK_CHANGES_NOTHING };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return &other;
}

/* A mail program that fetches every picture beforehand proves nothing about a reader. */
static enum delivery_event event_of(const struct kind *kind, const json_t *doc)
{
    if (kind->event == EV_REPORTED_READ && json_is_true(json_object_get(doc, "sg_machine_open")))
        return CALLBACK_CHANGES_NOTHING;
    return kind->event;
}

/*
 * sg_message_id is the X-Message-Id that we were given, and what SendGrid's machines put behind it.
 * The id of older accounts holds dots itself, so the first one need not be the end.
 */
static const char *provider_id_of(struct arena *mem, const json_t *doc)
{
    static const char *const tails[] = { ".filter", ".recv" };
    const char *id = report_text(mem, doc, "sg_message_id"), *end = NULL;

    if (id == NULL)
        return NULL;
    for (size_t i = 0; end == NULL && i < sizeof tails / sizeof *tails; i++)
        end = strstr(id, tails[i]);
    if (end == NULL && strcspn(id, ".") == MESSAGE_ID_LENGTH)
        end = id + MESSAGE_ID_LENGTH;
    return report_provider_id(mem, end == NULL ? id : arena_strndup(mem, id, (size_t)(end - id)));
}

/* An event that has none of its own is known by what it tells of whom, and when. */
static const char *event_id_of(struct arena *mem, const json_t *doc, const char *event,
                               struct slice text)
{
    const char *id = report_text(mem, doc, "sg_event_id");
    const char *message = report_text(mem, doc, "sg_message_id");
    const char *time = report_text(mem, doc, "timestamp");

    if (id != NULL && strlen(id) <= EVENT_ID_MAX)
        return report_event_id(mem, id);
    if (id == NULL && message != NULL && time != NULL)
        return report_event_id(mem, arena_printf(mem, "%s/%s/%s", message, event, time));
    return id != NULL ? report_digest(mem, id, strlen(id))
                      : report_digest(mem, text.at, (size_t)(text.end - text.at));
}

/* "5.1.1": RFC 3463 section 2. */
static bool is_enhanced_status(const char *text)
{
    size_t len = text != NULL ? strspn(text, "0123456789.") : 0;

    return len >= strlen("5.0.0") && text[len] == '\0' && strchr("245", text[0]) != NULL &&
           text[1] == '.' && strchr(text + 2, '.') != NULL;
}

static const char *bounce_code(struct arena *mem, const json_t *doc)
{
    const char *status = report_text(mem, doc, "status");
    const char *type = report_text(mem, doc, "type");

    if (is_enhanced_status(status))
        return report_code(mem, status, NULL);
    return type != NULL && strcmp(type, "blocked") == 0 ? "blocked" : "bounce";
}

static void report_failure(struct callback_report *report, const json_t *doc, struct arena *mem)
{
    bool bounced = strcmp(report->event_name, "bounce") == 0;

    report->code = bounced ? bounce_code(mem, doc) : report->event_name;
    report->message = report_message(mem, report_text(mem, doc, "reason"));
}

static struct callback_report read_event(struct slice text, struct arena *mem)
{
    SCOPED(json_t) doc = slice_read(text);
    const char *event = report_text(mem, doc, "event");
    const struct kind *kind;
    struct callback_report report;

    if (event == NULL)
        return report_unreadable();
    kind = find_kind(event);
    report = (struct callback_report){
        .recipient_id = report_recipient(mem, report_text(mem, doc, "notification_id")),
        .provider_id = provider_id_of(mem, doc),
        .event_id = event_id_of(mem, doc, event, text),
        .event_name = kind->name,
        .event = event_of(kind, doc),
    };
    if (report.event == EV_REPORTED_FAILED)
        report_failure(&report, doc, mem);
    return report;
}

/* ---- the batch ---- */

enum status sendgrid_parse(const struct webhook_request *request, struct arena *mem,
                           struct callback_report **out, size_t *n, struct error *err)
{
    struct callback_report *reports;
    struct slice_walk walk;
    struct slice batch, event;
    size_t count, i = 0;

    if (!slice_open(request->body, request->body_len, '[', &batch))
        return error_set(err, ST_INVALID, "sendgrid callback: not an array of events");
    count = slice_count(batch);
    if (count > WEBHOOK_REPORTS_MAX)
        return error_set(err, ST_INVALID, "sendgrid callback: more than %d events",
                         WEBHOOK_REPORTS_MAX);
    reports = ARENA_ARRAY(mem, struct callback_report, count);
    for (walk = slice_elements(batch); slice_next(&walk, &event);)
        reports[i++] = read_event(event, mem);
    *out = reports;
    *n = count;
    return ST_OK;
}
