/* twilio_check - the rules that a request to the Messages resource must keep. */
#include "tests/simulator/twilio.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"
#include "tests/simulator/callback_url.h"
#include "tests/simulator/text.h"

#define FORM_PAIRS 64
#define WHATSAPP "whatsapp:"

struct reading {
    const struct settings *settings;
    const struct request *request;
    struct arena *mem;
    enum status form_status;
    struct urlform form;
    struct callback_url callback;
    struct message *message;
};

static const char *given(const struct reading *r, const char *key)
{
    const char *value = urlform_find(&r->form, key);

    return value != NULL && *value != '\0' ? value : NULL;
}

static bool is_whatsapp(const char *address)
{
    return strncmp(address, WHATSAPP, strlen(WHATSAPP)) == 0;
}

static const char *without_channel(const char *address)
{
    return is_whatsapp(address) ? address + strlen(WHATSAPP) : address;
}

/* Two letters and 32 hexadecimal digits. */
static bool is_sid(const char *text, const char *letters)
{
    return strncmp(text, letters, 2) == 0 && strlen(text) == 34 &&
           strspn(text + 2, "0123456789abcdefABCDEF") == 32;
}

/* 1 to 11 of letters, digits and some marks, with at least one letter. */
static bool is_sender_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = strlen(text), good = 0;

    for (const char *c = text; *c != '\0'; c++)
        good += strchr(letters, *c) != NULL || strchr("0123456789 +-_&", *c) != NULL;
    return len >= 1 && len <= 11 && good == len && strpbrk(text, letters) != NULL;
}

/* The rules.  Each says whether the request breaks it; those before it are kept by then. */

static bool wrong_credentials(const struct reading *r)
{
    const struct twilio_account *account = &r->settings->twilio;

    return !text_is_basic(r->request->authorization, account->sid, account->token);
}

static bool wrong_resource(const struct reading *r)
{
    return strcmp(r->request->path, arena_printf(r->mem, "/2010-04-01/Accounts/%s/Messages.json",
                                                 r->settings->twilio.sid)) != 0;
}

static bool wrong_method(const struct reading *r)
{
    return strcmp(r->request->method, "POST") != 0;
}

static bool too_large(const struct reading *r)
{
    return buf_overflowed(&r->request->body) || r->form_status == ST_LIMITED;
}

static bool not_a_form(const struct reading *r)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = r->request->content_type;

    return type == NULL || strncasecmp(type, form, strlen(form)) != 0 ||
           strchr(" ;", type[strlen(form)]) == NULL; /* the NUL is found too */
}

static bool broken_form(const struct reading *r)
{
    return r->form_status != ST_OK;
}

static bool not_utf8(const struct reading *r)
{
    for (size_t i = 0; i < r->form.count; i++)
        if (text_characters(r->form.pairs[i].key) < 0 ||
            text_characters(r->form.pairs[i].value) < 0)
            return true;
    return false;
}

static bool repeated(const struct reading *r)
{
    for (size_t i = 0; i < r->form.count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(r->form.pairs[i].key, r->form.pairs[k].key) == 0 &&
                strcmp(r->form.pairs[i].key, "MediaUrl") != 0)
                return true;
    return false;
}

static bool no_to(const struct reading *r)
{
    return given(r, "To") == NULL;
}

static bool wrong_to(const struct reading *r)
{
    return !text_is_e164(without_channel(given(r, "To")));
}

static bool no_from(const struct reading *r)
{
    return given(r, "From") == NULL && given(r, "MessagingServiceSid") == NULL;
}

static bool wrong_from(const struct reading *r)
{
    const char *from = given(r, "From");

    if (from == NULL)
        return false;
    if (is_whatsapp(from))
        return !text_is_e164(without_channel(from));
    return !text_is_e164(from) && !text_is_digits(from, 3, 8) && !is_sender_name(from);
}

static bool foreign_from(const struct reading *r)
{
    const char *from = given(r, "From"), *own = r->settings->twilio.from;

    return from != NULL && own != NULL && strcmp(without_channel(from), own) != 0;
}

static bool wrong_service(const struct reading *r)
{
    const char *service = given(r, "MessagingServiceSid");

    return service != NULL && !is_sid(service, "MG");
}

static bool mixed_channels(const struct reading *r)
{
    const char *from = given(r, "From");

    return from != NULL && is_whatsapp(from) != is_whatsapp(given(r, "To"));
}

static bool nothing_to_send(const struct reading *r)
{
    return given(r, "Body") == NULL && given(r, "MediaUrl") == NULL &&
           given(r, "ContentSid") == NULL;
}

static bool too_long(const struct reading *r)
{
    const char *body = given(r, "Body");

    return body != NULL && text_characters(body) > TWILIO_BODY_MAX;
}

static bool wrong_media(const struct reading *r)
{
    for (size_t i = 0; i < r->form.count; i++)
        if (strcmp(r->form.pairs[i].key, "MediaUrl") == 0 &&
            !callback_url_is_web(r->form.pairs[i].value))
            return true;
    return false;
}

static bool wrong_template(const struct reading *r)
{
    const char *sid = given(r, "ContentSid");

    return sid != NULL && !is_sid(sid, "HX");
}

static bool wrong_variables(const struct reading *r)
{
    const char *text = given(r, "ContentVariables");

    if (text == NULL)
        return false;
    SCOPED(json_t) variables = json_read(text, strlen(text), NULL);
    return !json_is_object(variables);
}

static bool wrong_callback(const struct reading *r)
{
    return given(r, "StatusCallback") != NULL && r->callback.target == NULL;
}

static bool wrong_validity(const struct reading *r)
{
    const char *seconds = given(r, "ValidityPeriod");

    return seconds != NULL &&
           (!text_is_digits(seconds, 1, 5) || atoi(seconds) < 1 || atoi(seconds) > 36000);
}

static bool schedule_without_service(const struct reading *r)
{
    return given(r, "SendAt") != NULL && given(r, "MessagingServiceSid") == NULL;
}

static bool scheduled(const struct reading *r)
{
    return given(r, "SendAt") != NULL;
}

/* Code 0: the answer has none, as where the real one has none or it is not known. */
static const struct rule {
    bool (*broken)(const struct reading *r);
    int status, code;
    const char *message;
} rules[] = {
    { wrong_credentials, 401, 20003, "Authenticate" },
    { wrong_resource, 404, 20404, "The requested resource was not found" },
    { wrong_method, 405, 20004, "Method not allowed" },
    { too_large, 413, 0, "The request is too large" },
    { not_a_form, 400, 21604,
      "A 'To' phone number is required: the request is no application/x-www-form-urlencoded" },
    { broken_form, 400, 0, "The form has a broken escape or a NUL" },
    { not_utf8, 400, 0, "A parameter is not UTF-8" },
    { repeated, 400, 0, "A parameter is given twice" },
    { no_to, 400, 21604, "A 'To' phone number is required" },
    { wrong_to, 400, 21211, "Invalid 'To' phone number" },
    { no_from, 400, 21603, "A 'From' phone number or a 'MessagingServiceSid' is required" },
    { wrong_from, 400, 21212, "Invalid 'From' phone number" },
    { foreign_from, 400, 21606, "The 'From' phone number does not belong to the account" },
    { wrong_service, 400, 21701, "There is no such Messaging Service" },
    { mixed_channels, 400, 21910, "'From' and 'To' are of different channels" },
    { nothing_to_send, 400, 21602, "A message body is required" },
    { too_long, 400, 21617, "The message body has more than 1600 characters" },
    { wrong_media, 400, 21620, "Invalid 'MediaUrl'" },
    { wrong_template, 400, 21655, "Invalid 'ContentSid'" },
    { wrong_variables, 400, 21656, "'ContentVariables' is no JSON object" },
    { wrong_callback, 400, 21609, "Invalid 'StatusCallback'" },
    { wrong_validity, 400, 21624, "'ValidityPeriod' is not from 1 to 36000" },
    { schedule_without_service, 400, 35118, "'SendAt' needs a 'MessagingServiceSid'" },
    { scheduled, 400, 0, "'SendAt' is not simulated" },
};

/* The log shows what could be read, also of a request that is then refused. */
static void note(struct reading *r)
{
    struct message *m = r->message;

    if (r->form_status != ST_OK || not_utf8(r))
        return;
    m->to = urlform_find(&r->form, "To");
    m->from = given(r, "From");
    m->service = given(r, "MessagingServiceSid");
    m->text = urlform_find(&r->form, "Body");
    m->status_callback = given(r, "StatusCallback");
    for (size_t i = 0; i < r->form.count; i++)
        m->media += strcmp(r->form.pairs[i].key, "MediaUrl") == 0;
    m->number = m->to != NULL ? twilio_number(m->to) : -1;
    if (m->status_callback != NULL && callback_url_parse(r->mem, m->status_callback, &r->callback))
        m->recipient_id = r->callback.recipient_id;
}

bool twilio_check(const struct settings *s, struct exchange *x)
{
    struct reading r = {
        .settings = s, .request = &x->request, .mem = &x->mem, .message = &x->message
    };

    r.form_status = urlform_parse(&x->mem, buf_str(&x->request.body), x->request.body.len,
                                  FORM_PAIRS, &r.form, NULL);
    note(&r);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].broken(&r)) {
            twilio_refuse(x, rules[i].status, rules[i].code, rules[i].message);
            return false;
        }
    x->notice = (struct notice){ .url = r.callback.target,
                                 .retries = r.callback.retries,
                                 .retry_on = r.callback.retry_on };
    return true;
}

int twilio_number(const char *to)
{
    const char *number = without_channel(to);

    return *number == '+' ? text_phone_number(number + 1) : -1;
}
