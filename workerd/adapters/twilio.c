/* twilio - SMS and WhatsApp by Twilio's Messages resource (2010-04-01). */
#include "workerd/adapters/kinds.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/json_path.h"
#include "common/base/urlform.h"
#include "common/base/utf8.h"
#include "workerd/adapters/verdict.h"

#define BODY_MAX_CHARACTERS 1600 /* more is error 21617 */
#define VALIDITY_MAX_SECONDS 36000
#define FORM_LIMIT 65536
#define SID_MAX 64

struct provider {
    struct arena mem; /* holds the provider too */
    const char *url, *sid, *token, *service;
    const char *callback; /* up to the recipient's id; NULL: none is asked for */
    int timeout_ms;
};

/* ---- opening ---- */

/* The id stands in the URL's path and as the user of HTTP Basic, where ':' would end it. */
static bool is_sid(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    return len > 0 && len <= SID_MAX && text[len] == '\0';
}

/* Several tokens, comma-separated, are valid while they rotate: the first signs in. */
static const char *first_token(struct arena *mem, const char *tokens)
{
    size_t len;

    tokens += strspn(tokens, " \t");
    len = strcspn(tokens, ", \t");
    return arena_strndup(mem, tokens, len);
}

static void twilio_close(struct provider *p)
{
    if (p != NULL) {
        struct arena mem = p->mem;

        arena_done(&mem);
    }
}

static enum status twilio_open(struct provider **out, const struct provider_config *cfg,
                               const char *public_url, struct error *err)
{
    const char *base = *cfg->base_url != '\0' ? cfg->base_url : "https://api.twilio.com";
    struct arena mem = ARENA_INIT;
    struct provider *p;

    if (!is_sid(cfg->account_sid))
        return error_set(err, ST_INVALID, "provider %s: account_sid is missing or no SID",
                         cfg->name);
    if (cfg->auth_token[strspn(cfg->auth_token, " \t,")] == '\0')
        return error_set(err, ST_INVALID, "provider %s: auth_token is missing", cfg->name);
    if (*cfg->messaging_service_sid != '\0' && !is_sid(cfg->messaging_service_sid))
        return error_set(err, ST_INVALID, "provider %s: messaging_service_sid is no SID",
                         cfg->name);
    p = ARENA_NEW(&mem, struct provider);
    p->sid = arena_strdup(&mem, cfg->account_sid);
    p->url = arena_printf(&mem, "%s/2010-04-01/Accounts/%s/Messages.json", base, p->sid);
    p->token = first_token(&mem, cfg->auth_token);
    p->service = arena_strdup(&mem, cfg->messaging_service_sid);
    if (public_url != NULL && *public_url != '\0')
        p->callback = arena_printf(&mem, "%s/webhooks/twilio?id=", public_url);
    p->timeout_ms = cfg->timeout_ms;
    p->mem = mem;
    *out = p;
    return ST_OK;
}

/* ---- building ---- */

static void add_address(struct buf *form, const char *key, enum platform platform,
                        const char *address)
{
    static const char channel[] = "whatsapp:";
    struct buf value = BUF_INIT(FORM_LIMIT);

    if (platform == PF_WHATSAPP && strncmp(address, channel, strlen(channel)) != 0)
        buf_adds(&value, channel);
    buf_adds(&value, address);
    urlform_add(form, key, buf_str(&value));
    buf_free(&value);
}

/* A sender that is named goes before the service: it may be the message's own. */
static void add_sender(struct buf *form, const struct provider *p, const struct delivery *d)
{
    if (d->from != NULL)
        add_address(form, "From", d->platform, d->from);
    else
        urlform_add(form, "MessagingServiceSid", p->service);
}

/*
 * The recipient's id is in the URL, so that a callback which overtakes our own record finds its
 * row.  The fragment asks Twilio to repeat a callback that we answer with an error; it is neither
 * sent to us nor signed.
 */
static void add_callback(struct buf *form, const struct provider *p, const struct delivery *d,
                         struct arena *mem)
{
    struct buf id = BUF_INIT(FORM_LIMIT);

    if (p->callback == NULL)
        return;
    urlform_encode(&id, d->recipient_id);
    urlform_add(form, "StatusCallback",
                arena_printf(mem, "%s%s#rc=3&rp=all", p->callback, buf_str(&id)));
    buf_free(&id);
}

/* Twilio keeps a message for ten hours at most, and by default. */
static void add_validity(struct buf *form, const struct delivery *d, struct arena *mem)
{
    int64_t seconds = (d->expires_ms - d->now_ms) / 1000;

    if (d->expires_ms < 0 || seconds > VALIDITY_MAX_SECONDS)
        return;
    urlform_add(form, "ValidityPeriod",
                arena_printf(mem, "%lld", seconds < 1 ? 1LL : (long long)seconds));
}

static enum status twilio_build(const struct provider *p, const struct delivery *d,
                                struct arena *mem, struct transfer *out, struct error *err)
{
    static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
                                           "Accept: application/json", NULL };
    size_t characters = utf8_count(d->content);
    struct buf form = BUF_INIT(FORM_LIMIT);
    enum status st = ST_OK;

    if (characters > BODY_MAX_CHARACTERS)
        return error_set(err, ST_INVALID, "content_too_long: %zu characters, at most %d",
                         characters, BODY_MAX_CHARACTERS);
    if (d->from == NULL && *p->service == '\0')
        return error_set(err, ST_INVALID, "no_sender: neither a sender nor a messaging service");
    add_address(&form, "To", d->platform, d->address);
    add_sender(&form, p, d);
    urlform_add(&form, "Body", d->content);
    add_callback(&form, p, d, mem);
    add_validity(&form, d, mem);
    if (buf_overflowed(&form))
        st = error_set(err, ST_INVALID, "content_too_long: the form passes %d bytes", FORM_LIMIT);
    else
        *out = (struct transfer){
            .kind = TRANSFER_HTTP,
            .url = p->url,
            .headers = headers,
            .username = p->sid,
            .password = p->token,
            .body = arena_strndup(mem, buf_str(&form), form.len),
            .body_len = form.len,
            .timeout_ms = p->timeout_ms,
        };
    buf_free(&form);
    return st;
}

/* ---- judging ---- */

/*
 * Twilio's codes as a REST answer may carry them.
 *
 * CREDENTIALS opens the breaker of the whole provider, so only what the configuration alone can be
 * wrong about is of that class: the account, the messaging service, the host of public_url (21609).
 *
 * REFUSED_HERE is what our account can't do for a recipient who could well be reached.  It depends
 * on the sender or the recipient, and one message with a bad sender must not hold up all others;
 * but neither is at fault, and another provider may have the sender or the permission: a From that
 * is no sender, not ours, unregistered or unfit for this To (21212, 21606, 21612, 30034, 30042,
 * 63002, 63007), a region that is not enabled (21408), a trial account or a sandbox that the
 * recipient is not enrolled in (21608, 63015).
 *
 * A full queue (21611) is no refusal: the sender has room again later.  Not to be got round by
 * another provider, and so REFUSED: who has unsubscribed (21610), and Twilio's protection from
 * pumping and fraud (30450, 30453).  Nor would one help where the fault is in the content, the
 * template or WhatsApp's window (63016): they are the same everywhere.
 */
static const struct code {
    int code;
    enum verdict_class class;
    int wait_s; /* before another attempt, where the answer names no time; 0: as usual */
    bool sender_only; /* THROTTLED: other senders go on */
} codes[] = {
    { 20003, VERDICT_CREDENTIALS, 0, false },  /* authentication */
    { 20404, VERDICT_CREDENTIALS, 0, false },  /* no such account or resource */
    { 20410, VERDICT_CREDENTIALS, 0, false },  /* gone */
    { 20429, VERDICT_THROTTLED, 0, false },    /* too many requests at once: never processed */
    { 20500, VERDICT_UNCLEAR, 0, false },      /* internal */
    { 21211, VERDICT_REFUSED, 0, false },      /* To is no number */
    { 21212, VERDICT_REFUSED_HERE, 0, false }, /* From is no number */
    { 21408, VERDICT_REFUSED_HERE, 0, false }, /* region not enabled */
    { 21601, VERDICT_REFUSED, 0, false },      /* content and parameters */
    { 21602, VERDICT_REFUSED, 0, false },
    { 21603, VERDICT_CREDENTIALS, 0, false },  /* neither From nor a service: we always name one */
    { 21606, VERDICT_REFUSED_HERE, 0, false }, /* From is not ours, or can't send */
    { 21608, VERDICT_REFUSED_HERE, 0, false }, /* trial account, To not verified */
    { 21609, VERDICT_CREDENTIALS, 0, false },  /* the callback's URL: public_url is no host for Twilio */
    { 21610, VERDICT_REFUSED, 0, false },      /* unsubscribed */
    { 21611, VERDICT_THROTTLED, 60, true }, /* the sender's queue is full */
    { 21612, VERDICT_REFUSED_HERE, 0, false }, /* not reachable from this sender */
    { 21614, VERDICT_REFUSED, 0, false },      /* not a mobile number */
    { 21617, VERDICT_REFUSED, 0, false },
    { 21619, VERDICT_REFUSED, 0, false },
    { 21620, VERDICT_REFUSED, 0, false },
    { 21621, VERDICT_REFUSED, 0, false },
    { 21624, VERDICT_REFUSED, 0, false },
    { 21654, VERDICT_REFUSED, 0, false },
    { 21658, VERDICT_REFUSED, 0, false },
    { 21701, VERDICT_CREDENTIALS, 0, false }, /* the messaging service */
    { 21703, VERDICT_CREDENTIALS, 0, false },
    { 21704, VERDICT_CREDENTIALS, 0, false },
    { 21910, VERDICT_REFUSED, 0, false },      /* From and To of two channels */
    { 30001, VERDICT_THROTTLED, 0, false },    /* queue overflow */
    { 30002, VERDICT_CREDENTIALS, 0, false },  /* account suspended */
    { 30003, VERDICT_NOT_SENT, 0, false },     /* handset off */
    { 30004, VERDICT_REFUSED, 0, false },      /* blocked */
    { 30005, VERDICT_REFUSED, 0, false },      /* unknown handset */
    { 30006, VERDICT_REFUSED, 0, false },      /* landline */
    { 30007, VERDICT_REFUSED, 0, false },      /* filtered */
    { 30008, VERDICT_UNCLEAR, 0, false },      /* unknown */
    { 30010, VERDICT_REFUSED, 0, false },      /* price */
    { 30017, VERDICT_NOT_SENT, 0, false },     /* carrier congestion */
    { 30019, VERDICT_REFUSED, 0, false },      /* size */
    { 30034, VERDICT_REFUSED_HERE, 0, false }, /* unregistered sender */
    { 30036, VERDICT_REFUSED, 0, false },      /* validity expired */
    { 30042, VERDICT_REFUSED_HERE, 0, false }, /* sender id not allowed there */
    { 30410, VERDICT_UNCLEAR, 0, false },      /* time-out behind Twilio */
    { 30450, VERDICT_REFUSED, 0, false },      /* pumping protection */
    { 30453, VERDICT_REFUSED, 0, false },      /* fraud */
    { 35111, VERDICT_REFUSED, 0, false },
    { 35114, VERDICT_REFUSED, 0, false },
    { 35118, VERDICT_REFUSED, 0, false },
    { 63001, VERDICT_CREDENTIALS, 0, false },  /* channel authentication */
    { 63002, VERDICT_REFUSED_HERE, 0, false }, /* From not found in the channel */
    { 63003, VERDICT_REFUSED, 0, false },      /* To not found in the channel */
    { 63007, VERDICT_REFUSED_HERE, 0, false }, /* From not found in the channel */
    { 63009, VERDICT_UNCLEAR, 0, false },      /* the channel's 5xx */
    { 63010, VERDICT_UNCLEAR, 0, false },
    { 63012, VERDICT_UNCLEAR, 0, false },
    { 63015, VERDICT_REFUSED_HERE, 0, false }, /* the recipient has not joined the sandbox */
    { 63016, VERDICT_REFUSED, 0, false },      /* outside the 24 hours: a template is needed */
    { 63018, VERDICT_THROTTLED, 0, false },    /* channel rate */
    { 63021, VERDICT_REFUSED, 0, false },
    { 63024, VERDICT_REFUSED, 0, false }, /* invalid recipient */
    { 63027, VERDICT_REFUSED, 0, false }, /* templates */
    { 63028, VERDICT_REFUSED, 0, false },
    { 63030, VERDICT_REFUSED, 0, false },
    { 63032, VERDICT_REFUSED, 0, false },
    { 63038, VERDICT_THROTTLED, 3600, false }, /* the account's daily limit */
    { 63040, VERDICT_REFUSED, 0, false },
    { 63041, VERDICT_REFUSED, 0, false },
    { 63042, VERDICT_REFUSED, 0, false },
};

static const struct code *find_code(json_int_t code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return &codes[i];
    return NULL;
}

/* An answer without a code that we know goes by its HTTP status. */
static struct verdict judge_refusal(const struct provider *p, const json_t *doc,
                                    const struct reply *r, struct arena *mem)
{
    const json_t *number = json_object_get(doc, "code");
    const char *text = json_string_value(json_object_get(doc, "message"));
    const struct code *known = find_code(json_integer_value(number));
    struct verdict v = verdict_make(known != NULL ? known->class : verdict_class_of_http(r->status),
                                    NULL, verdict_words(text, p->token), r, mem);

    if (json_integer_value(number) > 0)
        v.code = arena_printf(mem, "%lld", (long long)json_integer_value(number));
    else
        v.code = arena_printf(mem, "http_%d", r->status);
    if (v.retry_after_ms < 0 && known != NULL && known->wait_s > 0)
        v.retry_after_ms = known->wait_s * INT64_C(1000);
    v.recipient_only = known != NULL && known->sender_only;
    return v;
}

static struct verdict twilio_judge(const struct provider *p, const struct reply *r,
                                   struct arena *mem)
{
    struct error unreadable;
    SCOPED(json_t) doc = NULL;
    const char *sid;
    bool good;

    if (r->reach != REACH_ANSWERED)
        return verdict_of_reach(r, mem);
    good = r->status >= 200 && r->status <= 299;
    sid = good ? json_path_skim(r->body, r->body_len, "sid", mem) : NULL;
    if (sid != NULL && is_sid(sid))
        return verdict_accepted(sid);
    /* A gateway may answer with anything: then doc is NULL, and has no members. */
    doc = json_read(r->body, r->body_len, &unreadable);
    if (!good)
        return judge_refusal(p, doc, r, mem);
    sid = json_string_value(json_object_get(doc, "sid"));
    if (sid == NULL || !is_sid(sid))
        return verdict_make(VERDICT_UNCLEAR, "unreadable_answer", NULL, r, mem);
    return verdict_accepted(arena_strdup(mem, sid));
}

const struct adapter twilio_adapter = {
    .kind = "twilio",
    .platforms = 1u << PF_SMS | 1u << PF_WHATSAPP,
    .open = twilio_open,
    .build = twilio_build,
    .judge = twilio_judge,
    .close = twilio_close,
};
