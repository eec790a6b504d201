/* recipient_lines - reads a list of recipients, one a line. */
#include "ctl/recipient_lines.h"

#include <string.h>

#include "common/model/recipient.h"

static const char mark[] = "\xef\xbb\xbf"; /* U+FEFF in UTF-8 */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *trim(char *text, size_t len)
{
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    text[len] = '\0';
    while (is_blank(*text))
        text++;
    return text;
}

/* What came before the line's end; more than there is room for is read and not kept. */
struct raw {
    size_t len; /* of the whole line */
    bool has_nul;
};

static bool read_raw(struct recipient_lines *l, struct raw *out)
{
    int c;

    *out = (struct raw){ 0 };
    while ((c = getc_unlocked(l->file)) != EOF && c != '\n') {
        if (out->len < sizeof l->text - 1)
            l->text[out->len] = (char)c;
        out->len++;
        out->has_nul |= c == '\0';
    }
    return c != EOF || out->len > 0;
}

/* The line without its mark and its CR, or NULL where it is too long. */
static char *bare(struct recipient_lines *l, const struct raw *raw)
{
    size_t kept = raw->len < sizeof l->text - 1 ? raw->len : sizeof l->text - 1;
    size_t skip = l->n == 1 && kept >= 3 && memcmp(l->text, mark, 3) == 0 ? 3 : 0;
    size_t len = kept - skip;

    if (kept == raw->len && len > 0 && l->text[kept - 1] == '\r')
        len--;
    if (kept < raw->len || len > RECIPIENT_LINE_MOST)
        return NULL;
    return trim(l->text + skip, len);
}

static enum line_kind bad(struct recipient_line *out, const char *part, const char *why)
{
    out->part = part;
    out->why = why;
    return LINE_BAD;
}

static enum line_kind judge(const struct recipient_lines *l, char *text, struct recipient_line *out)
{
    char *comma = l->one_platform ? NULL : strchr(text, ',');
    enum platform platform = l->platform;
    const char *why;

    if (!l->one_platform && comma == NULL)
        return bad(out, "", "is not PLATFORM,ADDRESS (with --platform a line is an ADDRESS alone)");
    if (comma != NULL) {
        char *name = trim(text, (size_t)(comma - text));

        text = trim(comma + 1, strlen(comma + 1));
        why = message_platform_fault(l->rules, name, &platform);
        if (why != NULL)
            return bad(out, "the platform ", why);
    }
    why = recipient_fault(platform, text);
    if (why != NULL)
        return bad(out, "", why);
    out->recipient = (struct message_recipient){ .platform = platform, .address = text };
    return LINE_RECIPIENT;
}

enum line_kind recipient_lines_next(struct recipient_lines *l, struct recipient_line *out)
{
    struct raw raw;
    char *text;

    *out = (struct recipient_line){ 0 };
    if (!read_raw(l, &raw))
        return ferror(l->file) ? LINE_UNREADABLE : LINE_END;
    l->n++;
    if (ferror(l->file)) /* what there is of it may not be all */
        return LINE_UNREADABLE;
    text = bare(l, &raw);
    if (text == NULL)
        return bad(out, "", "is longer than 1,024 bytes");
    if (raw.has_nul)
        return bad(out, "", "holds a NUL byte");
    return text[0] == '\0' || text[0] == '#' ? LINE_NOTHING : judge(l, text, out);
}
