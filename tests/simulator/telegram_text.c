/* telegram_text - three small parsers that keep a stack of what is open. */
#include "tests/simulator/telegram_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"

#define DEPTH_MOST 64
#define TEXT_MAX ((size_t)1024 * 1024)

struct open {
    const char *name; /* of the tag, or of the entity */
    size_t at;        /* where it begins, in bytes */
};

struct reader {
    struct arena *mem;
    const char *text;
    size_t at;
    struct buf plain;
    struct open open[DEPTH_MOST];
    size_t depth;
    const char *fault;
};

static char here(const struct reader *r)
{
    return r->text[r->at];
}

/* What follows is NUL at the end, so looking a byte or two ahead is safe behind a byte that isn't. */
static char next(const struct reader *r)
{
    return here(r) != '\0' ? r->text[r->at + 1] : '\0';
}

static bool begins(const struct reader *r, const char *what)
{
    return strncmp(r->text + r->at, what, strlen(what)) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_spaces(struct reader *r)
{
    while (is_space(here(r)))
        r->at++;
}

static void keep(struct reader *r)
{
    buf_addc(&r->plain, r->text[r->at++]);
}

static void fail(struct reader *r, const char *fault)
{
    r->fault = fault;
}

static void push(struct reader *r, const char *name, size_t at)
{
    if (r->depth == DEPTH_MOST) {
        fail(r, "Too many nested entities");
        return;
    }
    r->open[r->depth++] = (struct open){ name, at };
}

static const struct open *innermost(const struct reader *r)
{
    return r->depth > 0 ? &r->open[r->depth - 1] : NULL;
}

static bool is_in(const struct reader *r, const char *name)
{
    return innermost(r) != NULL && strcmp(innermost(r)->name, name) == 0;
}

/* ---- HTML ---- */

static const char *const tags[] = { "a",   "b",      "blockquote", "code", "del",
                                    "em",  "i",      "ins",        "pre",  "s",
                                    "span", "strike", "strong",     "tg-emoji", "tg-spoiler", "u" };

static const char *known_tag(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (strlen(tags[i]) == len && strncasecmp(tags[i], name, len) == 0)
            return tags[i];
    return NULL;
}

static const struct {
    const char *name, *value;
} characters[] = { { "&lt;", "<" }, { "&gt;", ">" }, { "&amp;", "&" }, { "&quot;", "\"" } };

/* "&#60;" or "&#x3c;"; its length, or 0. */
static size_t numeric_reference(const char *text)
{
    const char *digits = text + 2;
    bool hex = strncmp(text, "&#x", 3) == 0;
    size_t n;

    if (strncmp(text, "&#", 2) != 0)
        return 0;
    digits += hex;
    n = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
    return n > 0 && digits[n] == ';' ? (size_t)(digits - text) + n + 1 : 0;
}

/* A '&' that begins no reference is only itself. */
static void read_reference(struct reader *r)
{
    size_t len = numeric_reference(r->text + r->at);

    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        if (begins(r, characters[i].name)) {
            buf_adds(&r->plain, characters[i].value);
            r->at += strlen(characters[i].name);
            return;
        }
    if (len > 0) {
        buf_addc(&r->plain, '#'); /* which character it is does not matter here */
        r->at += len;
        return;
    }
    keep(r);
}

/* The value behind an attribute's '='; NULL: the tag does not end. */
static const char *read_value(struct reader *r)
{
    char quote = here(r);
    size_t from, len;

    if (quote != '"' && quote != '\'') {
        from = r->at;
        while (here(r) != '\0' && !is_space(here(r)) && here(r) != '>')
            r->at++;
        return arena_strndup(r->mem, r->text + from, r->at - from);
    }
    from = ++r->at;
    while (here(r) != '\0' && here(r) != quote)
        r->at++;
    len = r->at - from;
    if (here(r) == '\0')
        return NULL;
    r->at++;
    return arena_strndup(r->mem, r->text + from, len);
}

static void read_attribute(struct reader *r, const char *tag, size_t begin, bool *spoiler)
{
    size_t from = r->at, len;
    const char *value;

    while (here(r) != '\0' && !is_space(here(r)) && here(r) != '=' && here(r) != '>')
        r->at++;
    len = r->at - from;
    if (len == 0) {
        fail(r, arena_printf(r->mem, "Empty attribute name in the tag \"%s\" at byte offset %zu",
                             tag, begin));
        return;
    }
    skip_spaces(r);
    if (here(r) != '=') {
        if (strcmp(tag, "blockquote") != 0 || len != strlen("expandable") ||
            strncasecmp(r->text + from, "expandable", len) != 0)
            fail(r, arena_printf(r->mem, "Expected equal sign in declaration of an attribute of "
                                         "the tag \"%s\" at byte offset %zu", tag, begin));
        return;
    }
    r->at++;
    skip_spaces(r);
    value = read_value(r);
    if (value == NULL || here(r) == '\0')
        fail(r, arena_printf(r->mem, "Unclosed start tag at byte offset %zu", begin));
    else if (len == strlen("class") && strncasecmp(r->text + from, "class", len) == 0)
        *spoiler = strcmp(value, "tg-spoiler") == 0;
}

static void read_start_tag(struct reader *r)
{
    size_t begin = r->at++, from = r->at, len;
    bool spoiler = false;
    const char *tag;

    while (here(r) != '\0' && !is_space(here(r)) && here(r) != '>')
        r->at++;
    len = r->at - from;
    if (here(r) == '\0') {
        fail(r, arena_printf(r->mem, "Unclosed start tag at byte offset %zu", begin));
        return;
    }
    tag = known_tag(r->text + from, len);
    if (tag == NULL) {
        fail(r, arena_printf(r->mem, "Unsupported start tag \"%.*s\" at byte offset %zu", (int)len,
                             r->text + from, begin));
        return;
    }
    for (skip_spaces(r); here(r) != '>' && r->fault == NULL; skip_spaces(r)) {
        if (here(r) == '\0')
            fail(r, arena_printf(r->mem, "Unclosed start tag at byte offset %zu", begin));
        else
            read_attribute(r, tag, begin, &spoiler);
    }
    if (r->fault != NULL)
        return;
    r->at++;
    if (strcmp(tag, "span") == 0 && !spoiler)
        fail(r, arena_printf(r->mem, "Tag \"span\" must have class \"tg-spoiler\" at byte offset "
                                     "%zu", begin));
    else
        push(r, tag, begin);
}

static void read_end_tag(struct reader *r)
{
    size_t begin = r->at, from = begin + 2, len;

    if (r->depth == 0) {
        fail(r, arena_printf(r->mem, "Unexpected end tag at byte offset %zu", begin));
        return;
    }
    for (r->at = from; here(r) != '\0' && !is_space(here(r)) && here(r) != '>';)
        r->at++;
    len = r->at - from;
    skip_spaces(r);
    if (here(r) != '>') {
        fail(r, arena_printf(r->mem, "Unclosed end tag at byte offset %zu", begin));
        return;
    }
    if (len > 0 && (strlen(innermost(r)->name) != len ||
                    strncasecmp(innermost(r)->name, r->text + from, len) != 0)) {
        fail(r, arena_printf(r->mem, "Unmatched end tag at byte offset %zu, expected \"</%s>\", "
                                     "found \"</%.*s>\"", begin, innermost(r)->name, (int)len,
                             r->text + from));
        return;
    }
    r->at++;
    r->depth--;
}

static void read_html(struct reader *r)
{
    while (here(r) != '\0' && r->fault == NULL) {
        if (here(r) == '&')
            read_reference(r);
        else if (here(r) != '<')
            keep(r);
        else if (next(r) == '/')
            read_end_tag(r);
        else
            read_start_tag(r);
    }
    if (r->fault == NULL && r->depth > 0)
        fail(r, arena_printf(r->mem, "Can't find end tag corresponding to start tag \"%s\"",
                             innermost(r)->name));
}

/* ---- legacy Markdown: nothing is nested ---- */

/* Behind "```" and, if there is one, the name of a language. */
static void skip_language(struct reader *r)
{
    size_t end;

    r->at += 3;
    for (end = r->at; r->text[end] != '\0' && !is_space(r->text[end]) && r->text[end] != '`';)
        end++;
    if (r->text[end] != '\0' && r->text[end] != '`')
        r->at = end;
    if (here(r) == '\n' || here(r) == '\r')
        r->at++;
}

/* The address behind a link's "]"; without one the text itself is the address. */
static void skip_address(struct reader *r)
{
    if (here(r) != '(')
        return;
    while (here(r) != '\0' && here(r) != ')')
        r->at++;
    r->at += here(r) == ')';
}

static void read_old_entity(struct reader *r)
{
    size_t begin = r->at;
    bool pre = begins(r, "```");
    const char *end = pre ? "```" : here(r) == '[' ? "]" : here(r) == '_' ? "_" : NULL;
    bool link = here(r) == '[';

    if (end == NULL)
        end = here(r) == '*' ? "*" : "`";
    if (pre)
        skip_language(r);
    else
        r->at++;
    while (here(r) != '\0' && !begins(r, end))
        keep(r);
    if (here(r) == '\0') {
        fail(r, arena_printf(r->mem, "Can't find end of the entity starting at byte offset %zu",
                             begin));
        return;
    }
    r->at += strlen(end);
    if (link)
        skip_address(r);
}

static void read_markdown(struct reader *r)
{
    static const char marks[] = "_*`[";

    while (here(r) != '\0' && r->fault == NULL) {
        if (here(r) == '\\' && next(r) != '\0' && strchr(marks, next(r)) != NULL) {
            r->at++;
            keep(r);
        } else if (strchr(marks, here(r)) == NULL) {
            keep(r);
        } else {
            read_old_entity(r);
        }
    }
}

/* ---- MarkdownV2 ---- */

/* What begins with these characters and ends with those; longer ones stand first. */
static const struct mark {
    const char *begin, *end, *name;
} marks[] = {
    { "```", "```", "Pre" },     { "`", "`", "Code" },        { "__", "__", "Underline" },
    { "_", "_", "Italic" },      { "*", "*", "Bold" },        { "~", "~", "Strikethrough" },
    { "||", "||", "Spoiler" },   { "![", "]", "CustomEmoji" }, { "[", "]", "TextUrl" },
};

static const struct mark *mark_of(const char *name)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strcmp(marks[i].name, name) == 0)
            return &marks[i];
    return NULL;
}

static bool is_escape(const struct reader *r)
{
    return here(r) == '\\' && next(r) > 0 && next(r) <= 126;
}

/* "(...)" behind the text of a link, whose own ')' is escaped. */
static void read_address(struct reader *r)
{
    size_t begin = r->at + 1;

    for (r->at++; here(r) != '\0' && here(r) != ')';)
        r->at += is_escape(r) ? 2 : 1;
    if (here(r) == '\0')
        fail(r, arena_printf(r->mem, "Can't find end of a URL at byte offset %zu", begin));
    else
        r->at++;
}

static void end_entity(struct reader *r, const struct mark *m)
{
    r->at += strlen(m->end);
    r->depth--;
    if (strcmp(m->end, "]") != 0)
        return;
    if (here(r) == '(')
        read_address(r);
    else if (strcmp(m->name, "CustomEmoji") == 0)
        fail(r, "Custom emoji entity must contain a tg://emoji URL");
}

static void begin_entity(struct reader *r)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (begins(r, marks[i].begin)) {
            push(r, marks[i].name, r->at);
            if (strcmp(marks[i].name, "Pre") == 0)
                skip_language(r);
            else
                r->at += strlen(marks[i].begin);
            return;
        }
    fail(r, arena_printf(r->mem,
                         "Character '%c' is reserved and must be escaped with the preceding '\\'",
                         here(r)));
}

static void unended(struct reader *r)
{
    fail(r, arena_printf(r->mem, "Can't find end of %s entity at byte offset %zu",
                         innermost(r)->name, innermost(r)->at));
}

/* A quotation is its lines' leading '>'; it ends with the last such line. */
static void read_line_end(struct reader *r, bool *quoting)
{
    if (next(r) == '>') {
        keep(r);
        r->at++;
        *quoting = true;
        return;
    }
    if (*quoting && r->depth > 0)
        unended(r);
    *quoting = false;
    keep(r);
}

/* Inside of code only a '`' means anything. */
static bool is_reserved(const struct reader *r, char c)
{
    if (is_in(r, "Code") || is_in(r, "Pre"))
        return c == '`';
    return strchr("_*[]()~`>#+-=|{}.!", c) != NULL;
}

static void read_reserved(struct reader *r)
{
    const struct mark *m = innermost(r) != NULL ? mark_of(innermost(r)->name) : NULL;
    /* "__" ends what "__" began and never what "_" began. */
    bool other = m != NULL && strcmp(m->end, "_") == 0 && next(r) == '_';

    if (m != NULL && begins(r, m->end) && !other)
        end_entity(r, m);
    else if (m != NULL && (is_in(r, "Code") || is_in(r, "Pre")))
        keep(r);
    else
        begin_entity(r);
}

static void read_markdown_v2(struct reader *r)
{
    bool quoting = here(r) == '>';

    r->at += quoting;
    while (here(r) != '\0' && r->fault == NULL) {
        if (is_escape(r)) {
            r->at++;
            keep(r);
        } else if (here(r) == '\n' && !is_in(r, "Code") && !is_in(r, "Pre")) {
            read_line_end(r, &quoting);
        } else if (is_reserved(r, here(r))) {
            read_reserved(r);
        } else {
            keep(r);
        }
    }
    if (r->fault == NULL && r->depth > 0)
        unended(r);
}

/* ---- the whole ---- */

static void read_plain(struct reader *r)
{
    buf_adds(&r->plain, r->text);
}

const char *telegram_text_read(struct arena *mem, enum telegram_mode mode, const char *text,
                               const char **plain)
{
    static void (*const readers[])(struct reader *) = {
        [TELEGRAM_PLAIN] = read_plain,
        [TELEGRAM_HTML] = read_html,
        [TELEGRAM_MARKDOWN] = read_markdown,
        [TELEGRAM_MARKDOWN_V2] = read_markdown_v2,
    };
    struct reader r = { .mem = mem, .text = text, .plain = BUF_INIT(TEXT_MAX) };

    readers[mode](&r);
    if (r.fault == NULL)
        *plain = arena_strndup(mem, buf_str(&r.plain), r.plain.len);
    buf_free(&r.plain);
    return r.fault;
}
