#ifndef WORKERD_TRANSPORT_H
#define WORKERD_TRANSPORT_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "workerd/adapters/adapter.h"
/*
 * transport - carries transfers to providers, many at once, over kept connections.
 *
 * No transfer is ever repeated: the body is given by a callback that cannot go back, so libcurl
 * fails where it would otherwise send it again on a fresh connection.  Redirects are off, answers
 * are cut at TRANSPORT_ANSWER_MAX, TLS is verified and at least 1.2, proxies of the environment are
 * not used.  One thread.
 */
#define TRANSPORT_ANSWER_MAX (64u << 10)

struct transport;

bool transport_library_init(void); /* once, before threads */
struct transport *transport_new(int most);
void transport_free(struct transport *t); /* what is under way is cut off */

size_t transport_in_flight(const struct transport *t);

/* Begins; everything that `what` points to lives until it is done. */
void transport_start(struct transport *t, const struct transfer *what, void *owner);

/* Moves what can be moved; waits at most wait_ms for a socket, or for extra_fd (-1: none). */
void transport_run(struct transport *t, int extra_fd, int wait_ms);

/* One that has ended: its owner, and the reply copied into mem_of(owner).  False: none. */
bool transport_next(struct transport *t, void **owner, struct arena *(*mem_of)(void *owner),
                    struct reply *out);
#endif
