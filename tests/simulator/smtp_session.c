/* smtp_session - a table of commands, and the state between them. */
#include "tests/simulator/smtp_session.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "tests/simulator/mail.h"
#include "tests/simulator/smtp.h"
#include "tests/simulator/text.h"

#define COMMAND_MAX 1000   /* more than RFC 5321 asks for, since parameters come on top */
#define AUTH_LINE_MAX 12288 /* RFC 4954 section 4.5 */
#define INPUT_MAX (SMTP_SIZE_MAX + 1024 * 1024)
#define OUTPUT_MAX ((size_t)11 * 1024 * 1024)
#define RECIPIENTS_MOST 100
#define ERRORS_MOST 20
#define NAME "simulator.example"

enum state { STATE_COMMAND, STATE_PLAIN, STATE_LOGIN_USER, STATE_LOGIN_PASSWORD, STATE_MAIL };

struct smtp_session {
    const struct settings *settings;
    struct smtp_hooks hooks;
    enum state state;
    bool secure, greeted, known; /* TLS; EHLO or HELO; logged in */
    struct buf in, out;
    size_t at; /* bytes of `in` that are done */
    int errors;
    unsigned transactions; /* that came as far as a recipient */
    char user[128];        /* of AUTH LOGIN, while its password is awaited */

    /* The transaction. */
    struct arena mem;
    const char *from; /* NULL: there is none */
    bool utf8, eight_bit;
    const char *to;    /* the first that was taken, which chooses the behaviour */
    const char *asked; /* whom the present command is about; NULL: nobody */
    const struct behaviour *behaviour;
    int number, recipients;
    struct buf mail;
};

/* ---- answering ---- */

static void reply(struct smtp_session *s, const char *text)
{
    buf_adds(&s->out, text);
    buf_adds(&s->out, "\r\n");
}

static struct exchange line_of(const struct smtp_session *s, const char *method, const char *text)
{
    return (struct exchange){ .request = { .method = method },
                              .received_ms = clock_wall_ms(),
                              .provider = &smtp_provider,
                              .message = { .from = s->from,
                                           .to = s->asked != NULL ? s->asked : s->to,
                                           .number = -1 },
                              .answer = { .status = text != NULL ? atoi(text) : 0,
                                          .problem = text } };
}

/* A rule is broken: it is told to the log and to the client. */
static struct smtp_act refuse(struct smtp_session *s, const char *method, const char *text)
{
    struct exchange x = line_of(s, method, text);

    s->hooks.log(s->hooks.arg, &x);
    reply(s, text);
    if (++s->errors < ERRORS_MOST)
        return (struct smtp_act){ SMTP_GO_ON, 0 };
    reply(s, "421 4.7.0 Too many errors");
    return (struct smtp_act){ SMTP_CLOSE, 0 };
}

static struct smtp_act agree(struct smtp_session *s, const char *text)
{
    reply(s, text);
    return (struct smtp_act){ SMTP_GO_ON, 0 };
}

static void end_transaction(struct smtp_session *s)
{
    s->from = s->to = s->asked = NULL;
    s->behaviour = NULL;
    s->recipients = 0;
    s->utf8 = s->eight_bit = false;
    buf_clear(&s->mail);
    arena_reset(&s->mem);
}

/* ---- greeting ---- */

static bool is_client_name(const char *name)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                     "-.:_[]"; /* an address literal too */

    return text_is_of(name, characters);
}

static bool offers_tls(const struct smtp_session *s)
{
    return !s->secure && s->settings->smtp.tls != SMTP_TLS_OFF;
}

static bool needs_tls(const struct smtp_session *s)
{
    return !s->secure && s->settings->smtp.tls == SMTP_TLS_REQUIRED;
}

static struct smtp_act ehlo(struct smtp_session *s, const char *name)
{
    if (!is_client_name(name))
        return refuse(s, "EHLO", "501 5.5.4 EHLO wants the client's name");
    end_transaction(s);
    s->greeted = true;
    buf_addf(&s->out, "250-%s greets %s\r\n250-PIPELINING\r\n250-SIZE %zu\r\n250-8BITMIME\r\n"
                      "250-SMTPUTF8\r\n", NAME, name, SMTP_SIZE_MAX);
    if (offers_tls(s))
        reply(s, "250-STARTTLS");
    if (s->settings->smtp.user != NULL && !needs_tls(s))
        reply(s, "250-AUTH PLAIN LOGIN");
    return agree(s, "250 ENHANCEDSTATUSCODES");
}

static struct smtp_act helo(struct smtp_session *s, const char *name)
{
    if (!is_client_name(name))
        return refuse(s, "HELO", "501 5.5.4 HELO wants the client's name");
    end_transaction(s);
    s->greeted = true;
    return agree(s, "250 " NAME);
}

/* Whatever was sent behind it in the clear could be somebody else's. */
static struct smtp_act starttls(struct smtp_session *s, const char *args)
{
    if (!offers_tls(s))
        return refuse(s, "STARTTLS", "503 5.5.1 STARTTLS is not offered");
    if (s->in.len > s->at)
        return refuse(s, "STARTTLS", "501 5.5.4 Nothing may follow STARTTLS before its answer");
    reply(s, "220 2.0.0 Ready to start TLS");
    return (struct smtp_act){ SMTP_START_TLS, 0 };
}

void smtp_session_secured(struct smtp_session *s)
{
    end_transaction(s);
    s->secure = true;
    s->greeted = s->known = false;
}

/* ---- logging in ---- */

/* What becomes of a login, by the four digits behind the user's name. */
static const struct {
    const char *digits, *reply;
} logins[] = {
    { "+5350", "535 5.7.8 Authentication credentials invalid" },
    { "+4540", "454 4.7.0 Temporary authentication failure" },
};

static struct smtp_act log_in(struct smtp_session *s, const char *user, const char *password)
{
    const char *own = s->settings->smtp.user, *secret = s->settings->smtp.password;
    size_t len = strlen(own);
    bool right = strncmp(user, own, len) == 0 && (user[len] == '\0' || user[len] == '+') &&
                 secret_equal(password, strlen(password), secret, strlen(secret));

    s->state = STATE_COMMAND;
    for (size_t i = 0; right && i < sizeof logins / sizeof *logins; i++)
        if (strcmp(user + len, logins[i].digits) == 0)
            return refuse(s, "AUTH", logins[i].reply);
    if (!right || user[len] != '\0')
        return refuse(s, "AUTH", "535 5.7.8 Authentication credentials invalid");
    s->known = true;
    return agree(s, "235 2.7.0 Authentication successful");
}

/* NULL: not base64, or too long, or with a NUL where there must be none. */
static const char *decoded(struct smtp_session *s, const char *text, size_t *out_len)
{
    size_t len = strlen(text);
    uint8_t *out = arena_zero(&s->mem, len + 1);

    return base64_decode(text, len, out, out_len) ? (const char *)out : NULL;
}

/* [authorize-id] NUL user NUL password (RFC 4616). */
static struct smtp_act take_plain(struct smtp_session *s, const char *text)
{
    size_t len;
    const char *whole = decoded(s, text, &len);
    const char *user = whole != NULL ? memchr(whole, '\0', len) : NULL;
    const char *password =
        user != NULL ? memchr(user + 1, '\0', len - (size_t)(user + 1 - whole)) : NULL;

    s->state = STATE_COMMAND;
    if (password == NULL || memchr(password + 1, '\0', len - (size_t)(password + 1 - whole)) != NULL)
        return refuse(s, "AUTH", "501 5.5.2 This is no answer to AUTH PLAIN");
    return log_in(s, user + 1, password + 1);
}

static struct smtp_act take_user(struct smtp_session *s, const char *text)
{
    size_t len;
    const char *user = decoded(s, text, &len);

    s->state = STATE_COMMAND;
    if (user == NULL || len == 0 || len >= sizeof s->user || strlen(user) != len)
        return refuse(s, "AUTH", "501 5.5.2 This is no user name in base64");
    memcpy(s->user, user, len + 1);
    s->state = STATE_LOGIN_PASSWORD;
    return agree(s, "334 UGFzc3dvcmQ6");
}

static struct smtp_act take_password(struct smtp_session *s, const char *text)
{
    size_t len;
    const char *password = decoded(s, text, &len);

    s->state = STATE_COMMAND;
    if (password == NULL || strlen(password) != len)
        return refuse(s, "AUTH", "501 5.5.2 This is no password in base64");
    return log_in(s, s->user, password);
}

static const struct mechanism {
    const char *name, *challenge;
    enum state state;
    struct smtp_act (*take)(struct smtp_session *s, const char *text);
} mechanisms[] = {
    { "PLAIN", "334 ", STATE_PLAIN, take_plain },
    { "LOGIN", "334 VXNlcm5hbWU6", STATE_LOGIN_USER, take_user },
};

static struct smtp_act auth(struct smtp_session *s, const char *args)
{
    size_t len = strcspn(args, " ");

    if (s->settings->smtp.user == NULL)
        return refuse(s, "AUTH", "503 5.5.1 AUTH is not offered");
    if (needs_tls(s))
        return refuse(s, "AUTH", "538 5.7.11 Encryption required for this authentication");
    if (s->known || s->from != NULL)
        return refuse(s, "AUTH", "503 5.5.1 AUTH comes once, and outside of a transaction");
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        if (strlen(mechanisms[i].name) != len || strncasecmp(mechanisms[i].name, args, len) != 0)
            continue;
        /* "=" is an empty first answer. */
        if (args[len] == ' ')
            return mechanisms[i].take(s, strcmp(args + len, " =") == 0 ? "" : args + len + 1);
        s->state = mechanisms[i].state;
        return agree(s, mechanisms[i].challenge);
    }
    return refuse(s, "AUTH", "504 5.5.4 No such mechanism");
}

static struct smtp_act continue_auth(struct smtp_session *s, const char *line)
{
    enum state state = s->state;

    if (strcmp(line, "*") == 0) {
        s->state = STATE_COMMAND;
        return refuse(s, "AUTH", "501 5.7.0 Authentication cancelled");
    }
    if (state == STATE_PLAIN)
        return take_plain(s, line);
    return state == STATE_LOGIN_USER ? take_user(s, line) : take_password(s, line);
}

/* ---- the envelope ---- */

/* "<address>" and what follows; NULL: it is not written so.  *address is the arena's. */
static const char *read_path(struct smtp_session *s, const char *args, const char *prefix,
                             const char **address)
{
    size_t len = strlen(prefix);
    const char *end;

    if (strncasecmp(args, prefix, len) != 0)
        return NULL;
    end = strchr(args + len, '>');
    if (end == NULL || (end[1] != '\0' && end[1] != ' '))
        return NULL;
    *address = arena_strndup(&s->mem, args + len, (size_t)(end - args) - len);
    return end + 1;
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

static const char *take_size(struct smtp_session *s, const char *value)
{
    if (!text_is_digits(value, 1, 20))
        return "501 5.5.4 SIZE is no number";
    return strtoull(value, NULL, 10) > SMTP_SIZE_MAX ? "552 5.3.4 The mail is too large" : NULL;
}

static const char *take_body(struct smtp_session *s, const char *value)
{
    s->eight_bit = s->eight_bit || strcasecmp(value, "8BITMIME") == 0;
    return strcasecmp(value, "7BIT") == 0 || strcasecmp(value, "8BITMIME") == 0
               ? NULL
               : "501 5.5.4 BODY is neither 7BIT nor 8BITMIME";
}

static const char *take_utf8(struct smtp_session *s, const char *value)
{
    s->utf8 = s->eight_bit = true;
    return *value == '\0' ? NULL : "501 5.5.4 SMTPUTF8 has no value";
}

/* RFC 4954 section 5: who first submitted it, which is nobody's concern here. */
static const char *take_auth(struct smtp_session *s, const char *value)
{
    return *value != '\0' ? NULL : "501 5.5.4 AUTH wants a value";
}

static const struct {
    const char *name;
    const char *(*take)(struct smtp_session *s, const char *value);
} parameters[] = {
    { "SIZE", take_size },
    { "BODY", take_body },
    { "SMTPUTF8", take_utf8 },
    { "AUTH", take_auth },
};

/* The reply to the first that is wrong; NULL: all are good. */
static const char *take_parameters(struct smtp_session *s, const char *text)
{
    const char *fault = NULL;

    while (*text == ' ' && fault == NULL) {
        size_t len = strcspn(text + 1, " "), name = strcspn(text + 1, " =");
        const char *value = arena_strndup(&s->mem, text + 1 + name + (name < len),
                                          len - name - (name < len));
        size_t i = 0;

        while (i < sizeof parameters / sizeof *parameters &&
               (strlen(parameters[i].name) != name ||
                strncasecmp(parameters[i].name, text + 1, name) != 0))
            i++;
        if (i == sizeof parameters / sizeof *parameters)
            return "555 5.5.4 No such parameter";
        fault = parameters[i].take(s, value);
        text += 1 + len;
    }
    return fault;
}

static struct smtp_act begin_mail(struct smtp_session *s, const char *args)
{
    const char *address, *rest, *fault;

    if (needs_tls(s))
        return refuse(s, "MAIL", "530 5.7.0 Must issue a STARTTLS command first");
    if (s->settings->smtp.user != NULL && !s->known)
        return refuse(s, "MAIL", "530 5.7.0 Authentication required");
    if (s->from != NULL)
        return refuse(s, "MAIL", "503 5.5.1 A transaction is under way");
    rest = read_path(s, args, "FROM:<", &address);
    if (rest == NULL)
        return refuse(s, "MAIL", "501 5.5.4 It is MAIL FROM:<address>");
    fault = take_parameters(s, rest);
    if (fault == NULL && !text_is_mail_address(address))
        fault = "501 5.1.7 The sender's address is none";
    if (fault == NULL && !is_ascii(address) && !s->utf8)
        fault = "553 5.6.7 The sender's address needs SMTPUTF8";
    if (fault != NULL) {
        s->utf8 = s->eight_bit = false;
        return refuse(s, "MAIL", fault);
    }
    s->from = address;
    return agree(s, "250 2.1.0 Ok");
}

/* A behaviour decides: logged as a good command with its answer (NULL: none is given). */
static bool log_decision(struct smtp_session *s, const char *method, const struct behaviour *b,
                         const char *text)
{
    struct exchange x = line_of(s, method, text);

    x.ok = true;
    x.behaviour = b;
    x.ends = behaviour_ends(b, false);
    return s->hooks.log(s->hooks.arg, &x);
}

/* What the behaviour does to the recipient before there is a mail. */
static struct smtp_act answer_recipient(struct smtp_session *s, const char *to,
                                        const struct behaviour *b, int number)
{
    const struct smtp_refusal *refusal = b->fault != FAULT_NONE ? smtp_refusal(b->fault) : NULL;

    if (b->only_reused) {
        log_decision(s, "RCPT", b, NULL);
        return (struct smtp_act){ SMTP_CLOSE, 0 };
    }
    if (refusal != NULL && refusal->stage == SMTP_AT_RCPT) {
        log_decision(s, "RCPT", b, refusal->reply);
        reply(s, refusal->reply);
        return (struct smtp_act){ refusal->closes ? SMTP_CLOSE : SMTP_GO_ON, 0 };
    }
    if (s->to == NULL) {
        s->to = to;
        s->behaviour = b;
        s->number = number;
    }
    s->recipients++;
    return agree(s, "250 2.1.5 Ok");
}

static struct smtp_act add_recipient(struct smtp_session *s, const char *args)
{
    const char *address, *rest;
    const struct behaviour *b;
    int number;

    if (s->from == NULL)
        return refuse(s, "RCPT", "503 5.5.1 MAIL comes first");
    rest = read_path(s, args, "TO:<", &address);
    if (rest == NULL)
        return refuse(s, "RCPT", "501 5.5.4 It is RCPT TO:<address>");
    s->asked = address;
    if (*rest != '\0')
        return refuse(s, "RCPT", "555 5.5.4 No such parameter");
    if (!text_is_mail_address(address))
        return refuse(s, "RCPT", "553 5.1.3 The recipient's address is none");
    if (!is_ascii(address) && !s->utf8)
        return refuse(s, "RCPT", "553 5.6.7 The recipient's address needs SMTPUTF8");
    if (s->recipients == RECIPIENTS_MOST)
        return refuse(s, "RCPT", "452 4.5.3 Too many recipients");
    number = text_mail_number(address);
    b = behaviour_choose(&smtp_provider.repertoire, &s->settings->draw, address,
                         s->transactions > 0, &number);
    return answer_recipient(s, address, b, number);
}

static struct smtp_act begin_data(struct smtp_session *s, const char *args)
{
    const struct behaviour *b = s->behaviour;

    if (s->from == NULL || s->to == NULL)
        return refuse(s, "DATA", s->from == NULL ? "503 5.5.1 MAIL comes first"
                                                 : "554 5.5.1 There is no valid recipient");
    if (s->in.len > s->at) {
        refuse(s, "DATA", "503 5.5.0 Nothing may follow DATA before its answer");
        return (struct smtp_act){ SMTP_CLOSE, 0 };
    }
    s->transactions++;
    if (b->fault != FAULT_NONE && smtp_refusal(b->fault)->stage == SMTP_AT_DATA) {
        log_decision(s, "DATA", b, smtp_refusal(b->fault)->reply);
        reply(s, smtp_refusal(b->fault)->reply);
        end_transaction(s);
        return (struct smtp_act){ SMTP_GO_ON, 0 };
    }
    s->state = STATE_MAIL;
    return agree(s, "354 End data with <CR><LF>.<CR><LF>");
}

/* ---- the end of a mail ---- */

static const char *new_queue_id(struct arena *mem)
{
    uint8_t bytes[6];
    char text[2 * sizeof bytes + 1];

    random_bytes(bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, text);
    for (char *c = text; *c != '\0'; c++)
        *c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
    return arena_strdup(mem, text);
}

/* The local part of "<id@domain>", by which the sender knows the mail. */
static const char *id_of(struct arena *mem, const char *message_id)
{
    size_t len = message_id != NULL && *message_id == '<' ? strcspn(message_id, "@") : 0;

    return len > 1 ? arena_strndup(mem, message_id + 1, len - 1) : NULL;
}

static void describe(struct smtp_session *s, const struct mail *mail, struct exchange *x)
{
    x->message.text = mail->text;
    x->message.html = mail->html;
    x->message.subject = mail->subject;
    x->message.message_id = mail->message_id;
    x->message.recipient_id = id_of(&s->mem, mail->message_id);
    x->message.media = mail->attachments;
}

/* What is written when the mail has been taken: the right words, or fewer, or many more. */
static void reply_accepted(struct smtp_session *s, const struct behaviour *b, const char *id)
{
    const char *right = arena_printf(&s->mem, "250 2.0.0 Ok: queued as %s", id);

    if (b->dress != DRESS_RIGHT) {
        reply(s, "2x0 what is this");
        return;
    }
    while (b->manner == MANNER_HUGE && s->out.len < b->total_bytes)
        reply(s, "250-2.0.0 one line of very many");
    if (b->manner == MANNER_CUT)
        buf_add(&s->out, right, strlen(right) / 2);
    else
        reply(s, right);
}

static struct smtp_act act_of(const struct behaviour *b, int number)
{
    static const enum smtp_wish wishes[] = {
        [MANNER_WHOLE] = SMTP_GO_ON, [MANNER_CUT] = SMTP_CLOSE,   [MANNER_DRIP] = SMTP_DRIP,
        [MANNER_HUGE] = SMTP_GO_ON,  [MANNER_HANG] = SMTP_HANG,   [MANNER_RESET] = SMTP_RESET,
        [MANNER_CLOSE] = SMTP_CLOSE, [MANNER_CLOSE_AFTER] = SMTP_CLOSE,
    };

    return (struct smtp_act){ wishes[b->manner], behaviour_latency_ms(b, number) };
}

/* A good mail, to which the behaviour of its first recipient happens. */
static struct smtp_act take_mail(struct smtp_session *s, const struct mail *mail)
{
    const struct behaviour *b = s->behaviour;
    const char *refusal = b->fault != FAULT_NONE ? smtp_refusal(b->fault)->reply : NULL;
    const char *id = behaviour_accepts(b) ? new_queue_id(&s->mem) : NULL;
    struct exchange x = line_of(s, "DATA", id != NULL ? "250" : refusal);

    x.ok = true;
    x.behaviour = b;
    x.ends = behaviour_ends(b, false);
    x.id = id;
    x.other_count = (size_t)s->recipients - 1;
    if (id != NULL)
        x.answer.problem = NULL;
    describe(s, mail, &x);
    if (id != NULL && !s->hooks.store(s->hooks.arg, s->from, s->to, buf_str(&s->mail), s->mail.len))
        return agree(s, "452 4.3.1 The mail can't be stored");
    if (!s->hooks.log(s->hooks.arg, &x))
        return agree(s, "451 4.3.0 The simulator can't write its log");
    if (id != NULL)
        reply_accepted(s, b, id);
    else if (refusal != NULL)
        reply(s, refusal);
    return act_of(b, s->number);
}

static struct smtp_act refuse_mail(struct smtp_session *s, const struct mail *mail,
                                   const char *fault)
{
    const char *text = arena_printf(&s->mem, "554 5.6.0 %s", fault);
    struct exchange x = line_of(s, "DATA", text);

    describe(s, mail, &x);
    s->hooks.log(s->hooks.arg, &x);
    return agree(s, text);
}

static struct smtp_act end_mail(struct smtp_session *s)
{
    struct mail_terms terms = { .from = s->from, .utf8 = s->utf8, .eight_bit = s->eight_bit };
    struct smtp_act act;
    struct mail mail;
    const char *fault = mail_read(&s->mem, buf_str(&s->mail), s->mail.len, &terms, &mail);

    if (buf_overflowed(&s->mail))
        act = refuse(s, "DATA", "552 5.3.4 The mail is too large");
    else if (fault != NULL)
        act = refuse_mail(s, &mail, fault);
    else
        act = take_mail(s, &mail);
    s->state = STATE_COMMAND;
    end_transaction(s);
    return act;
}

/* ---- the rest ---- */

static struct smtp_act rset(struct smtp_session *s, const char *args)
{
    end_transaction(s);
    return agree(s, "250 2.0.0 Ok");
}

static struct smtp_act noop(struct smtp_session *s, const char *args)
{
    return agree(s, "250 2.0.0 Ok");
}

static struct smtp_act vrfy(struct smtp_session *s, const char *args)
{
    return agree(s, "252 2.1.5 Send some mail, and see");
}

static struct smtp_act quit(struct smtp_session *s, const char *args)
{
    reply(s, "221 2.0.0 Bye");
    return (struct smtp_act){ SMTP_CLOSE, 0 };
}

static const struct command {
    const char *verb;
    struct smtp_act (*run)(struct smtp_session *s, const char *args);
    bool has_args, needs_greeting;
} commands[] = {
    { "EHLO", ehlo, true, false },
    { "HELO", helo, true, false },
    { "STARTTLS", starttls, false, true },
    { "AUTH", auth, true, true },
    { "MAIL", begin_mail, true, true },
    { "RCPT", add_recipient, true, true },
    { "DATA", begin_data, false, true },
    { "RSET", rset, false, false },
    { "NOOP", noop, true, false },
    { "VRFY", vrfy, true, false },
    { "QUIT", quit, false, false },
};

static struct smtp_act run_command(struct smtp_session *s, const char *line)
{
    size_t len = strcspn(line, " ");

    s->asked = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *c = &commands[i];

        if (strlen(c->verb) != len || strncasecmp(c->verb, line, len) != 0)
            continue;
        if (!c->has_args && line[len] != '\0')
            return refuse(s, c->verb, "501 5.5.4 Nothing follows this command");
        if (c->needs_greeting && !s->greeted)
            return refuse(s, c->verb, "503 5.5.1 EHLO comes first");
        return c->run(s, line[len] == ' ' ? line + len + 1 : "");
    }
    return refuse(s, NULL, "500 5.5.1 No such command");
}

/* What a line of a command must not hold. */
static const char *line_fault(const struct smtp_session *s, const char *line, size_t len)
{
    if (len > (s->state == STATE_COMMAND ? COMMAND_MAX : AUTH_LINE_MAX))
        return "500 5.5.6 The line is too long";
    for (size_t i = 0; i < len; i++)
        if ((line[i] >= 0 && line[i] < ' ') || line[i] == 0x7F)
            return "500 5.5.2 A line has a control character, or does not end with CRLF";
    return NULL;
}

/* Only CRLF ends a line, and only "." between two of them a mail (RFC 5321 section 4.1.1.4). */
static bool step_mail(struct smtp_session *s, struct smtp_act *act)
{
    for (;;) {
        const char *line = buf_str(&s->in) + s->at;
        const char *end = text_crlf(line, buf_str(&s->in) + s->in.len);
        size_t len = end != NULL ? (size_t)(end - line) : 0;

        if (end == NULL)
            return false;
        s->at += len + 2;
        if (len == 1 && *line == '.') {
            *act = end_mail(s);
            return true;
        }
        buf_add(&s->mail, line + (*line == '.'), len + 2 - (*line == '.'));
    }
}

static bool step_line(struct smtp_session *s, struct smtp_act *act)
{
    const char *start = buf_str(&s->in) + s->at, *fault, *line;
    const char *end = text_crlf(start, buf_str(&s->in) + s->in.len);
    size_t len = end != NULL ? (size_t)(end - start) : s->in.len - s->at;
    bool half_end = end == NULL && len > 0 && start[len - 1] == '\r';
    struct arena mem = ARENA_INIT;

    fault = line_fault(s, start, len - half_end);
    if (end == NULL && fault == NULL)
        return false;
    if (end == NULL) {
        refuse(s, NULL, fault);
        *act = (struct smtp_act){ SMTP_CLOSE, 0 };
        return true;
    }
    s->at += len + 2;
    line = arena_strndup(&mem, start, len);
    if (fault != NULL)
        *act = refuse(s, NULL, fault);
    else
        *act = s->state == STATE_COMMAND ? run_command(s, line) : continue_auth(s, line);
    arena_done(&mem);
    return true;
}

/* What is done is forgotten when it is half of the buffer, so that moving costs little. */
static void forget_done(struct smtp_session *s)
{
    if (s->at < s->in.len && s->at < s->in.len / 2)
        return;
    memmove(s->in.data, s->in.data + s->at, s->in.len - s->at + 1);
    s->in.len -= s->at;
    s->at = 0;
}

bool smtp_session_step(struct smtp_session *s, struct smtp_act *act)
{
    bool stepped;

    if (buf_overflowed(&s->in)) {
        refuse(s, NULL, "552 5.3.4 Too much at once");
        *act = (struct smtp_act){ SMTP_CLOSE, 0 };
        return true;
    }
    if (s->in.len == 0)
        return false;
    stepped = s->state == STATE_MAIL ? step_mail(s, act) : step_line(s, act);
    forget_done(s);
    return stepped;
}

void smtp_session_feed(struct smtp_session *s, const void *bytes, size_t n)
{
    buf_add(&s->in, bytes, n);
}

struct buf *smtp_session_output(struct smtp_session *s)
{
    return &s->out;
}

struct smtp_session *smtp_session_new(const struct settings *settings,
                                      const struct smtp_hooks *hooks, bool secure)
{
    struct smtp_session *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->settings = settings;
    s->hooks = *hooks;
    s->secure = secure;
    s->in.limit = INPUT_MAX;
    s->out.limit = OUTPUT_MAX;
    s->mail.limit = SMTP_SIZE_MAX;
    reply(s, "220 " NAME " ESMTP");
    return s;
}

void smtp_session_free(struct smtp_session *s)
{
    if (s == NULL)
        return;
    buf_free(&s->in);
    buf_free(&s->out);
    buf_free(&s->mail);
    arena_done(&s->mem);
    free(s);
}
