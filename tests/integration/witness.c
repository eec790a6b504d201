/* witness - reading the database, the simulator's log, the mailbox and the logs. */
#include "tests/integration/witness.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "common/base/buf.h"
#include "tests/integration/stack.h"

#define FILE_MOST (256u << 20)

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "re");
    char chunk[65536];
    size_t n;

    ck_assert_msg(f != NULL, "%s cannot be read", path);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(out, chunk, n);
    fclose(f);
}

const char *witness_read(const char *path)
{
    struct buf out = BUF_INIT(FILE_MOST);
    const char *kept;

    read_file(path, &out);
    kept = text("%s", buf_str(&out));
    buf_free(&out);
    return kept;
}

/* ---- the database ---- */

/* One connection a process; after Postgres was away it is made again. */
static __attribute__((format(printf, 1, 0))) PGresult *query(const char *fmt, va_list ap)
{
    static PGconn *conn;
    PGresult *res = NULL;
    char *sql;

    if (vasprintf(&sql, fmt, ap) < 0)
        abort();
    for (int tries = 0; tries < 2; tries++) {
        if (conn == NULL)
            conn = PQconnectdb(stack_env("DATABASE_URL"));
        PQclear(res);
        res = PQexec(conn, sql);
        if (PQstatus(conn) == CONNECTION_OK)
            break;
        PQfinish(conn);
        conn = NULL;
    }
    ck_assert_msg(PQresultStatus(res) == PGRES_TUPLES_OK || PQresultStatus(res) == PGRES_COMMAND_OK,
                  "%s: %s", sql, PQresultErrorMessage(res));
    free(sql);
    return res;
}

static const char *value_of(const PGresult *res, int row, int col)
{
    return PQgetisnull(res, row, col) ? NULL : text("%s", PQgetvalue(res, row, col));
}

const char *sql_text(const char *fmt, ...)
{
    const char *value = NULL;
    PGresult *res;
    va_list ap;

    va_start(ap, fmt);
    res = query(fmt, ap);
    va_end(ap);
    if (PQntuples(res) > 0)
        value = value_of(res, 0, 0);
    PQclear(res);
    return value;
}

int64_t sql_number(const char *fmt, ...)
{
    int64_t value = -1;
    PGresult *res;
    va_list ap;

    va_start(ap, fmt);
    res = query(fmt, ap);
    va_end(ap);
    if (PQntuples(res) > 0 && !PQgetisnull(res, 0, 0))
        value = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return value;
}

json_t *sql_rows(const char *fmt, ...)
{
    json_t *rows = json_array();
    PGresult *res;
    va_list ap;

    va_start(ap, fmt);
    res = query(fmt, ap);
    va_end(ap);
    for (int i = 0; i < PQntuples(res); i++) {
        json_t *row = json_array();

        for (int c = 0; c < PQnfields(res); c++)
            json_array_append_new(row, PQgetisnull(res, i, c) ? json_null()
                                                              : json_string(PQgetvalue(res, i, c)));
        json_array_append_new(rows, row);
    }
    PQclear(res);
    return rows;
}

bool postgres_answers(void)
{
    return PQping(stack_env("DATABASE_URL")) == PQPING_OK;
}

int64_t count_in(const char *message_id, const char *states)
{
    return sql_number("SELECT count(*) FROM message_recipients WHERE message_id = '%s'"
                      " AND status = ANY ('{%s}')", message_id, states);
}

const char *status_of(const char *message_id)
{
    return sql_text("SELECT status FROM message_recipients WHERE message_id = '%s' AND n = 0",
                    message_id);
}

bool is_in(const char *message_id, const char *states)
{
    return sql_number("SELECT count(*) FROM message_recipients WHERE message_id = '%s' AND n = 0"
                      " AND status = ANY ('{%s}')", message_id, states) == 1;
}

const char *message_status(const char *message_id)
{
    return sql_text("SELECT status FROM messages WHERE id = '%s'", message_id);
}

/* ---- the simulator ---- */

static bool is_request_for(const json_t *line, const char *message_id)
{
    const char *id = json_string_value(json_object_get(line, "recipient_id"));
    const char *kind = json_string_value(json_object_get(line, "kind"));

    return id != NULL && strcmp(kind, "request") == 0 &&
           strncmp(id, message_id, strlen(message_id)) == 0;
}

json_t *requests_for(const char *message_id)
{
    struct buf log = BUF_INIT(FILE_MOST); /* long, and asked for often: not kept */
    json_t *found = json_array();

    read_file(stack_env("SIMULATOR_LOG"), &log);
    for (const char *line = buf_str(&log), *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        json_t *doc;

        if (memmem(line, (size_t)(end - line), message_id, strlen(message_id)) == NULL)
            continue;
        doc = json_loadb(line, (size_t)(end - line), 0, NULL);
        ck_assert_ptr_nonnull(doc);
        if (is_request_for(doc, message_id))
            json_array_append(found, doc);
        json_decref(doc);
    }
    buf_free(&log);
    return found;
}

int request_count(const char *recipient_id)
{
    json_t *all = requests_for(recipient_id), *one;
    size_t i;
    int n = 0;

    json_array_foreach (all, i, one)
        n += strcmp(json_string_value(json_object_get(one, "recipient_id")), recipient_id) == 0;
    return n;
}

void expect_each_once(const char *message_id, int n)
{
    json_t *all = requests_for(message_id), *one, *seen = json_object();
    size_t i;

    json_array_foreach (all, i, one) {
        const char *id = json_string_value(json_object_get(one, "recipient_id"));

        ck_assert_msg(json_object_get(seen, id) == NULL, "%s was asked for twice", id);
        json_object_set_new(seen, id, json_true());
    }
    ck_assert_uint_eq(json_object_size(seen), (size_t)n);
}

/* ---- the mailbox ---- */

const char *find_mail(const char *part)
{
    const char *found = NULL;
    glob_t files;

    if (glob(text("%s/new/*", stack_env("NOTIFY_MAILDIR")), 0, NULL, &files) == 0) {
        for (size_t i = 0; i < files.gl_pathc && found == NULL; i++) {
            const char *mail = witness_read(files.gl_pathv[i]);

            if (strstr(mail, part) != NULL)
                found = text("%s", files.gl_pathv[i]);
        }
    }
    globfree(&files);
    return found;
}

/* ---- the logs ---- */

struct logs {
    const char *names[8], *texts[8];
    size_t n;
};

static struct logs read_logs(void)
{
    static const char *const names[] = { "fcgi-1", "fcgi-2", "workerd", "further" };
    struct logs l = { .n = 0 };
    glob_t found;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = stack_file(text("log/%s.log", names[i]));

        if (glob(path, 0, NULL, &found) == 0) {
            l.names[l.n] = names[i];
            l.texts[l.n++] = witness_read(path);
        }
        globfree(&found);
    }
    return l;
}

static void expect_nowhere(const struct logs *l, const char *what, const char *secret)
{
    /* A number is looked for without its '+', which a log might escape. */
    secret += *secret == '+';
    for (size_t i = 0; i < l->n; i++)
        ck_assert_msg(strstr(l->texts[i], secret) == NULL, "%s.log holds %s: %s", l->names[i], what,
                      secret);
}

static void expect_lines_nowhere(const struct logs *l, const char *what, const char *lines)
{
    for (size_t len; *lines != '\0'; lines += len + (lines[len] == '\n')) {
        len = strcspn(lines, "\n");
        if (len > 0)
            expect_nowhere(l, what, text("%.*s", (int)len, lines));
    }
}

static const char *setting(const char *key)
{
    const char *line = strstr(witness_read(stack_env("NOTIFY_CONFIG")), text("\n%s = ", key));

    ck_assert_ptr_nonnull(line);
    line = strchr(line, '=') + 2;
    return text("%.*s", (int)strcspn(line, "\n"), line);
}

void expect_no_secrets_in_logs(void)
{
    struct logs l = read_logs();
    json_t *rows = sql_rows("SELECT DISTINCT recipient FROM message_recipients"
                            " WHERE length(recipient) > 7 UNION SELECT DISTINCT content FROM messages"
                            " WHERE length(content) > 12 UNION SELECT subject FROM messages"
                            " WHERE length(subject) > 12");
    json_t *row;
    size_t i;

    ck_assert_uint_gt(l.n, 2);
    ck_assert_msg(strstr(l.texts[0], "\"event\"") != NULL || strstr(l.texts[0], "started") != NULL,
                  "the logs are not read");
    json_array_foreach (rows, i, row)
        expect_nowhere(&l, "an address or a text", json_string_value(json_array_get(row, 0)));
    expect_lines_nowhere(&l, "a key", witness_read(stack_file("keys-of-tests")));
    expect_nowhere(&l, "the auth token", setting("auth_token"));
    expect_nowhere(&l, "the password", setting("password"));
}
