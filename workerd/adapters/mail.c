/* mail - the sender taken apart, a subject for every mail, the way out of a list. */
#include "workerd/adapters/mail.h"

#include <string.h>

#include "common/base/excerpt.h"
#include "common/model/recipient.h"
#include "common/model/unsubscribe.h"

#define ADDRESS_BYTES 256
#define NAME_BYTES 1024
#define SUBJECT_BYTES 100
#define CHARACTER_BYTES 4 /* of the longest one in UTF-8 */
#define ELLIPSIS "\xE2\x80\xA6"

/* What is cut says so; what comes cut out of the first look is longer than may stay. */
static const char *beginning_of(const char *line, size_t len, struct arena *mem)
{
    const char *text = excerpt(mem, line, len, SUBJECT_BYTES + CHARACTER_BYTES);

    if (strlen(text) <= SUBJECT_BYTES)
        return text;
    text = excerpt(mem, text, strlen(text), SUBJECT_BYTES - strlen(ELLIPSIS));
    return arena_printf(mem, "%s" ELLIPSIS, text);
}

const char *mail_subject(const struct delivery *d, struct arena *mem)
{
    if (d->subject != NULL && *d->subject != '\0')
        return d->subject;
    for (const char *line = d->content; *line != '\0';) {
        size_t len = strcspn(line, "\r\n");
        const char *text = beginning_of(line, len, mem);

        if (*text != '\0')
            return text;
        line += len + (line[len] != '\0');
    }
    return "(no subject)";
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return true;
    return false;
}

static enum status split_sender(struct mail *out, const struct delivery *d, struct arena *mem,
                                struct error *err)
{
    char *name = arena_alloc(mem, NAME_BYTES), *addr = arena_alloc(mem, ADDRESS_BYTES);
    const char *fault;

    if (d->from == NULL)
        return error_set(err, ST_INVALID, "no_sender: no sender is configured for mail");
    fault = mailbox_fault(d->from);
    if (fault != NULL)
        return error_set(err, ST_INVALID, "bad_sender: %s", fault);
    mailbox_split(d->from, name, NAME_BYTES, addr, ADDRESS_BYTES);
    out->from_name = name;
    out->from_addr = addr;
    return ST_OK;
}

enum status mail_describe(struct mail *out, const struct delivery *d, const char *list_unsubscribe,
                          struct arena *mem, struct error *err)
{
    enum status st = split_sender(out, d, mem, err);

    if (st != ST_OK)
        return st;
    out->subject = mail_subject(d, mem);
    if (has_control(out->subject))
        return error_set(err, ST_INVALID,
                         "bad_header: a line break or another control character in the subject");
    out->unsubscribe = NULL;
    out->one_click = false;
    if (*list_unsubscribe != '\0') {
        out->unsubscribe = unsubscribe_fill(mem, list_unsubscribe, d->recipient_id);
        out->one_click = unsubscribe_is_one_click(list_unsubscribe);
    }
    return ST_OK;
}

enum status mail_check_config(const struct provider_config *cfg, struct error *err)
{
    const char *text = cfg->list_unsubscribe, *fault = NULL;

    if (*text != '\0')
        fault = unsubscribe_fault(text);
    if (fault == NULL)
        return ST_OK;
    return error_set(err, ST_INVALID, "provider %s: list_unsubscribe %s", cfg->name, fault);
}
