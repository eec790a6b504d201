#ifndef COMMON_TRANSPORT_SOCKETS_H
#define COMMON_TRANSPORT_SOCKETS_H
#include <curl/curl.h>
/*
 * sockets - moves the transfers of a multi handle whose sockets have something to say, or whose time
 * has come, and no other: a thousand that wait for an answer cost a turn nothing.
 *
 * libcurl tells which sockets and which time it waits for (CURLMOPT_SOCKETFUNCTION and
 * CURLMOPT_TIMERFUNCTION, "multi_socket" in libcurl-multi(3)); they are watched by epoll(7).
 * One thread calls, but for sockets_ring().
 */
struct sockets;

/* The handle is the caller's, and ends first.  also_fd ends a wait, and is the caller's to read. */
struct sockets *sockets_new(CURLM *multi, int also_fd);
void sockets_free(struct sockets *s);

/* Whoever opens a socket for libcurl (CURLOPT_OPENSOCKETFUNCTION) tells it. */
void sockets_opened(struct sockets *s, int fd);

/* What libcurl is due to do for its clock, the first steps of a new transfer among it. */
void sockets_tick(struct sockets *s);
/*
 * Waits at most wait_ms for a socket, for extra_fd (-1: none), a ring or libcurl's clock, and does
 * what came.
 */
void sockets_wait(struct sockets *s, int extra_fd, int wait_ms);

/* From any thread: ends the wait, or the next one where none is under way. */
void sockets_ring(struct sockets *s);
#endif
