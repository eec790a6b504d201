#ifndef WORKERD_POOL_H
#define WORKERD_POOL_H
#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
#include "workerd/providers.h"
/*
 * pool - the threads of workerd: one loop each, and the scheduler among them.
 */
struct pool;
struct pool_shared;

/* The configuration is borrowed, the providers are taken. */
struct pool *pool_start(const struct config *config, struct providers *providers);

/* Each thread goes by these from its next turn on. */
void pool_follow(struct pool *p, const struct config *config, struct providers *providers);
bool pool_has_moved(const struct pool *p, int64_t within_ms); /* each of its threads */

/*
 * Takes no new work, finishes and records what is in flight within [worker] drain_seconds, then
 * returns.  tick is called a few times a second meanwhile.
 */
void pool_stop(struct pool *p, void (*tick)(void));

const struct pool_shared *pool_shared(const struct pool *p); /* good until pool_stop */
#endif
