#ifndef COMMON_DB_USERS_H
#define COMMON_DB_USERS_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
/*
 * users - the table of accounts.  Rows live in the arena.
 */
struct user {
    const char *id, *email, *role, *tier, *created_at;
    bool active;
    long keys; /* not revoked */
};

/* ST_CONFLICT: the address is taken (compared without case).  role: "user" or "admin". */
enum status users_add(struct db *db, const char *id, const char *email, const char *role,
                      const char *tier, struct error *err);
enum status users_find(struct db *db, const char *email, struct arena *mem, struct user *out,
                       struct error *err); /* ST_NOT_FOUND */
enum status users_find_by_id(struct db *db, const char *id, struct arena *mem, struct user *out,
                             struct error *err); /* ST_NOT_FOUND */
enum status users_list(struct db *db, struct arena *mem, struct user **out, size_t *count,
                       struct error *err); /* oldest first */
enum status users_set_active(struct db *db, const char *email, bool active,
                             struct error *err); /* ST_NOT_FOUND */
#endif
