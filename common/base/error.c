/* error - what went wrong: a kind that callers act on, and words that people read. */
#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

static const char *const names[] = {
    [ST_OK] = "ok",
    [ST_INVALID] = "invalid",
    [ST_DENIED] = "denied",
    [ST_NOT_FOUND] = "not_found",
    [ST_CONFLICT] = "conflict",
    [ST_LIMITED] = "limited",
    [ST_BUG] = "bug",
    [ST_UNAVAILABLE] = "unavailable",
    [ST_UNCERTAIN] = "uncertain",
};

/* Libraries end their messages with line breaks and break them in the middle. */
static void make_one_line(char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ')
            text[i] = ' ';
    while (len > 0 && text[len - 1] == ' ')
        text[--len] = '\0';
}

/* Puts words, cut to the room there is, behind the text of *len bytes. */
static void append(char text[ERROR_TEXT_BYTES], size_t *len, const char *words)
{
    size_t n = utf8_cut(words, strlen(words), ERROR_TEXT_BYTES - 1 - *len);

    memcpy(text + *len, words, n);
    *len += n;
    text[*len] = '\0';
}

/* One byte more than is kept shows utf8_cut() whether the text was torn inside a character. */
#define WORDS_BYTES (ERROR_TEXT_BYTES + 1)

enum status error_set(struct error *err, enum status kind, const char *fmt, ...)
{
    char words[WORDS_BYTES]; /* not in place: the arguments may point into err->text */
    size_t len = 0;
    va_list args;

    if (err == NULL)
        return kind;
    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    make_one_line(words);
    err->kind = kind;
    append(err->text, &len, words);
    return kind;
}

enum status error_prefix(struct error *err, const char *fmt, ...)
{
    char words[WORDS_BYTES], text[ERROR_TEXT_BYTES];
    size_t len = 0;
    va_list args;

    if (err == NULL)
        return ST_BUG;
    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    make_one_line(words);
    append(text, &len, words);
    append(text, &len, ": ");
    append(text, &len, err->text);
    memcpy(err->text, text, len + 1);
    return err->kind;
}

const char *status_name(enum status kind)
{
    return names[kind];
}
