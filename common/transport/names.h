#ifndef COMMON_TRANSPORT_NAMES_H
#define COMMON_TRANSPORT_NAMES_H
#include <stdint.h>
/*
 * names - the addresses of hosts, looked up in threads of their own.
 *
 * However many calls wait for a name, one look-up of it is under way at most: a resolver that hangs
 * holds one thread for each host of the configuration, and nobody who asks for another host.  An
 * answer is fresh for NAMES_FRESH_MS; then the next look-up begins, and the old answer stays good
 * beside it, for NAMES_STALE_MS in all, so that calls go on while a resolver is slow or away.  A
 * failure is good for NAMES_FAILED_MS.
 *
 * One thread calls, and brings the (monotonic) time.
 */
#define NAMES_FRESH_MS 60000
#define NAMES_STALE_MS 600000
#define NAMES_FAILED_MS 1000

struct names;
enum names_answer {
    NAMES_FOUND,
    NAMES_COMING, /* ask again once names_fd() can be read and names_gather() was called */
    NAMES_NONE    /* there is no such name, or nobody can say */
};

struct names *names_new(void);
void names_free(struct names *n); /* waits for no look-up: it ends by itself some day */

int names_fd(const struct names *n); /* readable when look-ups have ended */
void names_gather(struct names *n, int64_t now_ms);

/* Begins a look-up where one is due.  *addresses: "192.0.2.1,[2001:db8::1]" in the resolver's
 * order, borrowed until the next call. */
enum names_answer names_find(struct names *n, const char *host, int64_t now_ms,
                             const char **addresses);
#endif
