#ifndef COMMON_TRANSPORT_TRANSPORT_H
#define COMMON_TRANSPORT_TRANSPORT_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/transport/transfer.h"
/*
 * transport - carries transfers to providers, many at once, over kept connections.
 *
 * No request is ever repeated; what may have left is never called "not sent" (wagon.h).  None waits
 * for another: names are looked up beside the transfers (names.h), and a mail server that thinks
 * holds a thread of its own (mailers.h).  Each ends within its timeout_ms and its limits; only what
 * transport_room() had no place for waits before that, and its time begins when it departs.
 *
 * Only the scheme of the URL is spoken.  Redirects are off, answers are cut at
 * TRANSPORT_ANSWER_MAX, TLS is verified and at least 1.2, proxies, .netrc and cookies are not used.
 * One thread.
 */
#define TRANSPORT_ANSWER_MAX (64u << 10)

struct transport;

bool transport_library_init(void); /* once, before threads; allows as many sockets as it may */
struct transport *transport_new(int most);
void transport_free(struct transport *t); /* what is under way is cut off */

size_t transport_in_flight(const struct transport *t);

/* How many transfers to this URL could leave at once, by so many connections; only mail needs them. */
size_t transport_room(const struct transport *t, const char *url, int connections);

/* Begins; everything that `what` points to lives until it is done. */
void transport_start(struct transport *t, const struct transfer *what, void *owner);

/* Moves what can be moved; waits at most wait_ms for a socket, or for extra_fd (-1: none). */
void transport_run(struct transport *t, int extra_fd, int wait_ms);

/* One that has ended: its owner, and the reply copied into mem_of(owner).  False: none. */
bool transport_next(struct transport *t, void **owner, struct arena *(*mem_of)(void *owner),
                    struct reply *out);
#endif
