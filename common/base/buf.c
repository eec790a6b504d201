/* buf - a growing byte string with a ceiling. */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST_CAP ((size_t)256)

static void grow(struct buf *b, size_t need)
{
    size_t cap = b->cap < SMALLEST_CAP ? SMALLEST_CAP : b->cap;

    while (cap < need)
        cap *= 2;
    if (cap > b->limit + 1)
        cap = b->limit + 1;
    b->data = realloc(b->data, cap);
    if (b->data == NULL)
        abort();
    b->cap = cap;
}

/*
 * Makes room for n more bytes and the NUL.  Once something did not fit nothing is added any more,
 * so the content is always an unbroken beginning of what was written.
 */
static inline bool reserve(struct buf *b, size_t n)
{
    if (b->overflowed || n > b->limit - b->len) {
        b->overflowed = true;
        return false;
    }
    if (b->len + n + 1 > b->cap)
        grow(b, b->len + n + 1);
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return;
    memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_addc(struct buf *b, char c)
{
    if (!reserve(b, 1))
        return;
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void buf_add_i64(struct buf *b, long long value)
{
    char digits[20]; /* 2^63 has 19 of them, and the sign */
    size_t at = sizeof digits;
    unsigned long long rest = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    char small[256];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n < 0)
        abort();
    if ((size_t)n < sizeof small) {
        buf_add(b, small, (size_t)n);
        return;
    }
    if (!reserve(b, (size_t)n))
        return;
    va_start(args, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}

bool buf_overflowed(const struct buf *b)
{
    return b->overflowed;
}

const char *buf_str(const struct buf *b)
{
    return b->data == NULL ? "" : b->data;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflowed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf)BUF_INIT(b->limit);
}
