#ifndef TESTS_INTEGRATION_CALLS_H
#define TESTS_INTEGRATION_CALLS_H
#include <semaphore.h>
#include <stdatomic.h>

#include <check.h>

#include "tests/integration/peer.h"
#include "common/transport/transport.h"
/*
 * calls - transfers of a test, carried by one transport, and a resolver in the place of libc's.
 *
 * Every name under .test is 127.0.0.1, but "nowhere.test", which does not exist, and "hangs.test",
 * whose look-up ends when the test posts to resolver_may_answer.  No other name is known, so that a
 * test never leaves the machine.
 */
#define HOST "provider.test"
#define CONNECTIONS 24 /* of a call_mail() */

extern atomic_int resolver_asked; /* look-ups begun, whoever asks: libcurl too */
extern sem_t resolver_may_answer;

struct call {
    struct transfer what;
    struct transfer_limits limits;
    char url[128];
    struct arena mem;
    struct reply reply;
    bool has_ended;
};

extern struct transport *transport;

void calls_open(int most); /* makes `transport` */
void calls_close(void);

/* POST "hello" to http://provider.test:PORT/ID, with 30 s for all of it. */
struct call call_to(const struct peer *p, int id);
/* The same to a URL; scheme_and_host as "https://nowhere.test". */
struct call call_url(const char *scheme_and_host, int port, int id);
/* A mail of so many bytes to smtp://provider.test:PORT, whose body names the id. */
struct call call_mail(const struct peer *p, int id, size_t bytes);

void calls_start(struct call calls[], size_t n);
/* Runs the transport until so many of them have ended. */
void calls_await(const struct call calls[], size_t n, size_t ended);
void calls_carry(struct call calls[], size_t n); /* start, and await all */
struct reply *call_carry(struct call *c);
void call_done(struct call *c);

size_t calls_that(const struct call calls[], size_t n, enum reach reach);

const char *reach_name(int reach);
#define ck_assert_reach(got, expected)                                                             \
    do {                                                                                           \
        const struct reply *r_ = (got);                                                            \
        ck_assert_msg((int)r_->reach == (int)(expected), "%s, not %s: status %d, %s",              \
                      reach_name((int)r_->reach), reach_name((int)(expected)), r_->status,         \
                      r_->trouble == NULL ? "no trouble" : r_->trouble);                           \
    } while (0)

long resident_kib(void); /* of this process */

/* A Check program of tests that use calls. */
int calls_main(const char *name, const TTest *const tests[], size_t n);
#define CALLS_SUITE(name, ...)                                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = { __VA_ARGS__ };                                              \
        return calls_main(name, tests, sizeof tests / sizeof *tests);                              \
    }
#endif
