#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/db/server.h"
#include "common/transport/transport.h"
#include "ctl/ctl.h"
/*
 * doctor - the checks of `notifyctl doctor`: what each is given, and how it tells what it found.
 *
 * The checks of a group run one after the other in a thread of their own, so that no neighbour that
 * hangs keeps the others from being looked at.  A group has memory and connections of its own.
 */
enum found { FOUND_OK, FOUND_WARN, FOUND_FAIL };

struct finding {
    const struct check *check;
    const char *subject; /* which provider, which queue; NULL: there is only one */
    enum found found;
    const char *words, *remedy; /* remedy: NULL where all is well */
};

struct doctor {
    const struct config *config;
    struct arena mem;
    const struct check *check; /* the one that runs */
    const char *subject;       /* what it speaks of now; NULL: itself */
    struct finding *list;
    size_t n;
    bool away; /* the neighbour does not answer: nothing more of the group is asked */

    /* of the group that needs it */
    struct db *db;
    struct server_facts server;
    struct cache *cache;
    struct broker *broker;
};

/* A row of the table: a kind of check.  It tells one thing or more, or nothing where none is there. */
struct check {
    const char *group, *name, *what;
    void (*run)(struct doctor *d);
};
extern const struct check checks[]; /* rows of a group stand together; the first opens what they need */
extern const size_t n_checks;

void doctor_ok(struct doctor *d, const char *words, ...) __attribute__((format(printf, 2, 3)));
/* remedy: what to do about it, a sentence. */
void doctor_warn(struct doctor *d, const char *remedy, const char *words, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_fail(struct doctor *d, const char *remedy, const char *words, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the checks ---- */

/* ctl/doctor_config.c */
void check_config_file(struct doctor *d);
void check_config_platforms(struct doctor *d);
void check_config_callbacks(struct doctor *d);
void check_machine_clock(struct doctor *d);
/* ctl/doctor_database.c */
void check_db_server(struct doctor *d);
void check_db_schema(struct doctor *d);
void check_db_durability(struct doctor *d);
void check_db_encoding(struct doctor *d);
void check_db_connections(struct doctor *d);
void check_db_wraparound(struct doctor *d);
void check_db_clock(struct doctor *d);
void check_db_backlog(struct doctor *d);
/* ctl/doctor_redis.c */
void check_redis_server(struct doctor *d);
void check_redis_memory(struct doctor *d);
void check_redis_breakers(struct doctor *d);
/* ctl/doctor_broker.c */
void check_broker_server(struct doctor *d);
void check_broker_topology(struct doctor *d);
void check_broker_consumers(struct doctor *d);
void check_broker_dead(struct doctor *d);
void check_broker_alarm(struct doctor *d);
/* ctl/doctor_calls.c */
void check_credentials(struct doctor *d);
void check_public_url(struct doctor *d);
void check_worker(struct doctor *d);
#endif
