/* listener - taking over or opening the listening socket. */
#include "fcgi/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024
#define SYSTEMD_FD 3

static bool is_listening(int fd)
{
    int yes = 0;
    socklen_t len = sizeof yes;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 && yes != 0;
}

static bool is_for_us(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

    return pid != NULL && fds != NULL && atoi(pid) == getpid() && atoi(fds) >= 1;
}

/* Whoever can connect must be trusted (libfcgi), so the socket is for its user and group only. */
static enum status open_unix(const char *path, int *out, struct error *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof at.sun_path)
        return error_set(err, ST_INVALID, "listen: %s: longer than %zu bytes", path,
                         sizeof at.sun_path - 1);
    strcpy(at.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || chmod(path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0) {
        error_set(err, ST_UNAVAILABLE, "listen: %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ST_UNAVAILABLE;
    }
    *out = fd;
    return ST_OK;
}

static int open_address(const struct addrinfo *at)
{
    int one = 1, fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

static enum status open_tcp(const char *address, int *out, struct error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t len = (size_t)(colon - address);

    if (len >= sizeof host || len == 0)
        return error_set(err, ST_INVALID, "listen: %s: not HOST:PORT", address);
    memcpy(host, address, len);
    host[len] = '\0';
    if (host[0] == '[' && host[len - 1] == ']') { /* [::1]:9000 */
        host[len - 1] = '\0';
        memmove(host, host + 1, len - 1);
    }
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return error_set(err, ST_INVALID, "listen: %s: no such address", address);
    *out = open_address(found);
    freeaddrinfo(found);
    return *out >= 0 ? ST_OK
                     : error_set(err, ST_UNAVAILABLE, "listen: %s: %s", address, strerror(errno));
}

static enum status find(const char *address, int *fd, struct error *err)
{
    if (address[0] == '/' || (address[0] != '\0' && strchr(address, ':') == NULL))
        return open_unix(address, fd, err);
    if (address[0] != '\0')
        return open_tcp(address, fd, err);
    if (is_for_us() && is_listening(SYSTEMD_FD)) {
        *fd = SYSTEMD_FD;
        return ST_OK;
    }
    if (is_listening(STDIN_FILENO)) {
        *fd = STDIN_FILENO;
        return ST_OK;
    }
    return error_set(err, ST_INVALID,
                     "no socket: start it under spawn-fcgi, mod_fcgid or a systemd socket, or give "
                     "--listen PATH or --listen HOST:PORT");
}

enum status listener_open(const char *address, int *fd, struct error *err)
{
    enum status s = find(address, fd, err);

    if (s == ST_OK)
        fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
    return s;
}

/* Unix sockets know who called listen(2) (SO_PEERCRED, unix(7)): spawn-fcgi -n becomes us.  TCP does not. */
static bool is_ours_alone(int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && len == sizeof who &&
           who.pid == getpid();
}

void listener_refuse(int fd)
{
    if (is_ours_alone(fd))
        shutdown(fd, SHUT_RD);
}
