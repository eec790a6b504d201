/* account - the table of questions about the account, and their answers. */
#include "tests/simulator/account.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/json.h"
#include "tests/simulator/provider.h"
#include "tests/simulator/sendgrid.h"
#include "tests/simulator/telegram.h"
#include "tests/simulator/text.h"
#include "tests/simulator/twilio.h"
#include "tests/simulator/whatsapp.h"

#define ANSWER_MAX 4096

/* ---- Twilio: GET /2010-04-01/Accounts/SID.json ---- */

static const char *twilio_path(const struct settings *s, struct exchange *x)
{
    static const char head[] = "/2010-04-01/Accounts/";
    const char *sid = x->request.path + strlen(head);
    size_t len;

    if (strncmp(x->request.path, head, strlen(head)) != 0)
        return NULL;
    len = strcspn(sid, "./");
    return strcmp(sid + len, ".json") == 0 ? arena_strndup(&x->mem, sid, len) : NULL;
}

static bool twilio_account(const struct settings *s, struct exchange *x, const char *sid, struct json_writer *w)
{
    if (!text_is_basic(x->request.authorization, s->twilio.sid, s->twilio.token)) {
        twilio_refuse(x, 401, 20003, "Authenticate");
        return false;
    }
    if (strcmp(sid, s->twilio.sid) != 0) {
        twilio_refuse(x, 404, 20404, "The requested resource was not found");
        return false;
    }
    jw_text(w, "sid", sid);
    jw_text(w, "friendly_name", "Simulator");
    jw_text(w, "status", "active");
    jw_text(w, "type", "Full");
    jw_text(w, "uri", x->request.path);
    return true;
}

/* ---- SendGrid: GET /v3/scopes ---- */

static const char *sendgrid_path(const struct settings *s, struct exchange *x)
{
    return strcmp(x->request.path, "/v3/scopes") == 0 ? "" : NULL;
}

static bool sendgrid_scopes(const struct settings *s, struct exchange *x, const char *part, struct json_writer *w)
{
    static const struct sendgrid_error wrong = {
        401, "The provided authorization grant is invalid, expired, or revoked", NULL, NULL
    };

    if (!text_is_bearer(x->request.authorization, s->sendgrid.key)) {
        sendgrid_refuse(x, &wrong);
        return false;
    }
    jw_open(w, "scopes", '[');
    jw_text(w, NULL, "mail.send");
    jw_text(w, NULL, "sender_verification_eligible");
    jw_close(w, ']');
    return true;
}

/* ---- WhatsApp: GET /vNN.N/PHONE_ID ---- */

static const char *whatsapp_path(const struct settings *s, struct exchange *x)
{
    const char *node = strncmp(x->request.path, "/v", 2) == 0 ? strchr(x->request.path + 2, '/') : NULL;

    return node != NULL && text_is_digits(node + 1, 1, 20) ? node + 1 : NULL;
}

static bool whatsapp_number(const struct settings *s, struct exchange *x, const char *id, struct json_writer *w)
{
    static const struct whatsapp_error wrong = {
        401, 190, 0, "Invalid OAuth access token - Cannot parse access token"
    };
    static const struct whatsapp_error foreign = {
        400, 100, 33,
        "Unsupported get request. Object with this ID does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation"
    };

    if (!text_is_bearer(x->request.authorization, s->whatsapp.token)) {
        whatsapp_refuse(x, &wrong);
        return false;
    }
    if (strcmp(id, s->whatsapp.phone_id) != 0) {
        whatsapp_refuse(x, &foreign);
        return false;
    }
    jw_text(w, "verified_name", "Simulator");
    jw_text(w, "display_phone_number", s->whatsapp.number);
    jw_text(w, "quality_rating", "GREEN");
    jw_text(w, "id", id);
    return true;
}

/* ---- Telegram: GET /botTOKEN/getMe ---- */

static const char *telegram_path(const struct settings *s, struct exchange *x)
{
    const char *token = x->request.path + strlen("/bot"), *slash = strchr(token, '/');

    if (slash == NULL || strcasecmp(slash, "/getMe") != 0)
        return NULL;
    x->shown_path = "/bot<token>/getMe";
    return arena_strndup(&x->mem, token, (size_t)(slash - token));
}

static bool telegram_bot(const struct settings *s, struct exchange *x, const char *token, struct json_writer *w)
{
    if (strcmp(token, s->telegram.token) != 0) {
        telegram_refuse(x, 401, "Unauthorized");
        return false;
    }
    jw_bool(w, "ok", true);
    jw_open(w, "result", '{');
    jw_num(w, "id", strtoll(token, NULL, 10));
    jw_bool(w, "is_bot", true);
    jw_text(w, "first_name", "Simulator");
    jw_text(w, "username", "simulator_bot");
    jw_close(w, '}');
    return true;
}

/* ---- the table ---- */

static const struct question {
    const struct provider *provider;
    /* What the path asks about; NULL: it is another path. */
    const char *(*path)(const struct settings *s, struct exchange *x);
    /* Writes the members of a good answer, or refuses and says false. */
    bool (*answer)(const struct settings *s, struct exchange *x, const char *part, struct json_writer *w);
} questions[] = {
    { &twilio_provider, twilio_path, twilio_account },
    { &sendgrid_provider, sendgrid_path, sendgrid_scopes },
    { &whatsapp_provider, whatsapp_path, whatsapp_number },
    { &telegram_provider, telegram_path, telegram_bot },
};

bool account_serve(const struct settings *s, struct exchange *x)
{
    if (strcmp(x->request.method, "GET") != 0)
        return false;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        const struct question *q = &questions[i];
        const char *part = q->provider == x->provider ? q->path(s, x) : NULL;
        struct buf out = BUF_INIT(ANSWER_MAX);
        struct json_writer w = JSON_WRITER(&out);

        if (part == NULL)
            continue;
        jw_open(&w, NULL, '{');
        x->ok = q->answer(s, x, part, &w);
        jw_close(&w, '}');
        if (x->ok)
            exchange_answer_json(x, 200, &out);
        else
            buf_free(&out);
        return true;
    }
    return false;
}
