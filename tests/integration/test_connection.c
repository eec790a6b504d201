/* The connection to Postgres: lost at every moment, and never a wrong word about what was written.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/db/messages.h"
#include "common/service/send_all.h"
#include "common/service/send_messages.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/proxy.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

#define VICTIM "victim" /* the application name of the connection that is broken */
#define BYTES_MOST 200  /* an answer of an insert is shorter */

static struct db *victim_of(const struct pg *pg, const char *name)
{
    struct db *db = tables_connect(pg, name, &(struct db_options){ .application = VICTIM });

    OK(db_connect(db, &err));
    return db;
}

/* Ends the victim's session and waits until its process, and with it the socket, is gone. */
static void terminate(struct db *db)
{
    int64_t until = clock_mono_ms() + 10000;
    int pid = atoi(
        tables_ask(db, "SELECT pid FROM pg_stat_activity WHERE application_name = '" VICTIM "'"));

    ck_assert_int_gt(pid, 0);
    tables_ask(db, "SELECT pg_terminate_backend(%d)", pid);
    while (kill(pid, 0) == 0) {
        ck_assert_int_lt(clock_mono_ms(), until);
        clock_sleep_ms(1);
    }
}

static enum status insert(struct db *db, const struct message_draft *d)
{
    return messages_insert(db, &d, 1, &err);
}

static bool is_there(struct db *db, const struct message_draft *d)
{
    return atoi(tables_ask(db, "SELECT count(*) FROM messages WHERE id = '%s'", d->id)) == 1;
}

/* Until the back-off lets it. */
static void insert_soon(struct db *db)
{
    int64_t until = clock_mono_ms() + 10000;

    while (insert(db, tables_draft(1)) != ST_OK) {
        ck_assert_msg(clock_mono_ms() < until, "%s", err.text);
        clock_sleep_ms(20);
    }
}

/* ---- coming back ---- */

START_TEST(a_session_that_ended_while_idle_is_replaced_before_anything_is_sent)
{
    struct db *db = tables_open(&cluster, "idle"), *victim = victim_of(&cluster, "idle");

    for (int i = 0; i < 20; i++) {
        OK(insert(victim, tables_draft(1))); /* prepared anew each time */
        terminate(db);
    }
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM messages"), "20");
    db_free(victim);
    db_free(db);
}
END_TEST

START_TEST(the_connection_comes_back_after_a_restart_of_postgres)
{
    struct pg own;
    struct db *db;

    ck_assert(pg_start(&own));
    db = tables_open(&own, "restart");
    OK(insert(db, tables_draft(1)));
    pg_shut_down(&own);
    ck_assert_int_eq(insert(db, tables_draft(1)), ST_UNAVAILABLE);
    ck_assert(!db_is_connected(db));
    for (int i = 0; i < 10; i++) { /* at once, while the next try is not due */
        ck_assert_int_eq(insert(db, tables_draft(1)), ST_UNAVAILABLE);
        clock_sleep_ms(10);
    }
    pg_start_again(&own);
    insert_soon(db);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM messages"), "2");
    db_free(db);
    pg_stop(&own);
}
END_TEST

/* ---- time limits ---- */

static const struct statement sleep_long = { "test_sleep", "SELECT pg_sleep(8)", 0 };

START_TEST(a_statement_past_its_time_limit_drops_the_connection_and_says_so)
{
    struct db *db = tables_open(&cluster, "limit"), *slow;
    int64_t begun = clock_mono_ms(), took;

    slow = tables_connect(&cluster, "limit",
                          &(struct db_options){ .application = "slow", .timeout_ms = 1000 });
    tables_do(slow, "SET statement_timeout = 0"); /* a server that does not end it by itself */
    ck_assert_int_eq(db_exec(slow, &sleep_long, NULL, NULL, &err), ST_UNCERTAIN);
    took = clock_mono_ms() - begun;
    ck_assert_msg(took >= 1000 && took < 3000, "%d ms", (int)took);
    ck_assert_ptr_nonnull(strstr(err.text, "in time"));
    ck_assert(!db_is_connected(slow));
    insert_soon(slow);
    db_free(slow);
    db_free(db);
}
END_TEST

START_TEST(the_server_ends_a_slow_statement_first_and_the_connection_stays)
{
    struct db *db = tables_open(&cluster, "slow"), *slow;

    slow = tables_connect(&cluster, "slow",
                          &(struct db_options){ .application = "slow", .timeout_ms = 1000 });
    ck_assert_int_eq(db_exec(slow, &sleep_long, NULL, NULL, &err), ST_UNAVAILABLE);
    ck_assert(db_is_connected(slow));
    OK(insert(slow, tables_draft(1)));
    db_free(slow);
    db_free(db);
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_connection_lost_between_two_halves_never_runs_the_second_alone)
{
    struct db *db = tables_open(&cluster, "halves"), *victim = victim_of(&cluster, "halves");

    for (int commits = 0; commits < 2; commits++) {
        OK(db_begin(victim, &err));
        OK(insert(victim, tables_draft(1)));
        terminate(db);
        if (commits == 0) {
            for (int i = 0; i < 30; i++) { /* past the back-off, too */
                ck_assert_int_ne(insert(victim, tables_draft(1)), ST_OK);
                clock_sleep_ms(10);
            }
        }
        ck_assert_int_ne(db_commit(victim, &err), ST_OK);
        db_rollback(victim);
        ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM messages"), "0");
        ck_assert_int_ne(insert(victim, tables_draft(1)), ST_UNCERTAIN);
        insert_soon(victim);
        tables_do(db, "TRUNCATE messages");
    }
    db_free(victim);
    db_free(db);
}
END_TEST

START_TEST(a_first_half_cut_off_anywhere_never_leaves_a_second_half)
{
    struct db *db = tables_open(&cluster, "cut_half");
    struct proxy proxy;
    long whole = BYTES_MOST;

    proxy_start(&proxy, &cluster);
    for (long bytes = 0; bytes <= whole; bytes++) {
        struct db *victim = victim_of(&proxy.front, "cut_half");
        const char *expected;

        OK(db_begin(victim, &err));
        proxy_allow(&proxy, bytes);
        insert(victim, tables_draft(1));
        if (atomic_load(&proxy.passed) < bytes)
            whole = bytes; /* the answer was not cut any more */
        insert(victim, tables_draft(1));
        expected = db_commit(victim, &err) == ST_OK ? "2" : "0";
        db_rollback(victim);
        db_free(victim);
        ck_assert_msg(strcmp(tables_ask(db, "SELECT count(*) FROM messages"), expected) == 0,
                      "after %ld bytes", bytes);
        tables_do(db, "DELETE FROM messages"); /* TRUNCATE would wait for those that were cut off */
    }
    ck_assert_int_lt(whole, BYTES_MOST);
    proxy_stop(&proxy);
    db_free(db);
}
END_TEST

/* ---- commits whose outcome is unknown ---- */

/* One insert, its answer cut after so many bytes; how many there were to pass. */
static long cut_insert(struct proxy *proxy, const char *name, long bytes,
                       const struct message_draft *d, enum status *s)
{
    struct db *victim = victim_of(&proxy->front, name);
    long passed;

    proxy_allow(proxy, bytes);
    *s = insert(victim, d);
    passed = atomic_load(&proxy->passed);
    db_free(victim);
    return passed;
}

START_TEST(an_answer_cut_off_anywhere_is_never_taken_for_another)
{
    struct db *db = tables_open(&cluster, "cut");
    struct proxy proxy;
    long whole = BYTES_MOST, uncertain = 0;

    proxy_start(&proxy, &cluster);
    for (long bytes = 0; bytes <= whole; bytes++) {
        struct message_draft *d = tables_draft(1);
        enum status s;

        if (cut_insert(&proxy, "cut", bytes, d, &s) < bytes)
            whole = bytes;
        clock_sleep_ms(1);
        ck_assert_msg(s == ST_UNCERTAIN || is_there(db, d) == (s == ST_OK), "after %ld bytes: %s",
                      bytes, status_name(s));
        uncertain += s == ST_UNCERTAIN;
    }
    fprintf(stderr, "# an answer of %ld bytes, uncertain when cut at %ld of them\n", whole - 1,
            uncertain);
    ck_assert_int_lt(whole, BYTES_MOST);
    ck_assert_int_ge(uncertain, 20);
    proxy_stop(&proxy);
    db_free(db);
}
END_TEST

/* Postgres says "INSERT 0 1" before it commits; what the commit then refuses must not be lost. */
START_TEST(a_commit_that_fails_is_never_taken_for_a_success)
{
    struct db *db = tables_open(&cluster, "commit");
    struct proxy proxy;
    long whole = 1000;

    tables_do(
        db,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;"
        "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse()");
    ck_assert_int_ne(insert(db, tables_draft(1)), ST_OK);
    proxy_start(&proxy, &cluster);
    for (long bytes = 0; bytes <= whole; bytes++) {
        enum status s;

        if (cut_insert(&proxy, "commit", bytes, tables_draft(1), &s) < bytes)
            whole = bytes;
        ck_assert_msg(s != ST_OK, "after %ld bytes", bytes);
    }
    ck_assert_int_gt(whole, 80); /* the refusal's words were among them */
    proxy_stop(&proxy);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM messages"), "0");
    db_free(db);
}
END_TEST

START_TEST(messages_whose_answer_was_lost_are_known_to_be_there)
{
    struct db *db = tables_open(&cluster, "lost"), *victim;
    struct proxy proxy;

    proxy_start(&proxy, &cluster);
    victim = victim_of(&proxy.front, "lost");
    for (int i = 0; i < 5; i++) {
        const struct message_draft *drafts[] = { tables_draft(1), tables_draft(2) };
        enum status results[2];

        OK(db_connect(victim, &err));
        OK(insert(victim, tables_draft(1))); /* prepared: the next answer is that of the insert */
        proxy_allow(&proxy, 5L * i);
        send_messages(victim, drafts, 2, &mem, results);
        ck_assert_int_eq(results[0], ST_OK);
        ck_assert_int_eq(results[1], ST_OK);
        ck_assert(is_there(db, drafts[0]) && is_there(db, drafts[1]));
        ck_assert_str_eq(tables_counters(db, drafts[1]->id), "pending 2/0/0");
    }
    db_free(victim);
    proxy_stop(&proxy);
    db_free(db);
}
END_TEST

/* Of 2 messages in one transaction, up to its end: the first of them. */
static const struct message_draft *add_two(struct db *victim)
{
    const struct message_draft *first = tables_draft(1), *second = tables_draft(2);

    OK(db_connect(victim, &err));
    OK(send_all_begin(victim, &err));
    OK(send_all_add(victim, &first, 1, &err));
    OK(send_all_add(victim, &second, 1, &err));
    return first;
}

START_TEST(all_of_a_commit_whose_answer_was_lost_is_known_to_be_there)
{
    struct db *db = tables_open(&cluster, "all"), *victim;
    struct proxy proxy;

    proxy_start(&proxy, &cluster);
    victim = victim_of(&proxy.front, "all");
    for (int i = 0; i < 5; i++) {
        const struct message_draft *first = add_two(victim);

        proxy_allow(&proxy, 3L * i);
        OK(send_all_end(victim, first, &err));
        ck_assert(is_there(db, first));
        ck_assert_int_eq(atoi(tables_ask(db, "SELECT count(*) FROM messages")), 2 * (i + 1));
        ck_assert_int_eq(atoi(tables_ask(db, "SELECT count(*) FROM message_recipients")), 3 * (i + 1));
    }
    db_free(victim);
    proxy_stop(&proxy);
    db_free(db);
}
END_TEST

START_TEST(nothing_of_a_transaction_is_there_that_ended_before_its_commit)
{
    struct db *db = tables_open(&cluster, "none");
    struct db *victim = victim_of(&cluster, "none");
    const struct message_draft *first = add_two(victim);

    terminate(db);
    ck_assert_int_eq(send_all_end(victim, first, &err), ST_UNAVAILABLE);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM messages"), "0");
    add_two(victim);
    send_all_drop(victim);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM messages"), "0");
    db_free(victim);
    db_free(db);
}
END_TEST

/* Until nobody but we runs a statement. */
static void wait_until_idle(struct db *db)
{
    int64_t until = clock_mono_ms() + 10000;

    while (strcmp(tables_ask(db, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                                 " AND application_name = '" VICTIM "'"),
                  "0") != 0) {
        ck_assert_int_lt(clock_mono_ms(), until);
        clock_sleep_ms(5);
    }
}

struct interference {
    struct proxy *proxy;
    struct db *blocker;
};

/* Cuts the connection while the insert waits for a lock, and lets the insert go on a while later.
 */
static void *cut_then_release(void *arg)
{
    struct interference *i = arg;

    clock_sleep_ms(300);
    proxy_cut_now(i->proxy);
    clock_sleep_ms(1000);
    db_rollback(i->blocker);
    return NULL;
}

START_TEST(an_insert_that_still_runs_when_its_connection_is_lost_is_waited_for)
{
    struct db *db = tables_open(&cluster, "running"), *victim;
    const struct message_draft *d = tables_draft(1);
    struct interference i = { .blocker = tables_connect(&cluster, "running", NULL) };
    enum status result;
    struct proxy proxy;
    pthread_t thread;

    proxy_start(&proxy, &cluster);
    i.proxy = &proxy;
    victim = victim_of(&proxy.front, "running");
    OK(insert(victim,
              tables_draft(1))); /* prepared: what waits for the lock is the insert itself */
    OK(db_begin(i.blocker, &err));
    tables_do(i.blocker, "LOCK TABLE message_events IN SHARE MODE");
    ck_assert_int_eq(pthread_create(&thread, NULL, cut_then_release, &i), 0);
    send_messages(victim, &d, 1, &mem, &result);
    pthread_join(thread, NULL);
    db_free(victim);
    proxy_stop(&proxy);
    wait_until_idle(db);
    ck_assert_msg(is_there(db, d) == (result == ST_OK), "%s, and %s", status_name(result),
                  is_there(db, d) ? "there" : "not there");
    ck_assert_int_eq(result, ST_OK);
    db_free(i.blocker);
    db_free(db);
}
END_TEST

#define BATCHES 100
#define BATCH 20

#define KILLS_ENOUGH 5

struct killer {
    struct db *db;
    atomic_bool stop;
    atomic_int kills;
};

static const struct statement kill_active = {
    "test_kill",
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = '" VICTIM "' AND state = 'active'",
    0
};

static void *kill_now_and_then(void *arg)
{
    struct killer *k = arg;
    struct arena own = ARENA_INIT;
    struct rows rows;

    while (!atomic_load(&k->stop)) {
        clock_sleep_ms((int64_t)random_below(8));
        if (db_query(k->db, &kill_active, NULL, &own, &rows, NULL) == ST_OK &&
            row_int(&rows, 0, 0) > 0) {
            k->kills++;
            clock_sleep_ms((int64_t)random_below(250)); /* or it would never get on */
        }
        arena_reset(&own);
    }
    arena_done(&own);
    return NULL;
}

START_TEST(what_is_answered_is_true_however_often_the_session_is_killed)
{
    struct db *db = tables_open(&cluster, "kills"), *victim = victim_of(&cluster, "kills");
    struct killer killer = { .db = tables_connect(&cluster, "kills", NULL) };
    int counts[ST_UNCERTAIN + 1] = { 0 };
    pthread_t thread;

    log_open("test", LEVEL_ERROR + 1, LOG_TEXT);
    ck_assert_int_eq(pthread_create(&thread, NULL, kill_now_and_then, &killer), 0);
    /* On, until enough of them were hit; a fast machine needs more batches for that. */
    for (int i = 0; i < BATCHES || (killer.kills <= KILLS_ENOUGH && i < 50 * BATCHES); i++) {
        const struct message_draft *drafts[BATCH];
        enum status results[BATCH];

        for (int k = 0; k < BATCH; k++)
            drafts[k] = tables_draft(20);
        while (db_connect(victim, &err) != ST_OK)
            clock_sleep_ms(5);
        send_messages(victim, drafts, BATCH, &mem, results);
        for (int k = 0; k < BATCH; k++) {
            counts[results[k]]++;
            ck_assert(results[k] == ST_OK || results[k] == ST_UNAVAILABLE ||
                      results[k] == ST_UNCERTAIN);
            if (results[k] != ST_UNCERTAIN)
                ck_assert(is_there(db, drafts[k]) == (results[k] == ST_OK));
        }
    }
    atomic_store(&killer.stop, true);
    pthread_join(thread, NULL);
    fprintf(stderr, "# %d kills: %d accepted, %d not, %d unknown\n", killer.kills, counts[ST_OK],
            counts[ST_UNAVAILABLE], counts[ST_UNCERTAIN]);
    ck_assert_int_gt(killer.kills, KILLS_ENOUGH);
    ck_assert_int_gt(counts[ST_OK], 0);
    db_free(killer.db);
    db_free(victim);
    db_free(db);
}
END_TEST

PG_SUITE("connection", a_session_that_ended_while_idle_is_replaced_before_anything_is_sent,
         the_connection_comes_back_after_a_restart_of_postgres,
         a_statement_past_its_time_limit_drops_the_connection_and_says_so,
         the_server_ends_a_slow_statement_first_and_the_connection_stays,
         a_connection_lost_between_two_halves_never_runs_the_second_alone,
         a_first_half_cut_off_anywhere_never_leaves_a_second_half,
         an_answer_cut_off_anywhere_is_never_taken_for_another,
         a_commit_that_fails_is_never_taken_for_a_success,
         messages_whose_answer_was_lost_are_known_to_be_there,
         all_of_a_commit_whose_answer_was_lost_is_known_to_be_there,
         nothing_of_a_transaction_is_there_that_ended_before_its_commit,
         an_insert_that_still_runs_when_its_connection_is_lost_is_waited_for,
         what_is_answered_is_true_however_often_the_session_is_killed)
