/* hooked - configuring, sending, and writing down what a provider would say. */
#include "tests/integration/hooked.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/integration/engine.h"
#include "tests/integration/judge.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

/* ---- the stack ---- */

#define KEY(name, key, value) "provider." name "." key "=" value
#define GATEWAY(name)                                                                              \
    KEY(name, "kind", "http"), KEY(name, "url", "http://127.0.0.1:1/" name),                       \
        KEY(name, "headers", "Content-Type: application/json"),                                    \
        KEY(name, "body", "{\"to\":\"{to}\",\"text\":\"{text}\",\"reference\":\"{id}\"}"),         \
        KEY(name, "id_path", "data.id")

const char *const hooked_settings[] = {
    "rate_limit.unlimited=0",
    "scheduler.interval_ms=100",
    "worker.retry_base_ms=50",
    "server.public_url=" PUBLIC,
    "platform.email.providers=sendgrid",
    "--simulator=--batch-ms=50",
    "--simulator=--twilio-account=" ACCOUNT,
    "--simulator=--twilio-token=" NEW_TOKEN,
    "--simulator=--whatsapp-app-secret=" APP_SECRET,

    KEY("twilio", "account_sid", ACCOUNT),
    KEY("twilio", "auth_token", NEW_TOKEN "," OLD_TOKEN),
    KEY("more_texts", "kind", "twilio"),
    KEY("more_texts", "account_sid", ACCOUNT),
    KEY("more_texts", "auth_token", NEW_TOKEN "," OLD_TOKEN),

    KEY("whatsapp_cloud", "app_secret", APP_SECRET),
    KEY("whatsapp_cloud", "verify_token", VERIFY_TOKEN),
    KEY("second_number", "kind", "whatsapp_cloud"),
    KEY("second_number", "access_token", "another"),
    KEY("second_number", "phone_number_id", SECOND_NUMBER),
    KEY("second_number", "app_secret", APP_SECRET),

    KEY("telegram", "secret_token", BOT_WORD "," OLD_BOT_WORD),

    GATEWAY("signed"),
    KEY("signed", "callback_signature", "hmac-sha256-hex:X-Signature"),
    KEY("signed", "callback_secret", SIGNED_SECRET),
    KEY("signed", "callback_status_path", "data.status"),
    KEY("signed", "callback_delivered", "delivered"),
    KEY("signed", "callback_read", "seen"),
    KEY("signed", "callback_failed", "expired"),
    KEY("signed", "callback_id_path", "data.id"),
    KEY("signed", "callback_recipient_path", "data.reference"),

    GATEWAY("relay"),
    KEY("relay", "callback_signature", "standard"),
    KEY("relay", "callback_secret", RELAY_SECRET),
    KEY("relay", "callback_status_path", "type"),
    KEY("relay", "callback_delivered", "message.delivered"),
    KEY("relay", "callback_failed", "message.failed"),
    KEY("relay", "callback_id_path", "data.id"),
    KEY("relay", "callback_recipient_path", "data.ref"),
    KEY("relay", "callback_code_path", "data.code"),
    KEY("relay", "callback_error_path", "data.words"),

    GATEWAY("formed"),
    KEY("formed", "callback_signature", "token:X-Token"),
    KEY("formed", "callback_secret", FORMED_SECRET),
    KEY("formed", "callback_status_path", "status"),
    KEY("formed", "callback_delivered", "DELIVRD"),
    KEY("formed", "callback_failed", "UNDELIV"),
    KEY("formed", "callback_id_path", "id"),
    KEY("formed", "callback_code_path", "err"),

    GATEWAY("asking"),
    KEY("asking", "callback_signature", "query:key"),
    KEY("asking", "callback_secret", ASKING_SECRET),
    KEY("asking", "callback_status_path", "status"),
    KEY("asking", "callback_delivered", "DELIVRD"),

    GATEWAY("mute"),

    GATEWAY("open"),
    KEY("open", "verify", "off"),
    KEY("open", "callback_status_path", "status"),
    KEY("open", "callback_delivered", "DELIVRD"),
    KEY("open", "callback_id_path", "id"),
    NULL
};

int64_t now_s(void)
{
    return clock_wall_ms() / 1000;
}

const char *mail_key(void)
{
    return stack_file("etc/sendgrid.pem");
}

/* ---- what is written ---- */

/* The publisher's mark comes when it likes. */
const char *written(void)
{
    static const char *const tables[] = {
        "messages",
        "message_recipients",
        "dispatch",
        "callback_inbox",
        "(SELECT * FROM message_events WHERE event <> 'queued')",
        "(SELECT provider, event_id, step, message_id, n, provider_id FROM callback_parked)",
    };
    const char *all = "";

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        all = text(
            "%s %s", all,
            sql_text("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM %s t", tables[i]));
    return all;
}

int64_t taken_in(void)
{
    return sql_number("SELECT count(*) FROM callback_inbox");
}

/* ---- messages that are sent, and have no callback to come but a test's own ---- */

struct user sender(void)
{
    static struct user u;

    if (u.id == NULL)
        u = user_new("unlimited");
    return u;
}

struct sent send_by(const char *platform, const char *address)
{
    struct sent s = { .user = sender() };

    s.id = send_with(&s.user, platform, address, "\"subject\":\"A private subject\"");
    s.recipient = text("%s.0", s.id);
    WAIT_UNTIL(is_in(s.id, "sent"), 10000);
    s.provider_id =
        sql_text("SELECT provider_id FROM message_recipients WHERE message_id = '%s'", s.id);
    ck_assert_ptr_nonnull(s.provider_id);
    return s;
}

struct sent send_text(void)
{
    return send_by("sms", "+15550007005");
}

struct sent send_mail(void)
{
    return send_by("email", "ada+7005@example.com");
}

struct sent send_whatsapp(void)
{
    return send_by("whatsapp", "+15550007005");
}

void give_to(const struct sent *s, const char *provider)
{
    sql_text("UPDATE message_recipients SET provider = '%s' WHERE message_id = '%s'", provider,
             s->id);
}

const char *reports_of(const struct user *u, const char *id, size_t n)
{
    const char *recipient = text("%s.%zu", id, n), *all = "";
    json_t *events = events_told(u, id), *event;
    size_t i;

    json_array_foreach(events, i, event)
    {
        if (strcmp(text_at(event, "event"), "reported") != 0 ||
            strcmp(text_at(event, "recipient"), recipient) != 0)
            continue;
        all = json_is_null(at(event, "status")) ? text("%s(%s) ", all, text_at(event, "detail"))
                                                : text("%s%s ", all, text_at(event, "status"));
    }
    json_decref(events);
    return all;
}

json_t *shown(const struct sent *s)
{
    return at(http("GET", text("/api/v1/messages/%s", s->id), s->user.key, NULL, NULL).json,
              "recipients/0");
}

void expect_failed(const struct sent *s, const char *code, const char *words)
{
    const json_t *r = shown(s);

    ck_assert_str_eq(text_at(r, "status"), "failed");
    ck_assert_str_eq(text_at(r, "error/code"), code);
    ck_assert_str_eq(text_at(r, "error/message"), words);
}

/* ---- the callbacks of the tests ---- */

const char *texts_form(const char *sid, const char *status)
{
    return text("MessageSid=%s&MessageStatus=%s&From=%%2B15550001111", sid, status);
}

struct hook texts_hook(const char *token, const struct sent *s, const char *status)
{
    return hook_twilio(PUBLIC, token, text("/webhooks/twilio?id=%s", s->recipient),
                       texts_form(s->provider_id, status));
}

const char *mail_event(const char *recipient, const char *event_id, const char *event)
{
    return text(
        "{\"email\":\"ada@example.com\",\"timestamp\":1600112492,\"event\":\"%s\",\"sg_event_id\":"
        "\"%s\",\"notification_id\":\"%s\"}",
        event, event_id, recipient);
}

struct hook mail_hook(const struct sent *s, const char *event)
{
    return hook_sendgrid(
        mail_key(), now_s(),
        text("[%s]\r\n", mail_event(s->recipient, text("%s-%s", event, s->id), event)));
}

const char *whatsapp_body(const char *number, const char *wamid, const char *recipient,
                          const char *status)
{
    return text("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{"
                "\"field\":"
                "\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"%s\"},\"statuses\":[{"
                "\"id\":\"%s\","
                "\"status\":\"%s\",\"timestamp\":\"1730231903\",\"biz_opaque_callback_data\":\"%"
                "s\"}]}}]}]}",
                number, wamid, status, recipient);
}

struct hook whatsapp_hook(const struct sent *s, const char *status)
{
    return hook_whatsapp(APP_SECRET,
                         whatsapp_body(OWN_NUMBER, s->provider_id, s->recipient, status));
}

long long next_update(void)
{
    static int count;

    return (long long)clock_wall_ms() * 1000 + count++;
}

const char *start_update(const char *chat)
{
    return text(
        "{\"update_id\":%lld,\"message\":{\"message_id\":1,\"date\":1795500020,\"chat\":{\"id\":%s,"
        "\"type\":\"private\"},\"text\":\"/start\"}}",
        next_update(), chat);
}

struct hook signed_hook(const char *id, const char *recipient, const char *status)
{
    return hook_hmac("signed", SIGNED_SECRET,
                     text("{\"data\":{\"id\":\"%s\",\"status\":\"%s\",\"reference\":\"%s\"}}", id,
                          status, recipient));
}

const char *relay_body(const char *id, const char *recipient, const char *type)
{
    return text(
        "{\"type\":\"%s\",\"data\":{\"id\":\"%s\",\"ref\":\"%s\",\"code\":\"E42\",\"words\":"
        "\"Nobody lives there\"}}",
        type, id, recipient);
}

struct hook relay_hook(const char *id, const char *recipient, const char *type)
{
    return hook_standard("relay", RELAY_SECRET, "msg_1", now_s(), relay_body(id, recipient, type));
}

struct hook formed_hook(const char *id, const char *status)
{
    return hook_token("formed", FORMED_SECRET, text("id=%s&status=%s&err=7", id, status));
}

void expect_taken(struct hook h)
{
    struct answer a = hook_call(&h);

    ck_assert_msg(a.status == 200, "%s: %d %s", h.target, a.status, a.body);
    ck_assert_str_eq(a.body, "");
}

/* ---- gateways, played by the test ---- */

static atomic_int gateway_calls;

void accept_message(struct visit *v)
{
    const char *body = text("{\"data\":{\"id\":\"gw-%d-%d\"}}", (int)getpid(),
                            atomic_fetch_add(&gateway_calls, 1));

    visit_say(
        v,
        text("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body));
}

void accept_messages(struct visit *v)
{
    while (visit_head(v) && visit_body(v, v->body_bytes))
        accept_message(v);
}

void begin_gateways(peer_script *script)
{
    struct peer *p = peer_start(script, NULL);
    const char *env[] = { text("NOTIFY_PROVIDER_SIGNED_URL=http://127.0.0.1:%d/signed", p->port),
                          text("NOTIFY_PROVIDER_RELAY_URL=http://127.0.0.1:%d/relay", p->port),
                          text("NOTIFY_PROVIDER_FORMED_URL=http://127.0.0.1:%d/formed", p->port),
                          "NOTIFY_PLATFORM_SMS_PROVIDERS=signed",
                          "NOTIFY_PLATFORM_WHATSAPP_PROVIDERS=relay",
                          "NOTIFY_PLATFORM_EMAIL_PROVIDERS=formed",
                          NULL };

    workers(1, env);
}

void all_kinds(struct hook out[KINDS], const char *mark)
{
    struct sent text_sent = send_text(), mail = send_mail(), whatsapp = send_whatsapp();

    out[TEXTS] = texts_hook(NEW_TOKEN, &text_sent, "delivered");
    out[MAILS] = mail_hook(&mail, "delivered");
    out[WHATSAPPS] = whatsapp_hook(&whatsapp, "delivered");
    out[UPDATES] = hook_telegram(BOT_WORD, start_update("4711"));
    out[SIGNED] = signed_hook(text("%s-signed", mark), "none", "delivered");
    out[RELAY] = relay_hook(text("%s-relay", mark), "none", "message.delivered");
    out[FORMED] = formed_hook(text("%s-formed", mark), "DELIVRD");
}
