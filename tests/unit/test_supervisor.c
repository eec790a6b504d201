/* The promises of common/base/supervisor.h. */
#include "common/base/supervisor.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static char heard[200];

/* A service manager with this socket; name as in NOTIFY_SOCKET. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    size_t len = strlen(name);

    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'))),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static const char *hear(int fd)
{
    ssize_t n = recv(fd, heard, sizeof heard - 1, 0);

    heard[n < 0 ? 0 : n] = '\0';
    return heard;
}

START_TEST(a_state_is_one_datagram_to_a_path_or_an_abstract_name)
{
    char path[100], abstract[100];
    int fd;

    snprintf(path, sizeof path, "/tmp/supervisor-%d", (int)getpid());
    snprintf(abstract, sizeof abstract, "@supervisor-%d", (int)getpid());
    fd = listen_at(path);
    supervisor_tell("READY=1");
    ck_assert_str_eq(hear(fd), "READY=1");
    ck_assert_str_eq(hear(fd), "");
    unlink(path);
    fd = listen_at(abstract);
    supervisor_tell("RELOADING=1\nMONOTONIC_USEC=7");
    ck_assert_str_eq(hear(fd), "RELOADING=1\nMONOTONIC_USEC=7");
}
END_TEST

START_TEST(where_nobody_listens_nothing_happens)
{
    static const char *const names[] = { "", "/", "@", "/nonexistent/socket", "vsock:2:1234" };
    char long_name[300];

    unsetenv("NOTIFY_SOCKET");
    supervisor_tell("READY=1");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        supervisor_tell("READY=1");
    }
    memset(long_name, 'x', sizeof long_name);
    long_name[0] = '/';
    long_name[sizeof long_name - 1] = '\0';
    setenv("NOTIFY_SOCKET", long_name, 1);
    supervisor_tell("READY=1");
}
END_TEST

START_TEST(a_manager_that_does_not_read_is_not_waited_for)
{
    char abstract[100];

    snprintf(abstract, sizeof abstract, "@supervisor-full-%d", (int)getpid());
    listen_at(abstract);
    for (int i = 0; i < 5000; i++) /* the test's own time-out ends one that waits */
        supervisor_tell("WATCHDOG=1");
}
END_TEST

START_TEST(the_watchdogs_time_is_this_processs_own)
{
    char pid[20];

    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    ck_assert_int_eq(supervisor_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    ck_assert_int_eq(supervisor_watchdog_ms(), 30000);
    setenv("WATCHDOG_PID", "1", 1);
    ck_assert_int_eq(supervisor_watchdog_ms(), 0);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    ck_assert_int_eq(supervisor_watchdog_ms(), 30000);
    setenv("WATCHDOG_USEC", "soon", 1);
    ck_assert_int_eq(supervisor_watchdog_ms(), 0);
}
END_TEST

SUITE("supervisor", a_state_is_one_datagram_to_a_path_or_an_abstract_name,
      where_nobody_listens_nothing_happens, a_manager_that_does_not_read_is_not_waited_for,
      the_watchdogs_time_is_this_processs_own)
