/* server - libmicrohttpd's callbacks around the course of a request. */
#include "tests/simulator/server.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "tests/simulator/listener.h"
#include "tests/simulator/pause.h"
#include "tests/simulator/provider.h"
#include "tests/simulator/reply.h"

#define CONNECTIONS_MAX 16384
#define IDLE_SECONDS 120
#define HANG_MS 60000
#define HANG_POLL_MS 50
#define GATE_MS 2000
#define GATE_POLL_MS 2
#define HEALTH_MAX 4096
#define CONNECTION_BYTES ((size_t)8 * 1024) /* libmicrohttpd clears them for each request */
#define EXCHANGE_BYTES 2048 /* thousands may wait for their answers */

struct server {
    const struct settings *settings;
    struct oracle *oracle;
    struct callbacks *callbacks;
    struct pause *pause;
    struct MHD_Daemon *daemon;
    uint16_t port;
    atomic_uint_fast64_t requests, refused, accepted;
};

/* One request from its first line to the end of its answer. */
struct call {
    struct exchange exchange;
    struct MHD_Connection *connection;
    bool begun, served;
    struct job *gate; /* the answer waits for its first callback; NULL: it doesn't */
};

static void *call_new(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct call *call = calloc(1, sizeof *call);
    const struct provider *provider;
    struct exchange *x;

    if (call == NULL)
        abort();
    x = &call->exchange;
    x->mem.smallest = EXCHANGE_BYTES;
    call->connection = connection;
    x->request.path = arena_strndup(&x->mem, uri, strcspn(uri, "?"));
    provider = provider_find(x->request.path);
    x->request.body.limit = provider != NULL && provider->body_max > 0 ? provider->body_max : BODY_MAX;
    return call;
}

static void call_free(void *cls, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode why)
{
    struct call *call = *state;

    if (call == NULL)
        return;
    reply_done(connection, &call->exchange);
    callbacks_release(call->gate);
    buf_free(&call->exchange.request.body);
    arena_done(&call->exchange.mem);
    free(call);
    *state = NULL;
}

static const char *header(struct call *call, const char *name)
{
    return arena_strdup(&call->exchange.mem,
                        MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name));
}

/* How many requests a connection has begun, in its socket context. */
static void count_requests(void *cls, struct MHD_Connection *connection, void **count,
                           enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        free(*count);
        *count = NULL;
        return;
    }
    *count = calloc(1, sizeof(unsigned));
    if (*count == NULL)
        abort();
}

static bool has_served(struct MHD_Connection *connection)
{
    unsigned *count =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

    return (*count)++ > 0;
}

static void begin(struct call *call, const char *method)
{
    struct exchange *x = &call->exchange;

    x->received_ms = clock_wall_ms();
    x->request.method = arena_strdup(&x->mem, method);
    x->request.authorization = header(call, "Authorization");
    x->request.content_type = header(call, "Content-Type");
    x->request.traceparent = header(call, "traceparent");
    x->request.reused = has_served(call->connection);
    call->begun = true;
}

static void answer_health(struct server *s, struct exchange *x)
{
    struct buf out = BUF_INIT(HEALTH_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct callbacks_counts counts;

    callbacks_count(s->callbacks, &counts);
    jw_open(&w, NULL, '{');
    jw_text(&w, "status", "ok");
    jw_num(&w, "requests", (int64_t)atomic_load(&s->requests));
    jw_num(&w, "refused", (int64_t)atomic_load(&s->refused));
    jw_num(&w, "accepted", (int64_t)atomic_load(&s->accepted));
    jw_num(&w, "callbacks_posted", (int64_t)counts.posted);
    jw_num(&w, "callbacks_answered_2xx", (int64_t)counts.answered_2xx);
    jw_num(&w, "callbacks_waiting", (int64_t)counts.waiting);
    jw_num(&w, "callbacks_dropped", (int64_t)counts.dropped);
    jw_num(&w, "log_failures", (int64_t)oracle_failures(s->oracle));
    jw_close(&w, '}');
    exchange_answer_json(x, 200, &out);
}

static bool is_health(const struct request *r)
{
    return strcmp(r->path, "/health") == 0 && strcmp(r->method, "GET") == 0;
}

static int latency_ms(const struct server *s, const struct exchange *x)
{
    return s->settings->latency_ms + x->latency_ms;
}

/* The handle of its first callback, or NULL: it has none. */
static struct job *start_callbacks_of(struct server *s, struct notice *n, int delay_ms)
{
    if (n->plan == NULL || n->url == NULL || s->settings->no_callbacks)
        return NULL;
    if (n->plan->before_answer)
        delay_ms = 0;
    n->first_ms = clock_wall_ms() + delay_ms;
    return callbacks_submit(s->callbacks, n, delay_ms);
}

/* Only the recipient that chose the behaviour can hold up the answer. */
static void start_callbacks(struct server *s, struct call *call)
{
    struct exchange *x = &call->exchange;
    int delay_ms = latency_ms(s, x) + s->settings->callback_delay_ms;
    struct job *job;

    if (x->id == NULL)
        return;
    job = start_callbacks_of(s, &x->notice, delay_ms);
    if (job != NULL && x->notice.plan->before_answer)
        call->gate = job;
    else
        callbacks_release(job);
    for (size_t i = 0; i < x->other_count; i++)
        callbacks_release(start_callbacks_of(s, &x->others[i], delay_ms));
}

/* An answer that is not in the log must not look like one that is. */
static void answer_unlogged(struct exchange *x)
{
    static const char words[] = "the simulator cannot write its log\n";

    x->behaviour = NULL;
    x->answer = (struct answer){ .status = 500,
                                 .content_type = "text/plain; charset=utf-8",
                                 .body = words,
                                 .body_len = sizeof words - 1 };
}

static void serve(struct server *s, struct call *call)
{
    struct exchange *x = &call->exchange;

    call->served = true;
    if (is_health(&x->request)) {
        answer_health(s, x);
        return;
    }
    provider_serve(s->settings, x);
    atomic_fetch_add(&s->requests, 1);
    if (!x->ok)
        atomic_fetch_add(&s->refused, 1);
    if (x->id != NULL)
        atomic_fetch_add(&s->accepted, 1);
    if (oracle_request(s->oracle, x))
        start_callbacks(s, call);
    else
        answer_unlogged(x);
}

static bool peer_is_gone(void *arg)
{
    struct call *call = arg;

    return reply_peer_is_gone(call->connection);
}

static bool gate_is_open(void *arg)
{
    struct call *call = arg;

    return callbacks_first_done(call->gate);
}

/* What stands between serving and answering.  True: the connection is paused. */
static bool wait_before_answer(struct server *s, struct call *call)
{
    struct exchange *x = &call->exchange;
    int64_t go_ms = clock_mono_ms() + latency_ms(s, x);
    struct pause_terms terms = { .first_ms = go_ms, .deadline_ms = go_ms, .arg = call };

    if (x->behaviour != NULL && x->behaviour->manner == MANNER_HANG) {
        terms.deadline_ms = go_ms + HANG_MS;
        terms.poll_ms = HANG_POLL_MS;
        terms.ready = peer_is_gone;
    } else if (call->gate != NULL) {
        terms.deadline_ms = go_ms + GATE_MS;
        terms.poll_ms = GATE_POLL_MS;
        terms.ready = gate_is_open;
    } else if (latency_ms(s, x) == 0) {
        return false;
    }
    return pause_connection(s->pause, call->connection, &terms);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    struct server *s = cls;
    struct call *call = *state;

    if (!call->begun) {
        begin(call, method);
        return MHD_YES;
    }
    if (*len > 0) {
        buf_add(&call->exchange.request.body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    if (!call->served) {
        serve(s, call);
        if (wait_before_answer(s, call))
            return MHD_YES;
    }
    return reply_send(connection, &call->exchange, s->pause);
}

/* As many as there are descriptors for, with some left for callbacks and files. */
static unsigned connections_limit(void)
{
    struct rlimit files;
    unsigned limit = CONNECTIONS_MAX;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < limit + 256)
        limit = files.rlim_cur > 512 ? (unsigned)files.rlim_cur - 256 : 256;
    return limit;
}

static struct MHD_Daemon *start(struct server *s, int fd)
{
    /* A pool of one is no pool for libmicrohttpd: it wants 0 then. */
    unsigned pool = s->settings->threads > 1 ? (unsigned)s->settings->threads : 0;

    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                            on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_THREAD_POOL_SIZE, pool, MHD_OPTION_CONNECTION_LIMIT,
                            connections_limit(), MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            CONNECTION_BYTES, MHD_OPTION_URI_LOG_CALLBACK, call_new, s,
                            MHD_OPTION_NOTIFY_COMPLETED, call_free, s,
                            MHD_OPTION_NOTIFY_CONNECTION, count_requests, s, MHD_OPTION_END);
}

enum status server_open(struct server **out, const struct settings *settings, struct oracle *o,
                        struct callbacks *c, struct error *err)
{
    struct server *s = calloc(1, sizeof *s);
    int fd = -1;

    if (s == NULL)
        abort();
    s->settings = settings;
    s->oracle = o;
    s->callbacks = c;
    if (listener_open(&settings->http, &fd, &s->port, err) != ST_OK || pause_open(&s->pause, err) != ST_OK) {
        free(s);
        return err->kind;
    }
    s->daemon = start(s, fd);
    if (s->daemon == NULL) {
        server_close(s);
        return error_set(err, ST_UNAVAILABLE, "the HTTP server does not start");
    }
    *out = s;
    return ST_OK;
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

void server_close(struct server *s)
{
    if (s == NULL)
        return;
    pause_stop(s->pause);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    pause_close(s->pause);
    free(s);
}
