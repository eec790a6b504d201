/* whatsapp_callback - statuses as Meta writes and signs them. */
#include "tests/simulator/whatsapp.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/utf8.h"
#include "common/crypto/digest.h"

static const struct {
    const char *status;
    int code; /* 0: no error */
    const char *title, *details;
} events[] = {
    [EVENT_NONE] = { "none" },
    [EVENT_SENT] = { "sent" },
    [EVENT_DELIVERED] = { "delivered" },
    [EVENT_READ] = { "read" },
    [EVENT_UNDELIVERED] = { "failed", 131026, "Message undeliverable",
                            "Message Undeliverable." },
    [EVENT_FAILED] = { "failed", 131000, "Something went wrong",
                       "Message failed to send due to an unknown error." },
    [WHATSAPP_WINDOW_CLOSED] = { "failed", 131047, "Re-engagement message",
                                 "Message failed to send because more than 24 hours have passed "
                                 "since the customer last replied to this number." },
};

const char *whatsapp_event_name(int event)
{
    return events[event].status;
}

void whatsapp_sign(const char *app_secret, const void *body, size_t len,
                   char out[WHATSAPP_SIGNATURE_BYTES])
{
    uint8_t mac[HMAC_SHA256_BYTES];

    hmac_sha256(app_secret, strlen(app_secret), body, len, mac);
    memcpy(out, "sha256=", 7);
    hex_encode(mac, sizeof mac, out + 7);
}

/* The code point of a character of utf8_length() bytes. */
static unsigned code_point(const char *text, size_t len)
{
    static const unsigned char first_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    unsigned code = (unsigned char)text[0] & first_bits[len];

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    return code;
}

/*
 * Meta's JSON is ASCII, with '/' escaped too, and signed as it is on the wire: whoever parses and
 * writes it again before checking the signature finds it wrong.
 */
static void add_escaped(struct buf *out, const char *json, size_t len)
{
    for (size_t step; len > 0; json += step, len -= step) {
        unsigned code;

        step = utf8_length(json, len);
        if (step == 0) /* never: all of it was JSON */
            step = 1;
        code = code_point(json, step);
        if (code == '/')
            buf_adds(out, "\\/");
        else if (code < 0x80)
            buf_addc(out, (char)code);
        else if (code < 0x10000)
            buf_addf(out, "\\u%04x", code);
        else
            buf_addf(out, "\\u%04x\\u%04x", 0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF));
    }
}

static void write_billing(struct json_writer *w, const struct notice *n)
{
    char hash[SHA256_HEX_BYTES];

    jw_open(w, "conversation", '{');
    sha256_hex(n->id, strlen(n->id), hash);
    hash[32] = '\0';
    jw_text(w, "id", hash);
    jw_open(w, "origin", '{');
    jw_text(w, "type", "utility");
    jw_close(w, '}');
    jw_close(w, '}');
    jw_open(w, "pricing", '{');
    jw_bool(w, "billable", true);
    jw_text(w, "pricing_model", "PMP");
    jw_text(w, "type", "regular");
    jw_text(w, "category", "utility");
    jw_close(w, '}');
}

static void write_errors(struct json_writer *w, int event)
{
    jw_open(w, "errors", '[');
    jw_open(w, NULL, '{');
    jw_num(w, "code", events[event].code);
    jw_text(w, "title", events[event].title);
    jw_text(w, "message", events[event].title);
    jw_open(w, "error_data", '{');
    jw_text(w, "details", events[event].details);
    jw_close(w, '}');
    jw_close(w, '}');
    jw_close(w, ']');
}

static void write_status(struct json_writer *w, const struct item *item, struct arena *mem)
{
    const struct notice *n = item->notice;
    int event = item->step.event;

    jw_open(w, NULL, '{');
    jw_text(w, "id", n->id);
    jw_text(w, "status", events[event].status);
    jw_text(w, "timestamp", arena_printf(mem, "%lld", (long long)item->time_ms / 1000));
    jw_text(w, "recipient_id", n->to);
    if (n->recipient_id != NULL)
        jw_text(w, "biz_opaque_callback_data", n->recipient_id);
    if (event == EVENT_SENT || event == EVENT_DELIVERED)
        write_billing(w, n);
    if (events[event].code != 0)
        write_errors(w, event);
    jw_close(w, '}');
}

static void write_body(struct json_writer *w, const struct settings *s, const struct item *items,
                       size_t count, struct arena *mem)
{
    jw_open(w, NULL, '{');
    jw_text(w, "object", "whatsapp_business_account");
    jw_open(w, "entry", '[');
    jw_open(w, NULL, '{');
    jw_text(w, "id", s->whatsapp.business_id);
    jw_open(w, "changes", '[');
    jw_open(w, NULL, '{');
    jw_open(w, "value", '{');
    jw_text(w, "messaging_product", "whatsapp");
    jw_open(w, "metadata", '{');
    jw_text(w, "display_phone_number", s->whatsapp.number);
    jw_text(w, "phone_number_id", s->whatsapp.phone_id);
    jw_close(w, '}');
    jw_open(w, "statuses", '[');
    for (size_t i = 0; i < count; i++)
        write_status(w, &items[i], mem);
    jw_close(w, ']');
    jw_close(w, '}');
    jw_text(w, "field", "messages");
    jw_close(w, '}');
    jw_close(w, ']');
    jw_close(w, '}');
    jw_close(w, ']');
    jw_close(w, '}');
}

void whatsapp_callback(const struct settings *s, const struct item *items, size_t count,
                       struct arena *mem, struct post *out)
{
    const char *secret = s->whatsapp.app_secret;
    struct buf json = BUF_INIT(POST_MAX);
    struct json_writer w = JSON_WRITER(&json);
    char signature[WHATSAPP_SIGNATURE_BYTES];

    write_body(&w, s, items, count, mem);
    add_escaped(&out->body, buf_str(&json), json.len);
    buf_free(&json);
    /* A forger has every part of the callback but the secret. */
    if (items->step.forged)
        secret = arena_printf(mem, "not %s", secret);
    whatsapp_sign(secret, buf_str(&out->body), out->body.len, signature);
    out->url = items->notice->url;
    out->headers[0] = "Content-Type: application/json";
    out->headers[1] = "User-Agent: facebookexternalua";
    out->headers[2] = arena_printf(mem, "X-Hub-Signature-256: %s", signature);
}
