/* The promises of fcgi/listener.h about a socket that takes no more. */
#include "fcgi/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static char folder[] = "/tmp/notify-listener-XXXXXX";
static char path[64];

static int listening(void)
{
    struct error err;
    int fd = -1;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    ck_assert_msg(listener_open(path, &fd, &err) == ST_OK, "%s", err.text);
    return fd;
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

/* 0, or why not. */
static int connected(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(to.sun_path, path, strlen(path) + 1);
    return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
}

START_TEST(what_waits_is_accepted_and_what_comes_is_refused)
{
    int fd = listening();

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(connected(), 0);
    listener_refuse(fd);
    ck_assert_int_eq(connected(), ECONNREFUSED);
    for (int i = 0; i < 3; i++)
        ck_assert_int_ge(accept(fd, NULL, NULL), 0);
    ck_assert_int_lt(accept(fd, NULL, NULL), 0);
    remove_folder();
}
END_TEST

START_TEST(a_socket_of_another_process_goes_on)
{
    int fd = listening(), status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        listener_refuse(fd);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(connected(), 0);
    ck_assert_int_ge(accept(fd, NULL, NULL), 0);
    remove_folder();
}
END_TEST

START_TEST(on_tcp_what_waits_is_not_reset)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    struct error err;
    int fd = -1, client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_msg(listener_open("127.0.0.1:0", &fd, &err) == ST_OK, "%s", err.text);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&at, len), 0);
    listener_refuse(fd);
    ck_assert_int_ge(accept(fd, NULL, NULL), 0);
}
END_TEST

SUITE("listener", what_waits_is_accepted_and_what_comes_is_refused, a_socket_of_another_process_goes_on,
      on_tcp_what_waits_is_not_reset)
