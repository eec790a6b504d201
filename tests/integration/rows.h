#ifndef TESTS_INTEGRATION_ROWS_H
#define TESTS_INTEGRATION_ROWS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/integration/client.h"
/*
 * rows - the requests of the tables in tests/bad-input: read, their placeholders filled in, and sent through
 * the web server or straight to a responder's socket.  What a row may hold stands in make.py there.
 */
const char *rows_folder(void);
json_t *rows_read(const char *name); /* an array; "cursors" is cursors.jsonl */

struct bytes {
    const char *data; /* NULL: no body at all */
    size_t len;
};

/* A request as it goes out. */
struct outgoing {
    const char *method, *target;
    const char *key;      /* NULL: none */
    const json_t *headers; /* an object of texts with placeholders, or NULL */
    struct bytes body;
    int64_t now_ms; /* what {time:MS} counts from */
};
struct outgoing row_request(const json_t *row);
struct answer row_send(const struct outgoing *r);        /* through the web server */
struct answer row_send_direct(const struct outgoing *r); /* to a responder */

/* Who and what the placeholders name; made when first asked for, and kept for the test. */
const char *cast_key(const char *who);
const char *cast_id(const char *name);
const char *cast_cursor(const char *list);
#endif
