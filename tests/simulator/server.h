#ifndef SIMULATOR_SERVER_H
#define SIMULATOR_SERVER_H
#include <stdint.h>

#include "common/base/error.h"
#include "tests/simulator/callbacks.h"
#include "tests/simulator/oracle.h"
#include "tests/simulator/settings.h"
/*
 * server - the HTTP side: receives requests, has them served, logs them, and only then answers.
 */
struct server;
enum status server_open(struct server **out, const struct settings *s, struct oracle *o,
                        struct callbacks *c, struct error *err);
uint16_t server_port(const struct server *s);
void server_close(struct server *s); /* before callbacks_close() */
#endif
