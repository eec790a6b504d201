/* pg - a Postgres cluster of a test's own. */
#include "tests/integration/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/db/db.h"

#define START_MS 30000
#define STOP_MS 20000
#define SUPERUSER "postgres"
#define PORT "5432" /* only the end of the socket's name: the server has no port of its own */

static void die(const char *what)
{
    fprintf(stderr, "postgres for tests: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- where the programs are ---- */

/* Debian and RPM systems keep each major version apart; the last of the sorted names is taken. */
static bool find_in(const char *pattern, char *out, size_t size)
{
    glob_t found;
    bool ok = glob(pattern, 0, NULL, &found) == 0;

    if (ok)
        snprintf(out, size, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return ok;
}

static bool find_program(const char *name, char *out, size_t size)
{
    static const char *const folders[] = { "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
                                           "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin" };
    char pattern[256];

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(pattern, sizeof pattern, "%s/%s", folders[i], name);
        if (find_in(pattern, out, size))
            return true;
    }
    return false;
}

/* ---- processes ---- */

/* In a child: the server refuses to run as root. */
static void become_superuser(void)
{
    const struct passwd *user = getuid() == 0 ? getpwnam(SUPERUSER) : NULL;

    if (getuid() == 0 && user == NULL)
        die("no user " SUPERUSER);
    if (user != NULL && (initgroups(SUPERUSER, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
                         setuid(user->pw_uid) != 0))
        die("becoming " SUPERUSER);
}

/* After the change of user, which clears the wish.  SIGINT is the server's fast shutdown. */
static void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != parent)
        _exit(1);
}

static pid_t spawn(const struct pg *pg, const char *const argv[])
{
    pid_t parent = getpid(), pid = fork();
    char log[128];
    int fd;

    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    become_superuser();
    end_with(parent);
    snprintf(log, sizeof log, "%s/log", pg->dir);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0 || chdir(pg->dir) != 0)
        _exit(126);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

static void initialise(const struct pg *pg, const char *initdb)
{
    char data[128];
    const char *const argv[] = { initdb, "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
                                 "--locale=C", "--no-sync", NULL };
    int status;

    snprintf(data, sizeof data, "%s/data", pg->dir);
    if (waitpid(spawn(pg, argv), &status, 0) < 0 || status != 0) {
        fprintf(stderr, "postgres for tests: initdb failed, see %s/log\n", pg->dir);
        exit(1);
    }
}

/* The database that every cluster has. */
static struct config_database maintenance(const struct pg *pg)
{
    return (struct config_database){ .host = pg->dir, .port = PORT, .name = "postgres",
                                     .user = SUPERUSER, .password = "", .sslmode = "", .url = "" };
}

static bool answers(const struct pg *pg)
{
    struct config_database config = maintenance(pg);
    struct db *db = db_new(&config, &(struct db_options){ .application = "test" });
    bool ok = db_connect(db, NULL) == ST_OK;

    db_free(db);
    return ok;
}

void pg_start_again(struct pg *pg)
{
    int64_t deadline = clock_mono_ms() + START_MS;
    char server[256], data[128];
    const char *const argv[] = {
        server, "-D", data, "-k", pg->dir, "-p", PORT, "-c", "listen_addresses=",
        "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60",
        "-c", "logging_collector=off", NULL
    };

    if (!find_program("postgres", server, sizeof server))
        die("no server beside initdb");
    snprintf(data, sizeof data, "%s/data", pg->dir);
    pg->pid = spawn(pg, argv);
    while (!answers(pg)) {
        if (clock_mono_ms() > deadline || waitpid(pg->pid, NULL, WNOHANG) != 0) {
            fprintf(stderr, "postgres for tests: no answer, see %s/log\n", pg->dir);
            exit(1);
        }
        clock_sleep_ms(50);
    }
}

bool pg_start(struct pg *pg)
{
    const char *tmp = getenv("TMPDIR");
    const struct passwd *user = getuid() == 0 ? getpwnam(SUPERUSER) : NULL;
    char initdb[256];

    memset(pg, 0, sizeof *pg);
    if (!find_program("initdb", initdb, sizeof initdb))
        return false;
    /* A socket's path has room for about 100 bytes. */
    if (tmp == NULL || tmp[0] != '/' || strlen(tmp) > 40)
        tmp = "/tmp";
    snprintf(pg->dir, sizeof pg->dir, "%s/notify-pg-XXXXXX", tmp);
    if (mkdtemp(pg->dir) == NULL)
        die(pg->dir);
    if (user != NULL && chown(pg->dir, user->pw_uid, user->pw_gid) != 0)
        die(pg->dir);
    initialise(pg, initdb);
    pg_start_again(pg);
    return true;
}

/* ---- the end ---- */

void pg_shut_down(struct pg *pg)
{
    int64_t deadline = clock_mono_ms() + STOP_MS;

    if (pg->pid == 0)
        return;
    kill(pg->pid, SIGINT);
    while (waitpid(pg->pid, NULL, WNOHANG) == 0) {
        if (clock_mono_ms() > deadline) {
            kill(pg->pid, SIGQUIT);
            deadline += STOP_MS;
        }
        clock_sleep_ms(20);
    }
    pg->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

void pg_stop(struct pg *pg)
{
    pg_shut_down(pg);
    if (pg->dir[0] != '\0' && nftw(pg->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        die(pg->dir);
    pg->dir[0] = '\0';
}

/* ---- databases ---- */

static void must(struct db *db, const char *before, const char *name, const char *after)
{
    struct error err;
    char sql[128];

    snprintf(sql, sizeof sql, "%s \"%s\" %s", before, name, after);
    if (db_script(db, sql, &err) != ST_OK) {
        fprintf(stderr, "postgres for tests: %s\n", err.text);
        exit(1);
    }
}

struct config_database pg_database(const struct pg *pg, const char *name)
{
    struct config_database config = maintenance(pg);
    struct db *db = db_new(&config, &(struct db_options){ .application = "test" });

    must(db, "DROP DATABASE IF EXISTS", name, "WITH (FORCE)");
    must(db, "CREATE DATABASE", name, "");
    db_free(db);
    config.name = name;
    return config;
}
