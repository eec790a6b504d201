/* supervisor - the sd_notify(3) protocol. */
#include "common/base/supervisor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or a name in the abstract namespace, which begins with @ there and with a NUL here. */
static socklen_t address_of(const char *name, struct sockaddr_un *out)
{
    size_t len = strlen(name);

    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof out->sun_path)
        return 0;
    memcpy(out->sun_path, name, len);
    if (name[0] == '@')
        out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
}

void supervisor_tell(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t len = name == NULL ? 0 : address_of(name, &address);
    int fd = len == 0 ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    /* A manager that does not read is not waited for. */
    sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, len);
    close(fd);
}

static int64_t number_in(const char *name)
{
    const char *text = getenv(name);
    char *end;
    long long n;

    if (text == NULL)
        return -1;
    n = strtoll(text, &end, 10);
    return end == text || *end != '\0' ? -1 : n;
}

int64_t supervisor_watchdog_ms(void)
{
    int64_t us = number_in("WATCHDOG_USEC"), pid = number_in("WATCHDOG_PID");

    if (us <= 0 || (getenv("WATCHDOG_PID") != NULL && pid != getpid()))
        return 0;
    return us / 1000;
}
