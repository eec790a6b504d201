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

#define BODY_BYTES 4096
#define CONNECTIONS_MOST 16
#define TIMEOUT_SECONDS 5

struct status_server {
    const struct pool_shared *shared;
    struct MHD_Daemon *daemon;
};

/* ---- what is told ---- */

static unsigned write_health(const struct pool_shared *shared, struct json_writer *w)
{
    jw_text(w, "status", "ok");
    return 200;
}

static const char *state_name(int up, int all, const char *none)
{
    return up == all ? "ok" : up > 0 ? "degraded" : none;
}

/* Without Postgres nothing is sent; without the broker what is due leaves from Postgres. */
static unsigned write_ready(const struct pool_shared *shared, struct json_writer *w)
{
    int all = shared->config->worker.threads, database = 0, broker = 0;

    for (int i = 0; i < all; i++) {
        database += atomic_load(&shared->states[i].database_is_up);
        broker += atomic_load(&shared->states[i].broker_is_up);
    }
    jw_text(w, "status", database == 0 ? "down" : database + broker < 2 * all ? "degraded" : "ok");
    jw_open(w, "checks", '{');
    jw_open(w, "postgres", '{');
    jw_text(w, "status", state_name(database, all, "down"));
    jw_close(w, '}');
    jw_open(w, "rabbitmq", '{');
    jw_text(w, "status", state_name(broker, all, "degraded"));
    jw_close(w, '}');
    jw_close(w, '}');
    return database == 0 ? 503 : 200;
}

static const struct {
    const char *path;
    unsigned (*write)(const struct pool_shared *shared, struct json_writer *w);
} pages[] = {
    { "/health", write_health },
    { "/ready", write_ready },
};

static unsigned write_page(const struct pool_shared *shared, const char *path, struct buf *body)
{
    struct json_writer w = JSON_WRITER(body);
    unsigned status = 404;

    jw_open(&w, NULL, '{');
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(path, pages[i].path) == 0)
            status = pages[i].write(shared, &w);
    }
    if (status == 404)
        jw_text(&w, "status", "not_found");
    jw_close(&w, '}');
    return status;
}

/* ---- how it is served ---- */

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **state)
{
    const struct status_server *s = arg;
    struct buf body = BUF_INIT(BODY_BYTES);
    struct MHD_Response *response;
    unsigned status;
    enum MHD_Result result;

    if (*data_size > 0) { /* a body says nothing to us */
        *data_size = 0;
        return MHD_YES;
    }
    status = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0
                 ? write_page(s->shared, path, &body)
                 : 405;
    response = MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)buf_str(&body),
                                               MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "application/json");
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
