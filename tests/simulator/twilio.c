/* twilio - the answers of the Messages resource, and the provider's row. */
#include "tests/simulator/twilio.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/random.h"
#include "tests/simulator/segments.h"
#include "tests/simulator/text.h"

/* A body of 1600 characters, each of up to six bytes in JSON, and the rest beside it. */
#define ANSWER_MAX 65536

static const struct extra_header {
    int status;
    const char *name, *value;
} extra_headers[] = {
    { 401, "WWW-Authenticate", "Basic realm=\"Twilio API\"" },
    { 405, "Allow", "POST" },
    { 429, "Retry-After", "1" },
};

void twilio_refuse(struct exchange *x, int status, int code, const char *message)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);

    jw_open(&w, NULL, '{');
    if (code != 0)
        jw_num(&w, "code", code);
    jw_text(&w, "message", message);
    if (code != 0)
        jw_text(&w, "more_info",
                arena_printf(&x->mem, "https://www.twilio.com/docs/errors/%d", code));
    jw_num(&w, "status", status);
    jw_close(&w, '}');
    exchange_answer_json(x, status, &out);
    x->answer.code = code;
    x->answer.problem = message;
    for (size_t i = 0; i < sizeof extra_headers / sizeof *extra_headers; i++)
        if (extra_headers[i].status == status)
            exchange_add_header(x, extra_headers[i].name, extra_headers[i].value);
}

static const struct failure {
    int status, code;
    const char *message;
} failures[TWILIO_FAULTS] = {
    [FAULT_LIMITED] = { 429, 20429, "Too Many Requests" },
    [FAULT_BAD_ADDRESS] = { 400, 21211, "Invalid 'To' phone number" },
    [FAULT_UNSUBSCRIBED] = { 400, 21610, "Attempt to send to unsubscribed recipient" },
    [FAULT_CREDENTIALS] = { 401, 20003, "Authenticate" },
    [FAULT_SERVER_ERROR] = { 500, 20500, "An internal server error has occurred" },
    [FAULT_UNAVAILABLE] = { 503, 20503, "Service unavailable" },
    [TWILIO_FOREIGN_SENDER] = { 400, 21606, "The 'From' phone number is not a valid sender for the "
                                            "destination" },
    [TWILIO_REGION_OFF] = { 403, 21408, "Permission to send an SMS has not been enabled for the "
                                        "region of the 'To' number" },
};

static void fail_message(struct exchange *x, int fault)
{
    const struct failure *f = &failures[fault];

    twilio_refuse(x, f->status, f->code, f->message);
}

static const char *new_sid(struct arena *mem, const char *letters)
{
    uint8_t bytes[16];
    char *sid = arena_alloc(mem, 2 + 2 * sizeof bytes + 1);

    random_bytes(bytes, sizeof bytes);
    memcpy(sid, letters, 2);
    hex_encode(bytes, sizeof bytes, sid + 2);
    return sid;
}

static void write_uris(struct json_writer *w, struct arena *mem, const char *account,
                       const char *sid)
{
    const char *base = arena_printf(mem, "/2010-04-01/Accounts/%s/Messages/%s", account, sid);

    jw_text(w, "uri", arena_printf(mem, "%s.json", base));
    jw_open(w, "subresource_uris", '{');
    jw_text(w, "media", arena_printf(mem, "%s/Media.json", base));
    jw_close(w, '}');
}

static void write_message(struct json_writer *w, const struct settings *s, struct exchange *x)
{
    const struct message *m = &x->message;
    const char *now = text_date(&x->mem, x->received_ms);
    const char *text = m->text != NULL ? m->text : "";
    bool sender_known = m->service == NULL || m->from != NULL;

    jw_open(w, NULL, '{');
    jw_text(w, "sid", x->id);
    jw_text(w, "account_sid", s->twilio.sid);
    jw_text(w, "messaging_service_sid", m->service);
    jw_text(w, "from", m->from);
    jw_text(w, "to", m->to);
    jw_text(w, "body", text);
    jw_text(w, "status", m->service != NULL ? "accepted" : "queued");
    jw_text(w, "direction", "outbound-api");
    jw_text(w, "num_segments",
            sender_known ? arena_printf(&x->mem, "%d", sms_segments(text)) : "0");
    jw_text(w, "num_media", arena_printf(&x->mem, "%d", m->media));
    jw_null(w, "price");
    jw_null(w, "price_unit");
    jw_null(w, "error_code");
    jw_null(w, "error_message");
    jw_text(w, "date_created", now);
    jw_text(w, "date_updated", now);
    jw_null(w, "date_sent");
    jw_text(w, "api_version", "2010-04-01");
    write_uris(w, &x->mem, s->twilio.sid, x->id);
    jw_close(w, '}');
}

static void accept_message(const struct settings *s, struct exchange *x)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);

    x->id = new_sid(&x->mem, x->message.media > 0 ? "MM" : "SM");
    x->notice.provider = &twilio_provider;
    x->notice.to = x->message.to;
    x->notice.from = x->message.from;
    x->notice.service = x->message.service;
    x->notice.recipient_id = x->message.recipient_id;
    x->notice.id = x->id;
    write_message(&w, s, x);
    exchange_answer_json(x, 201, &out);
}

/* Both speak of the account, and would do so each time: another provider may send. */
static const struct behaviour own[] = {
    { "4031", "foreign_sender", .fault = TWILIO_FOREIGN_SENDER },
    { "4032", "region_off", .fault = TWILIO_REGION_OFF },
    { NULL },
};

static struct seen seen = SEEN_INIT;

const struct provider twilio_provider = {
    .name = "twilio",
    .prefix = "/2010-04-01/",
    .repertoire = { .traits = TRAIT_HTTP | TRAIT_CALLBACKS, .own = own, .seen = &seen },
    .check = twilio_check,
    .fail = fail_message,
    .accept = accept_message,
    .event_name = event_name,
    .callback = twilio_callback,
};
