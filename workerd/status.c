/* status - the small HTTP server of workerd; the only file that knows libmicrohttpd here. */
#include "workerd/status.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "common/base/json.h"
#include "common/broker/topology.h"
#include "common/metrics/metrics.h"

#define BODY_BYTES (4 << 20) /* of metrics: each series has its lines */
#define CONNECTIONS_MOST 16
#define TIMEOUT_SECONDS 5

struct status_server {
    const struct pool_shared *shared;
    struct MHD_Daemon *daemon;
};

/* ---- what is told ---- */

static unsigned write_health(const struct pool_shared *shared, struct buf *body)
{
    buf_adds(body, "{\"status\":\"ok\"}");
    return 200;
}

static const char *state_name(int up, int all, const char *none)
{
    return up == all ? "ok" : up > 0 ? "degraded" : none;
}

static void write_check(struct json_writer *w, const char *name, const char *state)
{
    jw_open(w, name, '{');
    jw_text(w, "status", state);
    jw_close(w, '}');
}

/* Without Postgres nothing is sent; without the broker what is due leaves from Postgres. */
static unsigned write_ready(const struct pool_shared *shared, struct buf *body)
{
    struct json_writer w = JSON_WRITER(body);
    int all = shared->config->worker.threads, database = 0, broker = 0;

    for (int i = 0; i < all; i++) {
        database += atomic_load(&shared->states[i].database_is_up);
        broker += atomic_load(&shared->states[i].broker_is_up);
    }
    jw_open(&w, NULL, '{');
    jw_text(&w, "status", database == 0 ? "down" : database + broker < 2 * all ? "degraded" : "ok");
    jw_open(&w, "checks", '{');
    write_check(&w, "postgres", state_name(database, all, "down"));
    write_check(&w, "rabbitmq", state_name(broker, all, "degraded"));
    jw_close(&w, '}');
    jw_close(&w, '}');
    return database == 0 ? 503 : 200;
}

static void write_breakers(const struct pool_shared *shared, struct buf *body)
{
    const struct config *config = shared->config;

    /* Names of providers are letters, digits, '_', '-' and '.', so no label needs an escape. */
    metrics_write_head(body, "provider_breaker_state", "gauge",
                       "Calls to the provider: 0 go, 1 are kept away, 2 one goes as a probe.");
    for (size_t i = 0; i < config->n_providers; i++)
        buf_addf(body, "provider_breaker_state{provider=\"%s\"} %d\n", config->providers[i].name,
                 (int)gate_breaker_state(shared->gate, i));
}

static void write_in_flight(const struct pool_shared *shared, struct buf *body)
{
    metrics_write_head(body, "workers_in_flight", "gauge", "Attempts that were begun and are not recorded.");
    for (int p = 0; p < PF_COUNT; p++) {
        size_t n = 0;

        for (int i = 0; i < shared->config->worker.threads; i++)
            n += atomic_load(&shared->states[i].in_flight[p]);
        buf_addf(body, "workers_in_flight{platform=\"%s\"} %zu\n", platform_name((enum platform)p), n);
    }
}

static void write_sample(const struct sample *sample, struct buf *body)
{
    metrics_write_head(body, "scheduler_lag_seconds", "gauge",
                       "How long the first recipient that is due has been so.");
    buf_addf(body, "scheduler_lag_seconds %.3f\n", (double)atomic_load(&sample->lag_ms) / 1000);
    metrics_write_head(body, "dispatch_due", "gauge",
                       "Recipients that are due and wait for the belt; counted up to 10,000 in a lane.");
    buf_addf(body, "dispatch_due %lld\n", atomic_load(&sample->due));
    metrics_write_head(body, "queue_depth", "gauge", "Events that a queue holds for its next consumer.");
    for (int lane = 0; lane < LANE_COUNT; lane++)
        buf_addf(body, "queue_depth{queue=\"%s\"} %lld\n", lane_queues[lane].queue,
                 atomic_load(&sample->depth[lane]));
    buf_addf(body, "queue_depth{queue=\"%s\"} %lld\n", QUEUE_DEAD, atomic_load(&sample->dead));
}

static void write_audit(const struct sample *sample, struct buf *body)
{
    int64_t audited_ms = atomic_load(&sample->audited_ms);

    if (audited_ms == 0)
        return;
    metrics_write_head(body, "conservation_faults", "gauge",
                       "What the last whole audit found that is not as it must be.");
    for (int f = 0; f < AUDIT_FAULTS; f++)
        buf_addf(body, "conservation_faults{fault=\"%s\"} %lld\n", audit_fault_name((enum audit_fault)f),
                 atomic_load(&sample->faults[f]));
    metrics_write_head(body, "conservation_audited_timestamp_seconds", "gauge",
                       "When the last whole audit was.");
    buf_addf(body, "conservation_audited_timestamp_seconds %.3f\n", (double)audited_ms / 1000);
}

static unsigned write_metrics(const struct pool_shared *shared, struct buf *body)
{
    metrics_write(body);
    write_breakers(shared, body);
    write_in_flight(shared, body);
    if (atomic_load(&shared->sample.taken)) { /* by the scheduler, where there is one */
        write_sample(&shared->sample, body);
        write_audit(&shared->sample, body);
    }
    return 200;
}

static const struct page {
    const char *path, *type;
    unsigned (*write)(const struct pool_shared *shared, struct buf *body);
} pages[] = {
    { "/health", "application/json", write_health },
    { "/ready", "application/json", write_ready },
    { "/metrics", METRICS_TEXT_TYPE, write_metrics },
};

static const struct page *find_page(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(path, pages[i].path) == 0)
            return &pages[i];
    return NULL;
}

static unsigned write_answer(const struct pool_shared *shared, const struct page *page,
                             const char *method, struct buf *body)
{
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return 405;
    if (page != NULL)
        return page->write(shared, body);
    buf_adds(body, "{\"status\":\"not_found\"}");
    return 404;
}

/* ---- how it is served ---- */

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **state)
{
    const struct status_server *s = arg;
    const struct page *page = find_page(path);
    struct buf body = BUF_INIT(BODY_BYTES);
    struct MHD_Response *response;
    unsigned status;
    enum MHD_Result result;

    if (*data_size > 0) { /* a body says nothing to us */
        *data_size = 0;
        return MHD_YES;
    }
    status = write_answer(s->shared, page, method, &body);
    response = MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)buf_str(&body),
                                               MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", page != NULL ? page->type : "application/json");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (status == 405)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    buf_free(&body);
    return result;
}

static int open_socket(const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *at;
    int one = 1, fd;

    if (getaddrinfo(host, port, &hints, &at) != 0) {
        errno = EADDRNOTAVAIL; /* it has words of its own, and the caller shows those of errno */
        return -1;
    }
    fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, CONNECTIONS_MOST) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(at);
    return fd;
}

/* "127.0.0.1:9464" or "[::1]:9464". */
static int open_address(const char *address)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);

    if (len == 0 || len >= sizeof host) {
        errno = EINVAL;
        return -1;
    }
    memcpy(host, address, len);
    host[len] = '\0';
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        return open_socket(host + 1, colon + 1);
    }
    return open_socket(host, colon + 1);
}

enum status status_start(struct status_server **out, const char *address,
                         const struct pool_shared *shared, struct error *err)
{
    struct status_server *s;
    int fd;

    *out = NULL;
    if (address[0] == '\0')
        return ST_OK;
    fd = open_address(address);
    if (fd < 0)
        return error_set(err, ST_INVALID, "[worker] metrics_listen %s: %s", address, strerror(errno));
    s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    s->shared = shared;
    s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, answer, s,
                                 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)TIMEOUT_SECONDS, MHD_OPTION_END);
    if (s->daemon == NULL) {
        close(fd);
        free(s);
        return error_set(err, ST_UNAVAILABLE, "[worker] metrics_listen %s: cannot be served", address);
    }
    *out = s;
    return ST_OK;
}

void status_stop(struct status_server *s)
{
    if (s == NULL)
        return;
    MHD_stop_daemon(s->daemon);
    free(s);
}
