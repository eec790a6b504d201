/* listener - an address, which may be of IPv4 or IPv6, becomes a listening socket. */
#include "tests/simulator/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

enum status listener_open(const struct listen_at *at, int *out, uint16_t *port, struct error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST },
                    *found;
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    int fd, yes = 1;
    bool good;

    if (getaddrinfo(at->host, NULL, &hints, &found) != 0)
        return error_set(err, ST_INVALID, "%s is not an address", at->host);
    if (found->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)found->ai_addr)->sin6_port = htons(at->port);
    else
        ((struct sockaddr_in *)(void *)found->ai_addr)->sin_port = htons(at->port);
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
           bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
           getsockname(fd, (struct sockaddr *)&bound, &bound_len) == 0;
    freeaddrinfo(found);
    if (!good) {
        error_set(err, ST_UNAVAILABLE, "%s port %d: %s", at->host, at->port, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ST_UNAVAILABLE;
    }
    *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&bound)->sin6_port
                                              : ((struct sockaddr_in *)(void *)&bound)->sin_port);
    *out = fd;
    return ST_OK;
}
