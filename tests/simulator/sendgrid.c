/* sendgrid - the answers of mail/send, and the provider's row. */
#include "tests/simulator/sendgrid.h"

#include <string.h>

#include "common/base/random.h"
#include "common/crypto/digest.h"
#include "tests/simulator/text.h"

#define ANSWER_MAX 65536
#define LIMIT 10000

/* These stand on every answer. */
static void add_rate(struct exchange *x, int remaining, int reset_s)
{
    int64_t reset = x->received_ms / 1000 + reset_s;

    exchange_add_header(x, "X-RateLimit-Limit", arena_printf(&x->mem, "%d", LIMIT));
    exchange_add_header(x, "X-RateLimit-Remaining", arena_printf(&x->mem, "%d", remaining));
    exchange_add_header(x, "X-RateLimit-Reset", arena_printf(&x->mem, "%lld", (long long)reset));
}

static void write_error(struct exchange *x, const struct sendgrid_error *e)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "errors", '[');
    jw_open(&w, NULL, '{');
    jw_text(&w, "message", e->message);
    jw_text(&w, "field", e->field);
    jw_text(&w, "help", e->help);
    jw_close(&w, '}');
    jw_close(&w, ']');
    jw_close(&w, '}');
    exchange_answer_json(x, e->status, &out);
    x->answer.problem = e->field == NULL
                            ? e->message
                            : arena_printf(&x->mem, "%s: %s", e->field, e->message);
    if (e->status == 405)
        exchange_add_header(x, "Allow", "POST");
}

void sendgrid_refuse(struct exchange *x, const struct sendgrid_error *e)
{
    write_error(x, e);
    add_rate(x, LIMIT - 1, 1);
}

static const struct failure {
    struct sendgrid_error error;
    int reset_s; /* 0: the limit is not reached */
} failures[SENDGRID_FAULTS] = {
    [FAULT_LIMITED] = { { 429, "too many requests", NULL, NULL }, 1 },
    [FAULT_BAD_ADDRESS] = { { 400, "Does not contain a valid address.",
                              "personalizations.0.to.0.email", NULL } },
    [FAULT_CREDENTIALS] = { { 401, "The provided authorization grant is invalid, expired, or "
                                   "revoked", NULL, NULL } },
    [FAULT_SERVER_ERROR] = { { 500, "Internal Server Error", NULL, NULL } },
    [FAULT_UNAVAILABLE] = { { 503, "Service Unavailable", NULL, NULL } },
    [SENDGRID_FORBIDDEN] = { { 403, "The from address does not match a verified Sender Identity. "
                                    "Mail cannot be sent until this error is resolved.",
                               "from", NULL } },
    [SENDGRID_TOO_LARGE] = { { 413, "The request is larger than 30 MB.", NULL, NULL } },
    [SENDGRID_LIMITED_LONGER] = { { 429, "too many requests", NULL, NULL }, 3 },
};

static void fail_message(struct exchange *x, int fault)
{
    const struct failure *f = &failures[fault];

    write_error(x, &f->error);
    add_rate(x, f->reset_s > 0 ? 0 : LIMIT - 1, f->reset_s > 0 ? f->reset_s : 1);
}

/* 16 random bytes in base64url: 22 characters. */
static const char *new_message_id(struct arena *mem)
{
    char text[BASE64_BYTES(16)];
    uint8_t bytes[16];

    random_bytes(bytes, sizeof bytes);
    base64_encode(bytes, sizeof bytes, text);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    return arena_strndup(mem, text, 22);
}

/* A further recipient has events; what chooses answers is the first one's alone. */
static const struct plan *plan_of(const char *address)
{
    const struct behaviour *b =
        behaviour_find(&sendgrid_provider.repertoire, text_mail_number(address));

    return (b->needs & TRAIT_CALLBACKS) != 0 ? b->plan : &plan_delivered;
}

static void fill_notice(struct notice *n, const struct exchange *x)
{
    n->provider = &sendgrid_provider;
    n->id = x->id;
}

static void accept_message(const struct settings *s, struct exchange *x)
{
    x->answer.status = x->rehearsal ? 200 : 202;
    x->answer.body = "";
    add_rate(x, LIMIT - 1, 1);
    if (x->rehearsal)
        return;
    x->id = new_message_id(&x->mem);
    exchange_add_header(x, "X-Message-Id", x->id);
    fill_notice(&x->notice, x);
    for (size_t i = 0; i < x->other_count; i++) {
        fill_notice(&x->others[i], x);
        x->others[i].plan = plan_of(x->others[i].to);
    }
}

bool sendgrid_is_sandboxed(const json_t *doc)
{
    const json_t *settings = json_object_get(doc, "mail_settings");

    return json_is_true(json_object_get(json_object_get(settings, "sandbox_mode"), "enable"));
}

#define S(e) { .event = EVENT_##e }
#define OWN(e) { .event = SENDGRID_##e }
static const struct plan unsubscribed = { .ends = "failed", .steps = { OWN(DROPPED_UNSUBSCRIBED) } };
static const struct plan blocked = { .ends = "failed", .steps = { S(SENT), OWN(BLOCKED) } };
static const struct plan deferred = {
    .ends = "delivered",
    .steps = { S(SENT), OWN(DEFERRED), OWN(DEFERRED), S(DELIVERED) }
};
/* What comes after a delivery does not undo it. */
static const struct plan late_bounce = {
    .ends = "delivered", .steps = { S(SENT), S(DELIVERED), OWN(LATE_BOUNCE) }
};
static const struct plan spam_report = {
    .ends = "delivered", .steps = { S(SENT), S(DELIVERED), OWN(SPAM_REPORT) }
};
#undef S
#undef OWN

#define CALLBACKS TRAIT_CALLBACKS
static const struct behaviour own[] = {
    { "4030", "forbidden", .fault = SENDGRID_FORBIDDEN },
    { "4100", "suppressed", 0, CALLBACKS, .plan = &unsubscribed },
    { "4130", "too_large", .fault = SENDGRID_TOO_LARGE },
    { "4292", "limited_longer_once", 1, .fault = SENDGRID_LIMITED_LONGER, .again = true },
    { "7010", "blocked", 0, CALLBACKS, .plan = &blocked },
    { "7011", "deferred", 0, CALLBACKS, .plan = &deferred },
    { "7012", "late_bounce", 0, CALLBACKS, .plan = &late_bounce },
    { "7013", "spam_report", 0, CALLBACKS, .plan = &spam_report },
    { NULL },
};
#undef CALLBACKS

static struct seen seen = SEEN_INIT;

const struct provider sendgrid_provider = {
    .name = "sendgrid",
    .prefix = "/v3/",
    .body_max = SENDGRID_BODY_MAX,
    .repertoire = { .traits = TRAIT_HTTP | TRAIT_CALLBACKS, .own = own, .seen = &seen },
    .check = sendgrid_check,
    .fail = fail_message,
    .accept = accept_message,
    .event_name = sendgrid_event_name,
    .batch_most = 500,
    .batch_waits = true,
    .retries_slow_down = true,
    .callback = sendgrid_callback,
};
