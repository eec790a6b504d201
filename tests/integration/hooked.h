#ifndef TESTS_INTEGRATION_HOOKED_H
#define TESTS_INTEGRATION_HOOKED_H
#include <stdint.h>

#include "tests/integration/caller.h"
#include "tests/integration/peer.h"
/*
 * hooked - a stack that providers of all five kinds call back: its configuration, messages that
 * they have sent and about which only a test tells more, and what they say of them, rightly signed.
 *
 * Two providers share the account at Twilio, two the app at Meta.  The gateways are "signed" (an
 * HMAC), "relay" (Standard Webhooks), "formed" (a token and forms), "asking" (a token in the URL),
 * "mute" (no secret) and "open" (verify = off).
 */
/* A proxy ends TLS before us and has us under a path: what comes in is http, and knows of neither.
 */
#define MOUNT "/notify"
#define PUBLIC "https://localhost:1" MOUNT

#define ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define NEW_TOKEN "1bd6ab1edbcf1c9d9d5ed1f4a9fbdb2a"
#define OLD_TOKEN "8a3c3bb0b5e9d1d6c4d58ab7eb0f9c1e"
#define APP_SECRET "1222e786b144d0e85b9f365372d93676"
#define OWN_NUMBER "100000000000001"
#define SECOND_NUMBER "200000000000002"
#define VERIFY_TOKEN "the-word-that-meta-was-given"
#define BOT_WORD "the-new-word_of-the-bot"
#define OLD_BOT_WORD "the-old-word_of-the-bot"
#define SIGNED_SECRET "the-secret-of-the-signed-gateway"
#define RELAY_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define FORMED_SECRET "the-secret-of-the-formed-gateway"
#define ASKING_SECRET "the-secret-of-the-asking-gateway"

extern const char *const hooked_settings[];
int64_t now_s(void);
const char *mail_key(void); /* the file of the key that signs SendGrid's events */

/* ---- what is written ---- */

const char *written(void); /* all that callbacks could change, as a digest */
int64_t taken_in(void);    /* how many different callbacks */

/* ---- messages ---- */

struct sent {
    struct user user;
    const char *id, *recipient, *provider_id; /* the message's, ours, the provider's */
};
struct user sender(void); /* the test's own */

/* Sent, and no callback will come of it but by the test. */
struct sent send_by(const char *platform, const char *address);
struct sent send_text(void);
struct sent send_mail(void);
struct sent send_whatsapp(void);
void give_to(const struct sent *s, const char *provider); /* as if this one had sent it */

/* What was reported of recipient n, in order: the state that it led to, or in brackets what it was.
 */
const char *reports_of(const struct user *u, const char *id, size_t n);
json_t *shown(const struct sent *s); /* the recipient, as the API shows it */
void expect_failed(const struct sent *s, const char *code, const char *words);

/* ---- callbacks ---- */

const char *texts_form(const char *sid, const char *status);
struct hook texts_hook(const char *token, const struct sent *s, const char *status);
const char *mail_event(const char *recipient, const char *event_id, const char *event);
struct hook mail_hook(const struct sent *s, const char *event);
const char *whatsapp_body(const char *number, const char *wamid, const char *recipient,
                          const char *status);
struct hook whatsapp_hook(const struct sent *s, const char *status);
long long next_update(void); /* an id of Telegram's that no test has told yet */
const char *start_update(const char *chat);
struct hook signed_hook(const char *id, const char *recipient, const char *status);
const char *relay_body(const char *id, const char *recipient, const char *type);
struct hook relay_hook(const char *id, const char *recipient, const char *type);
struct hook formed_hook(const char *id, const char *status);

/* One of each kind, about what is sent; those of gateways about nobody, known by the mark. */
enum { TEXTS, MAILS, WHATSAPPS, UPDATES, SIGNED, RELAY, FORMED, KINDS };
void all_kinds(struct hook out[KINDS], const char *mark);

void expect_taken(struct hook h); /* 200, and no word more */

/* ---- gateways, played by the test ---- */

/*
 * In place of the stack's worker one that sends sms by "signed", whatsapp by "relay" and email by
 * "formed", all of which the script plays.
 */
void begin_gateways(peer_script *script);
void accept_message(struct visit *v); /* the Nth of this process is "gw-PID-N", from 0 */
void accept_messages(struct visit *v);
#endif
