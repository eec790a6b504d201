/* segments - counts characters of the GSM alphabet, or UTF-16 units. */
#include "tests/simulator/segments.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/utf8.h"

/* The basic alphabet beyond the ASCII letters, digits and the blank, in its own order. */
static const char basic[] = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/* These take an escape and so two places. */
static const char extended[] = "\f^{}\\[~]|€";

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
}

static bool is_among(const char *set, const char *character, size_t len)
{
    const char *end = set + strlen(set);

    for (size_t step; set < end; set += step) {
        step = utf8_length(set, (size_t)(end - set));
        if (step == len && memcmp(set, character, len) == 0)
            return true;
    }
    return false;
}

/* Places in the GSM alphabet; 0: it isn't there. */
static size_t gsm_places(const char *character, size_t len)
{
    if (is_plain(*character) || is_among(basic, character, len))
        return 1;
    return is_among(extended, character, len) ? 2 : 0;
}

static int parts(size_t places, size_t single, size_t each)
{
    return places <= single ? 1 : (int)((places + each - 1) / each);
}

int sms_segments(const char *text)
{
    const char *end = text + strlen(text);
    size_t gsm = 0, units = 0, step;
    bool all_gsm = true;

    for (; text < end; text += step) {
        size_t places;

        step = utf8_length(text, (size_t)(end - text));
        if (step == 0)
            step = 1;
        places = gsm_places(text, step);
        all_gsm = all_gsm && places > 0;
        gsm += places;
        units += step == 4 ? 2 : 1; /* a surrogate pair */
    }
    return all_gsm ? parts(gsm, 160, 153) : parts(units, 70, 67);
}
