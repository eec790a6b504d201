/* sockets - libcurl's sockets in an epoll set, and its clock. */
#include "common/transport/sockets.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"

#define EVENTS_AT_ONCE 256

/* What is known of a descriptor; events are those of epoll. */
struct watch {
    uint32_t wanted; /* by libcurl; 0: its connection is idle, or closed */
    uint32_t set;    /* in the set; of a closed one, what was */
    bool is_told;    /* its opening was told, so that `set` is never that of an earlier socket */
};

struct sockets {
    CURLM *multi;
    int epoll, bell;
    int also_fd;
    int64_t due_ms; /* monotonic; INT64_MAX: libcurl waits for sockets alone */
    struct watch *watches; /* by descriptor */
    size_t n_watches;
};

/* ---- what libcurl tells ---- */

static struct watch *watch_of(struct sockets *s, int fd)
{
    size_t n = s->n_watches;

    if ((size_t)fd >= n) {
        s->n_watches = ((size_t)fd + 1) * 2;
        s->watches = realloc(s->watches, s->n_watches * sizeof *s->watches);
        if (s->watches == NULL)
            abort();
        memset(s->watches + n, 0, (s->n_watches - n) * sizeof *s->watches);
    }
    return &s->watches[fd];
}

void sockets_opened(struct sockets *s, int fd)
{
    *watch_of(s, fd) = (struct watch){ .is_told = true };
}

static int set_events(struct sockets *s, int fd, struct watch *w)
{
    struct epoll_event e = { .events = w->wanted, .data.fd = fd };
    int op = w->wanted == 0 ? EPOLL_CTL_DEL : w->set == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    w->set = w->wanted;
    return epoll_ctl(s->epoll, op, fd, &e);
}

static uint32_t events_of(int what)
{
    return ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
}

/*
 * A connection that becomes idle stays in the set, so that its next request finds it there: that
 * saves two calls a transfer.  One that is closed has left it by itself.
 */
static int watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    struct sockets *s = arg;
    struct watch *w = watch_of(s, fd);

    w->wanted = what == CURL_POLL_REMOVE ? 0 : events_of(what);
    if (w->is_told && (w->wanted == 0 || w->wanted == w->set))
        return 0;
    return set_events(s, fd, w);
}

/* It is told once.  A millisecond more, since ours are cut off: libcurl would find nothing to do. */
static int set_clock(CURLM *multi, long timeout_ms, void *arg)
{
    struct sockets *s = arg;

    s->due_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms + (timeout_ms > 0);
    return 0;
}

static void listen_to(struct sockets *s, int fd)
{
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        abort();
}

struct sockets *sockets_new(CURLM *multi, int also_fd)
{
    struct sockets *s = calloc(1, sizeof *s);

    if (s == NULL || (s->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 ||
        (s->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        abort();
    s->multi = multi;
    s->also_fd = also_fd;
    s->due_ms = INT64_MAX;
    listen_to(s, s->bell);
    listen_to(s, also_fd);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, s);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_clock);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, s);
    return s;
}

void sockets_free(struct sockets *s)
{
    if (s == NULL)
        return;
    close(s->epoll);
    close(s->bell);
    free(s->watches);
    free(s);
}

/* ---- moving ---- */

static void act(struct sockets *s, curl_socket_t fd, int bits)
{
    int running;

    curl_multi_socket_action(s->multi, fd, bits, &running);
}

void sockets_tick(struct sockets *s)
{
    if (clock_mono_ms() >= s->due_ms)
        act(s, CURL_SOCKET_TIMEOUT, 0);
}

/* Of a socket that broke, libcurl finds out itself how. */
static int bits_of(uint32_t events)
{
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        return 0;
    return ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) | ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
}

static void silence(struct sockets *s)
{
    uint64_t rings;

    (void)!read(s->bell, &rings, sizeof rings);
}

/* What comes to an idle connection is its end: libcurl sees that before it would use it again. */
static void take(struct sockets *s, int fd, uint32_t events)
{
    struct watch *w = watch_of(s, fd);

    if (w->wanted == 0)
        set_events(s, fd, w);
    else
        act(s, fd, bits_of(events));
}

static void gather(struct sockets *s)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int n = epoll_wait(s->epoll, events, EVENTS_AT_ONCE, 0);

    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;

        if (fd == s->bell)
            silence(s);
        else if (fd != s->also_fd)
            take(s, fd, events[i].events);
    }
}

static int time_left(const struct sockets *s, int wait_ms)
{
    int64_t left_ms = s->due_ms == INT64_MAX ? wait_ms : s->due_ms - clock_mono_ms();

    if (left_ms <= 0)
        return 0;
    return left_ms < wait_ms ? (int)left_ms : wait_ms;
}

/* extra_fd stands beside the set, since it may be closed and opened again without our knowing. */
void sockets_wait(struct sockets *s, int extra_fd, int wait_ms)
{
    struct pollfd p[] = { { .fd = s->epoll, .events = POLLIN }, { .fd = extra_fd, .events = POLLIN } };

    wait_ms = time_left(s, wait_ms);
    if (wait_ms == 0 || poll(p, 2, wait_ms) > 0)
        gather(s);
    sockets_tick(s);
}

void sockets_ring(struct sockets *s)
{
    (void)!write(s->bell, &(uint64_t){ 1 }, sizeof(uint64_t));
}
