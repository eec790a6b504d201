/* mail_header - field lines, encoded words, mailboxes, dates and content types. */
#include "tests/simulator/mail_header.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/crypto/digest.h"
#include "tests/simulator/text.h"

#define FIELDS_MOST 100
#define WORD_MAX 75      /* RFC 2047 section 2 */
#define WORD_LINE_MAX 76 /* of a line that has an encoded word */
#define TEXT_MAX ((size_t)65536)
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *trimmed(struct arena *mem, const char *text, size_t len)
{
    while (len > 0 && is_blank(*text)) {
        text++;
        len--;
    }
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    return arena_strndup(mem, text, len);
}

/* ---- fields ---- */

static const char *line_fault(const char *line, const char *end, bool utf8)
{
    bool all_blank = true;

    for (const char *c = line; c < end; c++) {
        if ((unsigned char)*c >= 0x80 && !utf8)
            return "a header has a byte that is not ASCII, without SMTPUTF8";
        if ((*c >= 0 && *c < ' ' && *c != '\t') || *c == 0x7F)
            return "a header has a control character";
        all_blank = all_blank && is_blank(*c);
    }
    if (all_blank)
        return "a header has a line of nothing but blanks";
    if (end - line > WORD_LINE_MAX && memmem(line, (size_t)(end - line), "=?", 2) != NULL)
        return "a line with an encoded word has more than 76 characters";
    return NULL;
}

static const char *name_fault(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] <= ' ' || line[i] > '~')
            return "a header's name has a character that none has";
    return len == 0 ? "a header has no name" : NULL;
}

/* A field and the lines that it goes on with.  Moves *at behind them. */
static const char *read_field(struct arena *mem, const char **at, const char *end, bool utf8,
                              struct mail_field *out)
{
    const char *stop = text_crlf(*at, end);
    const char *colon = memchr(*at, ':', (size_t)(stop - *at)), *fault;
    struct buf value = BUF_INIT(TEXT_MAX);

    if (is_blank(**at))
        return "the header begins with a line that goes on with another";
    if (colon == NULL)
        return "a header has no colon";
    fault = name_fault(*at, (size_t)(colon - *at));
    out->name = arena_strndup(mem, *at, (size_t)(colon - *at));
    buf_add(&value, colon + 1, (size_t)(stop - colon - 1));
    while (fault == NULL) {
        fault = line_fault(*at, stop, utf8);
        *at = stop + 2;
        stop = *at < end && is_blank(**at) ? text_crlf(*at, end) : NULL;
        if (stop == NULL)
            break;
        buf_add(&value, *at, (size_t)(stop - *at));
    }
    if (fault == NULL && buf_overflowed(&value))
        fault = "a header is too long";
    out->value = trimmed(mem, buf_str(&value), value.len);
    buf_free(&value);
    return fault;
}

const char *mail_fields_read(struct arena *mem, const char *text, size_t len, bool utf8,
                             struct mail_fields *out, size_t *body_at)
{
    const char *at = text, *end = text + len, *fault = NULL;

    out->at = ARENA_ARRAY(mem, struct mail_field, FIELDS_MOST);
    out->count = 0;
    while (fault == NULL && at < end && text_crlf(at, end) != at) {
        if (out->count == FIELDS_MOST)
            return "there are more than 100 headers";
        if (text_crlf(at, end) == NULL)
            return "the header does not end";
        fault = read_field(mem, &at, end, utf8, &out->at[out->count]);
        if (fault == NULL && text_characters(out->at[out->count].value) < 0)
            fault = "a header is not UTF-8";
        out->count += fault == NULL;
    }
    if (fault == NULL && at >= end)
        return "there is no empty line behind the header";
    *body_at = (size_t)(at - text) + 2;
    return fault;
}

size_t mail_fields_count(const struct mail_fields *f, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++)
        count += strcasecmp(f->at[i].name, name) == 0;
    return count;
}

const char *mail_fields_find(const struct mail_fields *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcasecmp(f->at[i].name, name) == 0)
            return f->at[i].value;
    return NULL;
}

/* ---- encoded words ---- */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static bool decode_q(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '_') {
            buf_addc(out, ' ');
        } else if (text[i] != '=') {
            buf_addc(out, text[i]);
        } else {
            if (i + 2 >= len || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return false;
            buf_addc(out, (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
            i += 2;
        }
    }
    return true;
}

static bool decode_b(struct buf *out, const char *text, size_t len)
{
    uint8_t bytes[WORD_MAX];
    size_t n;

    if (len == 0 || !base64_decode(text, len, bytes, &n))
        return false;
    buf_add(out, bytes, n);
    return true;
}

/* "=?utf-8?B?...?=", which is `len` bytes of the text; it holds whole characters. */
static const char *decode_word(struct buf *out, const char *text, size_t len)
{
    static const char utf8[] = "=?utf-8?";
    size_t head = strlen(utf8) + 2, before = out->len;
    bool good;

    if (len > WORD_MAX)
        return "an encoded word has more than 75 characters";
    if (len < head + 2 || strncasecmp(text, utf8, strlen(utf8)) != 0 || text[head - 1] != '?' ||
        strncmp(text + len - 2, "?=", 2) != 0 ||
        memchr(text + head, '?', len - head - 2) != NULL)
        return "an encoded word is broken, or not in UTF-8";
    text += head;
    len -= head + 2;
    good = text[-2] == 'B' || text[-2] == 'b'   ? decode_b(out, text, len)
           : text[-2] == 'Q' || text[-2] == 'q' ? decode_q(out, text, len)
                                                : false;
    if (!good)
        return "an encoded word can't be decoded";
    if (memchr(buf_str(out) + before, '\0', out->len - before) != NULL ||
        text_characters(buf_str(out) + before) < 0)
        return "an encoded word holds no whole characters of UTF-8";
    return NULL;
}

/* Blanks between two encoded words are not part of the text. */
const char *mail_text_decode(struct arena *mem, const char *value, const char **out)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    const char *fault = NULL;
    bool was_word = false;

    for (const char *at = value; *at != '\0' && fault == NULL;) {
        size_t blanks = strspn(at, " \t"), len = strcspn(at + blanks, " \t");
        bool is_word = strncmp(at + blanks, "=?", 2) == 0;

        if (!is_word && memmem(at + blanks, len, "=?", 2) != NULL)
            fault = "an encoded word does not stand alone";
        if (!is_word || !was_word)
            buf_add(&text, at, blanks);
        if (is_word && fault == NULL)
            fault = decode_word(&text, at + blanks, len);
        else
            buf_add(&text, at + blanks, len);
        was_word = is_word;
        at += blanks + len;
    }
    *out = arena_strndup(mem, buf_str(&text), text.len);
    buf_free(&text);
    return fault;
}

/* ---- mailboxes ---- */

/* Behind a quoted string that begins here; NULL: it does not end. */
static const char *skip_quoted(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if (*at == '\0')
            return NULL;
    }
    return at + 1;
}

static const char *unquoted(struct arena *mem, const char *text, size_t len)
{
    char *out = arena_alloc(mem, len + 1), *to = out;

    for (size_t i = 1; i + 1 < len; i++) {
        i += text[i] == '\\';
        *to++ = text[i];
    }
    *to = '\0';
    return out;
}

/* What stands before "<": one quoted string, or words that may be encoded. */
static const char *read_display_name(struct arena *mem, const char *text, size_t len,
                                     const char **out)
{
    static const char specials[] = "()<>[]:;@\\,.\"";
    const char *name = trimmed(mem, text, len);

    *out = NULL;
    if (*name == '\0')
        return NULL;
    if (*name == '"') {
        const char *end = skip_quoted(name);

        if (end == NULL || *end != '\0')
            return "a name in quotes does not end, or something follows it";
        *out = unquoted(mem, name, strlen(name));
        return NULL;
    }
    if (strstr(name, "=?") == NULL && strpbrk(name, specials) != NULL)
        return "a name has a character that wants quotes";
    return mail_text_decode(mem, name, out);
}

/* How far a mailbox reaches, and its '<' if it has one. */
static const char *scan_mailbox(const char *at, const char **open)
{
    *open = NULL;
    while (at != NULL && *at != '\0' && *at != ',') {
        if (*at == '<' && *open == NULL)
            *open = at;
        at = *at == '"' ? skip_quoted(at) : at + 1;
    }
    return at;
}

static const char *read_mailbox(struct arena *mem, const char *text, const char *end,
                                const char *open, const char **address, const char **name)
{
    const char *close, *fault;

    if (open == NULL) {
        *name = NULL;
        *address = trimmed(mem, text, (size_t)(end - text));
    } else {
        close = memchr(open, '>', (size_t)(end - open));
        if (close == NULL || *trimmed(mem, close + 1, (size_t)(end - close - 1)) != '\0')
            return "an address in brackets does not end, or something follows it";
        fault = read_display_name(mem, text, (size_t)(open - text), name);
        if (fault != NULL)
            return fault;
        *address = arena_strndup(mem, open + 1, (size_t)(close - open - 1));
    }
    return text_is_mail_address(*address) ? NULL : "an address is none";
}

const char *mail_mailboxes_read(struct arena *mem, const char *value, size_t most,
                                const char **address, const char **name)
{
    const char *its_address, *its_name, *fault, *at = value, *open;

    for (size_t i = 0;; i++) {
        const char *end = scan_mailbox(at, &open);

        if (end == NULL)
            return "a name in quotes does not end";
        if (i == most)
            return "there are more addresses than one";
        fault = read_mailbox(mem, at, end, open, &its_address, &its_name);
        if (fault != NULL)
            return fault;
        if (i == 0) {
            *address = its_address;
            *name = its_name;
        }
        if (*end == '\0')
            return NULL;
        at = end + 1;
    }
}

/* ---- dates and ids ---- */

static int index_of(const char *const *names, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (strncmp(names[i], text, 3) == 0)
            return i;
    return -1;
}

/* RFC 5322 section 3.3, with the day's name and seconds, which may be left out there. */
const char *mail_date_fault(const char *value)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char day_name[4], month[4], sign, rest;
    int day, year, hour, minute, second, zone, read;
    struct tm tm = { 0 };

    read = sscanf(value, "%3s, %2d %3s %4d %2d:%2d:%2d %c%4d%c", day_name, &day, month, &year, &hour,
                  &minute, &second, &sign, &zone, &rest);
    if (read != 9 || (sign != '+' && sign != '-'))
        return "Date is not as in \"Thu, 24 Aug 2023 05:01:45 +0000\"";
    tm.tm_year = year - 1900;
    tm.tm_mon = index_of(months, 12, month);
    tm.tm_mday = day;
    tm.tm_hour = 12;
    if (tm.tm_mon < 0 || hour > 23 || minute > 59 || second > 60 || zone % 100 > 59 || year < 1900)
        return "Date is no time";
    timegm(&tm);
    if (tm.tm_mday != day)
        return "Date is a day that does not exist";
    return tm.tm_wday == index_of(days, 7, day_name) ? NULL : "Date names the wrong day of the week";
}

const char *mail_message_id_fault(const char *value)
{
    static const char atom[] = ALNUM "!#$%&'*+-/=?^_`{|}~.";
    size_t len = strlen(value), local = strspn(value + (*value == '<'), atom);
    const char *at = value + 1 + local;

    if (len < 5 || *value != '<' || value[len - 1] != '>' || local == 0 || *at != '@' ||
        strspn(at + 1, atom) != len - local - 3 || len - local == 3)
        return "Message-ID is not <local@domain>";
    return NULL;
}

/* ---- content types ---- */

static bool is_token(const char *text)
{
    return text_is_of(text, ALNUM "!#$%&'*+-.^_`{|}~");
}

static const char *lowered(struct arena *mem, const char *text)
{
    char *out = arena_strdup(mem, text);

    for (char *c = out; *c != '\0'; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    return out;
}

/* The next ';' outside of quotes, or the end; NULL: quotes do not end. */
static const char *parameter_end(const char *at)
{
    while (at != NULL && *at != '\0' && *at != ';')
        at = *at == '"' ? skip_quoted(at) : at + 1;
    return at;
}

static const char *read_parameter(struct arena *mem, const char *text, size_t len,
                                  struct mail_field *out)
{
    const char *whole = trimmed(mem, text, len), *equals = strchr(whole, '=');

    if (equals == NULL)
        return "a parameter of Content-Type has no value";
    out->name = lowered(mem, arena_strndup(mem, whole, (size_t)(equals - whole)));
    out->value = equals + 1;
    if (!is_token(out->name))
        return "a parameter of Content-Type has no name";
    if (equals[1] != '"')
        return is_token(out->value) ? NULL : "a parameter of Content-Type wants quotes";
    if (*skip_quoted(equals + 1) != '\0')
        return "something follows a parameter of Content-Type";
    out->value = unquoted(mem, equals + 1, strlen(equals + 1));
    return NULL;
}

const char *mail_type_read(struct arena *mem, const char *value, struct mail_type *out)
{
    const char *end = parameter_end(value), *slash, *fault = NULL;

    if (end == NULL)
        return "Content-Type has quotes that do not end";
    out->type = lowered(mem, trimmed(mem, value, (size_t)(end - value)));
    out->count = 0;
    slash = strchr(out->type, '/');
    if (slash == NULL || !is_token(slash + 1) ||
        !is_token(arena_strndup(mem, out->type, (size_t)(slash - out->type))))
        return "Content-Type is not type/subtype";
    while (*end == ';' && fault == NULL) {
        const char *from = end + 1;

        end = parameter_end(from);
        if (end == NULL)
            return "Content-Type has quotes that do not end";
        if (out->count == MAIL_PARAMETERS)
            return "Content-Type has more than 8 parameters";
        fault = read_parameter(mem, from, (size_t)(end - from), &out->parameters[out->count++]);
    }
    return fault;
}

const char *mail_type_find(const struct mail_type *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->parameters[i].name, name) == 0)
            return t->parameters[i].value;
    return NULL;
}
