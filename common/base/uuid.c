/* uuid - UUID version 7: the time first, so that ids made later sort later. */
#include "common/base/uuid.h"

#include <stddef.h>

#include "common/base/random.h"

#define COUNTER_MAX 0xFFF
#define COUNTER_SEED 0x7FF /* the top bit starts at 0: room for 2,048 ids in any millisecond */

/* What the last id of this thread was made of. */
struct series {
    int64_t asked;    /* the time its caller gave */
    int64_t stamp;    /* the time it carries: a later one where the counter was used up */
    unsigned counter; /* rand_a */
};
static _Thread_local struct series series = { .asked = -1, .stamp = -1 };

static void restart(int64_t stamp)
{
    uint16_t seed;

    random_bytes(&seed, sizeof seed);
    series.stamp = stamp;
    series.counter = seed & COUNTER_SEED;
}

/* RFC 9562 section 6.2: a counter that is used up borrows from the next millisecond. */
static void advance(int64_t wall_ms)
{
    if (wall_ms < series.asked || wall_ms > series.stamp)
        restart(wall_ms);
    else if (series.counter == COUNTER_MAX)
        restart(series.stamp + 1);
    else
        series.counter++;
    series.asked = wall_ms;
}

static void write_text(const uint8_t bytes[UUID_BYTES], char out[UUID_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";

    for (int i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}

void uuid_v7(int64_t wall_ms, char out[UUID_TEXT_BYTES])
{
    uint8_t bytes[UUID_BYTES];
    uint64_t stamp;

    advance(wall_ms);
    stamp = (uint64_t)series.stamp;
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(stamp >> (40 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | series.counter >> 8);
    bytes[7] = (uint8_t)series.counter;
    random_bytes(bytes + 8, 8);
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3F)); /* the variant of RFC 9562 */
    write_text(bytes, out);
}

void uuid_first_of(int64_t wall_ms, char out[UUID_TEXT_BYTES])
{
    uint8_t bytes[UUID_BYTES] = { 0 };

    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    write_text(bytes, out);
}

/* -1 where it is no hexadecimal digit. */
static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(const char *text, uint8_t out[UUID_BYTES])
{
    for (int i = 0; i < UUID_BYTES; i++) {
        int high, low;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        if ((high = digit_of(text[0])) < 0 || (low = digit_of(text[1])) < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return *text == '\0';
}

bool uuid_is_valid(const char *text)
{
    uint8_t bytes[UUID_BYTES];

    return uuid_parse(text, bytes);
}
