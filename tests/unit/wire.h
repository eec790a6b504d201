#ifndef TESTS_UNIT_WIRE_H
#define TESTS_UNIT_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/json.h"
/*
 * wire - the simulator as a program, talked to over real connections, and a place that its
 * callbacks are posted to.
 *
 * For tests that Check forks: what is returned stays until the test ends, a failed call ends the
 * test, and the program ends with it.
 */
#define WIRE_MS 15000 /* the most that anything here waits for */

/* printf into memory that stays. */
const char *wire_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Starts it with further options (NULL ends); returns once it listens. */
void wire_start(const char *const options[]);
int wire_port(void);
void wire_stop(void); /* by SIGTERM; fails the test unless it exits with 0 */
const char *wire_file(const char *name); /* in the test's own folder */
const char *wire_read_file(const char *name);

/* ---- connections ---- */
int wire_connect(int port);
void wire_send(int fd, const char *text);
/* What comes next, at most max - 1 bytes; 0: the end, -1: a reset, -2: nothing within ms. */
ssize_t wire_receive(int fd, char *out, size_t max, int ms);
/* A whole answer by its Content-Length: head and body as one text.  NULL: it ended too early. */
const char *wire_answer(int fd);
int wire_status(const char *answer); /* 0 for NULL */
const char *wire_body(const char *answer);
/* A request as text; headers: "Name: value\r\n" each, or "". */
const char *wire_request(const char *path, const char *headers, const char *body);
/* The same over a connection of its own. */
const char *wire_ask(const char *path, const char *headers, const char *body);

/* ---- the log ---- */
/* Lines of this kind whose member `to` is this; waits until there are so many, and returns all; for a count of 0 at once. */
json_t *wire_log(const char *kind, const char *to, size_t count);

/* ---- callbacks ---- */
struct wire_post {
    const char *path, *body;
    size_t body_len;
    const char *headers; /* "name: value\n" each, names as they came */
};
const char *wire_sink(const char *path); /* the URL of a path at the sink; starts it */
void wire_sink_fails(int times, int status); /* the next ones are answered so; then 200 */
void wire_sink_waits(int ms); /* before each answer */
const struct wire_post *wire_posts(size_t count); /* waits for so many */
const char *wire_post_header(const struct wire_post *p, const char *name);
#endif
