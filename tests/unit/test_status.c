/* Tests of workerd/status: what it tells of itself, asked over a real connection. */
#include "workerd/status.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static struct config config = { .worker.threads = 2 };
static struct loop_state states[2];
static struct pool_shared shared = { .config = &config, .states = states };
static struct status_server *server;
static struct sockaddr_in at;

/* A port that was free a moment ago. */
static void setup(void)
{
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char address[32];
    struct error err;

    at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(at.sin_port));
    ck_assert_msg(status_start(&server, address, &shared, &err) == ST_OK, "%s", err.text);
}

static const char *ask(const char *request)
{
    static char answer[4096];
    size_t len = 0;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(send(fd, request, strlen(request), 0), (int)strlen(request));
    while ((n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0)
        len += (size_t)n;
    answer[len] = '\0';
    close(fd);
    return answer;
}
#define GET(path) ask("GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

static void expect(const char *answer, int status, const char *body)
{
    char first[32];
    const char *end = strstr(answer, "\r\n\r\n");

    snprintf(first, sizeof first, "HTTP/1.1 %d ", status);
    ck_assert_msg(strncmp(answer, first, strlen(first)) == 0 && end != NULL, "%s", answer);
    ck_assert_str_eq(end + 4, body);
}

static void set_states(bool database_0, bool broker_0, bool database_1, bool broker_1)
{
    atomic_store(&states[0].database_is_up, database_0);
    atomic_store(&states[0].broker_is_up, broker_0);
    atomic_store(&states[1].database_is_up, database_1);
    atomic_store(&states[1].broker_is_up, broker_1);
}

#define READY(all, postgres, rabbitmq)                                                             \
    "{\"status\":\"" all "\",\"checks\":{\"postgres\":{\"status\":\"" postgres "\"},"              \
    "\"rabbitmq\":{\"status\":\"" rabbitmq "\"}}}"

START_TEST(it_is_healthy_while_it_answers)
{
    setup();
    expect(GET("/health"), 200, "{\"status\":\"ok\"}");
    ck_assert_ptr_nonnull(strstr(GET("/health"), "\r\nContent-Type: application/json\r\n"));
    status_stop(server);
}
END_TEST

START_TEST(it_is_ready_while_any_thread_reaches_postgres)
{
    setup();
    set_states(true, true, true, true);
    expect(GET("/ready"), 200, READY("ok", "ok", "ok"));
    set_states(true, true, false, true);
    expect(GET("/ready"), 200, READY("degraded", "degraded", "ok"));
    set_states(true, false, true, true);
    expect(GET("/ready"), 200, READY("degraded", "ok", "degraded"));
    set_states(true, false, true, false);
    expect(GET("/ready"), 200, READY("degraded", "ok", "degraded"));
    set_states(false, true, false, true);
    expect(GET("/ready"), 503, READY("down", "down", "ok"));
    set_states(false, false, false, false);
    expect(GET("/ready"), 503, READY("down", "down", "degraded"));
    status_stop(server);
}
END_TEST

START_TEST(other_paths_and_methods_are_refused)
{
    setup();
    expect(GET("/"), 404, "{\"status\":\"not_found\"}");
    expect(GET("/health/"), 404, "{\"status\":\"not_found\"}");
    expect(ask("POST /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
               "hello"),
           405, "");
    ck_assert_ptr_nonnull(
        strstr(ask("DELETE /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
               "\r\nAllow: GET, HEAD\r\n"));
    expect(ask("HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200, "");
    status_stop(server);
}
END_TEST

START_TEST(an_address_in_use_is_refused_and_named)
{
    struct status_server *second;
    char address[32], wanted[64];
    struct error err;

    setup();
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(at.sin_port));
    snprintf(wanted, sizeof wanted, "[worker] metrics_listen %s: ", address);
    ck_assert_int_eq(status_start(&second, address, &shared, &err), ST_INVALID);
    ck_assert_msg(strncmp(err.text, wanted, strlen(wanted)) == 0, "%s", err.text);
    ck_assert_ptr_null(second);
    status_stop(server);
}
END_TEST

START_TEST(an_address_that_is_none_is_refused_in_words)
{
    static const char *const addresses[] = { "9464", ":9464", "127.0.0.1:pigeon" };

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct error err;

        errno = 0;
        ck_assert_int_eq(status_start(&server, addresses[i], &shared, &err), ST_INVALID);
        ck_assert_ptr_null(strstr(err.text, ": Success"));
    }
}
END_TEST

START_TEST(no_address_serves_nothing)
{
    struct error err;

    ck_assert_int_eq(status_start(&server, "", &shared, &err), ST_OK);
    ck_assert_ptr_null(server);
    status_stop(server);
}
END_TEST

START_TEST(metrics_tell_the_state_of_each_breaker)
{
    static struct provider_config two[] = { { .name = "first", .kind = "mock" },
                                            { .name = "second.eu", .kind = "mock" } };
    const char *answer;

    config.worker.retry_base_ms = 1000;
    config.providers = two;
    config.n_providers = 2;
    shared.gate = gate_shared_new(&config, NULL);
    setup();
    answer = GET("/metrics");
    ck_assert_ptr_nonnull(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    ck_assert_ptr_nonnull(strstr(answer, "\n# TYPE provider_breaker_state gauge\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nprovider_breaker_state{provider=\"first\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nprovider_breaker_state{provider=\"second.eu\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(answer, "\nbuild_info{version=\"" PACKAGE_VERSION "\"} 1\n"));
    status_stop(server);
    gate_shared_free(shared.gate);
}
END_TEST

SUITE("status", metrics_tell_the_state_of_each_breaker, it_is_healthy_while_it_answers, it_is_ready_while_any_thread_reaches_postgres,
      other_paths_and_methods_are_refused, an_address_in_use_is_refused_and_named,
      an_address_that_is_none_is_refused_in_words, no_address_serves_nothing)
