/* fastcgi - the client's half of the FastCGI protocol, version 1. */
#include "tests/integration/fastcgi.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/integration/stack.h"

#define REQUEST_MOST (32u << 20)
#define RECORD_MOST 65535
#define ANSWER_MS 30000

const char *fastcgi_socket(const char *name)
{
    return stack_file(text("run/sockets/%s.sock", name));
}

int fastcgi_connect(const char *socket_path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(socket_path), sizeof to.sun_path);
    strcpy(to.sun_path, socket_path);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

/* ---- building ---- */

void fastcgi_record(struct buf *out, int type, const void *content, size_t len)
{
    const char head[] = { 1, (char)type, 0, 1, (char)(len >> 8), (char)len, 0, 0 };

    ck_assert_uint_le(len, RECORD_MOST);
    buf_add(out, head, sizeof head);
    buf_add(out, content, len);
}

void fastcgi_begin(struct buf *out, bool keep)
{
    const char body[] = { 0, 1, (char)keep, 0, 0, 0, 0, 0 };

    fastcgi_record(out, FCGI_BEGIN, body, sizeof body);
}

static void add_length(struct buf *out, size_t len)
{
    if (len < 128) {
        buf_addc(out, (char)len);
        return;
    }
    buf_addc(out, (char)(0x80 | len >> 24));
    buf_addc(out, (char)(len >> 16));
    buf_addc(out, (char)(len >> 8));
    buf_addc(out, (char)len);
}

void fastcgi_param(struct buf *params, const char *name, const char *value)
{
    add_length(params, strlen(name));
    add_length(params, strlen(value));
    buf_adds(params, name);
    buf_adds(params, value);
}

void fastcgi_params(struct buf *params, const char *method, const char *target, const char *key,
                    const char *body)
{
    fastcgi_param(params, "REQUEST_METHOD", method);
    fastcgi_param(params, "REQUEST_URI", target);
    if (key != NULL)
        fastcgi_param(params, "HTTP_X_API_KEY", key);
    if (body != NULL) {
        fastcgi_param(params, "CONTENT_TYPE", "application/json");
        fastcgi_param(params, "CONTENT_LENGTH", text("%zu", strlen(body)));
    }
}

static void add_stream(struct buf *out, int type, const char *bytes, size_t len)
{
    for (size_t some; len > 0; bytes += some, len -= some) {
        some = len < RECORD_MOST ? len : RECORD_MOST;
        fastcgi_record(out, type, bytes, some);
    }
    fastcgi_record(out, type, "", 0);
}

void fastcgi_request(struct buf *out, const char *method, const char *target, const char *key,
                     const char *body)
{
    struct buf params = BUF_INIT(REQUEST_MOST);

    fastcgi_params(&params, method, target, key, body);
    fastcgi_begin(out, false);
    add_stream(out, FCGI_PARAMS, params.data, params.len);
    add_stream(out, FCGI_STDIN, body == NULL ? "" : body, body == NULL ? 0 : strlen(body));
    buf_free(&params);
}

/* ---- talking ---- */

bool fastcgi_send(int fd, const void *bytes, size_t n)
{
    for (const char *p = bytes; n > 0;) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent < 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool read_exactly(int fd, void *into, size_t n, int64_t until_ms)
{
    for (char *p = into; n > 0;) {
        int64_t left_ms = until_ms - clock_mono_ms();
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        ssize_t got;

        if (left_ms <= 0 || poll(&poll_fd, 1, (int)left_ms) <= 0)
            return false;
        got = read(fd, p, n);
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

/* "Status: 404 Not Found", headers, an empty line, the body. */
static struct answer read_cgi(const struct buf *out)
{
    const char *all = buf_str(out), *end = strstr(all, "\r\n\r\n"), *status = strstr(all, "Status: ");
    const char *head, *body;

    ck_assert_msg(end != NULL, "no CGI answer: %s", all);
    head = text("%.*s", (int)(end - all), all);
    body = end + 4;
    return answer_of(status != NULL && status < end ? atoi(status + 8) : 200, head, body,
                     out->len - (size_t)(body - all));
}

bool fastcgi_answer_to(const struct asked *to, int fd, int64_t limit_ms, struct answer *out)
{
    int64_t until_ms = clock_mono_ms() + limit_ms;
    struct buf answer = BUF_INIT(REQUEST_MOST);
    unsigned char head[8];
    static char content[RECORD_MOST + 255];
    bool whole = false;

    while (!whole && read_exactly(fd, head, sizeof head, until_ms)) {
        size_t len = (size_t)head[4] << 8 | head[5];

        ck_assert_int_eq(head[0], 1);
        if (!read_exactly(fd, content, len + head[6], until_ms))
            break;
        if (head[1] == FCGI_STDOUT)
            buf_add(&answer, content, len);
        whole = head[1] == FCGI_END;
    }
    if (whole) {
        *out = read_cgi(&answer);
        record_exchange(to, out);
    }
    buf_free(&answer);
    return whole;
}

bool fastcgi_answer(int fd, int64_t limit_ms, struct answer *out)
{
    return fastcgi_answer_to(&(struct asked){ 0 }, fd, limit_ms, out);
}

bool fastcgi_is_closed(int fd, int64_t limit_ms)
{
    int64_t until_ms = clock_mono_ms() + limit_ms;
    char byte;

    while (clock_mono_ms() < until_ms) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

        if (poll(&poll_fd, 1, 100) > 0 && read(fd, &byte, 1) <= 0)
            return true;
    }
    return false;
}

/* The usual call, as fastcgi_params() writes it down. */
static struct asked asked_of(const char *method, const char *target, const char *body)
{
    return (struct asked){ .method = method, .target = target, .body = body,
                           .type = body == NULL ? NULL : "application/json",
                           .body_len = body == NULL ? 0 : strlen(body) };
}

bool fastcgi_try(const char *socket_path, const char *method, const char *target, struct answer *out)
{
    const struct asked asked = asked_of(method, target, NULL);
    struct buf request = BUF_INIT(REQUEST_MOST);
    int fd = fastcgi_connect(socket_path);
    bool ok;

    if (fd < 0)
        return false;
    fastcgi_request(&request, method, target, NULL, NULL);
    ok = fastcgi_send(fd, request.data, request.len) &&
         fastcgi_answer_to(&asked, fd, ANSWER_MS, out);
    buf_free(&request);
    close(fd);
    return ok;
}

struct answer fastcgi_call(const char *socket_path, const char *method, const char *target,
                           const char *key, const char *body)
{
    const struct asked asked = asked_of(method, target, body);
    struct buf request = BUF_INIT(REQUEST_MOST);
    int fd = fastcgi_connect(socket_path);
    struct answer a = { 0 };

    ck_assert_int_ge(fd, 0);
    fastcgi_request(&request, method, target, key, body);
    ck_assert(fastcgi_send(fd, request.data, request.len));
    ck_assert_msg(fastcgi_answer_to(&asked, fd, ANSWER_MS, &a), "%s %s: no answer", method, target);
    buf_free(&request);
    close(fd);
    return a;
}
