/* whatsapp - the answers of the messages edge, and the provider's row. */
#include "tests/simulator/whatsapp.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/random.h"
#include "common/crypto/digest.h"

#define ANSWER_MAX 65536

/* As Meta writes them: something in base64 that leads to its own logs. */
static const char *trace_id(struct arena *mem)
{
    char text[BASE64_BYTES(16)];
    uint8_t bytes[16];

    random_bytes(bytes, sizeof bytes);
    base64_encode(bytes, sizeof bytes, text);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    return arena_printf(mem, "A%.22s", text);
}

static void write_error_data(struct json_writer *w, const char *details)
{
    if (details == NULL)
        return;
    jw_open(w, "error_data", '{');
    jw_text(w, "messaging_product", "whatsapp");
    jw_text(w, "details", details);
    jw_close(w, '}');
}

void whatsapp_refuse(struct exchange *x, const struct whatsapp_error *e)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "error", '{');
    jw_text(&w, "message", e->message);
    jw_text(&w, "type", "OAuthException");
    jw_num(&w, "code", e->code);
    write_error_data(&w, e->details);
    if (e->subcode != 0)
        jw_num(&w, "error_subcode", e->subcode);
    jw_text(&w, "fbtrace_id", trace_id(&x->mem));
    jw_close(&w, '}');
    jw_close(&w, '}');
    exchange_answer_json(x, e->status, &out);
    x->answer.code = e->code;
    x->answer.problem = e->details == NULL
                            ? e->message
                            : arena_printf(&x->mem, "%s: %s", e->message, e->details);
}

static const struct whatsapp_error failures[WHATSAPP_FAULTS] = {
    [FAULT_LIMITED] = { 400, 130429, 0, "(#130429) Rate limit hit",
                        "Message failed to send because there were too many messages sent from "
                        "this phone number in a short period of time" },
    [FAULT_BAD_ADDRESS] = { 400, 131009, 0, "(#131009) Parameter value is not valid",
                            "Param to is not a phone number" },
    [FAULT_UNSUBSCRIBED] = { 400, 131050, 0, "(#131050) User stopped marketing messages",
                             "The recipient has opted out of marketing messages" },
    [FAULT_CREDENTIALS] = { 401, 190, 463, "Error validating access token: Session has expired" },
    [FAULT_SERVER_ERROR] = { 500, 131000, 0, "(#131000) Something went wrong",
                             "Message failed to send due to an unknown error" },
    [FAULT_UNAVAILABLE] = { 503, 131016, 0, "(#131016) Service unavailable",
                            "A service is temporarily unavailable" },
    [WHATSAPP_PAIR_LIMITED] = { 400, 131056, 0,
                                "(#131056) (Business Account, Consumer Account) pair rate limit hit",
                                "Too many messages were sent from this phone number to the same "
                                "phone number in a short period of time" },
    [WHATSAPP_ACCOUNT_LIMITED] = { 400, 80007, 0, "(#80007) Rate limit issues",
                                   "The WhatsApp Business Account has reached its rate limit" },
    [WHATSAPP_SPAM_LIMITED] = { 400, 131048, 0, "(#131048) Spam rate limit hit",
                                "Too many of the messages sent from this phone number were "
                                "blocked or flagged as spam" },
    [WHATSAPP_UNDELIVERABLE] = { 400, 131026, 0, "(#131026) Message undeliverable",
                                 "The recipient phone number is not a WhatsApp phone number" },
    [WHATSAPP_FORBIDDEN] = { 403, 131005, 0, "(#131005) Access denied",
                             "Permission is either not granted or has been removed" },
    [WHATSAPP_POLICY] = { 403, 368, 0, "(#368) Temporarily blocked for policies violations",
                          "The account was disabled for violating a platform policy" },
    [WHATSAPP_NOT_ON_TRIAL] = { 400, 131030, 0,
                                "(#131030) Recipient phone number not in allowed list",
                                "The recipient phone number is not among those that a test number "
                                "may send to" },
    [WHATSAPP_COUNTRY_CLOSED] = { 403, 130497, 0,
                                  "(#130497) Business account is restricted from messaging users "
                                  "in this country" },
    [WHATSAPP_MAINTENANCE] = { 400, 131057, 0, "(#131057) Account in maintenance mode",
                               "The WhatsApp Business Account is in maintenance mode" },
};

/* The time is in minutes; there is no Retry-After. */
static void add_usage(struct exchange *x)
{
    exchange_add_header(x, "X-Business-Use-Case-Usage",
                        "{\"200000000000002\":[{\"type\":\"whatsapp\",\"call_count\":100,"
                        "\"total_cputime\":1,\"total_time\":1,"
                        "\"estimated_time_to_regain_access\":1}]}");
}

static void fail_message(struct exchange *x, int fault)
{
    whatsapp_refuse(x, &failures[fault]);
    if (fault == WHATSAPP_ACCOUNT_LIMITED)
        add_usage(x);
}

/* A real one holds the recipient's number too. */
static const char *new_wamid(struct arena *mem, const char *digits)
{
    static const char head[] = "\x1c\x18", middle[] = "\x15\x02\x00\x11\x18\x12";
    size_t len = strlen(digits);
    uint8_t bytes[64], chance[9];
    char text[2 * sizeof chance + 1], encoded[BASE64_BYTES(sizeof bytes)];
    struct buf out = BUF_INIT(sizeof bytes);
    const char *id;

    random_bytes(chance, sizeof chance);
    hex_encode(chance, sizeof chance, text);
    for (char *c = text; *c != '\0'; c++)
        *c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
    buf_add(&out, head, sizeof head - 1);
    buf_addc(&out, (char)len);
    buf_add(&out, digits, len);
    buf_add(&out, middle, sizeof middle - 1);
    buf_add(&out, text, sizeof text); /* its NUL is the end mark */
    base64_encode(buf_str(&out), out.len, encoded);
    id = arena_printf(mem, "wamid.%s", encoded);
    buf_free(&out);
    return id;
}

static void accept_message(const struct settings *s, struct exchange *x)
{
    const char *to = x->message.to, *digits = to + (*to == '+');
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);

    x->id = new_wamid(&x->mem, digits);
    x->notice.provider = &whatsapp_provider;
    x->notice.to = digits;
    x->notice.recipient_id = x->message.recipient_id;
    x->notice.id = x->id;
    jw_open(&w, NULL, '{');
    jw_text(&w, "messaging_product", "whatsapp");
    jw_open(&w, "contacts", '[');
    jw_open(&w, NULL, '{');
    jw_text(&w, "input", to);
    jw_text(&w, "wa_id", digits);
    jw_close(&w, '}');
    jw_close(&w, ']');
    jw_open(&w, "messages", '[');
    jw_open(&w, NULL, '{');
    jw_text(&w, "id", x->id);
    jw_text(&w, "message_status", "accepted");
    jw_close(&w, '}');
    jw_close(&w, ']');
    jw_close(&w, '}');
    exchange_answer_json(x, 200, &out);
}

static const struct plan window_closed = { .ends = "failed",
                                           .steps = { { .event = WHATSAPP_WINDOW_CLOSED } } };

static const struct behaviour own[] = {
    { "4292", "pair_limited_once", 1, .fault = WHATSAPP_PAIR_LIMITED, .again = true },
    { "4293", "account_limited_once", 1, .fault = WHATSAPP_ACCOUNT_LIMITED, .again = true },
    { "4294", "spam_limited_once", 1, .fault = WHATSAPP_SPAM_LIMITED, .again = true },
    { "4030", "forbidden", .fault = WHATSAPP_FORBIDDEN, .again = true, .ends = ENDS_NEVER },
    { "4031", "policy", .fault = WHATSAPP_POLICY, .again = true, .ends = ENDS_NEVER },
    { "4040", "no_account", .fault = WHATSAPP_UNDELIVERABLE },
    { "4041", "not_on_trial", .fault = WHATSAPP_NOT_ON_TRIAL },
    { "4042", "country_closed", .fault = WHATSAPP_COUNTRY_CLOSED },
    { "4043", "maintenance_once", 1, .fault = WHATSAPP_MAINTENANCE, .again = true },
    { "4044", "maintenance_always", .fault = WHATSAPP_MAINTENANCE, .again = true },
    { "7047", "window_closed", 0, TRAIT_CALLBACKS, .plan = &window_closed, .again = true },
    { NULL },
};

static struct seen seen = SEEN_INIT;

const struct provider whatsapp_provider = {
    .name = "whatsapp",
    .prefix = "/v", /* and a version; what begins so and is another's stands before it */
    .repertoire = { .traits = TRAIT_HTTP | TRAIT_CALLBACKS, .own = own, .seen = &seen },
    .check = whatsapp_check,
    .fail = fail_message,
    .accept = accept_message,
    .event_name = whatsapp_event_name,
    .batch_most = 50,
    .retries_slow_down = true,
    .callback = whatsapp_callback,
};
