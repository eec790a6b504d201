#ifndef WORKERD_STATUS_H
#define WORKERD_STATUS_H
#include "common/base/error.h"
#include "workerd/loop.h"
/*
 * status - what workerd tells of itself over HTTP, on [worker] metrics_listen: /health, the process
 * is up; /ready, its threads reach Postgres (503 where not) and the broker;
 * /metrics, in the Prometheus text format, version 0.0.4.
 *
 * libmicrohttpd serves it from a thread of its own.
 */
struct status_server;

/* address: HOST:PORT; "" serves nothing.  ST_INVALID: it cannot be opened. */
enum status status_start(struct status_server **out, const char *address,
                         const struct pool_shared *shared, struct error *err);
void status_stop(struct status_server *s); /* NULL is fine */
#endif
