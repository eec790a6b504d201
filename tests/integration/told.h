#ifndef TESTS_INTEGRATION_TOLD_H
#define TESTS_INTEGRATION_TOLD_H
#include "tests/integration/client.h"
#include "tests/integration/program.h"
/*
 * told - notifyctl on the configuration of the stack.
 */
/* words, env: NULL at the end; env may be NULL. */
struct outcome told(const char *const words[], const char *const env[]);
/* A document, whatever the status: that must be this one. */
json_t *told_document(int status, const char *const words[], const char *const env[]);
#endif
