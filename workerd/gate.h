#ifndef WORKERD_GATE_H
#define WORKERD_GATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config/config.h"
#include "common/model/platform.h"
#include "workerd/adapters/adapter.h"
#include "workerd/breaker.h"
#include "workerd/providers.h"
#include "workerd/retry.h"
/*
 * gate - which calls may begin now, and by which provider: breakers, rates, fail-over.
 *
 * A platform's first provider whose breaker is closed serves it.  What a rate holds back, or what
 * would have to wait for one of a provider's connections, is not claimed at all, so it holds neither
 * a slot nor an attempt; only what can't be known before the claim (a recipient's own pace, a
 * recipient that has failed over) is let go after it.
 *
 * Breakers and pauses are shared by the threads of the process (struct gate_shared) and, through
 * Redis, by all workers; rates too.  Without Redis each process has its own.
 */
struct gate_shared;
struct gate;

struct gate_shared *gate_shared_new(const struct config *config, const struct providers *providers);
void gate_shared_free(struct gate_shared *s);

/* How many calls to a provider this thread could let leave at once; SIZE_MAX: any number. */
typedef size_t gate_room(void *arg, const struct open_provider *provider);

/* One thread's.  It owns a connection to Redis.  room NULL: there is always room. */
struct gate *gate_new(struct gate_shared *shared, gate_room *room, void *arg);
void gate_free(struct gate *g);
/* From the next turn on by other rates, and by providers that were opened with other keys. */
void gate_follow(struct gate *g, const struct config *config, const struct providers *providers);

/* Once a turn, before gate_permits: learns now and then what other processes know. */
void gate_look(struct gate *g);

/*
 * How many calls each platform may begin now, at most want[]; platforms that share a provider share
 * what it may be asked.
 */
void gate_permits(struct gate *g, const size_t want[PF_COUNT], size_t permits[PF_COUNT]);
/* Whether all that a platform was permitted in this turn is the probe of a half-open breaker. */
bool gate_only_probes(const struct gate *g, enum platform platform);
/* When gate_permits may say more than it did in this turn (monotonic); INT64_MAX: it said all. */
int64_t gate_next_ms(const struct gate *g);

struct gate_choice {
    const struct open_provider *provider; /* NULL: none now */
    int place;                            /* its place in the platform's list */
    enum others others;                   /* behind it there */
    const char *why;                      /* none: "breaker_open", "rate_limited", "busy",
                                             "no_provider" */
    int64_t wait_ms;                      /* none: come again after this */
};
/* For a claimed recipient; place: where in the list to begin.  Uses a permit up. */
struct gate_choice gate_choose(struct gate *g, enum platform platform, int place,
                               const char *address);

/* How a call ended, for the provider's breaker and pause.  repeated: its recipient has failed there before. */
void gate_report(struct gate *g, const struct open_provider *provider, enum transfer_kind kind,
                 bool repeated, const struct reply *reply, const struct verdict *verdict);

/* The breaker of a provider, by its place in config->providers, as this process sees it.  Any thread. */
enum breaker_state gate_breaker_state(struct gate_shared *s, size_t provider);
#endif
