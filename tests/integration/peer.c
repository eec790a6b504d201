/* peer - a scripted server inside the test's process. */
#include "tests/integration/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"

#define VISITS_MOST 1024
#define STACK_BYTES (256 << 10)

struct peer_inside {
    peer_script *script;
    SSL_CTX *tls;
    int listener;
    pthread_t accepting;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t gone;
    int fds[VISITS_MOST]; /* of the visits under way; -1: none */
    int n_visits;
};

/* ---- bytes ---- */

static ssize_t receive(struct visit *v, void *out, size_t room)
{
    return v->ssl != NULL ? SSL_read(v->ssl, out, (int)room) : recv(v->fd, out, room, 0);
}

/* Reads on, until there is one more byte at least. */
static bool read_on(struct visit *v)
{
    ssize_t n = v->ahead_len == sizeof v->ahead
                    ? 0
                    : receive(v, v->ahead + v->ahead_len, sizeof v->ahead - v->ahead_len);

    if (n <= 0)
        return false;
    v->ahead_len += (size_t)n;
    return true;
}

static void drop(struct visit *v, size_t n)
{
    v->ahead_len -= n;
    memmove(v->ahead, v->ahead + n, v->ahead_len);
}

/* Everything up to the mark and with it, as text. */
static bool read_to(struct visit *v, const char *mark)
{
    for (;;) {
        const char *at = memmem(v->ahead, v->ahead_len, mark, strlen(mark));

        if (at != NULL) {
            size_t n = (size_t)(at - v->ahead) + strlen(mark);

            if (n >= sizeof v->head)
                return false;
            memcpy(v->head, v->ahead, n);
            v->head[n] = '\0';
            drop(v, n);
            return true;
        }
        if (!read_on(v))
            return false;
    }
}

bool visit_bytes(struct visit *v, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n > 0) {
        ssize_t some =
            v->ssl != NULL ? SSL_write(v->ssl, at, (int)n) : send(v->fd, at, n, MSG_NOSIGNAL);

        if (some <= 0)
            return false;
        atomic_fetch_add(&v->peer->sent_bytes, some);
        at += some;
        n -= (size_t)some;
    }
    return true;
}

bool visit_say(struct visit *v, const char *text)
{
    return visit_bytes(v, text, strlen(text));
}

/* ---- requests ---- */

static int id_of(const struct visit *v)
{
    const char *path = strchr(v->head, '/');
    int id = path == NULL ? 0 : atoi(path + 1);

    return id >= 0 && id < PEER_IDS ? id : 0;
}

bool visit_head(struct visit *v)
{
    const char *length;

    if (!read_to(v, "\r\n\r\n"))
        return false;
    length = strcasestr(v->head, "\r\nContent-Length:");
    v->body_bytes = v->body_left = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
    v->body[0] = '\0';
    v->requests++;
    atomic_fetch_add(&v->peer->begun[id_of(v)], 1);
    return true;
}

bool visit_body(struct visit *v, size_t bytes)
{
    size_t kept = strlen(v->body);

    while (bytes > 0 && v->body_left > 0) {
        size_t n = v->ahead_len < bytes ? v->ahead_len : bytes;

        if (n > v->body_left)
            n = v->body_left;
        for (size_t i = 0; i < n && kept + 1 < sizeof v->body; i++) {
            v->body[kept++] = v->ahead[i];
            v->body[kept] = '\0';
        }
        drop(v, n);
        v->body_left -= n;
        bytes -= n;
        if (bytes > 0 && v->body_left > 0 && !read_on(v))
            return false;
    }
    return true;
}

bool visit_request(struct visit *v)
{
    if (!visit_head(v) || !visit_body(v, v->body_bytes))
        return false;
    atomic_fetch_add(&v->peer->seen[id_of(v)], 1);
    atomic_fetch_add(&v->peer->requests, 1);
    return true;
}

bool visit_line(struct visit *v)
{
    if (!read_to(v, "\r\n"))
        return false;
    v->head[strlen(v->head) - 2] = '\0';
    return true;
}

bool visit_answer(struct visit *v, const char *body)
{
    char text[1024];

    snprintf(text, sizeof text,
             "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    return visit_say(v, text);
}

bool visit_pause(struct visit *v, int ms)
{
    for (int64_t until = clock_mono_ms() + ms; clock_mono_ms() < until; clock_sleep_ms(5)) {
        if (atomic_load(&v->peer->is_stopping))
            return false;
    }
    return true;
}

void visit_reset(struct visit *v)
{
    struct linger none = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(v->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void visit_serve(struct visit *v)
{
    while (visit_request(v) && visit_answer(v, "ok"))
        continue;
}

/* ---- connections ---- */

static void leave(struct visit *v)
{
    struct peer_inside *in = v->peer->inside;

    pthread_mutex_lock(&in->lock); /* whoever cuts does not meet another's descriptor */
    for (int i = 0; i < VISITS_MOST; i++) {
        if (in->fds[i] == v->fd)
            in->fds[i] = -1;
    }
    close(v->fd);
    in->n_visits--;
    pthread_cond_signal(&in->gone);
    pthread_mutex_unlock(&in->lock);
}

static void *attend(void *arg)
{
    struct visit *v = arg;
    struct peer_inside *in = v->peer->inside;

    if (in->tls != NULL) {
        v->ssl = SSL_new(in->tls);
        SSL_set_fd(v->ssl, v->fd);
    }
    if (v->ssl == NULL || SSL_accept(v->ssl) == 1)
        in->script(v);
    if (v->ssl != NULL && !atomic_load(&v->peer->is_stopping))
        SSL_shutdown(v->ssl);
    SSL_free(v->ssl);
    leave(v);
    free(v);
    return NULL;
}

static bool enter(struct peer *p, int fd)
{
    struct peer_inside *in = p->inside;
    bool has_entered = false;

    pthread_mutex_lock(&in->lock);
    for (int i = 0; i < VISITS_MOST && !has_entered; i++) {
        if (in->fds[i] == -1) {
            in->fds[i] = fd;
            in->n_visits++;
            has_entered = true;
        }
    }
    pthread_mutex_unlock(&in->lock);
    return has_entered;
}

static void welcome(struct peer *p, int fd)
{
    struct visit *v = calloc(1, sizeof *v);
    pthread_attr_t attr;
    pthread_t thread;
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (v == NULL || !enter(p, fd))
        abort();
    v->peer = p;
    v->fd = fd;
    v->n = atomic_fetch_add(&p->connections, 1) + 1;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, attend, v) != 0)
        abort();
    pthread_attr_destroy(&attr);
}

static void *accept_all(void *arg)
{
    struct peer *p = arg;
    int fd;

    while ((fd = accept4(p->inside->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        welcome(p, fd);
    return NULL;
}

struct peer *peer_start(peer_script *script, SSL_CTX *tls)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof here;
    struct peer *p = calloc(1, sizeof *p);
    struct peer_inside *in = calloc(1, sizeof *in);

    if (p == NULL || in == NULL)
        abort();
    p->inside = in;
    in->script = script;
    in->tls = tls;
    memset(in->fds, -1, sizeof in->fds);
    pthread_mutex_init(&in->lock, NULL);
    pthread_cond_init(&in->gone, NULL);
    in->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (in->listener < 0 || bind(in->listener, (struct sockaddr *)&here, sizeof here) != 0 ||
        listen(in->listener, VISITS_MOST) != 0 ||
        getsockname(in->listener, (struct sockaddr *)&here, &len) != 0 ||
        pthread_create(&in->accepting, NULL, accept_all, p) != 0)
        abort();
    p->port = ntohs(here.sin_port);
    return p;
}

void peer_close_door(struct peer *p)
{
    shutdown(p->inside->listener, SHUT_RDWR);
}

void peer_stop(struct peer *p)
{
    struct peer_inside *in = p->inside;

    atomic_store(&p->is_stopping, true);
    peer_close_door(p);
    pthread_join(in->accepting, NULL);
    pthread_mutex_lock(&in->lock);
    for (int i = 0; i < VISITS_MOST; i++) {
        if (in->fds[i] >= 0)
            shutdown(in->fds[i], SHUT_RDWR);
    }
    while (in->n_visits > 0)
        pthread_cond_wait(&in->gone, &in->lock);
    pthread_mutex_unlock(&in->lock);
    close(in->listener);
    pthread_cond_destroy(&in->gone);
    pthread_mutex_destroy(&in->lock);
    free(in);
    free(p);
}
