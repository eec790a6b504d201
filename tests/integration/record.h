#ifndef TESTS_INTEGRATION_RECORD_H
#define TESTS_INTEGRATION_RECORD_H
#include <stddef.h>

#include "tests/integration/client.h"
/*
 * record - what the tests ask the API and are answered, written down for tests/openapi/answers.py.
 *
 * Each exchange is appended to the file that NOTIFY_TEST_EXCHANGES names, a JSON object a line, by
 * one write of its own: the processes of a test share the file.  Without that variable nothing is
 * written.  Asserts nothing, so it is also for processes that a test forks.
 */
struct asked {
    const char *method, *target; /* NULL: what went out is no request with a name */
    const char *type, *body;     /* NULL: none */
    size_t body_len;
};
void record_exchange(const struct asked *q, const struct answer *a);
#endif
