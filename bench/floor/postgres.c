/*
 * postgres - the floor of storing: threads that do nothing but insert the rows of new messages.
 *
 *   postgres URL SECONDS THREADS MESSAGES RECIPIENTS
 *
 * Each statement, a commit of its own, has MESSAGES messages of RECIPIENTS recipients, whose rows the
 * server itself makes from a number: no parameter is longer than that.  Prints a line of JSON.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"

static const char insert[] =
    "WITH new AS MATERIALIZED ("
    "  SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'"
    "          || lpad(to_hex(k), 3, '0') || '8' || substr(md5(random()::text), 1, 15))::uuid AS id, k"
    "    FROM generate_series(1, $1::int) k"
    "), m AS ("
    "  INSERT INTO messages (id, user_id, status, priority, platforms, recipient_count, open_count,"
    "                        created_at, updated_at, content)"
    "  SELECT id, '01900000-0000-7000-8000-000000000000', 'pending', 'normal', 1, $2::int, $2::int,"
    "         now(), now(), 'Your code is 1234567' FROM new"
    "), r AS ("
    "  INSERT INTO message_recipients (message_id, n, platform, recipient, updated_at)"
    "  SELECT id, n, 'sms', '+1556' || (1000000 + (random() * 8000000)::int), now()"
    "    FROM new, generate_series(0, $2::int - 1) n"
    "), d AS ("
    "  INSERT INTO dispatch (message_id, n, lane, due_at, user_key)"
    "  SELECT id, 0, 1, now() + interval '1 day', 7 FROM new WHERE $2::int = 1"
    ") INSERT INTO dispatch_runs (message_id, lane, first, span, due_at, user_key)"
    "  SELECT id, 1, 0, $2::int, now() + interval '1 day', 7 FROM new WHERE $2::int > 1";

static const char *const *arguments;
static int64_t end_us;

static void check(PGconn *conn, PGresult *result)
{
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        fprintf(stderr, "postgres: %s", PQerrorMessage(conn));
        exit(1);
    }
    PQclear(result);
}

static void *run(void *arg)
{
    PGconn *conn = PQconnectdb(arguments[1]);
    long *statements = arg;

    check(conn, PQprepare(conn, "insert", insert, 2, NULL));
    for (; clock_mono_us() < end_us; (*statements)++)
        check(conn, PQexecPrepared(conn, "insert", 2, arguments + 4, NULL, NULL, 0));
    PQfinish(conn);
    return NULL;
}

int main(int argc, char *argv[])
{
    int threads = argc == 6 ? atoi(argv[3]) : 0;
    long counts[64] = { 0 }, all = 0;
    pthread_t ids[64];
    int64_t begun_us = clock_mono_us();

    if (threads < 1 || threads > 64) {
        fprintf(stderr, "usage: postgres URL SECONDS THREADS MESSAGES RECIPIENTS\n");
        return 2;
    }
    arguments = (const char *const *)argv;
    end_us = begun_us + atol(argv[2]) * 1000000;
    for (int i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, run, &counts[i]);
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        all += counts[i];
    }
    printf("{\"messages_per_s\": %.0f}\n", (double)(all * atol(argv[4])) * 1e6 / (double)(clock_mono_us() - begun_us));
    return 0;
}
