#ifndef TESTS_INTEGRATION_CLIENT_H
#define TESTS_INTEGRATION_CLIENT_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/json.h"
/*
 * client - a caller of the API: HTTP, users with keys, and messages.  Whatever it returns stays
 * until the test ends.
 */
struct answer {
    int status;
    const char *headers; /* as they came, a line each */
    const char *body;
    json_t *json; /* NULL: the body is none */
};
#define HEADERS(...) (const char *const[]){ __VA_ARGS__, NULL }

/*
 * path: below NOTIFY_URL.  key NULL: none is sent.  body NULL: none; else JSON unless `headers`
 * ("Name: value", NULL at the end, or NULL) has a Content-Type.  Fails the test where no answer
 * comes.
 */
struct answer http(const char *method, const char *path, const char *key, const char *body,
                   const char *const headers[]);
/* The same where the web server has us under a path ("/notify"), which is not written down. */
struct answer http_mounted(const char *mount, const char *method, const char *path, const char *key,
                           const char *body, const char *const headers[]);
/* The same to a whole URL; false: no answer.  Asserts nothing, so it is also for forked processes. */
bool http_send(const char *method, const char *url, const char *key, const char *body,
               const char *const headers[], struct answer *out);
/* GET of a URL that is none of the API's. */
bool http_elsewhere(const char *url, struct answer *out);
const char *header(const struct answer *a, const char *name); /* NULL: it has none */
struct answer answer_of(int status, const char *headers, const char *body, size_t len);

/* The member that a path of names and indexes leads to ("recipients/0/status"); NULL: none. */
json_t *at(const json_t *json, const char *path);
const char *text_at(const json_t *json, const char *path); /* "" where it is no text */
json_int_t number_at(const json_t *json, const char *path); /* -1 where it is no number */

/* Fails the test where the answer is not this problem. */
void expect_problem(const struct answer *a, int status, const char *code);

struct user {
    const char *email, *key, *id;
};
struct user user_new(const char *tier); /* "unlimited" has no rate limit */
void notifyctl(const char *const words[]); /* fails the test where it fails */

/* Sends, and returns the id; a text that the logs can be searched for is its content. */
const char *send_to(const struct user *u, const char *platform, const char *address);
/* more: further members, as in "\"priority\":\"low\"", or "". */
const char *send_with(const struct user *u, const char *platform, const char *address,
                      const char *more);
/* sms to n numbers that follow each other; the first is `first`. */
const char *send_range(const struct user *u, long long first, int n, const char *more);
const char *send_body(const struct user *u, const char *body);
const char *sms_body(const char *number); /* a body for one */

/* A series of the metrics at URL/metrics, as a whole number; 0 where it is not there. */
int64_t metric(const char *url, const char *series);
#endif
