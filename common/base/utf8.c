/* utf8 - which bytes are well-formed UTF-8. */
#include "common/base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Rows of RFC 3629 section 4: only the second byte's range depends on the first byte. */
struct row {
    uint8_t first_low, first_high, second_low, second_high, length;
};
static const struct row rows[] = {
    { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
    { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
    { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

static bool is_tail(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

static bool row_fits(const struct row *r, const uint8_t *s, size_t n)
{
    if (n < r->length || s[1] < r->second_low || s[1] > r->second_high)
        return false;
    return (r->length < 3 || is_tail(s[2])) && (r->length < 4 || is_tail(s[3]));
}

size_t utf8_length(const char *text, size_t n)
{
    const uint8_t *s = (const uint8_t *)text;

    if (n == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (s[0] >= rows[i].first_low && s[0] <= rows[i].first_high)
            return row_fits(&rows[i], s, n) ? rows[i].length : 0;
    return 0;
}

size_t utf8_count(const char *text)
{
    size_t count = 0, left = strlen(text);

    for (size_t step; left > 0; text += step, left -= step, count++)
        if ((step = utf8_length(text, left)) == 0)
            step = 1;
    return count;
}

size_t utf8_cut(const char *text, size_t len, size_t max)
{
    size_t at = max;

    if (len <= max)
        return len;
    /* A character has at most three tail bytes; more of them are not UTF-8 and may be torn. */
    while (at > 0 && max - at < 3 && is_tail((uint8_t)text[at]))
        at--;
    return is_tail((uint8_t)text[at]) ? max : at;
}
