/* text - characters, numbers, addresses and credentials, read by hand. */
#include "tests/simulator/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/utf8.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOCAL_MAX 64
#define ADDRESS_MAX 254
#define LABEL_MAX 63
#define SECRET_MAX 512

long text_characters(const char *text)
{
    const char *end = text + strlen(text);
    long count = 0;

    for (size_t step; text < end; text += step, count++)
        if ((step = utf8_length(text, (size_t)(end - text))) == 0)
            return -1;
    return count;
}

const char *text_crlf(const char *text, const char *end)
{
    while (text < end && (text = memchr(text, '\r', (size_t)(end - text))) != NULL) {
        if (text + 1 < end && text[1] == '\n')
            return text;
        text++;
    }
    return NULL;
}

bool text_is_digits(const char *text, size_t min, size_t max)
{
    size_t n = strspn(text, DIGITS);

    return n >= min && n <= max && text[n] == '\0';
}

bool text_is_of(const char *text, const char *characters)
{
    return *text != '\0' && text[strspn(text, characters)] == '\0';
}

bool text_is_e164(const char *text)
{
    return text[0] == '+' && text[1] != '0' && text_is_digits(text + 1, 7, 15);
}

/* ---- mail addresses ---- */

/* RFC 5322 dot-atom, with the UTF-8 of RFC 6532. */
static bool is_dot_atom(const char *text, size_t len)
{
    static const char marks[] = "!#$%&'*+-/=?^_`{|}~.";

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.' && (i == 0 || i + 1 == len || text[i + 1] == '.'))
            return false;
        if ((unsigned char)text[i] < 0x80 && strchr(DIGITS LETTERS, text[i]) == NULL &&
            strchr(marks, text[i]) == NULL)
            return false;
    }
    return len > 0;
}

static bool is_label(const char *text, size_t len)
{
    return len >= 1 && len <= LABEL_MAX && text[0] != '-' && text[len - 1] != '-' &&
           strspn(text, DIGITS LETTERS "-") >= len;
}

static bool is_domain(const char *text)
{
    int labels = 0;

    for (;; text++) {
        size_t len = strcspn(text, ".");

        if (!is_label(text, len))
            return false;
        labels++;
        text += len;
        if (*text == '\0')
            return labels >= 2;
    }
}

bool text_is_mail_address(const char *text)
{
    const char *at = strrchr(text, '@');
    size_t local = at != NULL ? (size_t)(at - text) : 0;

    return at != NULL && local <= LOCAL_MAX && strlen(text) <= ADDRESS_MAX &&
           text_characters(text) >= 0 && is_dot_atom(text, local) && is_domain(at + 1);
}

/* ---- numbers ---- */

static int four_digits(const char *text)
{
    return text_is_digits(text, 4, 4) ? atoi(text) : -1;
}

static int after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? four_digits(text + len) : -1;
}

int text_phone_number(const char *digits)
{
    return after(digits, "1555000");
}

int text_mail_number(const char *address)
{
    const char *at = strrchr(address, '@');
    char digits[5];

    if (at == NULL || at - address < 6 || at[-5] != '+')
        return -1;
    memcpy(digits, at - 4, 4);
    digits[4] = '\0';
    return four_digits(digits);
}

int text_chat_number(const char *chat)
{
    int number = after(chat, "555000");

    return number >= 0 ? number : after(chat, "-100555000");
}

const char *text_date(struct arena *mem, long long wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    char text[64];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    return arena_strdup(mem, text);
}

/* ---- credentials ---- */

static const char *after_scheme(const char *header, const char *scheme)
{
    size_t len = strlen(scheme);

    if (header == NULL || strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
        return NULL;
    return header + len + 1;
}

bool text_is_bearer(const char *header, const char *token)
{
    const char *given = after_scheme(header, "Bearer");

    return given != NULL && secret_equal(given, strlen(given), token, strlen(token));
}

bool text_is_basic(const char *header, const char *user, const char *password)
{
    const char *given = after_scheme(header, "Basic");
    size_t len = given != NULL ? strlen(given) : 0, got_len, user_len = strlen(user);
    uint8_t got[SECRET_MAX];

    if (given == NULL || len > sizeof got || !base64_decode(given, len, got, &got_len))
        return false;
    return got_len > user_len && got[user_len] == ':' && memcmp(got, user, user_len) == 0 &&
           secret_equal(got + user_len + 1, got_len - user_len - 1, password, strlen(password));
}
