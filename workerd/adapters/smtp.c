/* smtp - mail submitted to a server of our own choice (RFC 6409). */
#include "workerd/adapters/kinds.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/buf.h"
#include "workerd/adapters/mail.h"
#include "workerd/adapters/mime.h"
#include "workerd/adapters/verdict.h"

#define MAIL_LIMIT (2u << 20) /* the largest text and html, all of it in base64 */
#define QUEUE_ID_MAX 200

struct provider {
    struct arena mem; /* holds the provider too */
    const char *url, *username, *password, *list_unsubscribe;
    enum starttls starttls;
    int timeout_ms;
};

/* ---- opening ---- */

static const char hostname_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

/*
 * The name to say EHLO with is the path of libcurl's URL: the host of public_url, where that is a
 * name and not an address.  Without one libcurl names the machine.
 */
static const char *ehlo_name(struct arena *mem, const char *public_url)
{
    const char *host = public_url != NULL ? strstr(public_url, "://") : NULL;
    size_t len;

    if (host == NULL)
        return "";
    host += strlen("://");
    len = strspn(host, hostname_characters);
    if (strchr("/:", host[len]) == NULL || strspn(host, "0123456789.") == len)
        return "";
    return arena_strndup(mem, host, len);
}

/* A URL that brings a path has its EHLO name already. */
static const char *full_url(struct arena *mem, const char *url, const char *public_url)
{
    const char *authority = strstr(url, "://") + strlen("://");
    const char *path = strchr(authority, '/');

    if (path != NULL && path[1] != '\0')
        return arena_strdup(mem, url);
    return arena_printf(mem, "%s%s%s", url, path != NULL ? "" : "/", ehlo_name(mem, public_url));
}

static enum status check_config(const struct provider_config *cfg, struct error *err)
{
    bool plain = strncmp(cfg->url, "smtp://", 7) == 0;
    bool tls = strncmp(cfg->url, "smtps://", 8) == 0;
    size_t host_at = tls ? 8 : 7;

    if ((!plain && !tls) || strchr("/:", cfg->url[host_at]) != NULL)
        return error_set(err, ST_INVALID, "provider %s: url is not smtp://host or smtps://host",
                         cfg->name);
    if (strchr(cfg->url, '@') != NULL)
        return error_set(err, ST_INVALID,
                         "provider %s: url holds a login; use username and password", cfg->name);
    if ((*cfg->username == '\0') != (*cfg->password == '\0'))
        return error_set(err, ST_INVALID, "provider %s: username and password go together",
                         cfg->name);
    return mail_check_config(cfg, err);
}

static void smtp_close(struct provider *p)
{
    if (p != NULL) {
        struct arena mem = p->mem;

        arena_done(&mem);
    }
}

static enum status smtp_open(struct provider **out, const struct provider_config *cfg,
                             const char *public_url, struct error *err)
{
    enum status st = check_config(cfg, err);
    struct arena mem = ARENA_INIT;
    struct provider *p;

    if (st != ST_OK)
        return st;
    p = ARENA_NEW(&mem, struct provider);
    p->url = full_url(&mem, cfg->url, public_url);
    if (*cfg->username != '\0') {
        p->username = arena_strdup(&mem, cfg->username);
        p->password = arena_strdup(&mem, cfg->password);
    }
    p->list_unsubscribe = arena_strdup(&mem, cfg->list_unsubscribe);
    p->starttls = cfg->starttls;
    p->timeout_ms = cfg->timeout_ms;
    p->mem = mem;
    *out = p;
    return ST_OK;
}

/* ---- building ---- */

static struct mime_mail written_mail(const struct mail *mail, const struct delivery *d)
{
    return (struct mime_mail){
        .id = d->recipient_id,
        .from_name = mail->from_name,
        .from_addr = mail->from_addr,
        .to_addr = d->address,
        .subject = mail->subject,
        .unsubscribe = mail->unsubscribe,
        .one_click = mail->one_click,
        .text = d->content,
        .html = d->html,
        .date_ms = d->now_ms,
    };
}

static enum status smtp_build(const struct provider *p, const struct delivery *d, struct arena *mem,
                              struct transfer *out, struct error *err)
{
    struct buf text = BUF_INIT(MAIL_LIMIT);
    struct mail said;
    struct mime_mail mail;
    enum status st = mail_describe(&said, d, p->list_unsubscribe, mem, err);

    if (st != ST_OK)
        return st;
    mail = written_mail(&said, d);
    st = mime_write(&text, &mail, mem, err);
    if (st == ST_OK && buf_overflowed(&text))
        st = error_set(err, ST_INVALID, "content_too_long: the mail passes %u bytes", MAIL_LIMIT);
    if (st == ST_OK)
        *out = (struct transfer){
            .kind = TRANSFER_SMTP,
            .url = p->url,
            .username = p->username,
            .password = p->password,
            .body = arena_strndup(mem, buf_str(&text), text.len),
            .body_len = text.len,
            .mail_from = mail.from_addr,
            .mail_to = mail.to_addr,
            .starttls = p->starttls,
            .own_id = mime_message_id(mem, &mail),
            .timeout_ms = p->timeout_ms,
        };
    buf_free(&text);
    return st;
}

/* ---- judging ---- */

static const char digits[] = "0123456789";

/* The first row that holds the code counts (RFC 5321 section 4.2.1, RFC 4954 section 6). */
static const struct {
    int first, last;
    enum verdict_class class;
} classes[] = {
    { 250, 250, VERDICT_ACCEPTED },    { 400, 499, VERDICT_NOT_SENT },
    { 530, 530, VERDICT_CREDENTIALS }, { 534, 535, VERDICT_CREDENTIALS },
    { 500, 599, VERDICT_REFUSED },
};

static enum verdict_class class_of_code(int code)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (code >= classes[i].first && code <= classes[i].last)
            return classes[i].class;
    return VERDICT_UNCLEAR;
}

/* Past "250 " or "250-", where the line brings the code along. */
static const char *line_text(const char *line)
{
    if (strspn(line, digits) == 3 && (line[3] == ' ' || line[3] == '-'))
        line += 4;
    return line;
}

/* RFC 3463 section 2: class "." subject "." detail.  Its length; 0: the text brings none. */
static size_t enhanced_code_length(const char *text)
{
    size_t subject, detail;

    if (strchr("245", *text) == NULL || *text == '\0' || text[1] != '.')
        return 0;
    subject = strspn(text + 2, digits);
    if (subject < 1 || subject > 3 || text[2 + subject] != '.')
        return 0;
    detail = strspn(text + 3 + subject, digits);
    if (detail < 1 || detail > 3 || strchr(" \r\n", text[3 + subject + detail]) == NULL)
        return 0;
    return 3 + subject + detail;
}

/* The words of all lines, without the codes that each repeats (RFC 5321 section 4.2.1). */
static const char *reply_words(const char *line, size_t len, struct arena *mem)
{
    struct buf words = BUF_INIT(len + 1);
    const char *copy;

    while (*line != '\0') {
        size_t end = strcspn(line, "\r\n");
        const char *text = line_text(line);

        text += enhanced_code_length(text);
        text += strspn(text, " ");
        if (text < line + end) {
            if (words.len > 0)
                buf_addc(&words, ' ');
            buf_add(&words, text, (size_t)(line + end - text));
        }
        line += end + strspn(line + end, "\r\n");
    }
    copy = arena_strndup(mem, buf_str(&words), words.len);
    buf_free(&words);
    return copy;
}

/* NULL: the answer names no queue id; transfer.own_id stands in then. */
static const char *queue_id(const char *text, struct arena *mem)
{
    const char *at = strstr(text, "queued as ");
    size_t len;

    if (at == NULL)
        return NULL;
    at += strlen("queued as ");
    len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@");
    return len > 0 && len <= QUEUE_ID_MAX ? arena_strndup(mem, at, len) : NULL;
}

/*
 * Refusals for good whose code speaks of the sender, of this server or of how it signs, and not of
 * the recipient (RFC 3463 section 3, RFC 7372, RFC 6531): another provider may well be let through.
 * 5.7.1 is among them: "the sender is not authorized to send to the destination", which is what is
 * said of a relay that is not open to us and of a sender that is not ours.  What a server says by
 * its three digits alone is taken as said of the recipient: 550 and 553 are said of both.
 */
static const char *const refused_here[] = {
    "5.1.7",  /* the sender's address is none */
    "5.1.8",  /* the sender's domain is none */
    "5.3.4",  /* too big for this server */
    "5.6.7",  /* this server can't do UTF-8 in addresses */
    "5.7.1",  /* not authorized */
    "5.7.20", /* no DKIM signature that passes */
    "5.7.21", /* nor one that is acceptable */
    "5.7.22", /* nor one by the author */
    "5.7.23", /* SPF */
    "5.7.24",
    "5.7.25", /* the server's reverse name */
    "5.7.26", /* several of these */
    "5.7.27", /* the sender's domain takes no mail */
};

static enum verdict_class class_of_enhanced(const char *code, enum verdict_class class)
{
    if (class == VERDICT_REFUSED)
        for (size_t i = 0; i < sizeof refused_here / sizeof *refused_here; i++)
            if (strcmp(refused_here[i], code) == 0)
                return VERDICT_REFUSED_HERE;
    return class;
}

static struct verdict judge_code(enum verdict_class class, const struct reply *r, struct arena *mem)
{
    const char *text = line_text(r->body);
    size_t enhanced = enhanced_code_length(text);
    const char *code =
        enhanced > 0 ? arena_strndup(mem, text, enhanced) : arena_printf(mem, "smtp_%d", r->status);

    return verdict_make(class_of_enhanced(code, class), code,
                        reply_words(r->body, r->body_len, mem), r, mem);
}

/* What a refusal means depends on how far the mail had come. */
static enum verdict_class refined_class(enum reach reach, enum verdict_class class)
{
    /* The end of the mail was never sent: without a code that refuses, nothing was taken. */
    if (reach == REACH_REFUSED && (class == VERDICT_ACCEPTED || class == VERDICT_UNCLEAR))
        return VERDICT_NOT_SENT;
    /* 454 and its like only say that the server can't check a login now. */
    if (reach == REACH_CREDENTIALS && class != VERDICT_NOT_SENT)
        return VERDICT_CREDENTIALS;
    return class;
}

static struct verdict smtp_judge(const struct provider *p, const struct reply *r, struct arena *mem)
{
    enum verdict_class class = refined_class(r->reach, class_of_code(r->status));

    if (r->status == 0 || r->reach == REACH_NOT_SENT || r->reach == REACH_UNCLEAR)
        return verdict_of_reach(r, mem);
    /* No login of ours is among those that it offers: it has refused nothing, and says no reason. */
    if (r->reach == REACH_CREDENTIALS && r->status < 400)
        return verdict_of_reach(r, mem);
    if (class == VERDICT_ACCEPTED)
        return verdict_accepted(queue_id(r->body, mem));
    return judge_code(class, r, mem);
}

const struct adapter smtp_adapter = {
    .kind = "smtp",
    .platforms = 1u << PF_EMAIL,
    .open = smtp_open,
    .build = smtp_build,
    .judge = smtp_judge,
    .close = smtp_close,
};
