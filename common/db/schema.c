/* schema - the folder of numbered migrations, and the database's account of them. */
#include "common/db/schema.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/scoped.h"

SCOPED_RELEASE(FILE, fclose)
SCOPED_RELEASE(DIR, closedir)

#define VERSION_MOST 9999
#define FILE_BYTES_MOST (1u << 20)
#define LOCK_WAIT_MS 60000
#define LOCK_POLL_MS 100

/* Any two numbers that nothing else in the database uses; advisory locks are per database. */
#define MIGRATION_LOCK "7308604897068083041"
#define CREATION_LOCK "7308604897068083042"

static const struct statement lock = {
    "schema_lock", "SELECT pg_try_advisory_lock(" MIGRATION_LOCK ")", 0
};
static const struct statement unlock = {
    "schema_unlock", "SELECT pg_advisory_unlock(" MIGRATION_LOCK ")", 0
};
static const struct statement exists = {
    "schema_exists", "SELECT to_regclass('schema_migrations') IS NOT NULL", 0
};
static const struct statement applied = {
    "schema_applied",
    "SELECT version, name,"
    " to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    " FROM schema_migrations ORDER BY version", 0
};
static const struct statement record = {
    "schema_record",
    "INSERT INTO schema_migrations (version, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", 2
};
static const struct statement forget = {
    "schema_forget", "DELETE FROM schema_migrations WHERE version = $1 AND name = $2", 2
};

/*
 * One text is one transaction, so the lock lasts until the table is there: two sessions that create
 * it at once would meet in the catalogue, where IF NOT EXISTS does not help.
 */
static const char create_table[] =
    "SELECT pg_advisory_xact_lock(" CREATION_LOCK ");"
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version integer PRIMARY KEY,"
    " name text NOT NULL,"
    " applied_at timestamptz(3) NOT NULL DEFAULT now())";

/* ---- the folder ---- */

struct folder {
    const char *dir;
    struct arena *mem;
    struct migration found[VERSION_MOST + 1]; /* by version; [0] stays empty */
    int highest;
};

/* "0001_users.up.sql": four digits, a name of [a-z0-9_], the direction. */
static bool split_name(struct folder *f, const char *file, int *version, const char **name,
                       bool *up)
{
    size_t digits = strspn(file, "0123456789");
    const char *rest = file + digits + 1;
    size_t len;

    if (digits != 4 || file[digits] != '_')
        return false;
    len = strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789_");
    *up = strcmp(rest + len, ".up.sql") == 0;
    *version = atoi(file);
    *name = arena_strndup(f->mem, rest, len);
    return len > 0 && *version > 0 && (*up || strcmp(rest + len, ".down.sql") == 0);
}

static enum status add_file(struct folder *f, const char *file, struct error *err)
{
    const char *path = arena_printf(f->mem, "%s/%s", f->dir, file);
    struct migration *m;
    const char *name;
    int version;
    bool up;

    if (!split_name(f, file, &version, &name, &up))
        return error_set(err, ST_INVALID,
                         "%s: not of the form NNNN_name.up.sql or NNNN_name.down.sql", path);
    m = &f->found[version];
    if (m->name != NULL && strcmp(m->name, name) != 0)
        return error_set(err, ST_INVALID, "%s: number %04d is also that of %s", path, version,
                         m->name);
    m->version = version;
    m->name = name;
    if (up)
        m->up_path = path;
    else
        m->down_path = path;
    if (version > f->highest)
        f->highest = version;
    return ST_OK;
}

static enum status check_folder(const struct folder *f, struct error *err)
{
    if (f->highest == 0)
        return error_set(err, ST_INVALID, "%s: no migrations there", f->dir);
    for (int v = 1; v <= f->highest; v++) {
        const struct migration *m = &f->found[v];

        if (m->name == NULL)
            return error_set(err, ST_INVALID, "%s: migration %04d is missing", f->dir, v);
        if (m->up_path == NULL || m->down_path == NULL)
            return error_set(err, ST_INVALID, "%s: %04d_%s.%s.sql is missing", f->dir, v, m->name,
                             m->up_path == NULL ? "up" : "down");
    }
    return ST_OK;
}

/* Only *.sql is looked at: editors and build lists leave other files beside them. */
static enum status read_folder(struct folder *f, struct error *err)
{
    SCOPED(DIR) dir = opendir(f->dir);
    const struct dirent *entry;

    if (dir == NULL)
        return error_set(err, ST_INVALID, "%s: %s", f->dir, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        bool is_sql = dot != NULL && strcmp(dot, ".sql") == 0 && entry->d_name[0] != '.';

        if (is_sql && add_file(f, entry->d_name, err) != ST_OK)
            return ST_INVALID;
    }
    return check_folder(f, err);
}

/* ---- what the database says ---- */

enum status schema_is_begun(struct db *db, struct arena *mem, bool *out, struct error *err)
{
    struct rows there;
    enum status s = db_query(db, &exists, NULL, mem, &there, err);

    if (s == ST_OK)
        *out = row_bool(&there, 0, 0);
    return s;
}

static enum status make_table(struct db *db, struct arena *mem, struct error *err)
{
    bool begun;
    enum status s = schema_is_begun(db, mem, &begun, err);

    if (s != ST_OK || begun)
        return s;
    return db_script(db, create_table, err);
}

static enum status mark_applied(struct folder *f, const struct rows *rows, struct error *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        int64_t version = row_int(rows, i, 0);
        const char *name = row_text(rows, i, 1);
        bool known = version > 0 && version <= f->highest;

        if (!known || strcmp(f->found[version].name, name) != 0)
            return error_set(err, ST_INVALID,
                             "the database has migration %04lld_%s, which is not in %s",
                             (long long)version, name, f->dir);
        f->found[version].applied_at = row_text(rows, i, 2);
    }
    return ST_OK;
}

enum status schema_status(struct db *db, const char *dir, struct arena *mem, struct migration **out,
                          size_t *count, struct error *err)
{
    struct folder *f = ARENA_NEW(mem, struct folder);
    struct rows rows;
    enum status s;

    f->dir = dir;
    f->mem = mem;
    s = read_folder(f, err);
    if (s == ST_OK)
        s = make_table(db, mem, err);
    if (s == ST_OK)
        s = db_query(db, &applied, NULL, mem, &rows, err);
    if (s == ST_OK)
        s = mark_applied(f, &rows, err);
    if (s != ST_OK)
        return s;
    *out = &f->found[1];
    *count = (size_t)f->highest;
    return ST_OK;
}

/* ---- steps ---- */

static enum status read_script(const char *path, struct buf *out, struct error *err)
{
    SCOPED(FILE) file = fopen(path, "re");
    char chunk[8192];
    size_t n;

    if (file == NULL)
        return error_set(err, ST_INVALID, "%s: %s", path, strerror(errno));
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0 && !buf_overflowed(out))
        buf_add(out, chunk, n);
    if (ferror(file))
        return error_set(err, ST_INVALID, "%s: cannot be read", path);
    if (buf_overflowed(out))
        return error_set(err, ST_INVALID, "%s: longer than %u bytes", path, FILE_BYTES_MOST);
    if (strlen(buf_str(out)) != out->len) /* the rest would be left out in silence */
        return error_set(err, ST_INVALID, "%s: holds a NUL byte", path);
    return ST_OK;
}

/*
 * The row goes first: should the lock be lost with its connection, a second migrator waits at the
 * row until the first has committed, and then stops.
 */
static enum status step_inside(struct db *db, const struct migration *m, bool up, const char *sql,
                               struct error *err)
{
    char version[16];
    const char *args[] = { version, m->name };
    size_t touched;
    enum status s;

    snprintf(version, sizeof version, "%d", m->version);
    s = db_exec(db, up ? &record : &forget, args, &touched, err);
    if (s == ST_OK && touched == 0)
        return error_set(err, ST_CONFLICT, "someone else has done it meanwhile");
    return s == ST_OK ? db_script(db, sql, err) : s;
}

static enum status step(struct db *db, const struct migration *m, bool up, struct error *err)
{
    struct buf sql = BUF_INIT(FILE_BYTES_MOST);
    enum status s = read_script(up ? m->up_path : m->down_path, &sql, err);

    if (s == ST_OK)
        s = db_begin(db, err);
    if (s == ST_OK) {
        s = step_inside(db, m, up, buf_str(&sql), err);
        if (s == ST_OK)
            s = db_commit(db, err);
        else
            db_rollback(db);
    }
    buf_free(&sql);
    return s == ST_OK ? ST_OK : error_prefix(err, "migration %04d_%s %s", m->version, m->name,
                                             up ? "up" : "down");
}

/* Of the session, so it lasts over the transactions of the steps, and goes with the connection. */
static enum status take_lock(struct db *db, struct arena *mem, struct error *err)
{
    int64_t deadline = clock_mono_ms() + LOCK_WAIT_MS;

    for (;;) {
        struct rows got;
        enum status s = db_query(db, &lock, NULL, mem, &got, err);

        if (s != ST_OK || row_bool(&got, 0, 0))
            return s;
        if (clock_mono_ms() >= deadline)
            return error_set(err, ST_UNAVAILABLE, "another migration has been under way for %d s",
                             LOCK_WAIT_MS / 1000);
        clock_sleep_ms(LOCK_POLL_MS);
    }
}

/* Steps are counted down; -1 never reaches 0. */
static enum status walk(struct db *db, const char *dir, bool up, int steps, struct arena *mem,
                        schema_report *report, void *arg, struct error *err)
{
    struct migration *all;
    size_t count = 0;
    enum status s = schema_status(db, dir, mem, &all, &count, err);

    for (size_t i = 0; s == ST_OK && i < count && steps != 0; i++) {
        const struct migration *m = &all[up ? i : count - 1 - i];

        if ((m->applied_at != NULL) == up)
            continue;
        s = step(db, m, up, err);
        if (s == ST_OK && report != NULL)
            report(arg, m, up);
        steps--;
    }
    return s;
}

static enum status locked_walk(struct db *db, const char *dir, bool up, int steps,
                               struct arena *mem, schema_report *report, void *arg,
                               struct error *err)
{
    enum status s = take_lock(db, mem, err);
    struct rows released;

    if (s != ST_OK)
        return s;
    s = walk(db, dir, up, steps, mem, report, arg, err);
    /* A lock that cannot be given back is gone already, with its connection. */
    if (db_is_connected(db))
        (void)db_query(db, &unlock, NULL, mem, &released, NULL);
    return s;
}

enum status schema_up(struct db *db, const char *dir, struct arena *mem, schema_report *report,
                      void *arg, struct error *err)
{
    return locked_walk(db, dir, true, -1, mem, report, arg, err);
}

enum status schema_down(struct db *db, const char *dir, int steps, struct arena *mem,
                        schema_report *report, void *arg, struct error *err)
{
    return locked_walk(db, dir, false, steps, mem, report, arg, err);
}
