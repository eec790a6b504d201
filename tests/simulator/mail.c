/* mail - the rules for the lines, the header and the parts of a mail. */
#include "tests/simulator/mail.h"

#include <string.h>
#include <strings.h>

#include "tests/simulator/mail_body.h"
#include "tests/simulator/mail_header.h"
#include "tests/simulator/text.h"

#define TO_MOST 1000

/* ---- lines ---- */

static const char *lines_fault(const char *data, size_t len, bool eight_bit)
{
    size_t line = 0;

    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\0')
            return "there is a NUL";
        if ((unsigned char)data[i] >= 0x80 && !eight_bit)
            return "there is a byte that is not ASCII, without BODY=8BITMIME";
        if (data[i] == '\n' || (data[i] == '\r' && (i + 1 == len || data[i + 1] != '\n')))
            return "a line does not end with CRLF";
        if (data[i] == '\r') {
            i++;
            line = 0;
        } else if (++line > MAIL_LINE_MAX) {
            return "a line has more than 998 bytes";
        }
    }
    return line > 0 ? "the last line does not end with CRLF" : NULL;
}

/* ---- the header ---- */

/* How often a field may and must stand there (RFC 5322 section 3.6, RFC 2045). */
static const struct {
    const char *name, *missing, *repeated;
} fields[] = {
    { "Date", "there is no Date", "there are several Date" },
    { "From", "there is no From", "there are several From" },
    { "To", "there is no To", "there are several To" },
    { "Message-ID", "there is no Message-ID", "there are several Message-ID" },
    { "MIME-Version", "there is no MIME-Version", "there are several MIME-Version" },
    { "Subject", NULL, "there are several Subject" },
    { "Content-Type", NULL, "there are several Content-Type" },
    { "Content-Transfer-Encoding", NULL, "there are several Content-Transfer-Encoding" },
    { "Sender", NULL, "there are several Sender" },
    { "Reply-To", NULL, "there are several Reply-To" },
    { "Cc", NULL, "there are several Cc" },
    { "In-Reply-To", NULL, "there are several In-Reply-To" },
    { "References", NULL, "there are several References" },
};

static const char *presence_fault(const struct mail_fields *f)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t count = mail_fields_count(f, fields[i].name);

        if (count == 0 && fields[i].missing != NULL)
            return fields[i].missing;
        if (count > 1)
            return fields[i].repeated;
    }
    return mail_fields_count(f, "Bcc") > 0 ? "there is a Bcc" : NULL;
}

/* The local part is the owner's; a domain is the same in any case. */
static bool is_same_address(const char *a, const char *b)
{
    const char *at = strrchr(a, '@');
    size_t local = at != NULL ? (size_t)(at - a) : strlen(a);

    return strncmp(a, b, local) == 0 && strcasecmp(a + local, b + local) == 0;
}

static const char *read_from(struct arena *mem, const char *value, const char *envelope,
                             struct mail *out)
{
    const char *name, *fault = mail_mailboxes_read(mem, value, 1, &out->from, &name);

    if (fault == NULL && !is_same_address(out->from, envelope))
        fault = "From is not the sender of the envelope";
    return fault;
}

static const char *read_others(struct arena *mem, const struct mail_fields *f)
{
    static const char *const names[] = { "Cc", "Reply-To", "Sender" };
    const char *address, *name, *fault = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && fault == NULL; i++) {
        const char *value = mail_fields_find(f, names[i]);

        if (value != NULL)
            fault = mail_mailboxes_read(mem, value, TO_MOST, &address, &name);
    }
    return fault;
}

static const char *read_header(struct arena *mem, const struct mail_fields *f,
                               const struct mail_terms *terms, struct mail *out)
{
    const char *subject = mail_fields_find(f, "Subject"), *name;
    const char *fault = presence_fault(f);

    out->message_id = mail_fields_find(f, "Message-ID");
    if (fault == NULL)
        fault = mail_date_fault(mail_fields_find(f, "Date"));
    if (fault == NULL)
        fault = read_from(mem, mail_fields_find(f, "From"), terms->from, out);
    if (fault == NULL)
        fault = mail_mailboxes_read(mem, mail_fields_find(f, "To"), TO_MOST, &out->to, &name);
    if (fault == NULL)
        fault = read_others(mem, f);
    if (fault == NULL)
        fault = mail_message_id_fault(out->message_id);
    if (fault == NULL && subject != NULL)
        fault = mail_text_decode(mem, subject, &out->subject);
    if (fault == NULL && strcmp(mail_fields_find(f, "MIME-Version"), "1.0") != 0)
        fault = "MIME-Version is not 1.0";
    return fault;
}

const char *mail_read(struct arena *mem, const char *data, size_t len,
                      const struct mail_terms *terms, struct mail *out)
{
    struct mail_fields header = { 0 };
    struct mail_contents contents = { 0 };
    const char *fault;
    size_t body_at;

    *out = (struct mail){ 0 };
    fault = lines_fault(data, len, terms->eight_bit);
    if (fault == NULL)
        fault = mail_fields_read(mem, data, len, terms->utf8, &header, &body_at);
    if (fault == NULL)
        fault = read_header(mem, &header, terms, out);
    if (fault == NULL)
        fault = mail_part_read(mem, &header, data + body_at, len - body_at, &contents);
    out->text = contents.text;
    out->html = contents.html;
    out->attachments = contents.attachments;
    return fault;
}
