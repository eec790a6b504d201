#ifndef COMMON_DB_DB_H
#define COMMON_DB_DB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/db/array.h"
/*
 * db - one connection to Postgres that comes back by itself.
 *
 * A call on a lost connection makes it anew, with back-off: while the next try is not due it says
 * ST_UNAVAILABLE at once.  Every call has a time limit; one that passes it drops the connection.
 * Statements are prepared on first use, in each connection.  One thread.
 *
 * What a failure means: ST_UNAVAILABLE, nothing happened (not connected, a deadlock, too many
 * connections, disk full); ST_UNCERTAIN, the connection broke after the statement left, and a
 * write may have happened; ST_CONFLICT, a constraint refused it; ST_INVALID, a value was refused;
 * ST_BUG, everything else.  The words never hold values of the statement.
 */
struct db;

struct db_options {
    const char *application; /* shown in pg_stat_activity */
    bool async_commit;       /* commits do not wait for the disk: for marks that may be lost */
    bool by_key;             /* statements find a few rows each: no plan reads a whole table for it, however it grows */
    int timeout_ms;          /* of one call; 0: 30 s */
};

struct db *db_new(const struct config_database *config, const struct db_options *options);
void db_free(struct db *db);

/* Connects now if need be. */
enum status db_connect(struct db *db, struct error *err);
bool db_is_connected(const struct db *db);
const char *db_why_away(const struct db *db); /* why the last try to connect failed, without settings; "": none has */

/* A statement with a name of its own; `sql` has $1, $2, ... for its parameters. */
struct statement {
    const char *name, *sql;
    int n_params;
};

/* Rows as text, in the arena; a NULL cell is SQL's NULL. */
struct rows {
    size_t count;
    int cols;
    const char **cells;
};
static inline const char *row_text(const struct rows *r, size_t row, int col)
{
    return r->cells[row * (size_t)r->cols + (size_t)col];
}
int64_t row_int(const struct rows *r, size_t row, int col); /* 0 for NULL */
bool row_bool(const struct rows *r, size_t row, int col);

/* args: n_params texts, NULL is SQL's NULL.  touched: rows written or returned; may be NULL. */
enum status db_exec(struct db *db, const struct statement *st, const char *const args[],
                    size_t *touched, struct error *err);
enum status db_query(struct db *db, const struct statement *st, const char *const args[],
                     struct arena *mem, struct rows *out, struct error *err);

/*
 * Of a statement whose first n parameters are arrays, with `more` for those after them.  The arrays
 * are ended here, and stay the caller's.
 */
enum status db_exec_arrays(struct db *db, const struct statement *st, struct array col[], int n,
                           const char *const more[], size_t *touched, struct error *err);
enum status db_query_arrays(struct db *db, const struct statement *st, struct array col[], int n,
                            const char *const more[], struct arena *mem, struct rows *out,
                            struct error *err);

/* db_rollback leaves the connection usable whatever happened before it. */
enum status db_begin(struct db *db, struct error *err);
enum status db_commit(struct db *db, struct error *err);
void db_rollback(struct db *db);

/* What the server keeps of a role's password (SCRAM-SHA-256), so that no log of it gets the password. */
enum status db_password_digest(struct db *db, const char *role, const char *password,
                               struct arena *mem, const char **out, struct error *err);

/* Several statements in one text, without parameters: migrations. */
enum status db_script(struct db *db, const char *sql, struct error *err);
#endif
