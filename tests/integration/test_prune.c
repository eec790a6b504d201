/* notifyctl prune on the real system: what is long finished goes whole, and nothing else does. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/integration/load.h"
#include "tests/integration/operator.h"
#include "tests/integration/witness.h"

static const char *const settings[] = { "rate_limit.unlimited=0", "worker.max_attempts=1",
                                        "scheduler.interval_ms=100", NULL };

/* Makes a message, and all that has happened to it, so many days older; its new id. */
static const char *aged(const char *id, int days)
{
    static const char *const changes[] = {
        "UPDATE messages SET id = '%2$s', created_at = created_at - interval '%3$d d',"
        " updated_at = updated_at - interval '%3$d d' WHERE id = '%1$s'",
        "UPDATE message_recipients SET message_id = '%2$s', updated_at = updated_at - interval '%3$d d'"
        " WHERE message_id = '%1$s'",
        "UPDATE dispatch SET message_id = '%2$s' WHERE message_id = '%1$s'",
        "UPDATE dispatch_runs SET message_id = '%2$s' WHERE message_id = '%1$s'",
        "UPDATE message_events SET message_id = '%2$s', at = at - interval '%3$d d' WHERE message_id = '%1$s'",
    };
    const char *old = sql_text("SELECT overlay('%s' PLACING overlay(lpad(to_hex(((extract(epoch FROM now())"
                               " - %d * 86400) * 1000)::bigint), 12, '0') PLACING '-' FROM 9 FOR 0)"
                               " FROM 1 FOR 13)", id, days);

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = changes[i], *sql = "";

        for (const char *next; *at != '\0'; at = next) {
            next = *at == '%' ? at + 4 : at + strcspn(at, "%");
            sql = *at != '%' ? text("%s%.*s", sql, (int)(next - at), at)
                : at[1] == '1' ? text("%s%s", sql, id)
                : at[1] == '2' ? text("%s%s", sql, old) : text("%s%d", sql, days);
        }
        sql_text("%s", sql);
    }
    return old;
}

/* "messages recipients dispatch events" that a message has. */
static const char *rows_of(const char *id)
{
    return sql_text("SELECT concat_ws(' ', (SELECT count(*) FROM messages WHERE id = '%1$s'),"
                    " (SELECT count(*) FROM message_recipients WHERE message_id = '%1$s'),"
                    " (SELECT count(*) FROM dispatch WHERE message_id = '%1$s')"
                    " + (SELECT coalesce(sum(span), 0) FROM dispatch_runs WHERE message_id = '%1$s'),"
                    " (SELECT count(*) > 0 FROM message_events WHERE message_id = '%1$s'))", id);
}

static const char *finished(const struct user *u, int n, int days)
{
    const char *id = send_range(u, 15551250000, n, "");

    WAIT_UNTIL(count_in(id, "delivered") == n, 30000);
    /* The mark of publication comes late, and would find another id. */
    WAIT_UNTIL(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND event = 'queued'",
                          id) == n, 5000);
    return aged(id, days);
}

START_TEST(what_is_long_finished_goes_whole_and_the_rest_stays_whole)
{
    struct user u = user_new("unlimited");
    const char *old = finished(&u, 3, 100), *young = finished(&u, 2, 80), *changed = finished(&u, 2, 100);
    const char *reported = finished(&u, 2, 100), *live = aged(send_range(&u, 15551251000, 2, tomorrow()), 100);
    json_t *doc;

    sql_text("UPDATE messages SET updated_at = now() - interval '89 d' WHERE id = '%s'", changed);
    sql_text("UPDATE message_recipients SET updated_at = now() WHERE message_id = '%s' AND n = 1", reported);
    sql_text("UPDATE messages SET status = 'completed', open_count = 0 WHERE id = '%s'", live);
    sql_text("INSERT INTO callback_parked (provider, event_id, event, step, message_id, due_at)"
             " VALUES ('twilio', 'of the old one', 'x', '', '%s', now() + interval '1 h')", old);
    sql_text("INSERT INTO idempotency SELECT user_id, 'old', id, sha256('x'), 202, NULL, '{}',"
             " now() - interval '2 d' FROM messages WHERE id = '%s'", young);
    doc = DOCUMENT(0, "prune", "--older-than", "90d", "--dry-run");
    ck_assert_int_eq(number_at(doc, "messages"), 1);
    ck_assert_int_eq(number_at(doc, "recipients"), 3);
    ck_assert_int_eq(number_at(doc, "parked"), 1);
    ck_assert_str_eq(rows_of(old), "1 3 0 t");
    EXPECT(2, "--dry-run", "prune", "--older-than", "90d");
    ck_assert_str_eq(rows_of(old), "1 3 0 t");

    doc = DOCUMENT(0, "prune", "--older-than", "90d", "--yes");
    ck_assert_int_eq(number_at(doc, "messages"), 1);
    ck_assert_int_eq(number_at(doc, "recipients"), 3);
    ck_assert_str_eq(rows_of(old), "0 0 0 f");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM callback_parked"), 0);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM idempotency WHERE key = 'old'"), 0);
    ck_assert_str_eq(rows_of(young), "1 2 0 t");
    ck_assert_str_eq(rows_of(changed), "1 2 0 t");
    ck_assert_str_eq(rows_of(reported), "1 2 0 t");
    ck_assert_str_eq(rows_of(live), "1 2 2 f"); /* whatever its counters say */
    sql_text("UPDATE messages SET status = 'scheduled', open_count = 2 WHERE id = '%s'", live);
    DOCUMENT(0, "audit");
    ck_assert_int_eq(number_at(DOCUMENT(0, "prune", "--older-than", "90d", "--yes"), "messages"), 0);
    EXPECT(0, "REMOVED", "prune", "--older-than", "90d", "--yes");
}
END_TEST

/* Copies of a finished message, a hundred days old. */
static void copies(const char *id, int n)
{
    sql_text("CREATE TABLE copied AS SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint"
             " - 8640000000 + i), 12, '0') || '7000800000000000' || lpad(to_hex(i), 4, '0'))::uuid AS id"
             " FROM generate_series(1, %d) AS i", n);
    sql_text("INSERT INTO messages SELECT (jsonb_populate_record(m, jsonb_build_object('id', c.id,"
             " 'updated_at', now() - interval '100 d'))).* FROM messages m, copied c WHERE m.id = '%s'", id);
    sql_text("INSERT INTO message_recipients SELECT (jsonb_populate_record(r, jsonb_build_object("
             "'message_id', c.id, 'updated_at', now() - interval '100 d'))).*"
             " FROM message_recipients r, copied c WHERE r.message_id = '%s'", id);
    sql_text("INSERT INTO message_events (message_id, n, at, event, status) SELECT c.id, e.n, e.at, e.event,"
             " e.status FROM message_events e, copied c WHERE e.message_id = '%s'", id);
    sql_text("DROP TABLE copied");
}

static int64_t messages(void)
{
    return sql_number("SELECT count(*) FROM messages");
}

START_TEST(batches_of_any_size_take_everything_once)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15551252000");
    int64_t before;

    WAIT_UNTIL(is_in(id, "delivered"), 30000);
    before = messages();
    for (int batch = 1; batch < 50; batch = batch * 5 + 1) {
        json_t *doc;

        copies(id, 45);
        doc = DOCUMENT(0, "prune", "--older-than", "90d", "--yes", "--batch", text("%d", batch));
        ck_assert_int_eq(number_at(doc, "messages"), 45);
        ck_assert_int_eq(messages(), before);
    }
    DOCUMENT(0, "audit");
}
END_TEST

START_TEST(a_run_that_is_interrupted_stops_between_batches_and_says_how_far_it_came)
{
    const char *const words[] = { "-c", stack_env("NOTIFY_CONFIG"), "prune", "--older-than", "90d", "--yes",
                                  "--batch", "10", "--pause", "60000", NULL };
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15551252001");
    int64_t before, gone;
    pid_t pid;

    WAIT_UNTIL(is_in(id, "delivered"), 30000);
    before = messages();
    copies(id, 100);
    pid = process_start("notifyctl", words, NULL, "interrupted");
    WAIT_UNTIL(messages() < before + 100, 10000);
    kill(pid, SIGINT);
    ck_assert_int_eq(process_wait(pid, 10000), 1);
    gone = before + 100 - messages();
    ck_assert_int_le(gone, 10);
    ck_assert_ptr_nonnull(strstr(witness_read(stack_file("log/interrupted.log")),
                                 text("of which %d went", (int)gone)));
    DOCUMENT(0, "audit");
    ck_assert_int_eq(number_at(DOCUMENT(0, "prune", "--older-than", "90d", "--yes"), "messages"),
                     100 - gone);
}
END_TEST

/* Both want the same rows: each recipient is replayed and stays, or is pruned. */
START_TEST(beside_live_traffic_and_a_replay_it_neither_deadlocks_nor_takes_what_lives)
{
    const char *const words[] = { "-c", stack_env("NOTIFY_CONFIG"), "dead", "replay", "--code", "21211", NULL };
    struct user u = user_new("unlimited");
    struct load *l = load_start(&u, stack_env("NOTIFY_URL"), 15557000000);
    const char *id = send_to(&u, "sms", "+15550004000");
    int64_t pruned = 0;

    WAIT_UNTIL(is_in(id, "failed"), 30000);
    DOCUMENT(0, "prune", "--older-than", "90d", "--yes");
    for (int round = 0; round < 4; round++) {
        int64_t before = sql_number("SELECT count(*) FROM message_recipients WHERE error_code = '21211'");
        pid_t replay;
        json_t *doc;

        WAIT_UNTIL(strcmp(message_status(id), "failed") == 0, 20000); /* it was replayed too */
        copies(id, 400);
        replay = process_start("notifyctl", words, NULL, "replay");
        doc = DOCUMENT(0, "prune", "--older-than", "90d", "--yes", "--batch", "20");
        ck_assert_int_eq(process_wait(replay, 30000), 0);
        pruned += number_at(doc, "messages");
        WAIT_UNTIL(sql_number("SELECT count(*) FROM message_recipients WHERE error_code = '21211'") ==
                       before + 400 - number_at(doc, "messages"), 20000);
        DOCUMENT(0, "audit");
    }
    ck_assert_int_gt(pruned, 0);
    load_stop(l);
    WAIT_UNTIL(load_sent(l) == (size_t)load_accepted(l), 30000);
    load_expect_all_found(l);
    load_expect_each_once(l);
    DOCUMENT(0, "audit");
}
END_TEST

STACK_SUITE("prune", settings, what_is_long_finished_goes_whole_and_the_rest_stays_whole,
            batches_of_any_size_take_everything_once,
            a_run_that_is_interrupted_stops_between_batches_and_says_how_far_it_came,
            beside_live_traffic_and_a_replay_it_neither_deadlocks_nor_takes_what_lives)
