#ifndef TESTS_INTEGRATION_ENGINE_H
#define TESTS_INTEGRATION_ENGINE_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/json.h"
/*
 * engine - what tests of delivery look at: calls in their order, breakers, queues.
 */

/* Nothing waits any more and every breaker is closed, whatever a test has left. */
void engine_rest(void);
/* n workers of the test's own in the place of the stack's, with these settings more. */
void workers(int n, const char *const env[]);
void workers_end(void); /* by kill -9 */

/* ---- the calls that reached the simulator ---- */

struct call {
    int64_t at_ms;
    char recipient_id[48];
};
struct calls {
    struct call *list; /* as they came */
    int n;
};
struct calls calls_of(const char *message_id); /* "": all since the stack began */
struct calls calls_to(const char *address);
/* The most calls that began within any one second. */
int calls_most_a_second(const struct calls *c);
/* Of the first `upto` calls (-1: all), how many were for this message. */
int calls_for(const struct calls *c, const char *message_id, int upto);
/* The place of the first call for this message; -1: none. */
int calls_first(const struct calls *c, const char *message_id);
/* How many others were called between its acceptance and its own first call. */
int overtaken_by(const char *message_id);

/* ---- the timeline ---- */

int64_t events_of(const char *message_id, const char *event); /* how many */
/* "provider status/provider status": the attempts at recipient 0, in order. */
const char *attempts_of(const char *message_id);
int64_t attempts_counted(const char *message_id); /* of all recipients */

/* ---- breakers in Redis ---- */

const char *redis(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* its answer */
/* Opens the provider's breaker for so long, as another worker would tell it. */
void breaker_set_open(const char *provider, int64_t ms);
void breaker_forget(const char *provider); /* and waits until the workers know */
bool breaker_is_open(const char *provider);
int breaker_openings(const char *provider); /* in a row; 0: closed */

/* ---- queues ---- */

int queue_depth(int lane); /* ready; -1: the broker does not answer */
int queue_held(int lane);  /* handed out and not acknowledged */
#endif
