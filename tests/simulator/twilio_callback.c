/* twilio_callback - a status callback as Twilio writes and signs it. */
#include "tests/simulator/twilio.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "tests/simulator/callback_url.h"

#define FIELDS_MAX 20
#define SIGNED_MAX 65536

static int by_key_then_value(const void *a, const void *b)
{
    const struct urlform_pair *left = a, *right = b;
    int order = strcmp(left->key, right->key);

    return order != 0 ? order : strcmp(left->value, right->value);
}

void twilio_sign(const char *token, const char *url, const struct urlform *form,
                 char out[TWILIO_SIGNATURE_BYTES])
{
    struct urlform_pair *sorted = calloc(form->count + 1, sizeof *sorted);
    struct buf text = BUF_INIT(SIGNED_MAX);
    uint8_t mac[HMAC_SHA1_BYTES];

    if (sorted == NULL)
        abort();
    if (form->count > 0)
        memcpy(sorted, form->pairs, form->count * sizeof *sorted);
    qsort(sorted, form->count, sizeof *sorted, by_key_then_value);
    buf_adds(&text, url);
    for (size_t i = 0; i < form->count; i++) {
        if (i > 0 && by_key_then_value(&sorted[i - 1], &sorted[i]) == 0)
            continue; /* of equal values one is signed */
        buf_adds(&text, sorted[i].key);
        buf_adds(&text, sorted[i].value);
    }
    hmac_sha1(token, strlen(token), buf_str(&text), text.len, mac);
    base64_encode(mac, sizeof mac, out);
    buf_free(&text);
    free(sorted);
}

/* Only failures carry a code. */
static const char *const error_codes[EVENT_COUNT] = {
    [EVENT_UNDELIVERED] = "30003",
    [EVENT_FAILED] = "30008",
};

static void add(struct urlform *form, const char *key, const char *value)
{
    if (value == NULL)
        return;
    form->pairs[form->count].key = key;
    form->pairs[form->count].value = value;
    form->count++;
}

/* YYMMDDhhmm, when the carrier reported. */
static const char *done_date(struct arena *mem)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    char text[16];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(text, sizeof text, "%Y%m%d%H%M", &tm);
    return arena_strdup(mem, text + 2);
}

static void add_channel(struct urlform *form, int event, struct arena *mem,
                        const struct notice *n)
{
    bool reported = event == EVENT_DELIVERED || event == EVENT_UNDELIVERED;

    if (strncmp(n->to, "whatsapp:", 9) != 0) {
        add(form, "RawDlrDoneDate", reported ? done_date(mem) : NULL);
        return;
    }
    add(form, "ChannelPrefix", "whatsapp");
    add(form, "ChannelInstallSid", "XE00000000000000000000000000000000");
    add(form, "ChannelStatusMessage",
        error_codes[event] != NULL ? "the message could not be delivered" : NULL);
    add(form, "EventType", event == EVENT_READ ? "READ" : NULL);
}

static void fill(struct urlform *form, const struct settings *s, const struct notice *n,
                 int event, struct arena *mem)
{
    add(form, "MessageSid", n->id);
    add(form, "SmsSid", n->id);
    add(form, "MessageStatus", event_name(event));
    add(form, "SmsStatus", event_name(event));
    add(form, "To", n->to);
    add(form, "From", n->from);
    add(form, "AccountSid", s->twilio.sid);
    add(form, "ApiVersion", "2010-04-01");
    add(form, "MessagingServiceSid", n->service);
    add(form, "ErrorCode", error_codes[event]);
    add_channel(form, event, mem, n);
}

/* The same for each try, and for a doubled callback, of one event: made from what it tells. */
static const char *idempotency_token(struct arena *mem, const struct notice *n, int event)
{
    const char *what = arena_printf(mem, "%s %s", n->id, event_name(event));
    char hash[SHA256_HEX_BYTES];

    sha256_hex(what, strlen(what), hash);
    return arena_printf(mem, "%.8s-%.4s-%.4s-%.4s-%.12s", hash, hash + 8, hash + 12, hash + 16,
                        hash + 20);
}

void twilio_callback(const struct settings *s, const struct item *items, size_t count,
                     struct arena *mem, struct post *out)
{
    const struct notice *n = items->notice;
    struct step step = items->step;
    struct urlform form = { .pairs = ARENA_ARRAY(mem, struct urlform_pair, FIELDS_MAX) };
    const char *token = s->twilio.token;
    char signature[TWILIO_SIGNATURE_BYTES];

    fill(&form, s, n, step.event, mem);
    for (size_t i = 0; i < form.count; i++)
        urlform_add(&out->body, form.pairs[i].key, form.pairs[i].value);
    /* A forger has every part of the callback but the token. */
    if (step.forged)
        token = arena_printf(mem, "not %s", token);
    twilio_sign(token, callback_url_signed(mem, n->url), &form, signature);
    out->url = n->url;
    out->headers[0] = "Content-Type: application/x-www-form-urlencoded; charset=UTF-8";
    out->headers[1] = "User-Agent: TwilioProxy/1.1";
    out->headers[2] = arena_printf(mem, "X-Twilio-Signature: %s", signature);
    out->headers[3] =
        arena_printf(mem, "I-Twilio-Idempotency-Token: %s", idempotency_token(mem, n, step.event));
}
