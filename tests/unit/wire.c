/* wire - starting the simulator, raw connections, and the sink of callbacks. */
#include "tests/unit/wire.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/clock.h"

#define OPTIONS_MOST 40
#define ANSWER_MOST ((size_t)16 * 1024 * 1024)
#define FILE_MOST ((size_t)64 * 1024 * 1024)
#define POSTS_MOST 64

static struct arena memory;
static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *keep(const char *text, size_t len)
{
    const char *kept;

    pthread_mutex_lock(&memory_lock);
    kept = arena_strndup(&memory, text, len);
    pthread_mutex_unlock(&memory_lock);
    return kept;
}

const char *wire_text(const char *fmt, ...)
{
    char *out = NULL;
    const char *kept;
    va_list ap;

    va_start(ap, fmt);
    ck_assert_int_ge(vasprintf(&out, fmt, ap), 0);
    va_end(ap);
    kept = keep(out, strlen(out));
    free(out);
    return kept;
}

/* ---- the program ---- */

static struct {
    char dir[64];
    pid_t pid;
    int port;
} simulator;

static void remove_folder(void)
{
    const char *const words[] = { "rm", "-rf", simulator.dir, NULL };
    pid_t pid = fork();

    if (pid == 0) {
        execvp(words[0], (char *const *)words);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

static void make_folder(void)
{
    if (simulator.dir[0] != '\0')
        return;
    snprintf(simulator.dir, sizeof simulator.dir, "/tmp/notify-sim-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(simulator.dir));
    atexit(remove_folder);
}

const char *wire_file(const char *name)
{
    make_folder();
    return wire_text("%s/%s", simulator.dir, name);
}

const char *wire_read_file(const char *name)
{
    struct buf out = BUF_INIT(FILE_MOST);
    FILE *f = fopen(wire_file(name), "re");
    char chunk[65536];
    const char *kept;
    size_t n;

    while (f != NULL && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&out, chunk, n);
    if (f != NULL)
        fclose(f);
    kept = keep(buf_str(&out), out.len);
    buf_free(&out);
    return kept;
}

static pid_t run(const char *const argv[])
{
    pid_t parent = getpid(), pid = fork();
    int nowhere;

    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (getppid() == parent && dup2(nowhere, STDOUT_FILENO) >= 0)
        execv(argv[0], (char *const *)argv);
    _exit(127);
}

void wire_start(const char *const options[])
{
    const char *build = getenv("top_builddir"), *argv[OPTIONS_MOST] = { NULL };
    int64_t until_ms = clock_mono_ms() + WIRE_MS;
    size_t n = 0;

    argv[n++] = wire_text("%s/tests/simulator/simulator", build != NULL ? build : ".");
    argv[n++] = "--port-file";
    argv[n++] = wire_file("port");
    argv[n++] = "--log";
    argv[n++] = wire_file("log");
    argv[n++] = "--callback-delay-ms";
    argv[n++] = "1";
    for (; options != NULL && *options != NULL && n + 1 < OPTIONS_MOST; options++)
        argv[n++] = *options;
    simulator.pid = run(argv);
    while (access(wire_file("port"), R_OK) != 0) {
        ck_assert_msg(clock_mono_ms() < until_ms && waitpid(simulator.pid, NULL, WNOHANG) == 0,
                      "the simulator does not start");
        clock_sleep_ms(5);
    }
    simulator.port = atoi(wire_read_file("port"));
}

int wire_port(void)
{
    return simulator.port;
}

void wire_stop(void)
{
    int status;

    ck_assert_int_eq(kill(simulator.pid, SIGTERM), 0);
    ck_assert_int_eq(waitpid(simulator.pid, &status, 0), simulator.pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the simulator ended with %x",
                  (unsigned)status);
}

/* ---- connections ---- */

int wire_connect(int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    ck_assert_int_ge(fd, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

void wire_send(int fd, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        ck_assert_int_gt(n, 0);
        text += n;
        len -= (size_t)n;
    }
}

ssize_t wire_receive(int fd, char *out, size_t max, int ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    ssize_t n;

    if (poll(&p, 1, ms) <= 0)
        return -2;
    n = recv(fd, out, max - 1, 0);
    if (n >= 0)
        out[n] = '\0';
    return n;
}

static size_t announced_length(const char *answer)
{
    const char *header = strcasestr(answer, "\r\nContent-Length:");

    return header != NULL ? strtoul(header + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static bool is_whole(const struct buf *b)
{
    const char *end = strstr(buf_str(b), "\r\n\r\n");

    return end != NULL &&
           b->len >= (size_t)(end + 4 - buf_str(b)) + announced_length(buf_str(b));
}

const char *wire_answer(int fd)
{
    struct buf out = BUF_INIT(ANSWER_MOST);
    const char *kept = NULL;
    char chunk[65536];
    ssize_t n;

    while (!is_whole(&out) && (n = wire_receive(fd, chunk, sizeof chunk, WIRE_MS)) > 0)
        buf_add(&out, chunk, (size_t)n);
    if (is_whole(&out))
        kept = keep(buf_str(&out), out.len);
    buf_free(&out);
    return kept;
}

int wire_status(const char *answer)
{
    return answer != NULL ? atoi(answer + strlen("HTTP/1.1 ")) : 0;
}

const char *wire_body(const char *answer)
{
    ck_assert_ptr_nonnull(answer);
    return strstr(answer, "\r\n\r\n") + 4;
}

const char *wire_request(const char *path, const char *headers, const char *body)
{
    return wire_text("POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s", path,
                     headers, strlen(body), body);
}

const char *wire_ask(const char *path, const char *headers, const char *body)
{
    int fd = wire_connect(simulator.port);
    const char *answer;

    wire_send(fd, wire_request(path, headers, body));
    answer = wire_answer(fd);
    close(fd);
    return answer;
}

/* ---- the log ---- */

static bool is_for(const json_t *line, const char *kind, const char *to)
{
    const char *its_kind = json_string_value(json_object_get(line, "kind"));
    const char *its_to = json_string_value(json_object_get(line, "to"));

    return strcmp(its_kind, kind) == 0 && its_to != NULL && strcmp(its_to, to) == 0;
}

static json_t *matching_lines(const char *kind, const char *to)
{
    const char *line = wire_read_file("log"), *end;
    json_t *found = json_array();

    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        json_t *doc = json_read(line, (size_t)(end - line), NULL);

        ck_assert_msg(doc != NULL, "no JSON: %.*s", (int)(end - line), line);
        if (is_for(doc, kind, to))
            json_array_append(found, doc);
        json_decref(doc);
    }
    return found;
}

json_t *wire_log(const char *kind, const char *to, size_t count)
{
    int64_t until_ms = clock_mono_ms() + WIRE_MS;
    json_t *found;

    while (json_array_size(found = matching_lines(kind, to)) < count) {
        ck_assert_msg(clock_mono_ms() < until_ms, "%zu %s lines for %s", json_array_size(found),
                      kind, to);
        json_decref(found);
        clock_sleep_ms(10);
    }
    return found;
}

/* ---- callbacks ---- */

static struct {
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct wire_post posts[POSTS_MOST]; /* under lock, as all below */
    size_t count;
    int fail_times, fail_status, wait_ms;
} sink = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct buf *out = cls;

    buf_addf(out, "%s: %s\n", name, value);
    return MHD_YES;
}

/* The status of the answer. */
static int store(struct MHD_Connection *connection, const char *path, struct buf *body)
{
    struct buf headers = BUF_INIT(65536);
    int status = 200, wait_ms;

    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &headers);
    pthread_mutex_lock(&sink.lock);
    if (sink.count < POSTS_MOST)
        sink.posts[sink.count++] = (struct wire_post){
            .path = keep(path, strlen(path)),
            .body = keep(buf_str(body), body->len),
            .body_len = body->len,
            .headers = keep(buf_str(&headers), headers.len),
        };
    if (sink.fail_times > 0) {
        sink.fail_times--;
        status = sink.fail_status;
    }
    wait_ms = sink.wait_ms;
    pthread_cond_broadcast(&sink.changed);
    pthread_mutex_unlock(&sink.lock);
    buf_free(&headers);
    clock_sleep_ms(wait_ms);
    return status;
}

static enum MHD_Result on_post(void *cls, struct MHD_Connection *connection, const char *path,
                               const char *method, const char *version, const char *data,
                               size_t *len, void **state)
{
    struct MHD_Response *response;
    struct buf *body = *state;
    enum MHD_Result result;
    int status;

    if (body == NULL) {
        body = calloc(1, sizeof *body);
        body->limit = ANSWER_MOST;
        *state = body;
        return MHD_YES;
    }
    if (*len > 0) {
        buf_add(body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    status = store(connection, path, body);
    response = MHD_create_response_from_buffer(0, (void *)(uintptr_t)"", MHD_RESPMEM_PERSISTENT);
    result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static void forget_post(void *cls, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode why)
{
    if (*state != NULL)
        buf_free(*state);
    free(*state);
    *state = NULL;
}

const char *wire_sink(const char *path)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    if (sink.daemon == NULL)
        sink.daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_post, NULL,
                                       MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_NOTIFY_COMPLETED,
                                       forget_post, NULL, MHD_OPTION_END);
    ck_assert_ptr_nonnull(sink.daemon);
    return wire_text("http://127.0.0.1:%d%s",
                     MHD_get_daemon_info(sink.daemon, MHD_DAEMON_INFO_BIND_PORT)->port, path);
}

void wire_sink_fails(int times, int status)
{
    pthread_mutex_lock(&sink.lock);
    sink.fail_times = times;
    sink.fail_status = status;
    pthread_mutex_unlock(&sink.lock);
}

void wire_sink_waits(int ms)
{
    pthread_mutex_lock(&sink.lock);
    sink.wait_ms = ms;
    pthread_mutex_unlock(&sink.lock);
}

const struct wire_post *wire_posts(size_t count)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WIRE_MS / 1000;
    pthread_mutex_lock(&sink.lock);
    while (sink.count < count)
        ck_assert_msg(pthread_cond_timedwait(&sink.changed, &sink.lock, &until) == 0,
                      "only %zu callbacks came", sink.count);
    pthread_mutex_unlock(&sink.lock);
    return sink.posts;
}

const char *wire_post_header(const struct wire_post *p, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = p->headers; *line != '\0'; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return wire_text("%.*s", (int)strcspn(line + len + 2, "\n"), line + len + 2);
    return NULL;
}
