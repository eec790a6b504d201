/* Callbacks of all providers, as they come through the web server, held against the tables. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/model/delivery.h"
#include "tests/integration/client.h"
#include "tests/integration/hooked.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

/* ---- told, from end to end ---- */

static const struct story {
    const char *platform, *address, *end, *code, *words;
    int reports; /* different ones, that are genuine and about a message of ours */
} stories[] = {
    { "email", "grace@example.com", "delivered", "", "", 2 },
    { "email", "ada+7007@example.com", "read", "", "", 3 },
    { "email", "ada+7000@example.com", "failed", "5.1.1",
      "550 5.1.1 The email account that you tried to reach does not exist.", 2 },
    { "email", "ada+7010@example.com", "failed", "5.2.2",
      "552 5.2.2 The email account that you tried to reach is over quota.", 2 },
    { "email", "ada+7001@example.com", "failed", "dropped", "Bounced Address", 1 },
    { "email", "ada+4100@example.com", "failed", "dropped", "Unsubscribed Address", 1 },
    { "email", "ada+7002@example.com", "delivered", "", "", 2 },
    { "email", "ada+7003@example.com", "delivered", "", "", 2 },
    { "email", "ada+7006@example.com", "delivered", "", "", 2 },
    { "whatsapp", "+15551234567", "delivered", "", "", 2 },
    { "whatsapp", "+15550007007", "read", "", "", 3 },
    { "whatsapp", "+15550007000", "failed", "131026", "Message Undeliverable.", 2 },
    { "whatsapp", "+15550007047", "failed", "131047",
      "Message failed to send because more than 24 hours have passed since the customer last "
      "replied "
      "to this number.",
      1 },
    { "whatsapp", "+15550007002", "delivered", "", "", 2 },
    { "whatsapp", "+15550007003", "delivered", "", "", 2 },
    { "whatsapp", "+15550007006", "delivered", "", "", 2 },
};
#define N_STORIES (sizeof stories / sizeof *stories)

static bool all_told(const char *id)
{
    for (size_t i = 0; i < N_STORIES; i++)
        if (sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND n = %zu"
                       " AND event = 'reported'",
                       id, i) < stories[i].reports)
            return false;
    return true;
}

static int words_in(const char *list)
{
    int n = 0;

    for (; *list != '\0'; list += strcspn(list, " ") + 1)
        n++;
    return n;
}

static void expect_story(const struct story *s, const json_t *r, const char *reports)
{
    const char *name = text("%s %s", s->platform, s->address);

    ck_assert_msg(strcmp(text_at(r, "status"), s->end) == 0, "%s is %s", name,
                  text_at(r, "status"));
    ck_assert_msg(strcmp(text_at(r, "error/code"), s->code) == 0 &&
                      strcmp(text_at(r, "error/message"), s->words) == 0,
                  "%s: %s, %s", name, text_at(r, "error/code"), text_at(r, "error/message"));
    ck_assert_msg(words_in(reports) == s->reports, "%s: %s", name, reports);
}

START_TEST(what_sendgrid_and_whatsapp_report_ends_right_and_is_told_once)
{
    struct user u = sender();
    struct buf all = BUF_INIT(1 << 16);
    const char *id;
    struct answer a;

    for (size_t i = 0; i < N_STORIES; i++)
        buf_addf(&all, "%s{\"platform\":\"%s\",\"recipient\":\"%s\"}", i > 0 ? "," : "",
                 stories[i].platform, stories[i].address);
    id = send_body(
        &u,
        text("{\"content\":\"A private text to be reported on\",\"subject\":\"A private subject\","
             "\"recipients\":[%s]}",
             buf_str(&all)));
    WAIT_UNTIL(all_told(id), 10000);
    clock_sleep_ms(300); /* what is doubled has come too */
    a = http("GET", text("/api/v1/messages/%s", id), u.key, NULL, NULL);
    for (size_t i = 0; i < N_STORIES; i++)
        expect_story(&stories[i], at(a.json, text("recipients/%zu", i)), reports_of(&u, id, i));
}
END_TEST

START_TEST(what_a_gateway_reports_moves_its_recipient_by_our_id_or_by_its_own)
{
    struct sent s;

    begin_gateways(accept_messages);
    s = send_by("sms", "+15551800001");
    expect_taken(signed_hook("unknown", s.recipient, "delivered"));
    ck_assert_str_eq(status_of(s.id), "delivered");
    expect_taken(signed_hook(s.provider_id, "none", "seen"));
    ck_assert_str_eq(status_of(s.id), "read");
    ck_assert_str_eq(reports_of(&s.user, s.id, 0), "delivered read ");

    s = send_by("whatsapp", "+15551800001");
    expect_taken(relay_hook(s.provider_id, s.recipient, "message.failed"));
    expect_failed(&s, "E42", "Nobody lives there");
    expect_taken(relay_hook(s.provider_id, s.recipient, "message.delivered"));
    ck_assert_str_eq(status_of(s.id), "delivered");

    s = send_by("email", "ada@example.com");
    expect_taken(formed_hook(s.provider_id, "DELIVRD"));
    ck_assert_str_eq(status_of(s.id), "delivered");
    s = send_by("email", "ada@example.com");
    expect_taken(formed_hook(s.provider_id, "UNDELIV"));
    ck_assert_str_eq(status_of(s.id), "failed");
    ck_assert_str_eq(text_at(shown(&s), "error/code"), "7");
}
END_TEST

static struct hook asking_hook(const char *key, const char *recipient)
{
    return (struct hook){ "GET",
                          text("/webhooks/http/asking?key=%s&id=%s&status=DELIVRD", key, recipient),
                          NULL,
                          { NULL } };
}

START_TEST(a_gateway_may_tell_all_in_its_url)
{
    struct sent s = send_text();

    give_to(&s, "asking");
    expect_taken(asking_hook(ASKING_SECRET, s.recipient));
    ck_assert_str_eq(status_of(s.id), "delivered");
}
END_TEST

static const char *membership_update(const char *chat, const char *status)
{
    return text("{\"update_id\":%lld,\"my_chat_member\":{\"chat\":{\"id\":%s,\"type\":\"private\"},"
                "\"date\":"
                "1795500021,\"new_chat_member\":{\"status\":\"%s\"}}}",
                next_update(), chat, status);
}

START_TEST(who_starts_or_blocks_the_bot_stands_with_the_latest_message_to_them)
{
    const char *chat = text("77%d", (int)getpid());
    struct sent before = send_by("telegram", chat), latest = send_by("telegram", chat);

    expect_taken(hook_telegram(BOT_WORD, start_update(chat)));
    expect_taken(hook_telegram(BOT_WORD, membership_update(chat, "kicked")));
    expect_taken(hook_telegram(BOT_WORD, membership_update(chat, "member")));
    ck_assert_str_eq(reports_of(&latest.user, latest.id, 0), "(started) (blocked) (unblocked) ");
    ck_assert_str_eq(reports_of(&before.user, before.id, 0), "");
    ck_assert_str_eq(status_of(latest.id), "sent");
}
END_TEST

static atomic_bool has_called, may_answer;

static void answer_late(struct visit *v)
{
    while (visit_head(v) && visit_body(v, v->body_bytes)) {
        atomic_store(&has_called, true);
        while (!atomic_load(&may_answer) && visit_pause(v, 5))
            continue;
        accept_message(v);
    }
}

START_TEST(a_callback_that_comes_before_the_answer_counts_as_soon_as_that_is_recorded)
{
    struct user u = sender();
    const char *first = text("gw-%d-0", (int)getpid()), *id;

    begin_gateways(answer_late);
    id = send_with(&u, "email", "ada@example.com", "\"subject\":\"A private subject\"");
    WAIT_UNTIL(atomic_load(&has_called), 10000);
    expect_taken(formed_hook(first, "DELIVRD"));
    ck_assert_int_eq(
        sql_number("SELECT count(*) FROM callback_parked WHERE provider_id = '%s'", first), 1);
    ck_assert_str_eq(status_of(id), "sending");
    atomic_store(&may_answer, true);
    WAIT_UNTIL(is_in(id, "sent,delivered"), 5000);
    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    ck_assert_str_eq(reports_of(&u, id, 0), "delivered ");
    ck_assert_int_eq(
        sql_number("SELECT count(*) FROM callback_parked WHERE provider_id = '%s'", first), 0);
}
END_TEST

/* ---- secrets ---- */

START_TEST(a_secret_that_is_being_changed_proves_as_the_old_one_and_as_the_new_one)
{
    const char *chat = text("78%d", (int)getpid());
    struct sent s = send_text();
    struct hook h;
    struct answer a;

    expect_taken(texts_hook(OLD_TOKEN, &s, "delivered"));
    ck_assert_str_eq(status_of(s.id), "delivered");
    expect_taken(texts_hook(NEW_TOKEN, &s, "read"));
    ck_assert_str_eq(status_of(s.id), "read");
    expect_taken(hook_telegram(OLD_BOT_WORD, start_update(chat)));
    expect_taken(hook_telegram(BOT_WORD, start_update(chat)));
    h = texts_hook(NEW_TOKEN "," OLD_TOKEN, &s, "failed");
    a = hook_call(&h);
    expect_problem(&a, 403, "invalid_signature");
    h = hook_telegram(BOT_WORD "," OLD_BOT_WORD, start_update(chat));
    a = hook_call(&h);
    expect_problem(&a, 403, "invalid_signature");
}
END_TEST

START_TEST(of_providers_that_share_a_secret_a_report_counts_for_the_one_that_sent)
{
    struct sent text_sent = send_text(), chat_sent = send_whatsapp();

    give_to(&text_sent, "more_texts");
    expect_taken(texts_hook(NEW_TOKEN, &text_sent, "delivered"));
    ck_assert_str_eq(status_of(text_sent.id), "delivered");
    ck_assert_str_eq(text_at(shown(&text_sent), "provider"), "more_texts");

    expect_taken(hook_whatsapp(APP_SECRET, whatsapp_body(SECOND_NUMBER, chat_sent.provider_id,
                                                         chat_sent.recipient, "read")));
    expect_taken(hook_whatsapp(APP_SECRET, whatsapp_body("300000000000003", chat_sent.provider_id,
                                                         chat_sent.recipient, "delivered")));
    ck_assert_str_eq(status_of(chat_sent.id), "sent");
    expect_taken(whatsapp_hook(&chat_sent, "read"));
    ck_assert_str_eq(status_of(chat_sent.id), "read");
    ck_assert_str_eq(reports_of(&chat_sent.user, chat_sent.id, 0), "(read) read ");
}
END_TEST

START_TEST(a_provider_without_verification_is_believed_and_warned_of)
{
    struct hook h = { "POST",
                      "/webhooks/http/open",
                      text("id=open-%d&status=DELIVRD", (int)getpid()),
                      { "Content-Type: application/x-www-form-urlencoded" } };
    int64_t before = taken_in();

    expect_taken(h);
    ck_assert_int_eq(taken_in(), before + 1);
    for (int i = 1; i <= 2; i++) {
        const char *log = witness_read(stack_file(text("log/fcgi-%d.log", i)));
        const char *line = strstr(log, "\"webhook.unverified\"");

        ck_assert_ptr_nonnull(line);
        ck_assert_str_eq(text("%.*s", (int)strcspn(strstr(line, "\"provider\":"), "}"),
                              strstr(line, "\"provider\":")),
                         "\"provider\":\"open\"");
        ck_assert_ptr_null(strstr(line + 1, "\"webhook.unverified\""));
    }
}
END_TEST

/* ---- what is not proved ---- */

struct refusals {
    const char *before; /* what was written */
    int n;
};

static void expect_refused(struct refusals *r, const char *what, struct hook h)
{
    struct answer a = hook_call(&h);

    ck_assert_msg(a.status == 403, "%s: %d %s", what, a.status, a.body);
    expect_problem(&a, 403, "invalid_signature");
    ck_assert_msg(strcmp(written(), r->before) == 0, "%s: something was written", what);
    r->n++;
}

static struct hook without(struct hook h, int header)
{
    for (; h.headers[header] != NULL; header++)
        h.headers[header] = h.headers[header + 1];
    return h;
}

static struct hook with(struct hook h, int header, const char *value)
{
    h.headers[header] = value;
    return h;
}

/* Another body under the same signature. */
static struct hook saying(struct hook h, const char *body)
{
    h.body = body;
    return h;
}

static const char *foreign_key(void)
{
    const char *path = stack_file("foreign.pem");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *f = fopen(path, "we");

    ck_assert(f != NULL && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(f);
    EVP_PKEY_free(key);
    return path;
}

static void refuse_texts(struct refusals *r, const struct sent *s)
{
    struct hook good = texts_hook(NEW_TOKEN, s, "delivered");

    expect_refused(r, "twilio, no signature", without(good, 1));
    expect_refused(r, "twilio, an empty signature", with(good, 1, "X-Twilio-Signature;"));
    expect_refused(r, "twilio, a foreign secret", texts_hook(APP_SECRET, s, "delivered"));
    expect_refused(r, "twilio, another body", saying(good, texts_form(s->provider_id, "read")));
    expect_refused(r, "twilio, the address that we are called at",
                   hook_twilio(stack_env("NOTIFY_URL"), NEW_TOKEN, good.target, good.body));
    good.target = text("/webhooks/twilio?id=%s.1", s->id);
    expect_refused(r, "twilio, another recipient", good);
}

static void refuse_mails(struct refusals *r, const struct sent *s)
{
    struct hook good = mail_hook(s, "delivered");

    expect_refused(r, "sendgrid, no timestamp", without(good, 1));
    expect_refused(r, "sendgrid, no signature", without(good, 2));
    expect_refused(r, "sendgrid, a foreign key", hook_sendgrid(foreign_key(), now_s(), good.body));
    expect_refused(r, "sendgrid, another body", saying(good, "[]\r\n"));
    expect_refused(r, "sendgrid, too old",
                   hook_sendgrid(mail_key(), now_s() - 25 * 3600 - 60, good.body));
    expect_refused(r, "sendgrid, too far ahead",
                   hook_sendgrid(mail_key(), now_s() + 360, good.body));
    expect_refused(
        r, "sendgrid, another time",
        with(good, 1,
             text("X-Twilio-Email-Event-Webhook-Timestamp: %lld", (long long)now_s() - 9)));
    expect_refused(r, "sendgrid, a time that is none",
                   with(good, 1, "X-Twilio-Email-Event-Webhook-Timestamp: now"));
}

static void refuse_whatsapps(struct refusals *r, const struct sent *s)
{
    struct hook good = whatsapp_hook(s, "delivered");

    expect_refused(r, "whatsapp, no signature", without(good, 1));
    expect_refused(r, "whatsapp, a foreign secret", hook_whatsapp(SIGNED_SECRET, good.body));
    expect_refused(
        r, "whatsapp, no scheme",
        with(good, 1, text("X-Hub-Signature-256: %s", strchr(good.headers[1], '=') + 1)));
    expect_refused(r, "whatsapp, another body",
                   saying(good, whatsapp_body(OWN_NUMBER, s->provider_id, s->recipient, "read")));
}

static void refuse_updates(struct refusals *r)
{
    struct hook good = hook_telegram(BOT_WORD, start_update("4711"));

    expect_refused(r, "telegram, no token", without(good, 1));
    expect_refused(r, "telegram, a foreign secret", hook_telegram(FORMED_SECRET, good.body));
    expect_refused(r, "telegram, more than the token", hook_telegram(BOT_WORD "x", good.body));
}

static void refuse_gateways(struct refusals *r)
{
    const char *body = relay_body("gw-1", "none", "message.delivered");
    struct hook hmac = signed_hook("gw-1", "none", "delivered"),
                formed = formed_hook("gw-1", "DELIVRD");
    struct hook standard = relay_hook("gw-1", "none", "message.delivered");

    expect_refused(r, "signed, no signature", without(hmac, 1));
    expect_refused(r, "signed, a foreign secret", hook_hmac("signed", FORMED_SECRET, hmac.body));
    expect_refused(r, "signed, another body", saying(hmac, body));
    expect_refused(r, "signed, no body", saying(hmac, ""));
    for (int i = 1; i <= 3; i++)
        expect_refused(r, text("relay, without header %d", i), without(standard, i));
    expect_refused(
        r, "relay, a foreign secret",
        hook_standard("relay", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_1", now_s(), body));
    expect_refused(r, "relay, too old",
                   hook_standard("relay", RELAY_SECRET, "msg_1", now_s() - 360, body));
    expect_refused(r, "relay, too far ahead",
                   hook_standard("relay", RELAY_SECRET, "msg_1", now_s() + 360, body));
    expect_refused(r, "relay, a version without a signature",
                   with(standard, 3, "webhook-signature: v1,"));
    expect_refused(r, "formed, no token", without(formed, 1));
    expect_refused(r, "formed, a foreign secret", hook_token("formed", SIGNED_SECRET, formed.body));
    expect_refused(r, "asking, a foreign secret", asking_hook(FORMED_SECRET, "none"));
    expect_refused(r, "asking, no secret", asking_hook("", "none"));
    expect_refused(r, "another gateway's callback", hook_hmac("relay", SIGNED_SECRET, hmac.body));
    expect_refused(r, "a gateway without a secret", hook_token("mute", "", formed.body));
    expect_refused(r, "a gateway without a secret, signed with none",
                   hook_hmac("mute", "", hmac.body));
    expect_refused(r, "a gateway that is none", hook_hmac("nobody", SIGNED_SECRET, hmac.body));
    expect_refused(r, "a provider of another kind", hook_hmac("twilio", NEW_TOKEN, hmac.body));
}

START_TEST(what_is_not_proved_is_403_and_nothing_of_it_is_written)
{
    struct sent text_sent = send_text(), mail = send_mail(), whatsapp = send_whatsapp();
    struct refusals r = { .before = written() };

    refuse_texts(&r, &text_sent);
    refuse_mails(&r, &mail);
    refuse_whatsapps(&r, &whatsapp);
    refuse_updates(&r);
    refuse_gateways(&r);
    ck_assert_int_gt(r.n, 35);
    /* The same, rightly signed, are taken: it was the proof alone. */
    expect_taken(texts_hook(NEW_TOKEN, &text_sent, "delivered"));
    expect_taken(mail_hook(&mail, "delivered"));
    expect_taken(whatsapp_hook(&whatsapp, "delivered"));
    ck_assert_str_eq(status_of(text_sent.id), "delivered");
    ck_assert_str_eq(status_of(mail.id), "delivered");
    ck_assert_str_eq(status_of(whatsapp.id), "delivered");
}
END_TEST

START_TEST(a_callback_that_is_repeated_is_200_and_changes_nothing_more)
{
    struct hook hooks[KINDS];
    const char *after;
    int64_t before;

    all_kinds(hooks, "repeated");
    before = taken_in();
    for (size_t i = 0; i < KINDS; i++)
        expect_taken(hooks[i]);
    ck_assert_int_eq(taken_in(), before + KINDS);
    after = written();
    for (size_t i = 0; i < KINDS; i++)
        expect_taken(hooks[i]);
    /* Both are signed anew when they are repeated. */
    expect_taken(hook_sendgrid(mail_key(), now_s() - 60, hooks[MAILS].body));
    expect_taken(hook_standard("relay", RELAY_SECRET, "msg_1", now_s() - 60, hooks[RELAY].body));
    ck_assert_str_eq(written(), after);
}
END_TEST

/* Each byte from `from` on, of a copy that the hook holds; one bit of each. */
static int flip_each(const struct hook *h, char *bytes, size_t from)
{
    int n = 0;

    for (size_t i = from; bytes[i] != '\0'; i++, n++) {
        bytes[i] ^= 1;
        ck_assert_msg(hook_call(h).status == 403, "%s, byte %zu: \"%s\" was taken", h->target, i,
                      bytes);
        bytes[i] ^= 1;
    }
    return n;
}

static char *copy(const char *text_)
{
    char *c = strdup(text_);

    ck_assert_ptr_nonnull(c);
    return c;
}

static int flip_headers(struct hook h)
{
    int n = 0;

    for (int i = 1; h.headers[i] != NULL; i++) {
        const char *whole = h.headers[i];
        char *bytes = copy(whole);

        h.headers[i] = bytes;
        n += flip_each(&h, bytes, (size_t)(strchr(whole, ' ') + 1 - whole));
        h.headers[i] = whole;
    }
    return n;
}

static int flip_body(struct hook h)
{
    char *bytes = copy(h.body);

    h.body = bytes;
    return flip_each(&h, bytes, 0);
}

static int flip_query(struct hook h)
{
    char *bytes = copy(h.target);

    h.target = bytes;
    return flip_each(&h, bytes, (size_t)(strchr(bytes, '=') + 1 - bytes));
}

START_TEST(one_changed_bit_anywhere_is_refused)
{
    struct hook hooks[KINDS];
    const char *before;
    int64_t taken;
    int n = 0;

    all_kinds(hooks, "flipped");
    before = written();
    taken = taken_in();
    for (size_t i = 0; i < KINDS; i++) {
        bool signs_body = i != UPDATES && i != FORMED; /* a token does not */

        n += flip_headers(hooks[i]) + (signs_body ? flip_body(hooks[i]) : 0);
    }
    n += flip_query(hooks[TEXTS]);
    ck_assert_int_gt(n, 1000);
    ck_assert_str_eq(written(), before);
    for (size_t i = 0; i < KINDS; i++)
        expect_taken(hooks[i]);
    ck_assert_int_eq(taken_in(), taken + KINDS);
}
END_TEST

/* A real one, which pywa (tests/test_server.py) has kept: somebody writes to the number. */
static const char meta_body[] =
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"264937493375603\",\"changes\":["
    "{\"value\":{"
    "\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":\"15550953877\","
    "\"phone_number_id\":"
    "\"277321005464405\"},\"contacts\":[{\"profile\":{\"name\":\"PyWa "
    "Tests\"},\"wa_id\":\"972544401243\"}],"
    "\"messages\":[{\"from\":\"972544401243\",\"id\":"
    "\"wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhggM0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA\","
    "\"timestamp\":"
    "\"1730231903\",\"text\":{\"body\":\"Hey there! I am using "
    "PyWa.\"},\"type\":\"text\"}]},\"field\":\"messages\"}]}]}";

START_TEST(a_request_that_meta_has_signed_is_taken)
{
    struct hook h = {
        "POST",
        "/webhooks/whatsapp",
        meta_body,
        { "Content-Type: application/json",
          "X-Hub-Signature-256: "
          "sha256=54edfa1d7259e0eb13c677cc7d73d1b5c86cfa12433d19156e058ab9251bc441" }
    };
    const char *before = written();

    expect_taken(h);
    ck_assert_str_eq(written(), before);
}
END_TEST

START_TEST(metas_question_is_answered_with_its_own_words_alone)
{
    static const char *const wrong[] = {
        "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" VERIFY_TOKEN "x",
        "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=",
        "?hub.mode=subscribe&hub.challenge=1158201444",
        "?hub.mode=unsubscribe&hub.challenge=1158201444&hub.verify_token=" VERIFY_TOKEN,
        "?hub.mode=subscribe&hub.verify_token=" VERIFY_TOKEN,
        "",
    };
    struct answer a =
        http("GET",
             "/webhooks/"
             "whatsapp?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" VERIFY_TOKEN,
             NULL, NULL, NULL);

    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(a.body, "1158201444");
    ck_assert_str_eq(header(&a, "Content-Type"), "text/plain; charset=utf-8");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        a = http("GET", text("/webhooks/whatsapp%s", wrong[i]), NULL, NULL, NULL);
        expect_problem(&a, 403, "invalid_signature");
    }
}
END_TEST

/* ---- behind a proxy ---- */

START_TEST(behind_a_proxy_the_signature_is_that_of_the_public_url)
{
    struct sent s = send_text();
    const char *target = text("/webhooks/twilio?id=%s&why=a%%20b%%26c&x", s.recipient);
    struct hook h = hook_twilio(PUBLIC, NEW_TOKEN, target, texts_form(s.provider_id, "delivered"));
    struct answer a = http_mounted(MOUNT, "POST", h.target, NULL, h.body, h.headers);

    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(status_of(s.id), "delivered");
    /* One that cuts the path, and Twilio's other way to sign a port. */
    h = hook_twilio("https://localhost" MOUNT, NEW_TOKEN, target,
                    texts_form(s.provider_id, "read"));
    expect_taken(h);
    ck_assert_str_eq(status_of(s.id), "read");
    h = hook_twilio("http://localhost:1" MOUNT, NEW_TOKEN, target,
                    texts_form(s.provider_id, "failed"));
    a = http_mounted(MOUNT, "POST", h.target, NULL, h.body, h.headers);
    expect_problem(&a, 403, "invalid_signature");
    h = hook_twilio("https://localhost:1", NEW_TOKEN, target, texts_form(s.provider_id, "failed"));
    a = http_mounted(MOUNT, "POST", h.target, NULL, h.body, h.headers);
    expect_problem(&a, 403, "invalid_signature");
}
END_TEST

/* ---- odd bodies ---- */

START_TEST(a_field_that_stands_twice_says_no_more_than_was_signed)
{
    struct sent s = send_text();
    struct hook good = texts_hook(NEW_TOKEN, &s, "delivered");
    struct refusals r = { .before = written() };

    expect_refused(&r, "another value behind it",
                   saying(good, text("%s&MessageStatus=read", good.body)));
    expect_refused(&r, "another value before it",
                   saying(good, text("MessageStatus=read&%s", good.body)));
    /* Twilio signs what is the same once. */
    expect_taken(saying(good, text("%s&MessageStatus=delivered", good.body)));
    ck_assert_str_eq(status_of(s.id), "delivered");
    expect_taken(hook_token("formed", FORMED_SECRET,
                            "id=doubled-1&status=DELIVRD&status=UNDELIV&id=doubled-2"));
    ck_assert_str_eq(sql_text("SELECT step FROM callback_parked WHERE provider_id = 'doubled-1'"),
                     delivery_event_name(EV_REPORTED_DELIVERED));
    ck_assert_int_eq(
        sql_number("SELECT count(*) FROM callback_parked WHERE provider_id = 'doubled-2'"), 0);
}
END_TEST

#define DEPTH 100000

/* DEPTH times open, the middle, DEPTH times close; all of it as the member of an object, or alone.
 */
static const char *nested(const char *open, const char *middle, const char *close, bool is_member)
{
    struct buf out = BUF_INIT(2 << 20);

    buf_adds(&out, is_member ? "{\"data\":" : "");
    for (int i = 0; i < DEPTH; i++)
        buf_adds(&out, open);
    buf_adds(&out, middle);
    for (int i = 0; i < DEPTH && *close != '\0'; i++)
        buf_adds(&out, close);
    buf_adds(&out, is_member ? "}" : "");
    ck_assert(!buf_overflowed(&out));
    return buf_str(&out);
}

static struct hook signed_as(const char *kind, const char *body)
{
    if (strcmp(kind, "sendgrid") == 0)
        return hook_sendgrid(mail_key(), now_s(), body);
    if (strcmp(kind, "whatsapp") == 0)
        return hook_whatsapp(APP_SECRET, body);
    if (strcmp(kind, "telegram") == 0)
        return hook_telegram(BOT_WORD, body);
    if (strcmp(kind, "relay") == 0)
        return hook_standard("relay", RELAY_SECRET, "msg_bomb", now_s(), body);
    return hook_hmac("signed", SIGNED_SECRET, body);
}

static void expect_harmless(const char *what, struct hook h, int status, const char *before)
{
    struct answer a = hook_call(&h);

    ck_assert_msg(a.status == status, "%s at %s: %d %s", what, h.target, a.status, a.body);
    if (status != 200)
        expect_problem(&a, status, "invalid_parameter");
    ck_assert_msg(strcmp(written(), before) == 0, "%s at %s: something was written", what,
                  h.target);
}

START_TEST(a_bomb_of_json_harms_nobody)
{
    /* An array is what SendGrid and gateways send, an object what the others do. */
    static const struct {
        const char *kind;
        int array, object;
    } rows[] = { { "sendgrid", 200, 400 },
                 { "whatsapp", 400, 200 },
                 { "telegram", 400, 200 },
                 { "signed", 200, 200 },
                 { "relay", 200, 200 } };
    const char *before = written(), *endless = nested("[", "", "", false),
               *array = nested("[", "", "]", false);
    const char *object = nested("{\"a\":", "1", "}", true), *member = nested("[", "", "]", true);
    int deaths = service_deaths("fcgi-1") + service_deaths("fcgi-2");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *kind = rows[i].kind;

        expect_harmless("brackets that never close", signed_as(kind, endless), 400, before);
        expect_harmless("arrays in arrays", signed_as(kind, array), rows[i].array, before);
        expect_harmless("objects in objects", signed_as(kind, object), rows[i].object, before);
        expect_harmless("arrays in an object", signed_as(kind, member), rows[i].object, before);
    }
    ck_assert_int_eq(service_deaths("fcgi-1") + service_deaths("fcgi-2"), deaths);
}
END_TEST

START_TEST(an_event_with_a_name_twice_is_not_believed_and_spoils_no_other)
{
    struct sent mail = send_mail(), whatsapp = send_whatsapp();
    const char *before = written(), *doubled;

    doubled = text("{\"event\":\"delivered\",\"event\":\"bounce\",\"sg_event_id\":\"twice-%s\","
                   "\"notification_id\":\"%s\"}",
                   mail.id, mail.recipient);
    expect_harmless("a name twice", signed_as("sendgrid", text("[%s]", doubled)), 200, before);
    expect_harmless(
        "a name twice",
        signed_as("whatsapp", whatsapp_body(OWN_NUMBER, whatsapp.provider_id, whatsapp.recipient,
                                            "read\",\"status\":\"failed")),
        200, before);
    expect_harmless(
        "a name twice",
        signed_as("signed",
                  "{\"data\":{\"id\":\"a\",\"status\":\"delivered\",\"status\":\"expired\"}}"),
        200, before);
    expect_taken(signed_as(
        "sendgrid", text("[%s,%s]", doubled,
                         mail_event(mail.recipient, text("once-%s", mail.id), "delivered"))));
    ck_assert_str_eq(status_of(mail.id), "delivered");
}
END_TEST

START_TEST(a_callback_of_ten_megabytes_is_413)
{
    static const char *const kinds[] = { "sendgrid", "whatsapp", "telegram", "signed", "relay" };
    size_t len = 10 << 20;
    char *body = malloc(len + 1);
    const char *before = written();

    ck_assert_ptr_nonnull(body);
    memset(body, ' ', len);
    body[0] = '[';
    body[len - 1] = ']';
    body[len] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct hook h = hook_hmac("signed", SIGNED_SECRET, "[]");
        struct answer a;

        h.target = signed_as(kinds[i], "[]").target;
        h.body = body;
        a = hook_call(&h);
        expect_problem(&a, 413, "body_too_large");
    }
    ck_assert_str_eq(written(), before);
}
END_TEST

/* ---- what says nothing to us ---- */

START_TEST(an_event_that_we_do_not_know_is_200_and_moves_nobody)
{
    struct sent text_sent = send_text(), mail = send_mail(), whatsapp = send_whatsapp();

    expect_taken(texts_hook(NEW_TOKEN, &text_sent, "teleported"));
    expect_taken(mail_hook(&mail, "teleported"));
    expect_taken(whatsapp_hook(&whatsapp, "teleported"));
    ck_assert_str_eq(reports_of(&text_sent.user, text_sent.id, 0), "(other) ");
    ck_assert_str_eq(reports_of(&mail.user, mail.id, 0), "(other) ");
    ck_assert_str_eq(reports_of(&whatsapp.user, whatsapp.id, 0), "(other) ");
    expect_taken(hook_telegram(BOT_WORD, "{\"update_id\":1,\"poll\":{\"id\":\"1\"}}"));
    expect_taken(relay_hook("gw-strange", "none", "message.teleported"));
    ck_assert_int_eq(count_in(text_sent.id, "sent") + count_in(mail.id, "sent") +
                         count_in(whatsapp.id, "sent"),
                     3);
}
END_TEST

START_TEST(an_event_about_nobody_is_200_and_parked)
{
    const struct sent nobody = { .id = "01890000-0000-7000-8000-000000000000",
                                 .recipient = "01890000-0000-7000-8000-000000000000.0",
                                 .provider_id = "SM00000000000000000000000000000000" };
    const struct hook hooks[] = { texts_hook(NEW_TOKEN, &nobody, "delivered"),
                                  mail_hook(&nobody, "delivered"),
                                  whatsapp_hook(&nobody, "delivered"),
                                  signed_hook("gw-nobody", "none", "delivered"),
                                  relay_hook("gw-nobody", nobody.recipient, "message.failed"),
                                  formed_hook("gw-nobody", "DELIVRD") };
    const size_t n = sizeof hooks / sizeof *hooks;
    int64_t before = sql_number("SELECT count(*) FROM callback_parked");

    for (size_t i = 0; i < n; i++)
        expect_taken(hooks[i]);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM callback_parked"), before + (int)n);
    ck_assert_int_eq(
        sql_number("SELECT count(*) FROM callback_parked WHERE message_id = '%s'", nobody.id), 4);
    ck_assert_int_eq(
        sql_number("SELECT count(*) FROM callback_parked WHERE provider_id = 'gw-nobody'"), 3);
}
END_TEST

START_TEST(an_empty_batch_is_200)
{
    const char *before = written();

    expect_taken(hook_sendgrid(mail_key(), now_s(), "[]"));
    expect_taken(hook_sendgrid(mail_key(), now_s(), "[ ]\r\n"));
    expect_taken(signed_as("signed", "[]"));
    expect_taken(
        hook_whatsapp(APP_SECRET, "{\"object\":\"whatsapp_business_account\",\"entry\":[]}"));
    ck_assert_str_eq(written(), before);
}
END_TEST

/* ---- many at once, and a database that is away ---- */

#define MANY 1000

static const char *send_many(const struct user *u)
{
    struct buf body = BUF_INIT(1 << 20);

    buf_adds(&body, "{\"content\":\"A private text to many\",\"subject\":\"A private "
                    "subject\",\"recipients\":[");
    for (int i = 0; i < MANY; i++)
        buf_addf(&body, "%s{\"platform\":\"email\",\"recipient\":\"user%d+7005@example.com\"}",
                 i > 0 ? "," : "", i);
    buf_adds(&body, "]}");
    return send_body(u, buf_str(&body));
}

START_TEST(a_thousand_events_in_one_call_are_one_transaction)
{
    static const struct {
        const char *event, *end;
    } kinds[] = { { "delivered", "delivered" },
                  { "open", "read" },
                  { "bounce", "failed" },
                  { "deferred", "sent" } };
    struct user u = sender();
    const char *id = send_many(&u);
    struct buf body = BUF_INIT(1 << 20);

    WAIT_UNTIL(count_in(id, "sent") == MANY, 30000);
    for (int i = 0; i < MANY; i++)
        buf_addf(&body, "%s%s", i > 0 ? ",\r\n" : "[",
                 mail_event(text("%s.%d", id, i), text("many-%s-%d", id, i), kinds[i % 4].event));
    buf_adds(&body, "]\r\n");
    expect_taken(hook_sendgrid(mail_key(), now_s(), buf_str(&body)));
    for (int k = 0; k < 4; k++)
        ck_assert_int_eq(
            sql_number("SELECT count(*) FROM message_recipients WHERE message_id = '%s'"
                       " AND n %% 4 = %d AND status = '%s'",
                       id, k, kinds[k].end),
            MANY / 4);
    ck_assert_int_eq(
        sql_number("SELECT count(*) FROM callback_inbox WHERE event_id LIKE 'many-%s-%%'", id),
        MANY);
    ck_assert_int_eq(
        sql_number("SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM callback_inbox"
                   " WHERE event_id LIKE 'many-%s-%%' UNION ALL SELECT xmin FROM message_events"
                   " WHERE message_id = '%s' AND event = 'reported') t",
                   id, id),
        1);
}
END_TEST

START_TEST(while_postgres_is_away_a_callback_is_503_and_its_repetition_is_taken)
{
    struct hook hooks[KINDS];
    int64_t before;

    all_kinds(hooks, "away");
    before = taken_in();
    service_down("postgres");
    for (size_t i = 0; i < KINDS; i++) {
        struct answer a = hook_call(&hooks[i]);

        expect_problem(&a, 503, "unavailable");
        ck_assert_ptr_nonnull(header(&a, "Retry-After"));
    }
    service_up("postgres");
    WAIT_UNTIL(stack_is_whole(), 30000);
    ck_assert_int_eq(taken_in(), before);
    for (size_t i = 0; i < KINDS; i++)
        expect_taken(hooks[i]);
    ck_assert_int_eq(taken_in(), before + KINDS);
}
END_TEST

START_TEST(the_logs_tell_no_secret)
{
    static const char *const secrets[] = { NEW_TOKEN,     OLD_TOKEN,    APP_SECRET,    VERIFY_TOKEN,
                                           BOT_WORD,      OLD_BOT_WORD, SIGNED_SECRET, RELAY_SECRET,
                                           FORMED_SECRET, ASKING_SECRET };
    static const char *const names[] = { "fcgi-1", "fcgi-2", "workerd" };

    expect_no_secrets_in_logs();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *log = witness_read(stack_file(text("log/%s.log", names[i])));

        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
            ck_assert_msg(strstr(log, secrets[k]) == NULL, "%s.log holds %s", names[i], secrets[k]);
    }
}
END_TEST

STACK_SUITE("webhooks", hooked_settings,
            what_sendgrid_and_whatsapp_report_ends_right_and_is_told_once,
            what_a_gateway_reports_moves_its_recipient_by_our_id_or_by_its_own,
            a_gateway_may_tell_all_in_its_url,
            who_starts_or_blocks_the_bot_stands_with_the_latest_message_to_them,
            a_callback_that_comes_before_the_answer_counts_as_soon_as_that_is_recorded,
            a_secret_that_is_being_changed_proves_as_the_old_one_and_as_the_new_one,
            of_providers_that_share_a_secret_a_report_counts_for_the_one_that_sent,
            a_provider_without_verification_is_believed_and_warned_of,
            what_is_not_proved_is_403_and_nothing_of_it_is_written,
            a_callback_that_is_repeated_is_200_and_changes_nothing_more,
            one_changed_bit_anywhere_is_refused, a_request_that_meta_has_signed_is_taken,
            metas_question_is_answered_with_its_own_words_alone,
            behind_a_proxy_the_signature_is_that_of_the_public_url,
            a_field_that_stands_twice_says_no_more_than_was_signed, a_bomb_of_json_harms_nobody,
            an_event_with_a_name_twice_is_not_believed_and_spoils_no_other,
            a_callback_of_ten_megabytes_is_413,
            an_event_that_we_do_not_know_is_200_and_moves_nobody,
            an_event_about_nobody_is_200_and_parked, an_empty_batch_is_200,
            a_thousand_events_in_one_call_are_one_transaction,
            while_postgres_is_away_a_callback_is_503_and_its_repetition_is_taken,
            the_logs_tell_no_secret)
