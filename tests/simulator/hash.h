#ifndef SIMULATOR_HASH_H
#define SIMULATOR_HASH_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
/*
 * hash - a number from a text, and how often a text has been met.
 */

/* The same for the same text and seed on every machine; all bits are good. */
uint64_t hash_text(uint64_t seed, const char *text);

/* How often each text has been met, by its hash; grows with what it holds.  Any thread. */
struct seen {
    pthread_mutex_t lock;
    struct seen_entry *entries; /* under lock, as all below; open addressing */
    size_t used, cap;           /* cap: a power of two */
};
#define SEEN_INIT { .lock = PTHREAD_MUTEX_INITIALIZER }
unsigned seen_count(struct seen *s, const char *text); /* how often before; counts this time */
void seen_forget(struct seen *s);
#endif
