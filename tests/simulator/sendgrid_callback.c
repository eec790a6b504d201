/* sendgrid_callback - batches of events as SendGrid writes and signs them. */
#include "tests/simulator/sendgrid.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/crypto/digest.h"

#define EXTRA_MAX 65536

/* What stands on an event besides the members that all have; NULL: not this one. */
static const struct {
    const char *event, *reason, *status, *type, *response, *attempt, *useragent;
    bool by_receiver; /* with the address of a server and whether it spoke TLS */
} events[SENDGRID_EVENTS] = {
    [EVENT_NONE] = { "none" },
    [EVENT_SENT] = { "processed" },
    [EVENT_DELIVERED] = { "delivered", .response = "250 2.0.0 OK", .by_receiver = true },
    [EVENT_READ] = { "open", .useragent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" },
    [EVENT_UNDELIVERED] = { "bounce", .reason = "550 5.1.1 The email account that you tried to "
                                                "reach does not exist.",
                            .status = "5.1.1", .type = "bounce", .by_receiver = true },
    [EVENT_FAILED] = { "dropped", .reason = "Bounced Address" },
    [SENDGRID_BLOCKED] = { "bounce", .reason = "552 5.2.2 The email account that you tried to "
                                               "reach is over quota.",
                           .status = "5.2.2", .type = "blocked", .by_receiver = true },
    [SENDGRID_DEFERRED] = { "deferred", .response = "450 4.2.1 Try again later", .attempt = "1" },
    [SENDGRID_DROPPED_UNSUBSCRIBED] = { "dropped", .reason = "Unsubscribed Address" },
    [SENDGRID_LATE_BOUNCE] = { "bounce", .reason = "550 5.7.1 The message was refused after it "
                                                   "had been accepted.",
                               .status = "5.7.1", .type = "bounce" },
    [SENDGRID_SPAM_REPORT] = { "spamreport" },
};

const char *sendgrid_event_name(int event)
{
    return events[event].event;
}

/* SendGrid's own members win over arguments of the same name. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = { "email", "timestamp", "event", "smtp-id", "sg_event_id",
                                         "sg_message_id", "category", "reason", "status", "type",
                                         "response", "attempt", "useragent", "ip", "tls", "url" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

const char *sendgrid_argument(const json_t *doc, const json_t *personalization, const char *name)
{
    const json_t *own = json_object_get(json_object_get(personalization, "custom_args"), name);
    const json_t *common = json_object_get(json_object_get(doc, "custom_args"), name);

    return json_string_value(own != NULL ? own : common);
}

static void add_arguments(struct json_writer *w, const json_t *args, const json_t *instead)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)args, key, value)
        if (!is_reserved(key) && json_object_get(instead, key) == NULL)
            jw_text(w, key, json_string_value(value));
}

/* One is text, several are an array: both occur in real events. */
static void add_categories(struct json_writer *w, const json_t *categories)
{
    if (json_array_size(categories) == 0)
        return;
    if (json_array_size(categories) == 1) {
        jw_text(w, "category", json_string_value(json_array_get(categories, 0)));
        return;
    }
    jw_open(w, "category", '[');
    for (size_t i = 0; i < json_array_size(categories); i++)
        jw_text(w, NULL, json_string_value(json_array_get(categories, i)));
    jw_close(w, ']');
}

const char *sendgrid_extra(struct arena *mem, const json_t *doc, const json_t *personalization)
{
    const json_t *own = json_object_get(personalization, "custom_args");
    struct buf out = BUF_INIT(EXTRA_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const char *kept;

    add_arguments(&w, json_object_get(doc, "custom_args"), own);
    add_arguments(&w, own, NULL);
    add_categories(&w, json_object_get(doc, "categories"));
    kept = out.len > 0 ? arena_strndup(mem, buf_str(&out), out.len) : NULL;
    buf_free(&out);
    return kept;
}

/* The same for each try and each double of an event. */
static const char *event_id(struct arena *mem, const struct item *item)
{
    const struct notice *n = item->notice;
    const char *what = arena_printf(mem, "%s-%d-%s", events[item->step.event].event, n->place,
                                    n->id);
    char *text = arena_alloc(mem, BASE64_BYTES(strlen(what)));

    base64_encode(what, strlen(what), text);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    return text;
}

static void add_given(struct json_writer *w, const char *name, const char *value)
{
    if (value != NULL)
        jw_text(w, name, value);
}

/* A bounce that comes later by mail knows neither the arguments nor the message. */
static void write_event(struct json_writer *w, const struct item *item, struct arena *mem)
{
    const struct notice *n = item->notice;
    int event = item->step.event;
    bool late = event == SENDGRID_LATE_BOUNCE;

    jw_open(w, NULL, '{');
    jw_text(w, "email", n->to);
    jw_num(w, "timestamp", item->time_ms / 1000);
    jw_text(w, "smtp-id", arena_printf(mem, "<%s@geopod-ismtpd-simulator>", n->id));
    jw_text(w, "event", events[event].event);
    if (n->extra != NULL && !late) {
        buf_addc(w->out, ',');
        buf_adds(w->out, n->extra);
    }
    jw_text(w, "sg_event_id", event_id(mem, item));
    if (!late)
        jw_text(w, "sg_message_id",
                arena_printf(mem, "%s.recvd-simulator-1-%08X-%d.0", n->id,
                             (unsigned)(n->first_ms / 1000), n->place));
    add_given(w, "reason", events[event].reason);
    add_given(w, "status", events[event].status);
    add_given(w, "type", events[event].type);
    add_given(w, "response", events[event].response);
    add_given(w, "attempt", events[event].attempt);
    add_given(w, "useragent", events[event].useragent);
    if (events[event].by_receiver) {
        jw_text(w, "ip", "192.0.2.25");
        jw_num(w, "tls", 1);
    }
    jw_close(w, '}');
}

void sendgrid_callback(const struct settings *s, const struct item *items, size_t count,
                       struct arena *mem, struct post *out)
{
    const char *time = arena_printf(mem, "%lld", (long long)clock_wall_ms() / 1000);
    char signature[ECDSA_SIGNATURE_BYTES];

    buf_addc(&out->body, '[');
    for (size_t i = 0; i < count; i++) {
        struct json_writer w = JSON_WRITER(&out->body);

        buf_adds(&out->body, i > 0 ? ",\r\n" : "");
        write_event(&w, &items[i], mem);
    }
    buf_adds(&out->body, "]\r\n");
    ecdsa_sign(s->sendgrid.signer, items->step.forged, time, buf_str(&out->body), out->body.len,
               signature);
    out->url = items->notice->url;
    out->headers[0] = "Content-Type: application/json";
    out->headers[1] = "User-Agent: SendGrid Event API";
    out->headers[2] = arena_printf(mem, "X-Twilio-Email-Event-Webhook-Signature: %s", signature);
    out->headers[3] = arena_printf(mem, "X-Twilio-Email-Event-Webhook-Timestamp: %s", time);
}
