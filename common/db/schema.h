#ifndef COMMON_DB_SCHEMA_H
#define COMMON_DB_SCHEMA_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
/*
 * schema - numbered migrations, each applied in a transaction of its own under one advisory lock and
 * recorded in schema_migrations (version integer primary key, name text, applied_at).
 */
struct migration {
    int version;
    const char *name;       /* "users" of 0001_users.up.sql */
    const char *up_path, *down_path;
    const char *applied_at; /* NULL: not yet */
};

/* Has the database's account of migrations ever been begun?  Looks only; schema_status() begins it. */
enum status schema_is_begun(struct db *db, struct arena *mem, bool *out, struct error *err);

/*
 * All migrations of a folder in order, with what the database says of each.  ST_INVALID: a file name
 * that does not fit, a number twice or missing, an up without its down; or the database knows a
 * migration that the folder does not have.
 */
enum status schema_status(struct db *db, const char *dir, struct arena *mem, struct migration **out,
                          size_t *count, struct error *err);

/* report is called after each step (NULL: not).  Stops at the first failure; what came before stays. */
typedef void schema_report(void *arg, const struct migration *m, bool up);
enum status schema_up(struct db *db, const char *dir, struct arena *mem, schema_report *report,
                      void *arg, struct error *err);
/* steps: how many to take back; -1 for all. */
enum status schema_down(struct db *db, const char *dir, int steps, struct arena *mem,
                        schema_report *report, void *arg, struct error *err);
#endif
