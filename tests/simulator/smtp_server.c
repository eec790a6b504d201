/* smtp_server - accepting, and one thread's course through a session. */
#include "tests/simulator/smtp_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/listener.h"
#include "tests/simulator/maildir.h"
#include "tests/simulator/smtp_session.h"

#define STACK_BYTES ((size_t)512 * 1024)
#define IDLE_SECONDS 300
#define HANG_MS 60000
#define DRIP_MS 100
#define CHUNK_BYTES 32768
#define ACCEPT_POLL_MS 100

struct smtp_server {
    const struct settings *settings;
    struct oracle *oracle;
    const struct tls *tls;
    int fds[2]; /* in the clear, and over TLS; -1: not at all */
    uint16_t ports[2];
    pthread_t thread;
    atomic_bool stopping;

    pthread_mutex_t lock;
    pthread_cond_t fewer;
    int connections[SMTP_CONNECTIONS_MAX]; /* under lock: sockets, or -1 */
    size_t count;                          /* under lock */
};

struct connection {
    struct smtp_server *server;
    struct stream stream;
    struct smtp_session *session;
    bool secure;
    size_t place;
};

/* ---- what a session needs ---- */

static bool log_line(void *arg, const struct exchange *x)
{
    struct smtp_server *s = arg;

    return oracle_request(s->oracle, x);
}

static bool store_mail(void *arg, const char *from, const char *to, const char *mail, size_t len)
{
    struct smtp_server *s = arg;
    const char *folder = s->settings->smtp.maildir;

    return folder == NULL || maildir_add(folder, from, to, mail, len);
}

/* ---- one connection ---- */

/* False: the peer has gone, or we are to stop. */
static bool wait_ms(struct connection *c, int ms)
{
    struct pollfd p = { .fd = c->stream.fd, .events = POLLRDHUP };

    return poll(&p, 1, ms) == 0;
}

static bool write_drip(struct connection *c, const struct buf *out)
{
    for (size_t i = 0; i < out->len; i++)
        if (!wait_ms(c, DRIP_MS) || !stream_write(&c->stream, buf_str(out) + i, 1))
            return false;
    return true;
}

/* Dissolving the association of a connected socket makes Linux send a reset at once. */
static void reset(struct connection *c)
{
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };

    (void)connect(c->stream.fd, &nobody, sizeof nobody);
}

static bool flush(struct connection *c, enum smtp_wish wish)
{
    struct buf *out = smtp_session_output(c->session);
    bool good = wish == SMTP_DRIP ? write_drip(c, out)
                                  : stream_write(&c->stream, buf_str(out), out->len);

    buf_clear(out);
    return good;
}

/* Does what the session wishes.  False: the connection is at its end. */
static bool act(struct connection *c, const struct smtp_act *a)
{
    int delay_ms = a->delay_ms + c->server->settings->latency_ms;

    if (delay_ms > 0 && !wait_ms(c, delay_ms))
        return false;
    switch (a->wish) {
    case SMTP_GO_ON:
    case SMTP_DRIP:
        return flush(c, a->wish);
    case SMTP_CLOSE:
        flush(c, a->wish);
        return false;
    case SMTP_RESET:
        reset(c);
        return false;
    case SMTP_HANG:
        wait_ms(c, HANG_MS);
        return false;
    case SMTP_START_TLS:
        if (!flush(c, a->wish) || !stream_secure(&c->stream, c->server->tls))
            return false;
        smtp_session_secured(c->session);
        return true;
    }
    return false;
}

static bool is_plain(const struct smtp_act *a)
{
    return a->wish == SMTP_GO_ON && a->delay_ms == 0;
}

/* Commands that came together are answered together. */
static bool step_all(struct connection *c)
{
    struct smtp_act a = { SMTP_GO_ON, 0 };

    while (smtp_session_step(c->session, &a))
        if (!is_plain(&a) && !act(c, &a))
            return false;
    return smtp_session_output(c->session)->len == 0 || act(c, &(struct smtp_act){ SMTP_GO_ON, 0 });
}

static void converse(struct connection *c)
{
    char *chunk = malloc(CHUNK_BYTES);
    ssize_t n;

    if (chunk == NULL)
        abort();
    if (flush(c, SMTP_GO_ON))
        while ((n = stream_read(&c->stream, chunk, CHUNK_BYTES)) > 0) {
            smtp_session_feed(c->session, chunk, (size_t)n);
            if (!step_all(c))
                break;
        }
    free(chunk);
}

static void leave(struct smtp_server *s, size_t place)
{
    pthread_mutex_lock(&s->lock);
    close(s->connections[place]);
    s->connections[place] = -1;
    s->count--;
    pthread_cond_signal(&s->fewer);
    pthread_mutex_unlock(&s->lock);
}

static void *serve(void *arg)
{
    struct connection *c = arg;
    struct smtp_hooks hooks = { log_line, store_mail, c->server };

    if (!c->secure || stream_secure(&c->stream, c->server->tls)) {
        c->session = smtp_session_new(c->server->settings, &hooks, c->secure);
        converse(c);
    }
    stream_end(&c->stream);
    smtp_session_free(c->session);
    leave(c->server, c->place);
    free(c);
    return NULL;
}

/* ---- accepting ---- */

/* The place of a new connection; SIZE_MAX: there are too many, or we are to stop. */
static size_t enter(struct smtp_server *s, int fd)
{
    size_t place = 0;

    pthread_mutex_lock(&s->lock);
    while (place < SMTP_CONNECTIONS_MAX && s->connections[place] >= 0)
        place++;
    if (place == SMTP_CONNECTIONS_MAX || atomic_load(&s->stopping)) {
        place = SIZE_MAX;
    } else {
        s->connections[place] = fd;
        s->count++;
    }
    pthread_mutex_unlock(&s->lock);
    return place;
}

static void set_options(int fd)
{
    struct timeval limit = { .tv_sec = IDLE_SECONDS };
    int yes = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void turn_away(int fd)
{
    static const char words[] = "421 4.7.0 Too many connections\r\n";

    (void)!send(fd, words, sizeof words - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static bool start_thread(struct connection *c)
{
    pthread_attr_t attr;
    pthread_t thread;
    bool good;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    good = pthread_create(&thread, &attr, serve, c) == 0;
    pthread_attr_destroy(&attr);
    return good;
}

static void accept_one(struct smtp_server *s, int listener, bool secure)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct connection *c;
    size_t place;

    if (fd < 0)
        return;
    place = enter(s, fd);
    if (place == SIZE_MAX) {
        turn_away(fd);
        return;
    }
    set_options(fd);
    c = calloc(1, sizeof *c);
    if (c == NULL)
        abort();
    *c = (struct connection){ .server = s, .stream.fd = fd, .secure = secure, .place = place };
    if (!start_thread(c)) {
        leave(s, place);
        free(c);
    }
}

static void *run(void *arg)
{
    struct smtp_server *s = arg;
    struct pollfd p[2] = { { .fd = s->fds[0], .events = POLLIN },
                           { .fd = s->fds[1], .events = POLLIN } };

    while (!atomic_load(&s->stopping)) {
        poll(p, 2, ACCEPT_POLL_MS);
        for (int i = 0; i < 2; i++)
            if (p[i].fd >= 0 && (p[i].revents & POLLIN) != 0)
                accept_one(s, p[i].fd, i == 1);
    }
    return NULL;
}

static enum status listen_all(struct smtp_server *s, struct error *err)
{
    const struct listen_at *places[2] = { &s->settings->smtp.plain, &s->settings->smtp.secure };

    for (int i = 0; i < 2; i++)
        if (places[i]->host[0] != '\0' &&
            listener_open(places[i], &s->fds[i], &s->ports[i], err) != ST_OK)
            return err->kind;
    return ST_OK;
}

static void release(struct smtp_server *s)
{
    for (int i = 0; i < 2; i++)
        if (s->fds[i] >= 0)
            close(s->fds[i]);
    pthread_cond_destroy(&s->fewer);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum status smtp_server_open(struct smtp_server **out, const struct settings *settings,
                             struct oracle *o, const struct tls *t, struct error *err)
{
    struct smtp_server *s;

    if (settings->smtp.plain.host[0] == '\0' && settings->smtp.secure.host[0] == '\0')
        return ST_OK;
    if (settings->smtp.maildir != NULL && !maildir_make(settings->smtp.maildir))
        return error_set(err, ST_UNAVAILABLE, "%s can't be made a Maildir", settings->smtp.maildir);
    s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    s->settings = settings;
    s->oracle = o;
    s->tls = t;
    s->fds[0] = s->fds[1] = -1;
    for (size_t i = 0; i < SMTP_CONNECTIONS_MAX; i++)
        s->connections[i] = -1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->fewer, NULL);
    if (listen_all(s, err) != ST_OK) {
        release(s);
        return err->kind;
    }
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        release(s);
        return error_set(err, ST_UNAVAILABLE, "no thread to take mail with");
    }
    *out = s;
    return ST_OK;
}

uint16_t smtp_server_port(const struct smtp_server *s, bool secure)
{
    return s != NULL ? s->ports[secure] : 0;
}

/* A connection's thread sees its socket end, whatever it waits for. */
void smtp_server_close(struct smtp_server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->stopping, true);
    pthread_join(s->thread, NULL);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SMTP_CONNECTIONS_MAX; i++)
        if (s->connections[i] >= 0)
            shutdown(s->connections[i], SHUT_RDWR);
    while (s->count > 0)
        pthread_cond_wait(&s->fewer, &s->lock);
    pthread_mutex_unlock(&s->lock);
    release(s);
}
