/* mask - one pass over words and digits. */
#include "common/base/mask.h"

#include <stdbool.h>
#include <string.h>

#define NUMBER_DIGITS 7
#define LONGEST "[address]" /* of what is put in; it takes the place of two bytes or more */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A mail address ends at what may enclose it in a sentence. */
static size_t word_length(const char *text)
{
    size_t len = 0;

    while ((unsigned char)text[len] > ' ' && strchr("<>()[]\",;:\x7F", text[len]) == NULL)
        len++;
    return len;
}

/* "%40" is an '@' that a gateway repeats as it stood in a URL. */
static bool is_address(const char *word, size_t len)
{
    return len > 1 && (memchr(word, '@', len) != NULL || memmem(word, len, "%40", 3) != NULL);
}

/* 0: no number begins here. */
static size_t number_length(const char *text)
{
    bool open = *text == '+';
    size_t len = open, end = 0, digits = 0;

    for (; text[len] != '\0'; len++) {
        if (is_digit(text[len])) {
            digits++;
            end = len + 1;
        } else if (!open || digits == 0 || strchr(" -.()", text[len]) == NULL || len - end >= 2) {
            break;
        }
    }
    return digits >= NUMBER_DIGITS ? end : 0;
}

static char *put(char *to, const char *text)
{
    size_t len = strlen(text);

    memcpy(to, text, len);
    return to + len;
}

const char *mask_addresses(struct arena *mem, const char *text)
{
    char *out = arena_alloc(mem, strlen(text) / 2 * strlen(LONGEST) + 2), *to = out;
    size_t word_left = 0; /* bytes of a word that is no address */

    while (*text != '\0') {
        size_t word = word_left > 0 ? 0 : word_length(text), number;

        if (is_address(text, word)) {
            to = put(to, "[address]");
            text += word;
            continue;
        }
        if (word > 0)
            word_left = word;
        number = number_length(text);
        if (number > 0) {
            to = put(to, "[number]");
            text += number;
            word_left = 0;
            continue;
        }
        /* A shorter run of digits goes over whole: its tail is no number of its own. */
        do {
            *to++ = *text++;
            word_left -= word_left > 0;
        } while (is_digit(text[-1]) && is_digit(*text));
    }
    *to = '\0';
    return out;
}
