/* init_database - the role and the database, made by a process that is somebody who may. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/db/ground.h"
#include "ctl/init.h"

#define SUPERUSER "postgres" /* the account of the server, and its first role */
#define CALL_MS 120000       /* copying template0 waits for the disk */

/* What the process tells: it fits into a pipe, in one piece. */
struct account_given {
    enum status s;
    struct error err;
    const char *at; /* the step that failed; a literal, so it means the same in both processes */
    bool role_made, database_made;
    bool role_exists, role_logs_in, database_exists; /* before */
    char owner[64], encoding[32];
};

struct wanted {
    const char *role, *database, *password;
};

/* ---- in the process ---- */

static enum status become_superuser(struct error *err)
{
    const struct passwd *who = getpwnam(SUPERUSER);

    if (who == NULL)
        return error_set(err, ST_NOT_FOUND, "there is no account %s on this machine", SUPERUSER);
    if (initgroups(SUPERUSER, who->pw_gid) != 0 || setgid(who->pw_gid) != 0 || setuid(who->pw_uid) != 0)
        return error_set(err, ST_DENIED, "cannot become %s: %s", SUPERUSER, strerror(errno));
    setenv("HOME", who->pw_dir, 1); /* where libpq looks for .pgpass and certificates */
    if (chdir("/") != 0)
        return error_set(err, ST_DENIED, "cannot go to /: %s", strerror(errno));
    return ST_OK;
}

static struct config_database superusers(const struct init *in)
{
    const struct config_database *c = &in->ctl->config.database;

    if (in->admin_url != NULL)
        return (struct config_database){ "", "", "", "", "", "", .url = in->admin_url };
    return (struct config_database){ .host = c->host[0] == '/' ? c->host : "", .port = c->port,
                                     .name = "postgres", .user = SUPERUSER, .password = "",
                                     .sslmode = "", .url = "" };
}

static enum status look(struct db *db, const struct wanted *w, struct arena *mem,
                        struct account_given *out, struct error *err)
{
    struct ground g;
    enum status s = ground_look(db, w->role, w->database, mem, &g, err);

    if (s != ST_OK)
        return s;
    out->role_exists = g.role_exists;
    out->role_logs_in = g.role_logs_in;
    out->database_exists = g.database_exists;
    snprintf(out->owner, sizeof out->owner, "%s", g.database_exists ? g.owner : "");
    snprintf(out->encoding, sizeof out->encoding, "%s", g.database_exists ? g.encoding : "");
    return ST_OK;
}

static enum status work(struct db *db, const struct wanted *w, bool dry_run, struct arena *mem,
                        struct account_given *out, struct error *err)
{
    enum status s;

    out->at = "role";
    s = look(db, w, mem, out, err);
    if (s != ST_OK || dry_run)
        return s;
    if (!out->role_exists)
        s = ground_make_role(db, w->role, w->password, mem, err);
    if (s != ST_OK)
        return s;
    out->role_made = !out->role_exists;
    out->at = "database";
    if (!out->database_exists)
        s = ground_make_database(db, w->database, w->role, mem, err);
    out->database_made = s == ST_OK && !out->database_exists;
    return s;
}

static void act(const struct init *in, const struct wanted *w, struct account_given *out)
{
    struct config_database config = superusers(in);
    struct arena mem = ARENA_INIT;
    struct db *db;

    out->at = "role";
    if (in->is_root && in->admin_url == NULL)
        out->s = become_superuser(&out->err);
    if (out->s == ST_OK) {
        db = db_new(&config, &(struct db_options){ .application = "notifyctl init", .timeout_ms = CALL_MS });
        out->s = db_connect(db, &out->err);
        if (out->s == ST_OK)
            out->s = work(db, w, in->dry_run, &mem, out, &out->err);
        db_free(db);
    }
    arena_done(&mem);
}

/* ---- around it ---- */

static bool read_all(int fd, void *out, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = read(fd, (char *)out + got, len - got);

        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        got += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* A change of user is for good, and the rest is root's: so a process of its own does it. */
static enum status ask(const struct init *in, const struct wanted *w, struct account_given *out, struct error *err)
{
    int ends[2];
    bool whole;
    pid_t pid;

    memset(out, 0, sizeof *out);
    if (pipe(ends) != 0 || (pid = fork()) < 0)
        return error_set(err, ST_UNAVAILABLE, "cannot start a process: %s", strerror(errno));
    if (pid == 0) {
        close(ends[0]);
        act(in, w, out);
        _exit(write(ends[1], out, sizeof *out) == (ssize_t)sizeof *out ? 0 : 1);
    }
    close(ends[1]);
    whole = read_all(ends[0], out, sizeof *out);
    close(ends[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (!whole) {
        memset(out, 0, sizeof *out);
        out->at = "role";
        return error_set(err, ST_UNCERTAIN, "the process that makes role and database ended before it was done");
    }
    return out->s == ST_OK ? ST_OK : error_set(err, out->s, "%s", out->err.text);
}

/* ---- telling ---- */

static void tell_role(struct init *in, const struct wanted *w, const struct account_given *g)
{
    if (!g->role_exists)
        init_tell(in, "role", INIT_MADE_OR_WOULD(in), NULL, "%s", w->role);
    else if (g->role_logs_in)
        init_tell(in, "role", INIT_THERE, NULL, "%s", w->role);
    else
        init_tell(in, "role", INIT_LOOK,
                  arena_printf(&in->ctl->mem, "Let it: ALTER ROLE \"%s\" LOGIN, as a superuser of Postgres.", w->role),
                  "%s is there, and may not log in", w->role);
}

static void tell_database(struct init *in, const struct wanted *w, const struct account_given *g)
{
    struct arena *mem = &in->ctl->mem;

    if (!g->database_exists)
        init_tell(in, "database", INIT_MADE_OR_WOULD(in), NULL, "%s, owned by %s, UTF8", w->database, w->role);
    else if (strcmp(g->encoding, "UTF8") != 0)
        init_tell(in, "database", INIT_LOOK,
                  "Its encoding cannot be changed: drop it, if nothing is in it, and run this again.",
                  "%s is there, and its encoding is %s", w->database, g->encoding);
    else if (strcmp(g->owner, w->role) != 0)
        init_tell(in, "database", INIT_LOOK,
                  arena_printf(mem, "If it is meant for this: ALTER DATABASE \"%s\" OWNER TO \"%s\", as a superuser"
                                    " of Postgres.", w->database, w->role),
                  "%s is there, and belongs to %s", w->database, g->owner);
    else
        init_tell(in, "database", INIT_THERE, NULL, "%s, owned by %s, UTF8", w->database, w->role);
}

static const char *remedy(const struct init *in)
{
    if (in->admin_url != NULL)
        return "See that --database-admin names a role that may make roles and databases, and that it may connect.";
    return "Start Postgres. If its superuser is reached in another way, say how: --database-admin"
           " postgresql://USER@HOST/postgres, with the password in ~/.pgpass or PGPASSWORD.";
}

/* ---- the step ---- */

/* What the superuser's own connection cannot be told from. */
static enum status check_place(struct init *in, struct error *err)
{
    const struct config_database *c = &in->ctl->config.database;

    if (in->admin_url == NULL && !init_is_local(c->host)) {
        error_set(err, ST_INVALID, "Postgres is on %s, where no superuser is known", c->host);
        return init_fail(in, "role", "Name one: --database-admin postgresql://postgres@HOST/postgres, with the"
                                     " password in ~/.pgpass or PGPASSWORD.", err);
    }
    return ST_OK;
}

enum status init_database(struct init *in, struct error *err)
{
    const struct config_database *c = &in->ctl->config.database;
    struct wanted w = { c->user[0] != '\0' ? c->user : in->account, c->name, c->password };
    struct account_given given;
    enum status s;

    if (c->url[0] != '\0') {
        init_tell(in, "database", INIT_LOOK, "Make the role and the database that it names, if they are not there.",
                  "[database] url is set, and is taken as it stands");
        return ST_OK;
    }
    s = check_place(in, err);
    if (s != ST_OK)
        return s;
    s = ask(in, &w, &given, err);
    if (s != ST_OK && strcmp(given.at, "role") != 0)
        tell_role(in, &w, &given);
    if (s != ST_OK)
        return init_fail(in, given.at, remedy(in), err);
    tell_role(in, &w, &given);
    tell_database(in, &w, &given);
    in->no_database = in->dry_run && (!given.role_exists || !given.database_exists);
    return ST_OK;
}
