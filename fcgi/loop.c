/* loop - gathering requests, carrying them through, answering them. */
#include "fcgi/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/uuid.h"
#include "common/metrics/metrics.h"
#include "fcgi/call.h"
#include "fcgi/cors.h"
#include "fcgi/exchange.h"
#include "fcgi/guards.h"
#include "fcgi/problem.h"
#include "fcgi/records.h"
#include "fcgi/router.h"
#include "fcgi/routes.h"
#include "fcgi/turn.h"

#define ROUND_MOST 128        /* requests carried together */
#define CONNECTIONS_MOST 1024 /* open and idle, of this thread */
#define PEEK_BYTES (256u << 10) /* more than a unix socket holds */
#define TURN_MS 20            /* a round that takes longer does not keep other threads */
#define COMPANY_MS 4          /* for which requests wait for others while delivering is behind */
#define STOP_MS 2000          /* for what still arrives while we end */
#define SEND_SECONDS 5        /* a front that does not read its answer is given up */

/* A request of this round, with the connection that it came on. */
struct visit {
    struct exchange *exchange;
    int fd, source; /* source: fd, or the patient's file */
    bool oversize;
    bool reads_whole; /* its input has been read to the end: the connection can be used again */
    struct call call;
};

/* One that waits for a request. */
struct connection {
    int fd;
    bool is_fresh; /* for its first */
};

struct loop {
    const struct loop_context *ctx;
    struct api api;
    struct connection connections[CONNECTIONS_MOST];
    size_t n_connections;
    struct visit *visits[ROUND_MOST]; /* made when first needed */
    size_t n_visits;
    struct buf head;
    char *peek;
    bool stopping, accepting;
    bool has_turn; /* in this round */
};

/* ---- gathering ---- */

static struct visit *next_visit(struct loop *l)
{
    struct visit *v = l->visits[l->n_visits];

    if (v == NULL) {
        v = calloc(1, sizeof *v);
        if (v == NULL)
            abort();
        v->exchange = exchange_new();
        call_init(&v->call);
        l->visits[l->n_visits] = v;
    }
    call_reset(&v->call);
    return v;
}

/* Takes up a request that is whole.  The descriptors are the visit's from here on. */
static void begin(struct loop *l, int fd, int source, bool oversize)
{
    struct visit *v = next_visit(l);

    v->fd = fd;
    v->source = source;
    v->oversize = oversize;
    if (!exchange_begin(v->exchange, fd, source)) {
        log_warn("request.unreadable", NUM("fd", fd));
        close(fd);
        return;
    }
    l->n_visits++;
}

enum waiting { WAITS_STILL, WAITS_NO_MORE };

/* Looks at what a connection holds, without taking it out. */
static enum waiting look(struct loop *l, int fd)
{
    ssize_t n = recv(fd, l->peek, PEEK_BYTES, MSG_PEEK | MSG_DONTWAIT);
    struct records records;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return WAITS_STILL;
    if (n <= 0) {
        close(fd);
        return WAITS_NO_MORE;
    }
    records_init(&records, (uint64_t)l->api.config->server.max_body_bytes);
    switch (records_feed(&records, l->peek, (size_t)n)) {
    case RECORDS_WHOLE:
        begin(l, fd, fd, false);
        break;
    case RECORDS_OVERSIZE:
        begin(l, fd, fd, true);
        break;
    case RECORDS_PARTIAL:
        patient_wait(l->ctx->patient, fd);
        break;
    case RECORDS_BAD:
        log_warn("request.bad_records", NUM("fd", fd));
        close(fd);
        break;
    }
    return WAITS_NO_MORE;
}

static void gather_connections(struct loop *l, const struct pollfd *fds, size_t n)
{
    for (size_t i = n; i-- > 0 && l->n_visits < ROUND_MOST;) {
        if (fds[i].revents != 0 && look(l, l->connections[i].fd) == WAITS_NO_MORE)
            l->connections[i] = l->connections[--l->n_connections];
    }
}

static void gather_new(struct loop *l)
{
    struct timeval limit = { .tv_sec = SEND_SECONDS };

    while (l->n_visits < ROUND_MOST && l->n_connections < CONNECTIONS_MOST) {
        int fd = accept4(l->ctx->listen_fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            if (errno != EAGAIN) { /* EMFILE and its kind pass; a pause keeps us from spinning */
                log_error("accept.failed", NUM("errno", errno));
                clock_sleep_ms(100);
            }
            return;
        }
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (look(l, fd) == WAITS_STILL)
            l->connections[l->n_connections++] = (struct connection){ fd, .is_fresh = true };
    }
}

static void gather_patient(struct loop *l)
{
    struct patient_request r;

    while (l->n_visits < ROUND_MOST && patient_take(l->ctx->patient, &r))
        begin(l, r.fd, r.source, r.oversize);
}

/* Waits for something to do and for its turn, and takes up all that is ready then. */
static void gather(struct loop *l)
{
    struct pollfd fds[CONNECTIONS_MOST + 3];
    size_t n = l->n_connections, n_fds = n + (n < CONNECTIONS_MOST ? 3 : 2);

    for (size_t i = 0; i < n; i++)
        fds[i] = (struct pollfd){ .fd = l->connections[i].fd, .events = POLLIN };
    fds[n] = (struct pollfd){ .fd = l->ctx->stop_fd, .events = POLLIN };
    fds[n + 1] = (struct pollfd){ .fd = patient_fd(l->ctx->patient), .events = POLLIN };
    fds[n + 2] = (struct pollfd){ .fd = l->accepting ? l->ctx->listen_fd : -1, .events = POLLIN };
    l->n_visits = 0;
    poll(fds, n_fds, -1);
    l->has_turn = turn_take(l->ctx->turn, TURN_MS);
    if (publisher_is_behind(l->ctx->publisher))
        clock_sleep_ms(COMPANY_MS); /* fewer, larger rounds leave Postgres to those who deliver */
    poll(fds, n_fds, 0); /* more has come by now */
    l->stopping = (fds[n].revents & POLLIN) != 0;
    gather_connections(l, fds, n);
    if ((fds[n + 1].revents & POLLIN) != 0)
        gather_patient(l);
    if ((fds[n + 2].revents & POLLIN) != 0)
        gather_new(l);
}

/* ---- carrying through ---- */

static void read_body(struct visit *v, int64_t max)
{
    struct request *r = &v->call.req;
    bool known = r->content_length >= 0;
    size_t room = (size_t)(known ? r->content_length : max + 1);
    char *body;
    bool ended;

    r->body_too_large = v->oversize || r->content_length > max;
    if (r->body_too_large || r->bad_content_length)
        return; /* the rest stays unread */
    if (!known && room > 65536) /* without a length the records tell only when they end */
        room = 65536;
    body = arena_alloc(&v->call.mem, room + 1);
    r->body_len = exchange_read(v->exchange, body, room, &ended);
    while (!known && !ended && (int64_t)r->body_len <= max) {
        char *larger = arena_alloc(&v->call.mem, room * 2 + 1);

        memcpy(larger, body, r->body_len);
        body = larger;
        r->body_len += exchange_read(v->exchange, body + r->body_len, room, &ended);
        room *= 2;
    }
    body[r->body_len] = '\0';
    r->body = body;
    r->body_too_large = (int64_t)r->body_len > max;
    r->body_short = known && r->body_len < (size_t)r->content_length;
    v->reads_whole = ended && !r->body_short;
}

static void read_trace(struct call *c)
{
    struct trace caller;

    c->traced = trace_parse(request_header(&c->req, "traceparent"), &caller);
    if (c->traced)
        trace_continue(&caller, &c->trace);
    else
        trace_begin(&c->trace);
}

static void read_request(struct loop *l, struct visit *v)
{
    struct call *c = &v->call;

    request_read(&c->mem, exchange_params(v->exchange), l->api.mount, &c->req);
    v->reads_whole = false;
    read_body(v, l->api.config->server.max_body_bytes);
    if (c->req.request_id != NULL)
        strcpy(c->request_id, c->req.request_id);
    else
        uuid_v7(clock_wall_ms(), c->request_id);
    response_header(&c->res, "X-Request-Id", c->request_id);
    read_trace(c);
    router_find(c);
    cors_apply(&l->api.config->server, c);
}

static void handle_one(struct loop *l, struct call *c)
{
    log_context(c->request_id, NULL, &c->trace);
    c->route->handle(&l->api, c);
    log_context(NULL, NULL, NULL);
}

static void handle(struct loop *l, struct call *const calls[], size_t n)
{
    struct call *together[ROUND_MOST];

    for (size_t r = 0; r < n_routes; r++) {
        size_t k = 0;

        for (size_t i = 0; i < n; i++) {
            if (calls[i]->answered || calls[i]->route != &routes[r])
                continue;
            if (routes[r].handle != NULL)
                handle_one(l, calls[i]);
            else
                together[k++] = calls[i];
        }
        if (k > 0)
            routes[r].handle_all(&l->api, together, k);
    }
}

/* ---- answering ---- */

static void count_access(const struct call *c, const char *route, int64_t us)
{
    char status[12];

    snprintf(status, sizeof status, "%d", c->res.status);
    metrics_add(M_HTTP_REQUESTS, 1, LABELS(http_method_name(c->req.method), route, status));
    metrics_observe_us(M_HTTP_DURATION, us, LABELS(route));
}

static void tell_access(const struct call *c)
{
    const char *route = c->route == NULL ? "none" : c->route->path;
    int64_t us = clock_mono_us() - c->started_us;

    count_access(c, route, us);
    log_context(c->request_id, NULL, &c->trace);
    log_info("request", STR("method", http_method_name(c->req.method)),
             STR("route", route), NUM("status", c->res.status), NUM("duration_us", us), NUM("body_bytes", c->req.body_len),
             STR("user", c->authenticated ? c->caller.user_id : NULL), STR("message", c->message_id));
    log_context(NULL, NULL, NULL);
}

static void part(struct loop *l, struct visit *v, bool alive)
{
    if (v->source != v->fd)
        close(v->source);
    if (alive && v->reads_whole && exchange_keeps(v->exchange) && !l->stopping &&
        l->n_connections < CONNECTIONS_MOST)
        l->connections[l->n_connections++] = (struct connection){ v->fd, .is_fresh = false };
    else if (alive && !v->reads_whole)
        patient_leave(l->ctx->patient, v->fd); /* a close on unread input could cost the answer */
    else
        close(v->fd);
}

static void answer(struct loop *l, struct visit *v)
{
    struct call *c = &v->call;
    size_t body_len = c->req.method == HTTP_HEAD ? 0 : c->res.body.len;
    bool alive;

    if (!c->answered)
        problem_answer(c, PROBLEM_INTERNAL_ERROR, NULL, NULL);
    if (buf_overflowed(&c->res.body))
        problem_answer(c, PROBLEM_INTERNAL_ERROR, "The answer would be too large.", NULL);
    buf_clear(&l->head);
    response_head(&c->res, &l->head);
    alive = exchange_answer(v->exchange, buf_str(&l->head), l->head.len, buf_str(&c->res.body),
                            body_len);
    tell_access(c);
    part(l, v, alive);
}

static void carry(struct loop *l)
{
    struct call *calls[ROUND_MOST] = { NULL };
    size_t n = l->n_visits;

    for (size_t i = 0; i < n; i++) {
        read_request(l, l->visits[i]);
        calls[i] = &l->visits[i]->call;
    }
    guards_keys(&l->api, calls, n);
    guards_quotas(&l->api, calls, n);
    for (size_t i = 0; i < n; i++)
        guards_body(calls[i]);
    handle(l, calls, n);
    log_gather();
    for (size_t i = 0; i < n; i++)
        answer(l, l->visits[i]);
    log_scatter();
}

/* ---- a round ---- */

static void go_round(struct loop *l)
{
    gather(l);
    l->api.config = live_config(l->ctx->config);
    if (l->n_visits > 0)
        carry(l);
    if (l->has_turn)
        turn_end(l->ctx->turn);
}

/* ---- the thread ---- */

/* "https://host/notify" is mounted under "/notify". */
static const char *mount_of(const char *public_url)
{
    const char *host = strstr(public_url, "://");
    const char *path = host == NULL ? NULL : strchr(host + 3, '/');

    return path == NULL ? "" : path;
}

static void open_loop(struct loop *l, const struct loop_context *ctx)
{
    const struct config *config = live_config(ctx->config);

    l->ctx = ctx;
    l->accepting = true;
    l->head.limit = 64 << 10;
    l->peek = malloc(PEEK_BYTES);
    if (l->peek == NULL)
        abort();
    l->api = (struct api){
        .config = config,
        .publisher = ctx->publisher,
        .db = db_new(&config->database,
                     &(struct db_options){ .application = "notify.fcgi",
                                           .timeout_ms = config->server.request_timeout_ms }),
        .cache = cache_new(&config->redis),
        .mount = mount_of(config->server.public_url),
    };
}

static void close_loop(struct loop *l)
{
    for (size_t i = 0; i < l->n_connections; i++)
        close(l->connections[i].fd);
    for (size_t i = 0; i < ROUND_MOST && l->visits[i] != NULL; i++) {
        exchange_free(l->visits[i]->exchange);
        call_done(&l->visits[i]->call);
        free(l->visits[i]);
    }
    db_free(l->api.db);
    cache_free(l->api.cache);
    buf_free(&l->head);
    free(l->peek);
    free(l);
}

/* A connection that has brought nothing yet, or a part of its first request. */
static bool expects_more(const struct loop *l)
{
    for (size_t i = 0; i < l->n_connections; i++) {
        if (l->connections[i].is_fresh)
            return true;
    }
    return patient_expects(l->ctx->patient);
}

/*
 * Stopping: what has arrived is still carried through, connections too that the kernel has taken for
 * us already, since a front cannot send a request anew whose connection is reset.  A socket that
 * listener_refuse left open is closed by the last thread, in the moment in which nothing waits there, and
 * a connection whose request is on its way is waited for.
 */
static void wind_up(struct loop *l)
{
    int64_t until_ms = clock_mono_ms() + STOP_MS;

    while (l->n_visits > 0 && clock_mono_ms() < until_ms)
        go_round(l);
    l->accepting = false;
    if (atomic_fetch_sub(l->ctx->running, 1) == 1)
        close(l->ctx->listen_fd);
    while (expects_more(l) && clock_mono_ms() < until_ms) {
        go_round(l);
        if (l->n_visits == 0)
            clock_sleep_ms(1);
    }
}

void *loop_run(void *arg)
{
    struct loop *l = calloc(1, sizeof *l);

    if (l == NULL)
        abort();
    open_loop(l, arg);
    do
        go_round(l);
    while (!l->stopping);
    wind_up(l);
    close_loop(l);
    return NULL;
}
