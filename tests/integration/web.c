/* web - plain sockets to the front. */
#include "tests/integration/web.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/fastcgi.h"
#include "tests/integration/stack.h"

#define HEAD_MOST 16384
#define PATIENCE_MS 30000

static struct sockaddr_in address_of(const char *ip, int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    inet_pton(AF_INET, ip, &at.sin_addr);
    return at;
}

int web_connect(const char *from)
{
    const char *url = stack_env("NOTIFY_URL");
    struct sockaddr_in to = address_of("127.0.0.1", atoi(strrchr(url, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    if (from != NULL) {
        struct sockaddr_in ours = address_of(from, 0);

        ck_assert_int_eq(bind(fd, (struct sockaddr *)&ours, sizeof ours), 0);
    }
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void web_say(int fd, const char *words)
{
    ck_assert(fastcgi_send(fd, words, strlen(words)));
}

static char next_byte(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char c;

    ck_assert_msg(poll(&ready, 1, (int)patience_ms(PATIENCE_MS)) == 1, "no answer in time");
    ck_assert_msg(read(fd, &c, 1) == 1, "the connection ended before the answer did");
    return c;
}

/* Up to its CRLF, which is not kept. */
static const char *next_line(int fd)
{
    char line[HEAD_MOST];
    size_t len = 0;

    do {
        ck_assert_uint_lt(len, sizeof line);
        line[len++] = next_byte(fd);
    } while (line[len - 1] != '\n');
    return text("%.*s", (int)len - 2, line);
}

static void skip(int fd, long bytes)
{
    while (bytes-- > 0)
        next_byte(fd);
}

static void skip_chunks(int fd)
{
    long bytes;

    do {
        bytes = strtol(next_line(fd), NULL, 16);
        skip(fd, bytes);
        next_line(fd);
    } while (bytes > 0);
}

int web_status(int fd)
{
    const char *line = next_line(fd);
    int status = atoi(line + strcspn(line, " "));
    bool in_chunks = false;
    long bytes = 0;

    while ((line = next_line(fd))[0] != '\0') {
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            bytes = atol(line + 15);
        in_chunks |= strcasecmp(line, "Transfer-Encoding: chunked") == 0;
    }
    if (in_chunks)
        skip_chunks(fd);
    else
        skip(fd, bytes);
    return status;
}

/* Below those that the stack chooses from; two programs side by side begin with different ones. */
int web_free_port(void)
{
    for (int i = 0;; i++) {
        int port = 10000 + ((int)getpid() + i) % 2000, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in at = address_of("127.0.0.1", port);
        bool is_free = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;

        close(fd);
        if (is_free)
            return port;
    }
}
