/* doctor_kinds - the table of harmless calls, a row a kind of provider. */
#include "ctl/doctor_kinds.h"

#include <stdio.h>
#include <string.h>

#define STATUSES(...) (const char *const[]){ __VA_ARGS__, NULL }

static const char *base_of(const struct provider_config *pc, const char *own)
{
    return pc->base_url[0] != '\0' ? pc->base_url : own;
}

static struct transfer get(const char *url)
{
    return (struct transfer){ .kind = TRANSFER_HTTP, .method = "GET", .url = url };
}

static const char *const *headers(struct arena *mem, const char *one)
{
    const char **list = ARENA_ARRAY(mem, const char *, 2);

    list[0] = one;
    return list;
}

/* ---- asking ---- */

/* The account itself.  The first of several tokens signs in. */
static void ask_twilio(const struct provider_config *pc, struct arena *mem, struct transfer *out)
{
    *out = get(arena_printf(mem, "%s/2010-04-01/Accounts/%s.json",
                            base_of(pc, "https://api.twilio.com"), pc->account_sid));
    out->username = pc->account_sid;
    out->password = arena_strndup(mem, pc->auth_token, strcspn(pc->auth_token, ", "));
}

/* What the key may do. */
static void ask_sendgrid(const struct provider_config *pc, struct arena *mem, struct transfer *out)
{
    *out = get(arena_printf(mem, "%s/v3/scopes", base_of(pc, "https://api.sendgrid.com")));
    out->headers = headers(mem, arena_printf(mem, "Authorization: Bearer %s", pc->api_key));
}

/* The number that sends. */
static void ask_whatsapp(const struct provider_config *pc, struct arena *mem, struct transfer *out)
{
    *out = get(arena_printf(mem, "%s/%s/%s", base_of(pc, "https://graph.facebook.com"), pc->api_version,
                            pc->phone_number_id));
    out->headers = headers(mem, arena_printf(mem, "Authorization: Bearer %s", pc->access_token));
}

static void ask_telegram(const struct provider_config *pc, struct arena *mem, struct transfer *out)
{
    *out = get(arena_printf(mem, "%s/bot%s/getMe", base_of(pc, "https://api.telegram.org"), pc->bot_token));
}

static void ask_smtp(const struct provider_config *pc, struct arena *mem, struct transfer *out)
{
    *out = (struct transfer){ .kind = TRANSFER_LOGIN, .url = pc->url, .starttls = pc->starttls };
    if (pc->username[0] != '\0') {
        out->username = pc->username;
        out->password = pc->password;
    }
}

/* Only the gateway's host is known to do no harm: the URL itself is where messages go. */
static void ask_http(const struct provider_config *pc, struct arena *mem, struct transfer *out)
{
    const char *host = strstr(pc->url, "://");

    host = host == NULL ? pc->url : host + 3;
    *out = get(arena_printf(mem, "%.*s/", (int)(host - pc->url + (ptrdiff_t)strcspn(host, "/?#")), pc->url));
}

/* ---- the table ---- */

static const struct kind kinds[] = {
    { "twilio", ask_twilio, STATUSES("401", "403"),
      "Set account_sid and auth_token as the Twilio console shows them." },
    { "sendgrid", ask_sendgrid, STATUSES("401", "403"),
      "Make an API key with the right to send mail, and set api_key." },
    { "whatsapp_cloud", ask_whatsapp, STATUSES("401", "403"),
      "Make a system user's token with whatsapp_business_messaging, and set access_token." },
    { "telegram", ask_telegram, STATUSES("401", "404"), "Ask @BotFather for the token, and set bot_token." },
    { "smtp", ask_smtp, NULL, "Set username and password, and starttls as the server wants it." },
    { "http", ask_http, NULL, NULL },
    { "mock", NULL, NULL, NULL },
};

const struct kind *kind_find(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, kind) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* ---- judging ---- */

static bool is_refusal(const struct kind *k, int status)
{
    char text[12];

    snprintf(text, sizeof text, "%d", status);
    for (const char *const *s = k->refusals; s != NULL && *s != NULL; s++) {
        if (strcmp(*s, text) == 0)
            return true;
    }
    return false;
}

/* A line of the dialogue that says that we are signed in (RFC 4954 section 4). */
static bool has_signed_in(const struct reply *r)
{
    return strncmp(r->body, "235", 3) == 0 || strstr(r->body, "\n235") != NULL;
}

static enum answer judge_smtp(const struct provider_config *pc, const struct reply *r,
                              const char **words)
{
    bool wanted = pc->username[0] != '\0';

    if (wanted && !has_signed_in(r)) {
        *words = "the server answers, but offers no login over this connection";
        return ANSWER_ODD;
    }
    *words = wanted ? "are accepted" : "none are set; the server answers";
    return ANSWER_GOOD;
}

static enum answer judge_answer(const struct kind *k, const struct provider_config *pc,
                                const struct reply *r, struct arena *mem, const char **words)
{
    if (strcmp(k->kind, "smtp") == 0)
        return judge_smtp(pc, r, words);
    if (k->refusals == NULL) {
        *words = arena_printf(mem, "can't be asked about; the gateway's host answers (%d)", r->status);
        return ANSWER_GOOD;
    }
    if (is_refusal(k, r->status)) {
        *words = arena_printf(mem, "credentials refused (%d)", r->status);
        return ANSWER_REFUSED;
    }
    if (r->status < 200 || r->status > 299) {
        *words = arena_printf(mem, "it answers %d, which tells nothing of them", r->status);
        return ANSWER_ODD;
    }
    if (strcmp(k->kind, "sendgrid") == 0 && strstr(r->body, "\"mail.send\"") == NULL) {
        *words = "the key is known, but may not send mail (no scope mail.send)";
        return ANSWER_REFUSED;
    }
    *words = "are accepted";
    return ANSWER_GOOD;
}

enum answer kind_judge(const struct kind *k, const struct provider_config *pc, const struct reply *r,
                       struct arena *mem, const char **words)
{
    switch (r->reach) {
    case REACH_ANSWERED:
        return judge_answer(k, pc, r, mem, words);
    case REACH_CREDENTIALS:
        *words = arena_printf(mem, "credentials refused (%d)", r->status);
        return ANSWER_REFUSED;
    case REACH_REFUSED:
        *words = arena_printf(mem, "the server refuses us (%d)", r->status);
        return ANSWER_ODD;
    case REACH_NOT_SENT:
    case REACH_UNCLEAR:
        break;
    }
    *words = arena_printf(mem, "can't be reached: %s", r->trouble);
    return ANSWER_AWAY;
}
