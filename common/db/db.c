/* db - the connection to Postgres; the only file that knows libpq. */
#include "common/db/db.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/scoped.h"

SCOPED_RELEASE(PGresult, PQclear)

#define CONNECT_MS 3000
#define DEFAULT_CALL_MS 30000
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 1500
#define STATEMENTS_MOST 128
#define PLANS_KEPT_MS 1000

#define WHY_BYTES 200

struct db {
    const struct config_database *config;
    struct db_options options;
    PGconn *conn;
    const struct statement *prepared[STATEMENTS_MOST]; /* in this connection */
    size_t n_prepared;
    int64_t planned_ms;  /* monotonic; since when plans are kept */
    int64_t next_try_ms; /* monotonic; not before this */
    int64_t backoff_ms;
    bool in_transaction;
    bool announced_down;
    char why[WHY_BYTES]; /* the last connection could not be had */
};

struct db *db_new(const struct config_database *config, const struct db_options *options)
{
    struct db *db = calloc(1, sizeof *db);

    if (db == NULL)
        abort();
    db->config = config;
    db->options = *options;
    if (db->options.timeout_ms == 0)
        db->options.timeout_ms = DEFAULT_CALL_MS;
    return db;
}

void db_free(struct db *db)
{
    if (db == NULL)
        return;
    PQfinish(db->conn);
    free(db);
}

static void drop(struct db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
    db->n_prepared = 0;
}

bool db_is_connected(const struct db *db)
{
    return db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK;
}

/* ---- connecting ---- */

/* Milliseconds from now to a deadline, for poll(2). */
static int left_ms(int64_t deadline)
{
    int64_t left = deadline - clock_mono_ms();

    return left < 0 ? 0 : (int)left;
}

/* False when the deadline passed first. */
static bool wait_socket(PGconn *conn, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = { .fd = PQsocket(conn), .events = events };
        int ready = poll(&p, 1, left_ms(deadline));

        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

#define PARAMS_MOST 16
struct params {
    const char *names[PARAMS_MOST], *values[PARAMS_MOST];
    size_t n;
};

static void param(struct params *p, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    assert(p->n + 1 < PARAMS_MOST);
    p->names[p->n] = name;
    p->values[p->n++] = value;
}

static PGconn *start_connecting(const struct db *db)
{
    const struct config_database *c = db->config;
    struct params p = { .n = 0 };
    char options[512];

    /* The server ends a statement before we would give the connection up. */
    snprintf(options, sizeof options,
             "-c synchronous_commit=%s -c statement_timeout=%d -c lock_timeout=10000"
             " -c idle_in_transaction_session_timeout=30000 -c TimeZone=UTC -c jit=off"
             " -c client_min_messages=error%s",
             db->options.async_commit ? "off" : "on", db->options.timeout_ms - 500,
             db->options.by_key ? " -c enable_hashjoin=off -c enable_mergejoin=off"
                                  " -c enable_seqscan=off -c enable_bitmapscan=off" : "");
    if (c->url[0] != '\0') {
        param(&p, "dbname", c->url); /* expanded, since expand_dbname is set */
    } else {
        param(&p, "host", c->host);
        param(&p, "port", c->port);
        param(&p, "dbname", c->name);
        param(&p, "user", c->user);
        param(&p, "password", c->password);
        param(&p, "sslmode", c->sslmode);
    }
    param(&p, "application_name", db->options.application);
    param(&p, "options", options);
    param(&p, "client_encoding", "UTF8");
    param(&p, "target_session_attrs", "read-write");
    param(&p, "tcp_user_timeout", "10000");
    param(&p, "keepalives_idle", "30");
    return PQconnectStartParams(p.names, p.values, 1);
}

/* PQconnectPoll's contract: first as if it had said WRITING, and the socket may change each step. */
static bool finish_connecting(PGconn *conn, int64_t deadline)
{
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;

    while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
        short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;

        if (PQstatus(conn) == CONNECTION_BAD || !wait_socket(conn, events, deadline))
            return false;
        step = PQconnectPoll(conn);
    }
    return step == PGRES_POLLING_OK;
}

/* A notice may quote values; what matters arrives as an error. */
static void ignore_notice(void *arg, const PGresult *result)
{
}

static void note_failure(struct db *db, const struct error *why)
{
    db->backoff_ms = db->backoff_ms == 0 ? BACKOFF_FIRST_MS : db->backoff_ms * 2;
    if (db->backoff_ms > BACKOFF_MOST_MS)
        db->backoff_ms = BACKOFF_MOST_MS;
    db->next_try_ms =
        clock_mono_ms() + db->backoff_ms / 2 + (int64_t)random_below((uint64_t)db->backoff_ms / 2 + 1);
    if (!db->announced_down)
        log_warn("database.away", STR("application", db->options.application), ERR(why));
    db->announced_down = true;
}

/*
 * The end of libpq's first line, "Connection refused" or what the server has said.  What stands before
 * it repeats settings, and in one that libpq could not read the way it was meant, an "@" in a password,
 * a part of that may look like a host or a port.
 */
static void keep_reason(struct db *db, const char *words)
{
    static const char by_server[] = "connection to server ", by_resolver[] = "could not translate host name ";
    int len = (int)strcspn(words, "\n");
    const char *reason = words;

    if (len == 0) {
        snprintf(db->why, sizeof db->why, "no answer in time");
    } else if (strncmp(words, by_server, strlen(by_server)) == 0 ||
               strncmp(words, by_resolver, strlen(by_resolver)) == 0) {
        for (const char *at = words; at + 1 < words + len; at++)
            if (at[0] == ':' && at[1] == ' ')
                reason = at + 2;
        reason += strspn(reason, " ");
        snprintf(db->why, sizeof db->why, "%.*s", (int)(words + len - reason), reason);
    } else {
        snprintf(db->why, sizeof db->why, "libpq cannot use the settings of [database]");
    }
}

const char *db_why_away(const struct db *db)
{
    return db->why;
}

static enum status cannot_connect(struct db *db, struct error *err)
{
    struct error why;

    keep_reason(db, PQerrorMessage(db->conn));
    error_set(&why, ST_UNAVAILABLE, "database: cannot connect: %s", db->why);
    drop(db);
    note_failure(db, &why);
    return error_set(err, why.kind, "%s", why.text);
}

enum status db_connect(struct db *db, struct error *err)
{
    if (db_is_connected(db))
        return ST_OK;
    if (db->conn != NULL)
        drop(db);
    if (clock_mono_ms() < db->next_try_ms)
        return error_set(err, ST_UNAVAILABLE, "database: not connected, next try follows");
    db->conn = start_connecting(db);
    if (db->conn == NULL)
        abort(); /* out of memory */
    if (!finish_connecting(db->conn, clock_mono_ms() + CONNECT_MS))
        return cannot_connect(db, err);
    PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    PQsetnonblocking(db->conn, 1);
    db->backoff_ms = 0;
    if (db->announced_down)
        log_info("database.back", STR("application", db->options.application));
    db->announced_down = false;
    return ST_OK;
}

/* ---- calling ---- */

/* SQLSTATE classes and codes to kinds; the longest match wins (PostgreSQL 15, appendix A). */
static const struct {
    const char *state;
    enum status kind;
} kinds[] = {
    { "08", ST_UNCERTAIN },      { "22", ST_INVALID },        { "23", ST_CONFLICT },
    { "25006", ST_UNAVAILABLE }, { "40", ST_UNAVAILABLE },    { "40003", ST_UNCERTAIN },
    { "53", ST_UNAVAILABLE },    { "54", ST_INVALID },        { "55P03", ST_UNAVAILABLE },
    { "57014", ST_UNAVAILABLE }, { "57P", ST_UNCERTAIN },     { "58", ST_UNAVAILABLE },
};

static enum status kind_of(const char *state)
{
    enum status kind = ST_BUG;
    size_t best = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t len = strlen(kinds[i].state);

        if (len > best && strncmp(state, kinds[i].state, len) == 0) {
            best = len;
            kind = kinds[i].kind;
        }
    }
    return kind;
}

/*
 * A call without an end, because the connection broke or (where it is still there) the time was
 * over: what was sent may have been done.
 */
static enum status broken(struct db *db, const char *what, struct error *err)
{
    const char *words = db_is_connected(db) ? "no answer in time" : "the connection broke";
    struct error why;

    drop(db);
    error_set(&why, ST_UNCERTAIN, "database: %s: %s", what, words);
    note_failure(db, &why);
    return error_set(err, why.kind, "%s", why.text);
}

/* Only the primary message: detail and context may quote values. */
static enum status refused(struct db *db, const PGresult *result, const char *what,
                           struct error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum status kind;

    if (state == NULL || strncmp(state, "57P", 3) == 0) { /* the server is ending this session */
        drop(db);
        return broken(db, what, err);
    }
    kind = kind_of(state);
    if (kind == ST_INVALID || kind == ST_CONFLICT) /* these words may hold the value itself */
        words = "refused by the schema";
    return error_set(err, kind, "database: %s: %s (%s)", what, words, state);
}

/* Sends what libpq has buffered and reads one whole result; NULL when the connection broke. */
static PGresult *next_result(struct db *db, int64_t deadline)
{
    int flushing = 1;

    while (flushing != 0 || PQisBusy(db->conn)) {
        if (flushing != 0 && (flushing = PQflush(db->conn)) < 0)
            return NULL;
        if (!PQisBusy(db->conn) && flushing == 0)
            break;
        if (!wait_socket(db->conn, (short)(POLLIN | (flushing ? POLLOUT : 0)), deadline))
            return NULL;
        if (!PQconsumeInput(db->conn))
            return NULL;
    }
    return PQgetResult(db->conn);
}

/*
 * A statement of its own is committed after it has said how many rows it wrote, so only the server's
 * "ready" makes that a success; libpq is then neither busy nor cut off.
 */
static bool has_ended(const struct db *db)
{
    PGTransactionStatusType t = PQtransactionStatus(db->conn);

    return t != PQTRANS_ACTIVE && t != PQTRANS_UNKNOWN;
}

/* The first failure of a call's results, or its last success; NULL when there was no end to them. */
static PGresult *collect(struct db *db)
{
    int64_t deadline = clock_mono_ms() + db->options.timeout_ms;
    PGresult *kept = next_result(db, deadline);

    while (kept != NULL) {
        PGresult *more = next_result(db, deadline);

        if (more == NULL)
            break;
        if (PQresultStatus(kept) == PGRES_FATAL_ERROR) {
            PQclear(more);
        } else {
            PQclear(kept);
            kept = more;
        }
    }
    if (kept != NULL && !has_ended(db)) {
        PQclear(kept);
        return NULL;
    }
    return kept;
}

static bool succeeded(const PGresult *result)
{
    ExecStatusType s = PQresultStatus(result);

    return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_EMPTY_QUERY;
}

static bool is_prepared(const struct db *db, const struct statement *st)
{
    for (size_t i = 0; i < db->n_prepared; i++) {
        if (db->prepared[i] == st)
            return true;
    }
    return false;
}

static enum status prepare(struct db *db, const struct statement *st, struct error *err)
{
    if (is_prepared(db, st))
        return ST_OK;
    assert(db->n_prepared < STATEMENTS_MOST);
    if (!PQsendPrepare(db->conn, st->name, st->sql, st->n_params, NULL)) {
        drop(db);
        return error_set(err, ST_UNAVAILABLE, "database: %s: not connected", st->name);
    }
    SCOPED(PGresult) result = collect(db);
    if (result == NULL || !succeeded(result)) {
        enum status kind = result ? refused(db, result, st->name, err) : broken(db, st->name, err);

        /* Preparing changes nothing, so nothing can be uncertain. */
        return kind == ST_UNCERTAIN ? error_set(err, ST_UNAVAILABLE, "database: connection lost")
                                    : kind;
    }
    db->prepared[db->n_prepared++] = st;
    return ST_OK;
}

/*
 * A plan is kept for as long as nobody analyzes its tables, and one that was made when they were nearly
 * empty reads them whole for each row that it joins.  In a second they may have grown by thousands.
 */
static enum status plan_anew(struct db *db, struct error *err)
{
    int64_t now_ms = clock_mono_ms();
    enum status s;

    if (!db->options.by_key || now_ms - db->planned_ms < PLANS_KEPT_MS)
        return ST_OK;
    db->planned_ms = now_ms;
    s = db_script(db, "DISCARD PLANS", err);
    return s == ST_UNCERTAIN ? error_set(err, ST_UNAVAILABLE, "database: connection lost") : s;
}

/*
 * An idle connection that the server closed is noticed here, before anything is sent, so that a
 * restart of Postgres does not make the next write uncertain.  A server that is shut down says so
 * first: its words are read, then the end behind them.
 */
static void notice_closed(struct db *db)
{
    struct pollfd p = { .fd = PQsocket(db->conn), .events = POLLIN };

    while (db_is_connected(db) && poll(&p, 1, 0) > 0) {
        if (!PQconsumeInput(db->conn))
            drop(db);
    }
}

static enum status ready(struct db *db, struct error *err)
{
    if (db_is_connected(db))
        notice_closed(db);
    if (!db_is_connected(db) && db->in_transaction) /* until db_rollback(): no half of it may run anew */
        return error_set(err, ST_UNAVAILABLE, "database: the connection was lost in a transaction");
    return db_connect(db, err);
}

/* The parameters of a call, as libpq takes them; lengths and formats NULL: all are text. */
struct call {
    const char *const *values;
    const int *lengths, *formats;
};

static enum status run(struct db *db, const struct statement *st, const struct call *call,
                       PGresult **out, struct error *err)
{
    enum status s = ready(db, err);

    if (s == ST_OK)
        s = plan_anew(db, err);
    if (s == ST_OK)
        s = prepare(db, st, err);
    if (s != ST_OK)
        return s;
    if (!PQsendQueryPrepared(db->conn, st->name, st->n_params, call->values, call->lengths,
                             call->formats, 0)) {
        drop(db);
        return error_set(err, ST_UNAVAILABLE, "database: %s: not connected", st->name);
    }
    PGresult *result = collect(db);
    if (result == NULL)
        return broken(db, st->name, err);
    if (!succeeded(result)) {
        s = refused(db, result, st->name, err);
        PQclear(result);
        return s;
    }
    *out = result;
    return ST_OK;
}

static void read_rows(const PGresult *result, struct arena *mem, struct rows *out)
{
    out->count = (size_t)PQntuples(result);
    out->cols = PQnfields(result);
    out->cells = ARENA_ARRAY(mem, const char *, out->count * (size_t)out->cols + 1);
    for (size_t row = 0; row < out->count; row++) {
        for (int col = 0; col < out->cols; col++) {
            if (!PQgetisnull(result, (int)row, col))
                out->cells[row * (size_t)out->cols + (size_t)col] =
                    arena_strndup(mem, PQgetvalue(result, (int)row, col),
                                  (size_t)PQgetlength(result, (int)row, col));
        }
    }
}

static enum status exec(struct db *db, const struct statement *st, const struct call *call,
                        size_t *touched, struct error *err)
{
    SCOPED(PGresult) result = NULL;
    enum status s = run(db, st, call, &result, err);

    if (s == ST_OK && touched != NULL)
        *touched = (size_t)strtoull(PQcmdTuples(result), NULL, 10);
    return s;
}

static enum status query(struct db *db, const struct statement *st, const struct call *call,
                         struct arena *mem, struct rows *out, struct error *err)
{
    SCOPED(PGresult) result = NULL;
    enum status s = run(db, st, call, &result, err);

    if (s == ST_OK)
        read_rows(result, mem, out);
    return s;
}

enum status db_exec(struct db *db, const struct statement *st, const char *const args[],
                    size_t *touched, struct error *err)
{
    return exec(db, st, &(struct call){ .values = args }, touched, err);
}

enum status db_query(struct db *db, const struct statement *st, const char *const args[],
                     struct arena *mem, struct rows *out, struct error *err)
{
    return query(db, st, &(struct call){ .values = args }, mem, out, err);
}

#define CALL_PARAMS_MOST 32
struct array_call {
    const char *values[CALL_PARAMS_MOST];
    int lengths[CALL_PARAMS_MOST], formats[CALL_PARAMS_MOST];
};

static struct call make_call(struct array_call *c, const struct statement *st, struct array col[], int n,
                             const char *const more[])
{
    assert(n <= st->n_params && st->n_params <= CALL_PARAMS_MOST);
    for (int i = 0; i < st->n_params; i++) {
        struct array_param p = { 0 };

        if (i < n)
            p = array_end(&col[i]);
        else
            p.value = more[i - n];
        c->values[i] = p.value;
        c->lengths[i] = p.length;
        c->formats[i] = p.format;
    }
    return (struct call){ c->values, c->lengths, c->formats };
}

enum status db_exec_arrays(struct db *db, const struct statement *st, struct array col[], int n,
                           const char *const more[], size_t *touched, struct error *err)
{
    struct array_call c;
    struct call call = make_call(&c, st, col, n, more);

    return exec(db, st, &call, touched, err);
}

enum status db_query_arrays(struct db *db, const struct statement *st, struct array col[], int n,
                            const char *const more[], struct arena *mem, struct rows *out,
                            struct error *err)
{
    struct array_call c;
    struct call call = make_call(&c, st, col, n, more);

    return query(db, st, &call, mem, out, err);
}

int64_t row_int(const struct rows *r, size_t row, int col)
{
    const char *text = row_text(r, row, col);

    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

bool row_bool(const struct rows *r, size_t row, int col)
{
    const char *text = row_text(r, row, col);

    return text != NULL && text[0] == 't';
}

enum status db_password_digest(struct db *db, const char *role, const char *password,
                               struct arena *mem, const char **out, struct error *err)
{
    enum status s = ready(db, err);
    char *digest;

    if (s != ST_OK)
        return s;
    digest = PQencryptPasswordConn(db->conn, password, role, "scram-sha-256");
    if (digest == NULL)
        return error_set(err, ST_BUG, "database: the password of role %s cannot be encrypted", role);
    *out = arena_strdup(mem, digest);
    PQfreemem(digest);
    return ST_OK;
}

/* ---- scripts and transactions ---- */

enum status db_script(struct db *db, const char *sql, struct error *err)
{
    enum status s = ready(db, err);

    if (s != ST_OK)
        return s;
    if (!PQsendQuery(db->conn, sql)) {
        drop(db);
        return error_set(err, ST_UNAVAILABLE, "database: not connected");
    }
    SCOPED(PGresult) result = collect(db);
    if (result == NULL)
        return broken(db, "script", err);
    return succeeded(result) ? ST_OK : refused(db, result, "script", err);
}

enum status db_begin(struct db *db, struct error *err)
{
    enum status s = db_script(db, "BEGIN", err);

    if (s == ST_OK)
        db->in_transaction = true;
    return s == ST_UNCERTAIN ? ST_UNAVAILABLE : s;
}

/* COMMIT of a failed transaction succeeds as a ROLLBACK: the server's tag tells. */
enum status db_commit(struct db *db, struct error *err)
{
    db->in_transaction = false;
    if (!db_is_connected(db) || !PQsendQuery(db->conn, "COMMIT")) {
        drop(db);
        return error_set(err, ST_UNAVAILABLE, "database: lost before the commit");
    }
    SCOPED(PGresult) result = collect(db);
    if (result == NULL)
        return broken(db, "commit", err);
    if (!succeeded(result))
        return refused(db, result, "commit", err);
    if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
        return error_set(err, ST_BUG, "database: commit of a failed transaction");
    return ST_OK;
}

void db_rollback(struct db *db)
{
    struct error ignored;

    if (!db->in_transaction)
        return;
    db->in_transaction = false;
    if (db_is_connected(db) && db_script(db, "ROLLBACK", &ignored) != ST_OK)
        drop(db);
}
