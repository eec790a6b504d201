#ifndef COMMON_DB_SERVER_H
#define COMMON_DB_SERVER_H
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
/*
 * server - what the Postgres behind a connection says of itself.
 */
struct server_facts {
    int version;                   /* 150004 */
    const char *version_text;      /* "15.4" */
    const char *encoding;          /* of our database */
    const char *fsync, *full_page_writes, *checksums;
    const char *synchronous_commit; /* of this session, which asks for "on" as the programs do */
    int connections_most;          /* for us: without those that are kept for others */
    int connections_used;          /* by all clients */
    int64_t oldest_xid_age;        /* of our database */
    int64_t xid_age_most;          /* at which Postgres itself begins to clean, whatever it costs */
    int64_t clock_ms;              /* its wall clock, while it answered */
};
enum status server_look(struct db *db, struct arena *mem, struct server_facts *out, struct error *err);
#endif
