/* random - chance from the kernel, buffered for each thread. */
#include "common/base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define POOL_BYTES 256 /* up to this size getrandom(2) is never cut short by a signal */

struct pool {
    unsigned char bytes[POOL_BYTES];
    size_t left; /* the last `left` bytes were not handed out yet */
};
static _Thread_local struct pool pool;

static void from_kernel(unsigned char *out, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);

        if (got < 0 && errno != EINTR)
            abort();
        if (got > 0) {
            out += got;
            n -= (size_t)got;
        }
    }
}

void random_bytes(void *out, size_t n)
{
    unsigned char *next;

    if (n > POOL_BYTES) {
        from_kernel(out, n);
        return;
    }
    if (n > pool.left) {
        from_kernel(pool.bytes, POOL_BYTES);
        pool.left = POOL_BYTES;
    }
    if (n == 0)
        return;
    next = pool.bytes + POOL_BYTES - pool.left;
    memcpy(out, next, n);
    explicit_bzero(next, n); /* it may become a key: no copy stays behind */
    pool.left -= n;
}

static uint64_t random_u64(void)
{
    uint64_t value;

    random_bytes(&value, sizeof value);
    return value;
}

uint64_t random_below(uint64_t bound)
{
    uint64_t excess, value;

    if (bound == 0)
        return 0;
    /* 2^64 is seldom a multiple of bound: the first (2^64 mod bound) values would be favoured. */
    excess = (0 - bound) % bound;
    do {
        value = random_u64();
    } while (value < excess);
    return value % bound;
}

double random_unit(void)
{
    return (double)(random_u64() >> 11) * 0x1p-53; /* 53 bits: all that a double holds */
}
