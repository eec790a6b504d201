#ifndef TESTS_INTEGRATION_OPERATOR_H
#define TESTS_INTEGRATION_OPERATOR_H
#include "tests/integration/client.h"
#include "tests/integration/program.h"
#include "tests/integration/stack.h"
/*
 * operator - notifyctl, run against the stack as a person on call would.
 */
struct outcome operator_run(const char *const words[]);

/* What it prints with --json; its status must be this one. */
json_t *operator_document(int status, const char *const words[]);
#define DOCUMENT(status, ...) operator_document(status, HEADERS(__VA_ARGS__))

/* What a people's answer says somewhere, with its status. */
void operator_expect(int status, const char *wanted, const char *const words[]);
#define EXPECT(status, wanted, ...) operator_expect(status, wanted, HEADERS(__VA_ARGS__))

/* A member of a message that is not to leave. */
const char *tomorrow(void);
#endif
