/* Several recipients' timer in one row: how it becomes rows of their own, and when it goes. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/db/messages.h"
#include "common/db/schema.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

#define MOST 20
#define SMS lane_of(PF_SMS, PRIO_NORMAL)

/* A message whose timer is a run. */
static struct message_draft *run_of(struct db *db, size_t recipients)
{
    struct message_draft *d = tables_draft(recipients);

    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    return d;
}

static void make_due(struct db *db)
{
    tables_do(db, "UPDATE dispatch_runs SET due_at = now() - interval '1 s'");
}

/* Its numbers in the order of `due`, those that a worker has in brackets. */
static const char *take(struct db *db, int limit)
{
    const char *text = "";
    struct due *due;
    size_t n;

    OK(dispatch_take(db, TAKE(SMS, TAKE_RUNS, limit, 30000), &mem, &due, &n, &err));
    for (size_t i = 0; i < n; i++)
        text = arena_printf(&mem, due[i].leased ? "%s[%d] " : "%s%d ", text, due[i].ref.n);
    return text;
}

/* "2+3 | 0:30 1:30": what the run stands for, and who has a row of his own, due in so many seconds. */
static const char *timers(struct db *db, const struct message_draft *d)
{
    return tables_ask(db,
                      "SELECT concat((SELECT concat(first, '+', span) FROM dispatch_runs WHERE message_id = '%1$s'),"
                      " ' |', (SELECT string_agg(concat(' ', n, ':', round(extract(epoch FROM due_at - now()))), ''"
                      "         ORDER BY n) FROM dispatch WHERE message_id = '%1$s'))",
                      d->id);
}

/* Claims and records one recipient. */
static void end_one(struct db *db, const struct message_draft *d, int n, struct outcome o)
{
    struct recipient_ref ref = tables_ref(d, n, 0);
    struct claim *claims;
    bool moved;
    size_t count;

    OK(recipients_claim(db, &ref, 1, &mem, &claims, &count, &err));
    ck_assert_uint_eq(count, 1);
    o.ref = claims[0].ref;
    o.attempt = 1;
    OK(recipients_record(db, &o, 1, &mem, &moved, &err));
}

#define SENT (struct outcome){ .status = DS_SENT, .provider_id = "SM1" }
#define RETRY (struct outcome){ .status = DS_PENDING, .delay_ms = 600000 }

START_TEST(what_a_run_stands_for_is_taken_once_and_gets_rows_of_its_own)
{
    struct db *db = tables_open(&cluster, "taken");
    struct message_draft *d = run_of(db, 5);

    ck_assert_str_eq(timers(db, d), "0+5 |");
    ck_assert_str_eq(take(db, 100), ""); /* it is not due */
    make_due(db);
    ck_assert_str_eq(take(db, 2), "0 1 ");
    ck_assert_str_eq(timers(db, d), "2+3 | 0:30 1:30");
    ck_assert_str_eq(take(db, 100), "2 3 4 ");
    ck_assert_str_eq(timers(db, d), " | 0:30 1:30 2:30 3:30 4:30");
    ck_assert_str_eq(take(db, 100), "");
    db_free(db);
}
END_TEST

START_TEST(a_run_stands_for_its_own_platform)
{
    struct db *db = tables_open(&cluster, "platforms");
    struct message_draft *d = tables_draft(5);

    d->recipients[1].platform = d->recipients[3].platform = PF_EMAIL;
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    make_due(db);
    ck_assert_str_eq(take(db, 100), "0 2 4 ");
    ck_assert_str_eq(timers(db, d), "1+2 | 0:30 2:30 4:30");
    db_free(db);
}
END_TEST

START_TEST(a_run_passes_over_who_has_his_end_or_a_row_already_and_tells_whom_a_worker_has)
{
    struct db *db = tables_open(&cluster, "passes");
    struct message_draft *d = run_of(db, 5);
    struct recipient_ref ref = tables_ref(d, 2, 0);
    struct claim *claims;
    size_t n;

    end_one(db, d, 0, SENT);
    end_one(db, d, 1, RETRY);
    OK(recipients_claim(db, &ref, 1, &mem, &claims, &n, &err));
    ck_assert_str_eq(timers(db, d), "0+5 | 1:600");
    make_due(db);
    ck_assert_str_eq(take(db, 100), "[2] 3 4 ");
    ck_assert_str_eq(timers(db, d), " | 1:600 2:30 3:30 4:30");
    db_free(db);
}
END_TEST

START_TEST(a_retry_is_due_at_its_time_and_in_its_lane)
{
    struct db *db = tables_open(&cluster, "retry");
    struct message_draft *d = tables_draft(2);

    d->priority = PRIO_HIGH;
    d->recipients[0].platform = d->recipients[1].platform = PF_TELEGRAM;
    d->expires_ms = d->created_ms + 60000; /* before the retry: it is looked at then */
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    end_one(db, d, 1, RETRY);
    ck_assert_str_eq(tables_ask(db, "SELECT string_agg(concat(d.n, ' ', d.lane, ' ', d.user_key = u.user_key), ',')"
                                    " FROM dispatch d JOIN dispatch_runs u USING (message_id)"),
                     arena_printf(&mem, "1 %d t", lane_of(PF_TELEGRAM, PRIO_HIGH)));
    ck_assert_str_eq(timers(db, d), "0+2 | 1:60");
    db_free(db);
}
END_TEST

static void end_as_sent(struct db *db, const struct message_draft *d, int n)
{
    end_one(db, d, n, SENT);
}

static void end_as_expired(struct db *db, const struct message_draft *d, int n)
{
    struct recipient_ref ref = tables_ref(d, n, 0);

    OK(recipients_settle(db, &ref, 1, DS_EXPIRED, "expired", "late", &err));
}

static void end_as_reported(struct db *db, const struct message_draft *d, int n)
{
    tables_do(db, "UPDATE message_recipients SET attempts = 1 WHERE message_id = '%s'", d->id);
    ck_assert_uint_eq(tables_report(db, d->id, n, EV_REPORTED_DELIVERED), 1);
}

START_TEST(a_run_goes_with_the_last_of_its_message_however_that_ends)
{
    static void (*const ways[])(struct db *, const struct message_draft *, int) = { end_as_sent, end_as_expired,
                                                                                   end_as_reported };
    struct db *db = tables_open(&cluster, "goes");

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct message_draft *d = run_of(db, 3);

        ways[i](db, d, 2);
        ways[i](db, d, 0);
        ck_assert_str_eq(timers(db, d), "0+3 |");
        ways[i](db, d, 1);
        ck_assert_str_eq(timers(db, d), " |");
    }
    db_free(db);
}
END_TEST

START_TEST(a_run_goes_with_a_cancelled_message)
{
    struct db *db = tables_open(&cluster, "cancelled");
    struct message_draft *d = tables_draft(3);

    d->scheduled_ms = d->due_ms;
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    OK(recipients_cancel(db, d->id, d->user_id, &err));
    ck_assert_str_eq(timers(db, d), " |");
    db_free(db);
}
END_TEST

/* A record that was under way when the run was taken does not see the new row. */
START_TEST(a_row_whose_recipient_has_his_end_goes_when_it_is_due)
{
    struct db *db = tables_open(&cluster, "over");
    struct message_draft *d = run_of(db, 2);
    struct due *due;
    size_t n;

    end_one(db, d, 0, SENT);
    tables_do(db, "INSERT INTO dispatch VALUES ('%s', 0, %d, now() - interval '1 s')", d->id, SMS);
    OK(dispatch_take(db, TAKE(SMS, TAKE_OLDEST, 100, 30000), &mem, &due, &n, &err));
    ck_assert_uint_eq(n, 0);
    ck_assert_str_eq(timers(db, d), "0+2 |");
    db_free(db);
}
END_TEST

START_TEST(users_take_turns_with_their_runs)
{
    struct db *db = tables_open(&cluster, "run_turns");
    struct message_draft *mine[30], *yours;
    struct due *due;
    size_t n, of_you = 0;

    for (size_t i = 0; i < 30; i++)
        mine[i] = run_of(db, MOST);
    tables_do(db, "UPDATE dispatch_runs SET user_key = 7");
    make_due(db);
    yours = run_of(db, 8);
    tables_do(db, "UPDATE dispatch_runs SET due_at = now() WHERE message_id = '%s'", yours->id);
    OK(dispatch_take(db, TAKE(SMS, TAKE_RUNS, 50, 30000), &mem, &due, &n, &err));
    for (size_t i = 0; i < n; i++)
        of_you += strcmp(due[i].ref.message_id, yours->id) == 0;
    ck_assert_uint_eq(of_you, 8);
    ck_assert_uint_eq(n, 25 + 8);
    ck_assert_str_eq(timers(db, yours), " | 0:30 1:30 2:30 3:30 4:30 5:30 6:30 7:30");
    ck_assert_str_eq(timers(db, mine[29]), "0+20 |");
    db_free(db);
}
END_TEST

START_TEST(what_runs_stand_for_is_counted_as_backlog)
{
    struct db *db = tables_open(&cluster, "counted");
    struct backlog lanes[LANE_COUNT];

    run_of(db, 7);
    run_of(db, 1);
    OK(dispatch_backlog(db, 100, &mem, lanes, &err));
    ck_assert(lanes[SMS].due == 0 && lanes[SMS].waiting == 8 && lanes[SMS].oldest_ms == -1);
    make_due(db);
    OK(dispatch_backlog(db, 100, &mem, lanes, &err));
    ck_assert(lanes[SMS].due == 7 && lanes[SMS].waiting == 1);
    ck_assert_int_ge(lanes[SMS].oldest_ms, 1000);
    OK(dispatch_backlog(db, 5, &mem, lanes, &err));
    ck_assert_int_eq(lanes[SMS].due, 5);
    db_free(db);
}
END_TEST

START_TEST(the_way_back_gives_rows_to_what_runs_stand_for)
{
    struct db *db = tables_open(&cluster, "back");
    struct message_draft *d = run_of(db, 4);
    size_t done;

    end_one(db, d, 0, SENT);
    end_one(db, d, 1, RETRY);
    OK(schema_down(db, tables_migrations(), 1, &mem, NULL, NULL, &err));
    done = (size_t)atoi(tables_ask(db, "SELECT count(*) FROM dispatch WHERE n > 0"));
    ck_assert_uint_eq(done, 3);
    ck_assert_str_eq(tables_due(db, d, 1), "600");
    ck_assert_str_eq(tables_due(db, d, 3), "3600");
    db_free(db);
}
END_TEST

/* ---- at the same time ---- */

#define ROUNDS 40
#define EACH 50

static struct message_draft *raced[ROUNDS];

static void *take_all(void *arg)
{
    struct db *db = tables_connect(&cluster, "raced", NULL);
    struct arena own = { 0 };
    struct error error;
    struct due *due;
    size_t n, failures = 0;

    for (int i = 0; i < ROUNDS * 4; i++) {
        failures += dispatch_take(db, TAKE(SMS, TAKE_RUNS, 25, 30000), &own, &due, &n, &error) != ST_OK;
        arena_reset(&own);
    }
    arena_done(&own);
    db_free(db);
    return (void *)failures;
}

/* Every other one is sent, the rest wait for a retry. */
static void record_round(struct db *db, const struct message_draft *d)
{
    struct recipient_ref refs[EACH];
    struct outcome outcomes[EACH];
    bool moved[EACH];

    tables_claim(db, d, EACH, refs);
    for (int i = 0; i < EACH; i++)
        outcomes[i] = (struct outcome){ .ref = refs[i], .attempt = 1, .delay_ms = 600000,
                                        .status = i % 2 == 0 ? DS_SENT : DS_PENDING };
    OK(recipients_record(db, outcomes, EACH, &mem, moved, &err));
}

START_TEST(runs_that_are_taken_while_they_are_recorded_lose_none_and_never_deadlock)
{
    struct db *db = tables_open(&cluster, "raced");
    pthread_t taker;
    void *failures;

    for (int i = 0; i < ROUNDS; i++)
        raced[i] = run_of(db, EACH);
    make_due(db);
    ck_assert_int_eq(pthread_create(&taker, NULL, take_all, NULL), 0);
    for (int i = 0; i < ROUNDS; i++)
        record_round(db, raced[i]);
    pthread_join(taker, &failures);
    ck_assert_ptr_null(failures);
    while (take(db, 1000)[0] != '\0')
        continue;
    ck_assert_str_eq(tables_ask(db, "SELECT concat_ws(' ', count(*), count(d.n)) FROM message_recipients r"
                                    " LEFT JOIN dispatch d USING (message_id, n)"
                                    " WHERE r.status IN ('pending', 'queued', 'sending')"),
                     arena_printf(&mem, "%d %d", ROUNDS * EACH / 2, ROUNDS * EACH / 2));
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM dispatch_runs"), "0");
    db_free(db);
}
END_TEST

PG_SUITE("runs", what_a_run_stands_for_is_taken_once_and_gets_rows_of_its_own, a_run_stands_for_its_own_platform,
         a_run_passes_over_who_has_his_end_or_a_row_already_and_tells_whom_a_worker_has,
         a_retry_is_due_at_its_time_and_in_its_lane,
         a_run_goes_with_the_last_of_its_message_however_that_ends, a_run_goes_with_a_cancelled_message,
         a_row_whose_recipient_has_his_end_goes_when_it_is_due, users_take_turns_with_their_runs,
         what_runs_stand_for_is_counted_as_backlog, the_way_back_gives_rows_to_what_runs_stand_for,
         runs_that_are_taken_while_they_are_recorded_lose_none_and_never_deadlock)
