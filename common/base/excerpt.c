/* excerpt - cutting and cleaning in one pass. */
#include "common/base/excerpt.h"

#include <stdbool.h>

#include "common/base/utf8.h"

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7F;
}

/* Each replacement is as long as what it replaces, so the copy is cleaned in place. */
const char *excerpt(struct arena *mem, const char *text, size_t len, size_t max)
{
    size_t end = 0, step;
    char *copy;

    while (len > 0 && is_blank(*text))
        text++, len--;
    /* Three bytes more than may stay: the last character is seen whole before it is judged. */
    if (len > max + 3)
        len = max + 3;
    copy = arena_strndup(mem, text, len);
    for (; end < len; end += step) {
        step = utf8_length(copy + end, len - end);
        if (step == 0) {
            copy[end] = '?';
            step = 1;
        }
        if (end + step > max)
            break;
        if (is_blank(copy[end]))
            copy[end] = ' ';
    }
    while (end > 0 && copy[end - 1] == ' ')
        end--;
    copy[end] = '\0';
    return copy;
}
