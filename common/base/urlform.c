/* urlform - one pass to count the pairs, one to decode them; and the encoder. */
#include "common/base/urlform.h"

#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* NULL: a broken escape, or a NUL. */
static const char *decode(struct arena *mem, const char *text, size_t len)
{
    char *out = arena_alloc(mem, len + 1), *to = out;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return NULL;
        *to++ = c;
    }
    *to = '\0';
    return out;
}

/* The next part between '&' that is not empty.  False: there is none. */
static bool next_part(const char **at, const char *end, const char **part, size_t *len)
{
    const char *stop;

    while (*at < end && **at == '&')
        (*at)++;
    if (*at == end)
        return false;
    stop = memchr(*at, '&', (size_t)(end - *at));
    *part = *at;
    *len = (size_t)((stop != NULL ? stop : end) - *at);
    *at += *len;
    return true;
}

static size_t count_parts(const char *at, const char *end)
{
    const char *part;
    size_t count = 0, len;

    while (next_part(&at, end, &part, &len))
        count++;
    return count;
}

static bool parse_pair(struct arena *mem, const char *part, size_t len, struct urlform_pair *out)
{
    const char *equals = memchr(part, '=', len);
    size_t key_len = equals != NULL ? (size_t)(equals - part) : len;
    size_t value_at = equals != NULL ? key_len + 1 : len;

    out->key = decode(mem, part, key_len);
    out->value = decode(mem, part + value_at, len - value_at);
    return out->key != NULL && out->value != NULL;
}

enum status urlform_parse(struct arena *mem, const char *text, size_t len, size_t max_pairs,
                          struct urlform *out, struct error *err)
{
    const char *at = len > 0 ? text : "", *end = at + len, *part;
    struct urlform form = { .count = 0 };
    size_t parts = count_parts(at, end), part_len;

    if (parts > max_pairs)
        return error_set(err, ST_LIMITED, "%zu parameters, at most %zu", parts, max_pairs);
    form.pairs = ARENA_ARRAY(mem, struct urlform_pair, parts);
    while (next_part(&at, end, &part, &part_len)) {
        if (!parse_pair(mem, part, part_len, &form.pairs[form.count]))
            return error_set(err, ST_INVALID, "parameter %zu has a broken escape, or a NUL",
                             form.count + 1);
        form.count++;
    }
    *out = form;
    return ST_OK;
}

const char *urlform_find(const struct urlform *form, const char *key)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->pairs[i].key, key) == 0)
            return form->pairs[i].value;
    return NULL;
}

/* RFC 3986 section 2.3. */
static inline bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void urlform_encode(struct buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    while (*text != '\0') {
        const char *start = text;
        unsigned char byte;

        while (is_unreserved(*text))
            text++;
        buf_add(out, start, (size_t)(text - start));
        if (*text == '\0')
            return;
        byte = (unsigned char)*text++;
        buf_add(out, (const char[]){ '%', digits[byte >> 4], digits[byte & 15] }, 3);
    }
}

void urlform_add(struct buf *out, const char *key, const char *value)
{
    if (out->len > 0)
        buf_addc(out, '&');
    urlform_encode(out, key);
    buf_addc(out, '=');
    urlform_encode(out, value);
}
