/* mail_body - transfer encodings, and parts within parts. */
#include "tests/simulator/mail_body.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "common/crypto/digest.h"
#include "tests/simulator/text.h"

#define DECODED_MAX ((size_t)64 * 1024 * 1024)
#define ENCODED_LINE_MAX 76
#define DEPTH_MOST 4
#define BOUNDARY_MAX 70

/* ---- transfer encodings ---- */

static const char *take_7bit(const char *body, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)body[i] >= 0x80)
            return "a part that calls itself 7bit is not ASCII";
    buf_add(out, body, len);
    return NULL;
}

static const char *take_8bit(const char *body, size_t len, struct buf *out)
{
    buf_add(out, body, len);
    return NULL;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 2045 section 6.7. */
static const char *decode_quoted(const char *line, size_t len, struct buf *out)
{
    bool soft = len > 0 && line[len - 1] == '=';

    if (len > ENCODED_LINE_MAX)
        return "a line of quoted-printable has more than 76 characters";
    if (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        return "a line of quoted-printable ends with a blank";
    for (size_t i = 0; i < len - soft; i++) {
        if (line[i] != '=') {
            if ((line[i] < ' ' && line[i] != '\t') || line[i] > '~')
                return "quoted-printable has a byte that must be escaped";
            buf_addc(out, line[i]);
            continue;
        }
        if (i + 2 >= len || hex_digit(line[i + 1]) < 0 || hex_digit(line[i + 2]) < 0)
            return "quoted-printable has a broken escape";
        buf_addc(out, (char)(hex_digit(line[i + 1]) * 16 + hex_digit(line[i + 2])));
        i += 2;
    }
    if (!soft)
        buf_adds(out, "\r\n");
    return NULL;
}

static const char *take_quoted_printable(const char *body, size_t len, struct buf *out)
{
    const char *fault = NULL;

    for (const char *end; len > 0 && fault == NULL; len -= (size_t)(end + 2 - body), body = end + 2) {
        end = text_crlf(body, body + len);
        if (end == NULL) /* the line break before a boundary belongs to the boundary */
            return decode_quoted(body, len, out);
        fault = decode_quoted(body, (size_t)(end - body), out);
    }
    return fault;
}

/* RFC 2045 section 6.8; padding ends the data. */
static const char *take_base64(const char *body, size_t len, struct buf *out)
{
    struct buf whole = BUF_INIT(DECODED_MAX);
    const char *fault = NULL;
    uint8_t *bytes;
    size_t n = 0;

    for (const char *end; len > 0; len -= (size_t)(end - body), body = end) {
        size_t line;

        end = text_crlf(body, body + len);
        line = end != NULL ? (size_t)(end - body) : len;
        end = end != NULL ? end + 2 : body + len;
        if (line > ENCODED_LINE_MAX)
            fault = "a line of base64 has more than 76 characters";
        buf_add(&whole, body, line);
    }
    bytes = (uint8_t *)strdup(buf_str(&whole)); /* decoded in place, into fewer bytes */
    if (bytes == NULL)
        abort();
    if (fault == NULL && !base64_decode(buf_str(&whole), whole.len, bytes, &n))
        fault = "base64 can't be decoded";
    if (fault == NULL)
        buf_add(out, bytes, n);
    free(bytes);
    buf_free(&whole);
    return fault;
}

static const struct encoding {
    const char *name;
    const char *(*decode)(const char *body, size_t len, struct buf *out);
    bool for_multipart;
} encodings[] = {
    { "7bit", take_7bit, true },
    { "8bit", take_8bit, true },
    { "quoted-printable", take_quoted_printable, false },
    { "base64", take_base64, false },
};

static const struct encoding *encoding_of(const struct mail_fields *header)
{
    const char *name = mail_fields_find(header, "Content-Transfer-Encoding");

    if (name == NULL)
        return &encodings[0];
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (strcasecmp(encodings[i].name, name) == 0)
            return &encodings[i];
    return NULL;
}

/* ---- text ---- */

/* LF ends a line, and nothing the last one. */
static const char *with_lf(struct arena *mem, const struct buf *text)
{
    const char *from = buf_str(text), *end = from + text->len;
    char *out = arena_alloc(mem, text->len + 1), *to = out;

    for (; from < end; from++)
        if (*from != '\r' || from[1] != '\n')
            *to++ = *from;
    if (to > out && to[-1] == '\n')
        to--;
    *to = '\0';
    return out;
}

static const char *charset_fault(const struct mail_type *type, const char *text)
{
    const char *charset = mail_type_find(type, "charset");

    if (charset != NULL && strcasecmp(charset, "utf-8") == 0)
        return text_characters(text) >= 0 ? NULL : "a text is not UTF-8";
    if (charset != NULL && strcasecmp(charset, "us-ascii") != 0)
        return "a text is neither in UTF-8 nor in US-ASCII";
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return "a text in US-ASCII is none";
    return NULL;
}

static const char *read_text(struct arena *mem, const struct mail_type *type,
                             const struct buf *decoded, struct mail_contents *out)
{
    bool html = strcmp(type->type, "text/html") == 0;
    const char **place = html ? &out->html : &out->text;
    const char *fault;

    if (memchr(buf_str(decoded), '\0', decoded->len) != NULL)
        return "a text has a NUL";
    fault = charset_fault(type, buf_str(decoded));
    if (fault == NULL && *place == NULL)
        *place = with_lf(mem, decoded);
    return fault;
}

/* ---- parts ---- */

static const char *read_part(struct arena *mem, const struct mail_fields *header, const char *body,
                             size_t len, int depth, struct mail_contents *out);

static const char *boundary_fault(const char *boundary)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                     "'()+_,-./:=? ";

    if (boundary == NULL || *boundary == '\0')
        return "a multipart has no boundary";
    if (strlen(boundary) > BOUNDARY_MAX || !text_is_of(boundary, characters) ||
        boundary[strlen(boundary) - 1] == ' ')
        return "a boundary has characters that none has, or more than 70";
    return NULL;
}

/* The next line that is a delimiter; *last: it is the closing one.  NULL: there is none. */
static const char *find_delimiter(const char *body, const char *end, const char *delimiter,
                                  const char **behind, bool *last)
{
    size_t len = strlen(delimiter);

    for (const char *at = body; at < end;) {
        const char *stop = text_crlf(at, end);
        const char *line_end = stop != NULL ? stop : end;
        size_t line = (size_t)(line_end - at);

        *last = line == len + 2 && strncmp(at + len, "--", 2) == 0;
        if (line >= len && strncmp(at, delimiter, len) == 0 && (line == len || *last)) {
            *behind = stop != NULL ? stop + 2 : end;
            return at;
        }
        at = stop != NULL ? stop + 2 : end;
    }
    return NULL;
}

/* The line break before a delimiter belongs to it. */
static const char *read_one(struct arena *mem, const char *from, const char *to, int depth,
                            struct mail_contents *out)
{
    struct mail_fields header;
    const char *fault;
    size_t at = 0;

    if (to - from >= 2)
        to -= 2;
    /* A part may have no header at all; its empty line then stands first. */
    fault = mail_fields_read(mem, from, (size_t)(to + 2 - from), true, &header, &at);
    if (fault != NULL)
        return fault;
    if ((size_t)(to - from) < at)
        at = (size_t)(to - from);
    return read_part(mem, &header, from + at, (size_t)(to - from) - at, depth, out);
}

static const char *read_multipart(struct arena *mem, const struct mail_type *type, const char *body,
                                  size_t len, int depth, struct mail_contents *out)
{
    const char *boundary = mail_type_find(type, "boundary"), *end = body + len, *at, *behind, *next;
    const char *delimiter, *fault = boundary_fault(boundary);
    bool last = false, alternative = strcmp(type->type, "multipart/alternative") == 0;

    if (fault != NULL)
        return fault;
    if (depth == DEPTH_MOST)
        return "parts are nested too deep";
    delimiter = arena_printf(mem, "--%s", boundary);
    at = find_delimiter(body, end, delimiter, &behind, &last);
    if (at == NULL || last)
        return "a multipart has no part";
    while (!last && fault == NULL) {
        bool had_text = out->text != NULL, had_html = out->html != NULL;
        const char *from = behind;

        next = find_delimiter(from, end, delimiter, &behind, &last);
        if (next == NULL)
            return "a multipart does not end with its boundary";
        fault = read_one(mem, from, next, depth + 1, out);
        /* RFC 2046 section 5.1.4: the richest comes last. */
        if (fault == NULL && alternative && had_html && !had_text && out->text != NULL)
            fault = "of alternatives text/plain comes after text/html";
    }
    return fault;
}

static const char *read_part(struct arena *mem, const struct mail_fields *header, const char *body,
                             size_t len, int depth, struct mail_contents *out)
{
    const char *value = mail_fields_find(header, "Content-Type");
    const struct encoding *encoding = encoding_of(header);
    struct buf decoded = BUF_INIT(DECODED_MAX);
    struct mail_type type;
    const char *fault = mail_type_read(mem, value != NULL ? value : "text/plain", &type);

    if (fault != NULL)
        return fault;
    if (encoding == NULL)
        return "there is no such Content-Transfer-Encoding";
    if (strncmp(type.type, "multipart/", 10) == 0) {
        if (!encoding->for_multipart)
            return "a multipart has a transfer encoding of its own";
        return read_multipart(mem, &type, body, len, depth, out);
    }
    fault = encoding->decode(body, len, &decoded);
    if (fault == NULL &&
        (strcmp(type.type, "text/plain") == 0 || strcmp(type.type, "text/html") == 0))
        fault = read_text(mem, &type, &decoded, out);
    else if (fault == NULL)
        out->attachments++;
    buf_free(&decoded);
    return fault;
}

const char *mail_part_read(struct arena *mem, const struct mail_fields *header, const char *body,
                           size_t len, struct mail_contents *out)
{
    return read_part(mem, header, body, len, 0, out);
}
