/* proxy - stands between a connection and Postgres. */
#include "tests/integration/proxy.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NOW (-2) /* a value of `allowed` */
#define TURN_MS 5

static struct sockaddr_un address_in(const char *dir)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    if (snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.5432", dir) >= (int)sizeof a.sun_path)
        abort();
    return a;
}

static int connect_back(const struct proxy *p)
{
    struct sockaddr_un a = address_in(p->back->dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        abort();
    return fd;
}

/* At most so many of the bytes that are there; how many went, 0 or less at an end of either side.
 */
static ssize_t pass(int from, int to, size_t most)
{
    char bytes[8192];
    ssize_t n = recv(from, bytes, most < sizeof bytes ? most : sizeof bytes, 0);

    return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n ? n : 0;
}

/* One turn towards the client; false: it is to be cut, or there is an end. */
static bool pass_answer(struct proxy *p, int server, int client)
{
    long allowed = atomic_load(&p->allowed);
    ssize_t n = allowed == 0 ? 0 : pass(server, client, allowed > 0 ? (size_t)allowed : SIZE_MAX);

    atomic_fetch_add(&p->passed, n);
    if (allowed > 0)
        atomic_fetch_sub(&p->allowed, n);
    return n > 0;
}

static void serve(struct proxy *p, int client, int server)
{
    struct pollfd fds[2] = { { .fd = client, .events = POLLIN },
                             { .fd = server, .events = POLLIN } };

    while (!atomic_load(&p->stop) && atomic_load(&p->allowed) != NOW) {
        if (poll(fds, 2, TURN_MS) <= 0)
            continue;
        if (fds[0].revents != 0 && pass(client, server, SIZE_MAX) == 0)
            break;
        if (fds[1].revents != 0 && !pass_answer(p, server, client))
            break;
    }
    atomic_store(&p->allowed, -1);
    close(client);
    close(server);
}

static void *run(void *arg)
{
    struct proxy *p = arg;

    while (!atomic_load(&p->stop)) {
        struct pollfd fd = { .fd = p->listener, .events = POLLIN };
        int client;

        if (poll(&fd, 1, TURN_MS) <= 0)
            continue;
        client = accept(p->listener, NULL, NULL);
        serve(p, client, connect_back(p));
    }
    return NULL;
}

void proxy_start(struct proxy *p, const struct pg *back)
{
    struct sockaddr_un a;

    memset(p, 0, sizeof *p);
    p->back = back;
    atomic_store(&p->allowed, -1);
    /* Inside the cluster's folder, with which it goes. */
    if (snprintf(p->front.dir, sizeof p->front.dir, "%s/proxy-XXXXXX", back->dir) >=
            (int)sizeof p->front.dir ||
        mkdtemp(p->front.dir) == NULL)
        abort();
    a = address_in(p->front.dir);
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->listener < 0 || bind(p->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(p->listener, 8) != 0 || pthread_create(&p->thread, NULL, run, p) != 0)
        abort();
}

void proxy_stop(struct proxy *p)
{
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    close(p->listener);
}

void proxy_allow(struct proxy *p, long bytes)
{
    atomic_store(&p->passed, 0);
    atomic_store(&p->allowed, bytes);
}

void proxy_cut_now(struct proxy *p)
{
    atomic_store(&p->allowed, NOW);
}
