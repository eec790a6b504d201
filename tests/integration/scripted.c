/* scripted - one thread, a poll loop, and a list of what came in. */
#include "tests/integration/scripted.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_CONNECTIONS 16
#define MOST_REQUESTS 64
#define REQUEST_BYTES 65536
#define TICK_MS 20

struct connection {
    int fd; /* -1: free */
    char text[REQUEST_BYTES];
    size_t len;
};

struct scripted {
    int listener;
    char url[64];
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the answer and the requests */
    const char *answer;
    char *requests[MOST_REQUESTS];
    size_t count;
    struct connection connections[MOST_CONNECTIONS];
};

static void die(const char *what)
{
    perror(what);
    abort();
}

/* Of the request that stands at the start of text, or 0: it has not wholly come. */
static size_t request_length(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *field = strcasestr(text, "\r\nContent-Length:");
    size_t head;

    if (end == NULL)
        return 0;
    head = (size_t)(end - text) + 4;
    if (field != NULL && field < end)
        head += strtoul(field + strlen("\r\nContent-Length:"), NULL, 10);
    return strlen(text) >= head ? head : 0;
}

static void hang_up(struct connection *c)
{
    close(c->fd);
    c->fd = -1;
}

static void serve(struct scripted *s, struct connection *c, size_t len)
{
    const char *answer;

    pthread_mutex_lock(&s->lock);
    if (s->count == MOST_REQUESTS)
        die("too many requests");
    s->requests[s->count++] = strndup(c->text, len);
    answer = s->answer;
    pthread_mutex_unlock(&s->lock);
    memmove(c->text, c->text + len, c->len - len + 1);
    c->len -= len;
    if (answer == NULL)
        hang_up(c);
    else if (send(c->fd, answer, strlen(answer), MSG_NOSIGNAL) != (ssize_t)strlen(answer))
        die("send");
}

static void receive(struct scripted *s, struct connection *c)
{
    ssize_t n = recv(c->fd, c->text + c->len, sizeof c->text - c->len - 1, 0);

    if (n <= 0) {
        hang_up(c);
        return;
    }
    c->len += (size_t)n;
    c->text[c->len] = '\0';
    for (size_t len; c->fd >= 0 && (len = request_length(c->text)) > 0;)
        serve(s, c, len);
}

static void welcome(struct scripted *s)
{
    int fd = accept(s->listener, NULL, NULL);

    for (int i = 0; fd >= 0 && i < MOST_CONNECTIONS; i++) {
        if (s->connections[i].fd < 0) {
            s->connections[i].fd = fd;
            s->connections[i].len = 0;
            return;
        }
    }
    die("accept");
}

static void *run(void *arg)
{
    struct scripted *s = arg;

    while (!atomic_load(&s->stop)) {
        struct pollfd fds[MOST_CONNECTIONS + 1];

        for (int i = 0; i < MOST_CONNECTIONS; i++)
            fds[i] = (struct pollfd){ .fd = s->connections[i].fd, .events = POLLIN };
        fds[MOST_CONNECTIONS] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
        if (poll(fds, MOST_CONNECTIONS + 1, TICK_MS) <= 0)
            continue;
        for (int i = 0; i < MOST_CONNECTIONS; i++)
            if (fds[i].revents != 0)
                receive(s, &s->connections[i]);
        if (fds[MOST_CONNECTIONS].revents != 0)
            welcome(s);
    }
    return NULL;
}

struct scripted *scripted_start(void)
{
    struct scripted *s = calloc(1, sizeof *s);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;

    if (s == NULL || (s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 ||
        bind(s->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(s->listener, 16) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &len) != 0)
        die("scripted_start");
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", ntohs(at.sin_port));
    for (int i = 0; i < MOST_CONNECTIONS; i++)
        s->connections[i].fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    if (pthread_create(&s->thread, NULL, run, s) != 0)
        die("pthread_create");
    return s;
}

void scripted_stop(struct scripted *s)
{
    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    for (int i = 0; i < MOST_CONNECTIONS; i++)
        if (s->connections[i].fd >= 0)
            close(s->connections[i].fd);
    close(s->listener);
    for (size_t i = 0; i < s->count; i++)
        free(s->requests[i]);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *scripted_url(const struct scripted *s)
{
    return s->url;
}

void scripted_answer(struct scripted *s, const char *bytes)
{
    pthread_mutex_lock(&s->lock);
    s->answer = bytes;
    pthread_mutex_unlock(&s->lock);
}

const char *scripted_request(struct scripted *s, size_t n)
{
    const char *text;

    pthread_mutex_lock(&s->lock);
    text = n < s->count ? s->requests[n] : NULL;
    pthread_mutex_unlock(&s->lock);
    return text;
}

size_t scripted_count(struct scripted *s)
{
    size_t count;

    pthread_mutex_lock(&s->lock);
    count = s->count;
    pthread_mutex_unlock(&s->lock);
    return count;
}
