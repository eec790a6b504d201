#ifndef WORKERD_POOL_H
#define WORKERD_POOL_H
#include "common/config/config.h"
#include "workerd/providers.h"
/*
 * pool - the threads of workerd: one loop each, and the scheduler among them.
 */
struct pool;
struct pool_shared;

struct pool *pool_start(const struct config *config, const struct providers *providers);
/*
 * Takes no new work, finishes and records what is in flight within [worker] drain_seconds, then
 * returns.  tick is called a few times a second meanwhile.
 */
void pool_stop(struct pool *p, void (*tick)(void));

const struct pool_shared *pool_shared(const struct pool *p); /* good until pool_stop */
#endif
