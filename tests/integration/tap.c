/* tap - passes bytes on, both ways. */
#include "tests/integration/tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tap_inside {
    int listener, server_port;
    pthread_t thread;
};

static int tcp_socket(const char *address, int port, struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    if (fd < 0 || inet_pton(AF_INET, address, &at->sin_addr) != 1)
        abort();
    return fd;
}

static int connect_server(const struct tap *t)
{
    struct sockaddr_in at;
    int fd = tcp_socket("127.0.0.1", t->inside->server_port, &at);

    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        abort();
    return fd;
}

/* False: an end of either side. */
static bool pass(struct tap *t, int from, int to, bool is_kept)
{
    char bytes[8192];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);

    if (n <= 0)
        return false;
    if (is_kept) {
        if ((size_t)n > sizeof t->said - t->len)
            abort();
        memcpy(t->said + t->len, bytes, (size_t)n);
        t->len += (size_t)n;
    }
    return send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void serve(struct tap *t, int client, int server)
{
    struct pollfd fds[2] = { { .fd = client, .events = POLLIN },
                             { .fd = server, .events = POLLIN } };

    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents != 0 && !pass(t, client, server, true))
            break;
        if (fds[1].revents != 0 && !pass(t, server, client, false))
            break;
    }
    close(client);
    close(server);
}

static void *run(void *arg)
{
    struct tap *t = arg;
    int client;

    while ((client = accept(t->inside->listener, NULL, NULL)) >= 0) {
        t->connections++;
        serve(t, client, connect_server(t));
    }
    return NULL;
}

struct tap *tap_start(const char *address, int server_port)
{
    struct tap *t = calloc(1, sizeof *t);
    struct sockaddr_in at;
    socklen_t len = sizeof at;

    if (t == NULL || (t->inside = calloc(1, sizeof *t->inside)) == NULL)
        abort();
    t->inside->server_port = server_port;
    t->inside->listener = tcp_socket(address, 0, &at);
    if (bind(t->inside->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(t->inside->listener, 4) != 0 ||
        getsockname(t->inside->listener, (struct sockaddr *)&at, &len) != 0 ||
        pthread_create(&t->inside->thread, NULL, run, t) != 0)
        abort();
    t->port = ntohs(at.sin_port);
    return t;
}

void tap_stop(struct tap *t)
{
    shutdown(t->inside->listener, SHUT_RDWR);
    pthread_join(t->inside->thread, NULL);
    close(t->inside->listener);
}

void tap_free(struct tap *t)
{
    free(t->inside);
    free(t);
}
