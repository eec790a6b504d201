#ifndef COMMON_BASE_RANDOM_H
#define COMMON_BASE_RANDOM_H
#include <stddef.h>
#include <stdint.h>
/*
 * random - chance from the kernel (getrandom(2)), buffered for each thread; aborts if there is none.
 * Good for ids, keys and jitter alike.  Any thread; not across fork().
 */
void random_bytes(void *out, size_t n);
uint64_t random_below(uint64_t bound); /* uniform in [0, bound); 0 for bound 0 */
double random_unit(void);              /* uniform in [0, 1) */
#endif
