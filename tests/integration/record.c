/* record - a line of JSON for each exchange. */
#include "tests/integration/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_MOST (64u << 10) /* a longer body of a request is left out */
#define ANSWER_MOST (4u << 20)   /* and of an answer, which is a fault of its own */

/* Any bytes, as a URL has them. */
static json_t *escaped(const char *target)
{
    struct buf out = BUF_INIT(1 << 20);
    json_t *escaped;

    for (const char *p = target; *p != '\0'; p++) {
        if (*p > ' ' && *p < 0x7f)
            buf_addc(&out, *p);
        else
            buf_addf(&out, "%%%02X", (unsigned char)*p);
    }
    escaped = json_string(buf_str(&out));
    buf_free(&out);
    return escaped;
}

/* A text that is none, too long, or not UTF-8 becomes no member at all. */
static void set(json_t *line, const char *name, const char *value, size_t len, size_t most)
{
    if (value != NULL && len <= most)
        json_object_set_new(line, name, json_stringn(value, len));
}

static json_t *line_of(const struct asked *q, const struct answer *a)
{
    json_t *line = json_object();

    if (q->target != NULL) {
        json_object_set_new(line, "method", escaped(q->method));
        json_object_set_new(line, "target", escaped(q->target));
        set(line, "request_type", q->type, q->type == NULL ? 0 : strlen(q->type), REQUEST_MOST);
        set(line, "request_body", q->body, q->body_len, REQUEST_MOST);
    }
    json_object_set_new(line, "status", json_integer(a->status));
    set(line, "head", a->headers, strlen(a->headers), ANSWER_MOST);
    set(line, "body", a->body, strlen(a->body), ANSWER_MOST);
    return line;
}

/* What is not written down would not be looked at: that may not pass in silence. */
static void append(const char *path, const char *line, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, line, len) != (ssize_t)len) {
        perror(path);
        abort();
    }
    close(fd);
}

void record_exchange(const struct asked *q, const struct answer *a)
{
    const char *path = getenv("NOTIFY_TEST_EXCHANGES");
    struct buf out = BUF_INIT(64u << 20);
    json_t *line;
    char *dumped;

    if (path == NULL)
        return;
    line = line_of(q, a);
    dumped = json_dumps(line, JSON_COMPACT);
    if (dumped == NULL)
        abort();
    buf_adds(&out, dumped);
    buf_addc(&out, '\n');
    append(path, buf_str(&out), out.len);
    buf_free(&out);
    free(dumped);
    json_decref(line);
}
