#ifndef COMMON_DB_GROUND_H
#define COMMON_DB_GROUND_H
#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
/*
 * ground - the role and the database that everything else stands on, as somebody sees and makes them
 * who may: the connection is a superuser's, to any database of the cluster.
 */
struct ground {
    bool role_exists, role_logs_in;
    bool database_exists;
    const char *owner, *encoding; /* of the database; NULL where it does not exist */
};
enum status ground_look(struct db *db, const char *role, const char *database, struct arena *mem,
                        struct ground *out, struct error *err);

/* A role that may log in and nothing else.  password: "" for none. */
enum status ground_make_role(struct db *db, const char *role, const char *password,
                             struct arena *mem, struct error *err);
/* In UTF8, from template0, so that nothing of a changed template1 comes along. */
enum status ground_make_database(struct db *db, const char *database, const char *owner,
                                 struct arena *mem, struct error *err);
#endif
