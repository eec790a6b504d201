/* doctor_database - checks that ask Postgres. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/db/dispatch.h"
#include "common/db/schema.h"
#include "ctl/doctor.h"

#define CALL_MS 4000
#define VERSION_LEAST 140000
#define SLOW_MS 50
#define SKEW_WARN_MS 500   /* a schedule is kept to within a second */
#define SKEW_FAIL_MS 30000 /* and a signature's time to within minutes */
#define OVERDUE_WARN_MS 60000
#define OVERDUE_FAIL_MS 900000
#define BACKLOG_MOST 1000

/* A failure of the connection is told once, by the check that met it. */
static bool is_answered(struct doctor *d, enum status s, const struct error *err)
{
    if (s == ST_OK)
        return true;
    d->away = s == ST_UNAVAILABLE || s == ST_UNCERTAIN;
    doctor_fail(d, "The log of Postgres tells more.",
                "%s", err->text);
    return false;
}

void check_db_server(struct doctor *d)
{
    static const struct db_options options = { .application = "notifyctl doctor", .timeout_ms = CALL_MS };
    struct error err;
    int64_t begun;
    double ms;

    d->db = db_new(&d->config->database, &options);
    if (db_connect(d->db, &err) != ST_OK) {
        d->away = true;
        doctor_fail(d, "Start Postgres, and look at [database] and at pg_hba.conf.", "%s, at %s", err.text,
                    ctl_database_place(&d->config->database, &d->mem));
        return;
    }
    if (!is_answered(d, server_look(d->db, &d->mem, &d->server, &err), &err))
        return;
    begun = clock_mono_us(); /* prepared by now: this is what a statement costs */
    if (!is_answered(d, server_look(d->db, &d->mem, &d->server, &err), &err))
        return;
    ms = (double)(clock_mono_us() - begun) / 1000;
    if (d->server.version < VERSION_LEAST)
        doctor_fail(d, "Upgrade to Postgres 14 or later.", "Postgres %s is too old", d->server.version_text);
    else if (ms > SLOW_MS)
        doctor_warn(d, "Each message waits for it: put it near the programs.",
                    "Postgres %s answers in %.1f ms", d->server.version_text, ms);
    else
        doctor_ok(d, "Postgres %s answers in %.1f ms", d->server.version_text, ms);
}

/* ---- the schema ---- */

static size_t count_missing(const struct migration *list, size_t n)
{
    size_t missing = 0;

    for (size_t i = 0; i < n; i++)
        missing += list[i].applied_at == NULL;
    return missing;
}

void check_db_schema(struct doctor *d)
{
    struct migration *list;
    struct error err;
    size_t n, missing;
    bool made;
    enum status s;

    if (!is_answered(d, schema_is_begun(d->db, &d->mem, &made, &err), &err))
        return;
    if (!made) {
        doctor_fail(d, "notifyctl migrate up", "there are no tables yet");
        return;
    }
    s = schema_status(d->db, ctl_sql_dir(), &d->mem, &list, &n, &err);
    if (s == ST_INVALID) {
        doctor_fail(d, "Install the version of these programs that made the tables, or migrate down with it.",
                    "%s", err.text);
        return;
    }
    if (!is_answered(d, s, &err))
        return;
    missing = count_missing(list, n);
    if (missing > 0)
        doctor_fail(d, "notifyctl migrate up", "%zu of %zu migrations are not applied, the first is %04d_%s",
                    missing, n, list[n - missing].version, list[n - missing].name);
    else
        doctor_ok(d, "all %zu migrations are applied", n);
}

/* ---- settings ---- */

static bool is_off(const char *setting)
{
    return strcmp(setting, "off") == 0;
}

void check_db_durability(struct doctor *d)
{
    const struct server_facts *f = &d->server;

    if (is_off(f->fsync))
        doctor_fail(d, "Set fsync = on in postgresql.conf, and restart Postgres.",
                    "fsync is off: a crash of the machine may lose or break the database");
    else if (is_off(f->full_page_writes))
        doctor_fail(d, "Set full_page_writes = on in postgresql.conf.",
                    "full_page_writes is off: a crash of the machine may break pages");
    else if (is_off(f->synchronous_commit))
        doctor_fail(d, "Let the pooler pass `options` on, or set synchronous_commit = on.",
                    "synchronous_commit stays off although we ask for it: accepted messages may be lost");
    else if (is_off(f->checksums))
        doctor_warn(d, "pg_checksums --enable, while Postgres is stopped.",
                    "commits are on the disk; without data_checksums a failing disk is not noticed");
    else
        doctor_ok(d, "commits are on the disk, and pages have checksums");
}

void check_db_encoding(struct doctor *d)
{
    if (strcmp(d->server.encoding, "UTF8") == 0)
        doctor_ok(d, "UTF8");
    else
        doctor_fail(d, "Make the database anew with createdb --encoding=UTF8 --template=template0.",
                    "%s: not every text can be stored", d->server.encoding);
}

/* One for each loop, and one for the publisher's marks or the scheduler. */
void check_db_connections(struct doctor *d)
{
    const struct server_facts *f = &d->server;
    int pool = d->config->database.pool_size;
    int responder = pool > 0 ? pool : d->config->server.threads + 1;
    int worker = pool > 0 ? pool : d->config->worker.threads + 1;
    static const char remedy[] = "Raise max_connections, or lower [server] threads, [worker] threads"
                                 " or the number of processes.";

    if (f->connections_most < responder + worker)
        doctor_fail(d, remedy, "max_connections leaves %d: one notify.fcgi and one workerd need %d",
                    f->connections_most, responder + worker);
    else if (f->connections_used * 10 > f->connections_most * 8)
        doctor_warn(d, remedy, "%d of %d are in use; a notify.fcgi more needs %d, a workerd %d",
                    f->connections_used, f->connections_most, responder, worker);
    else
        doctor_ok(d, "%d of %d are in use; each notify.fcgi needs %d, each workerd %d",
                  f->connections_used, f->connections_most, responder, worker);
}

/* At 2^31 Postgres stops taking writes. */
void check_db_wraparound(struct doctor *d)
{
    int64_t age = d->server.oldest_xid_age, most = d->server.xid_age_most;
    static const char remedy[] = "VACUUM (FREEZE) the database; look for old transactions, slots and"
                                 " prepared ones that hold it back.";

    if (age > 1600000000)
        doctor_fail(d, remedy, "%" PRId64 " transactions: Postgres will soon refuse to write", age);
    else if (age > 2 * most)
        doctor_warn(d, remedy, "%" PRId64 " transactions, twice autovacuum_freeze_max_age", age);
    else
        doctor_ok(d, "%" PRId64 " transactions old", age);
}

/* Half of what the question took may have passed before the answer. */
void check_db_clock(struct doctor *d)
{
    static const char remedy[] = "Let a time server keep both clocks.";
    struct server_facts now;
    struct error err;
    int64_t before = clock_wall_ms(), skew;

    if (!is_answered(d, server_look(d->db, &d->mem, &now, &err), &err))
        return;
    skew = now.clock_ms - (before + clock_wall_ms()) / 2;
    if (llabs(skew) > SKEW_FAIL_MS)
        doctor_fail(d, remedy, "differs from ours by %" PRId64 " ms", skew);
    else if (llabs(skew) > SKEW_WARN_MS)
        doctor_warn(d, remedy, "differs from ours by %" PRId64 " ms", skew);
    else
        doctor_ok(d, "differs from ours by %" PRId64 " ms", skew);
}

/* ---- what waits ---- */

void check_db_backlog(struct doctor *d)
{
    static const char remedy[] = "notifyctl queue status: who consumes, and which breaker is open?";
    struct backlog lanes[LANE_COUNT];
    int64_t due = 0, oldest_ms = -1;
    struct error err;
    bool more = false;

    if (!is_answered(d, dispatch_backlog(d->db, BACKLOG_MOST, &d->mem, lanes, &err), &err))
        return;
    for (int i = 0; i < LANE_COUNT; i++) {
        due += lanes[i].due;
        more = more || lanes[i].due >= BACKLOG_MOST;
        if (lanes[i].oldest_ms > oldest_ms)
            oldest_ms = lanes[i].oldest_ms;
    }
    if (oldest_ms > OVERDUE_FAIL_MS)
        doctor_fail(d, remedy, "recipients are due for up to %" PRId64 " minutes", oldest_ms / 60000);
    else if (oldest_ms > OVERDUE_WARN_MS)
        doctor_warn(d, remedy, "recipients are due for up to %" PRId64 " s", oldest_ms / 1000);
    else
        doctor_ok(d, "%" PRId64 "%s recipients are due, none for long", due, more ? " or more" : "");
}
