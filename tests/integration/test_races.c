/* Two connections at the same row at the same time: who wins, and that nothing is lost or waits
 * long. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/db/callbacks.h"
#include "common/db/dead.h"
#include "common/db/messages.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

#define RACES 1000
#define FAILURES_MOST 200 /* of a side, before it gives up */

static struct recipient_ref refs[RACES]; /* what is raced for; constant while a race runs */

/* One of the two that race, in a thread of its own. */
struct side {
    struct db *db;
    void (*step)(struct side *side, int i);
    pthread_barrier_t *start;
    int rounds;
    struct arena mem;
    bool won[RACES];
    int wins, claimed, failures; /* failures: steps that were refused and done again */
    struct error err;            /* of the last failure */
};

static void *run_side(void *arg)
{
    struct side *side = arg;

    for (int i = 0; i < side->rounds; i++) {
        pthread_barrier_wait(side->start);
        side->step(side, i);
        side->wins += side->won[i];
        arena_reset(&side->mem);
    }
    arena_done(&side->mem);
    return NULL;
}

static void race(struct side sides[2], const char *database, int rounds)
{
    pthread_barrier_t start;
    pthread_t threads[2];

    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < 2; i++) {
        sides[i].db = tables_connect(&cluster, database, NULL);
        sides[i].start = &start;
        sides[i].rounds = rounds;
        OK(db_connect(sides[i].db, &err));
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_side, &sides[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        db_free(sides[i].db);
    }
    pthread_barrier_destroy(&start);
    fprintf(stderr, "# %s: %d and %d won\n", database, sides[0].wins + sides[0].claimed,
            sides[1].wins + sides[1].claimed);
}

static void check_no_failure(const struct side sides[2])
{
    for (int i = 0; i < 2; i++)
        ck_assert_msg(sides[i].failures == 0, "%s", sides[i].err.text);
}

/* A database with a message of one recipient for each race. */
static struct db *open_course(const char *name)
{
    struct db *db = tables_open(&cluster, name);
    const struct message_draft **drafts = ARENA_ARRAY(&mem, const struct message_draft *, RACES);

    for (int i = 0; i < RACES; i++) {
        drafts[i] = tables_draft(1);
        refs[i] = tables_ref(drafts[i], 0, 0);
    }
    OK(messages_insert(db, drafts, RACES, &err));
    return db;
}

/* All are sending, in their second generation. */
static struct db *open_claimed(const char *name)
{
    struct db *db = open_course(name);
    struct claim *claims;
    size_t n;

    OK(recipients_claim(db, refs, RACES, &mem, &claims, &n, &err));
    ck_assert_uint_eq(n, RACES);
    for (int i = 0; i < RACES; i++)
        refs[i].fence = 1;
    return db;
}

/* ---- steps ---- */

static void note(struct side *side, enum status s)
{
    side->failures += s != ST_OK;
}

static void claim_one(struct side *side, int i)
{
    struct claim *claims;
    size_t n = 0;

    note(side,
         recipients_claim(side->db, &refs[i], 1, &side->mem, &claims, &n, &side->err));
    side->won[i] = n == 1;
}

static void expire_one(struct side *side, int i)
{
    note(side, recipients_settle(side->db, &refs[i], 1, DS_EXPIRED, "expired", "late", &side->err));
}

static void abandon_one(struct side *side, int i)
{
    note(side, recipients_abandon(side->db, &refs[i], 1, &side->err));
}

static void mark_one(struct side *side, int i)
{
    note(side, tables_mark_queued(side->db, &refs[i], 1, &side->err));
}

static void record_one(struct side *side, int i)
{
    struct outcome o = {
        .ref = refs[i], .status = DS_SENT, .provider = "twilio", .provider_id = "SM1"
    };

    note(side, recipients_record(side->db, &o, 1, &side->mem, &side->won[i], &side->err));
}

static void report_one(struct side *side, int i, enum delivery_event event)
{
    struct callback_report r = tables_callback(&side->mem, refs[i].message_id, 0, event);
    struct callbacks_tally tally = { 0 };

    note(side, callbacks_record(side->db, &r, 1, &side->mem, &tally, &side->err));
    side->won[i] = tally.changed == 1;
}

static void report_delivered(struct side *side, int i)
{
    report_one(side, i, EV_REPORTED_DELIVERED);
}

static void report_failed(struct side *side, int i)
{
    report_one(side, i, EV_REPORTED_FAILED);
}

static void replay_one(struct side *side, int i)
{
    note(side, dead_replay(side->db, &refs[i], 1, 6, &side->mem, &side->won[i], &side->err));
}

static void purge_one(struct side *side, int i)
{
    note(side, dead_purge(side->db, &refs[i], 1, &side->mem, &side->won[i], &side->err));
}

/* "3 sent 1 1 completed 0/1/0 due, ..." : how often each end was met. */
static const char *ends(struct db *db)
{
    return tables_ask(
        db,
        "SELECT string_agg(concat(n, ' x ', what), ', ' ORDER BY what) FROM (SELECT count(*) AS n,"
        " concat_ws(' ', r.status, fence, attempts, m.status, concat(open_count, '/', sent_count, "
        "'/',"
        "  expired_count), CASE WHEN d.n IS NULL THEN 'done' ELSE 'due' END) AS what"
        " FROM message_recipients r JOIN messages m ON m.id = r.message_id"
        " LEFT JOIN dispatch d USING (message_id) GROUP BY what) AS ends");
}

/* ---- races ---- */

START_TEST(of_two_claims_exactly_one_wins)
{
    struct db *db = open_course("claims");
    struct side sides[2] = { { .step = claim_one }, { .step = claim_one } };

    race(sides, "claims", RACES);
    check_no_failure(sides);
    for (int i = 0; i < RACES; i++)
        ck_assert_int_eq(sides[0].won[i] + sides[1].won[i], 1);
    ck_assert_str_eq(ends(db), "1000 x sending 1 1 pending 1/0/0 due");
    db_free(db);
}
END_TEST

START_TEST(of_a_claim_and_an_expiry_exactly_one_wins)
{
    struct db *db = open_course("expiry");
    struct side sides[2] = { { .step = claim_one }, { .step = expire_one } };
    int claimed;

    race(sides, "expiry", RACES);
    check_no_failure(sides);
    claimed = sides[0].wins;
    for (int i = 0; i < RACES; i++)
        ck_assert_str_eq(tables_ask(db,
                                    "SELECT status FROM message_recipients WHERE message_id = '%s'",
                                    refs[i].message_id),
                         sides[0].won[i] ? "sending" : "expired");
    ck_assert_int_eq(atoi(tables_ask(db, "SELECT count(*) FROM messages WHERE status = 'expired'"
                                         " AND open_count = 0 AND expired_count = 1")),
                     RACES - claimed);
    ck_assert_int_eq(atoi(tables_ask(db, "SELECT count(*) FROM dispatch")), claimed);
    db_free(db);
}
END_TEST

START_TEST(a_mark_never_takes_a_claim_back)
{
    struct db *db = open_course("marks");
    struct side sides[2] = { { .step = claim_one }, { .step = mark_one } };

    race(sides, "marks", RACES);
    check_no_failure(sides);
    ck_assert_int_eq(sides[0].wins, RACES);
    ck_assert_str_eq(ends(db), "1000 x sending 1 1 pending 1/0/0 due");
    db_free(db);
}
END_TEST

START_TEST(a_record_and_a_report_end_in_the_higher_state)
{
    struct db *db = open_claimed("reports");
    struct side sides[2] = { { .step = record_one }, { .step = report_delivered } };

    race(sides, "reports", RACES);
    check_no_failure(sides);
    ck_assert_int_eq(sides[1].wins, RACES);
    ck_assert_str_eq(ends(db), "1000 x delivered 1 1 completed 0/1/0 done");
    ck_assert_str_eq(tables_ask(db,
                                "SELECT count(*) FROM message_recipients WHERE provider_id = 'SM1'"
                                " AND sent_at IS NOT NULL AND delivered_at IS NOT NULL"),
                     "1000");
    db_free(db);
}
END_TEST

START_TEST(a_record_and_a_reported_failure_end_in_failure)
{
    struct db *db = open_claimed("refusals");
    struct side sides[2] = { { .step = record_one }, { .step = report_failed } };

    race(sides, "refusals", RACES);
    check_no_failure(sides);
    ck_assert_int_eq(sides[1].wins, RACES);
    ck_assert_str_eq(
        tables_ask(db, "SELECT count(*) FROM message_recipients WHERE status = 'failed'"), "1000");
    ck_assert_str_eq(ends(db), "1000 x failed 1 1 failed 0/0/0 done");
    db_free(db);
}
END_TEST

START_TEST(of_a_record_and_an_abandonment_exactly_one_wins)
{
    struct db *db = open_claimed("leases");
    struct side sides[2] = { { .step = record_one }, { .step = abandon_one } };

    race(sides, "leases", RACES);
    check_no_failure(sides);
    ck_assert_int_eq(
        atoi(tables_ask(db, "SELECT count(*) FROM message_events WHERE event = 'abandoned'")),
        RACES - sides[0].wins);
    for (int i = 0; i < RACES; i++)
        ck_assert_str_eq(
            tables_ask(db,
                       "SELECT concat(r.status, m.open_count) FROM message_recipients r"
                       " JOIN messages m ON m.id = r.message_id WHERE m.id = '%s'",
                       refs[i].message_id),
            sides[0].won[i] ? "sent0" : "pending1");
    db_free(db);
}
END_TEST

/* All have been sent, or have failed. */
static struct db *open_recorded(const char *name, enum delivery_state status)
{
    struct db *db = open_claimed(name);
    struct outcome *all = ARENA_ARRAY(&mem, struct outcome, RACES);
    bool *moved = ARENA_ARRAY(&mem, bool, RACES);

    for (int i = 0; i < RACES; i++)
        all[i] = (struct outcome){ .ref = refs[i], .status = status };
    OK(recipients_record(db, all, RACES, &mem, moved, &err));
    return db;
}

START_TEST(of_two_replays_exactly_one_wins)
{
    struct db *db = open_recorded("replays", DS_FAILED);
    struct side sides[2] = { { .step = replay_one }, { .step = replay_one } };

    race(sides, "replays", RACES);
    check_no_failure(sides);
    for (int i = 0; i < RACES; i++)
        ck_assert_int_eq(sides[0].won[i] + sides[1].won[i], 1);
    ck_assert_str_eq(ends(db), "1000 x pending 1 0 pending 1/0/0 due");
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM message_events WHERE event = 'replayed'"),
                     "1000");
    db_free(db);
}
END_TEST

/* The report comes first and is replayed, or comes later and stays. */
START_TEST(a_replay_and_the_report_of_the_failure_leave_the_counters_right)
{
    struct db *db = open_recorded("reported", DS_SENT);
    struct side sides[2] = { { .step = report_failed }, { .step = replay_one } };
    int replayed;

    race(sides, "reported", RACES);
    check_no_failure(sides);
    ck_assert_int_eq(sides[0].wins, RACES);
    replayed = sides[1].wins;
    ck_assert_int_eq(atoi(tables_ask(db, "SELECT count(*) FROM message_recipients r"
                                         " JOIN messages m ON m.id = r.message_id"
                                         " JOIN dispatch d USING (message_id, n)"
                                         " WHERE r.status = 'pending' AND m.status = 'pending'"
                                         " AND open_count = 1 AND sent_count = 0")),
                     replayed);
    ck_assert_int_eq(atoi(tables_ask(db, "SELECT count(*) FROM message_recipients r"
                                         " JOIN messages m ON m.id = r.message_id"
                                         " WHERE r.status = 'failed' AND m.status = 'failed'"
                                         " AND open_count = 0 AND sent_count = 0")),
                     RACES - replayed);
    db_free(db);
}
END_TEST

START_TEST(what_is_replayed_is_never_left_purged)
{
    struct db *db = open_recorded("purges", DS_FAILED);
    struct side sides[2] = { { .step = replay_one }, { .step = purge_one } };

    race(sides, "purges", RACES);
    check_no_failure(sides);
    ck_assert_int_eq(sides[0].wins, RACES);
    ck_assert_str_eq(ends(db), "1000 x pending 1 0 pending 1/0/0 due");
    ck_assert_str_eq(tables_ask(db, "SELECT count(purged_at) FROM message_recipients"), "0");
    ck_assert_int_eq(atoi(tables_ask(db, "SELECT count(*) FROM message_events"
                                         " WHERE event = 'purged'")), sides[1].wins);
    db_free(db);
}
END_TEST

/* ---- batches in opposite orders ---- */

#define WIDE 50 /* messages */
#define EACH 40 /* recipients of each; a round takes one of each message for each side */
#define ROUNDS (EACH / 2)

static struct message_draft *wide[WIDE];

/* The first side goes through the messages forwards, the second backwards: recipients of their own.
 */
static void fill_round(bool backwards, int round, struct recipient_ref out[WIDE])
{
    for (int k = 0; k < WIDE; k++)
        out[k] = tables_ref(wide[backwards ? WIDE - 1 - k : k], 2 * round + backwards, 0);
}

/* Deadlocks are refused with ST_UNAVAILABLE, and the step is done again, as a worker would. */
static bool again(struct side *side, enum status s)
{
    if (s == ST_OK)
        return false;
    side->failures++;
    return s == ST_UNAVAILABLE && side->failures < FAILURES_MOST;
}

static void claim_round(struct side *side, int round, bool backwards)
{
    struct recipient_ref mine[WIDE];
    struct claim *claims;
    size_t n = 0;

    fill_round(backwards, round, mine);
    while (again(side, recipients_claim(side->db, mine, WIDE, &side->mem, &claims, &n,
                                        &side->err)))
        continue;
    side->won[round] = n == WIDE;
}

static void record_round(struct side *side, int round, bool backwards)
{
    struct recipient_ref mine[WIDE];
    struct outcome all[WIDE];
    bool moved[WIDE] = { false };

    fill_round(backwards, round, mine);
    for (int k = 0; k < WIDE; k++) {
        mine[k].fence = 1;
        all[k] = (struct outcome){
            .ref = mine[k], .status = DS_SENT, .provider = "twilio", .provider_id = "SM1"
        };
    }
    while (again(side, recipients_record(side->db, all, WIDE, &side->mem, moved, &side->err)))
        continue;
    side->won[round] = true;
    for (int k = 0; k < WIDE; k++)
        side->won[round] &= moved[k];
}

static void claim_forwards(struct side *side, int round)
{
    claim_round(side, round, false);
}
static void claim_backwards(struct side *side, int round)
{
    claim_round(side, round, true);
}
static void record_forwards(struct side *side, int round)
{
    record_round(side, round, false);
}
static void record_backwards(struct side *side, int round)
{
    record_round(side, round, true);
}

/* The same recipients for both sides, named in opposite orders: copies of the same events. */
static void claim_copies(struct side *side, int round, bool backwards)
{
    struct recipient_ref copies[WIDE];
    struct claim *claims;
    size_t n = 0;

    for (int k = 0; k < WIDE; k++)
        copies[k] = tables_ref(wide[backwards ? WIDE - 1 - k : k], round, 0);
    while (again(side, recipients_claim(side->db, copies, WIDE, &side->mem, &claims, &n,
                                        &side->err)))
        continue;
    side->claimed += (int)n;
}

static void copies_forwards(struct side *side, int round)
{
    claim_copies(side, round, false);
}
static void copies_backwards(struct side *side, int round)
{
    claim_copies(side, round, true);
}

/* The same recipients again: their records forwards, their reports backwards. */
static void record_same(struct side *side, int round)
{
    struct outcome all[WIDE];
    bool moved[WIDE];

    for (int k = 0; k < WIDE; k++)
        all[k] = (struct outcome){ .ref = tables_ref(wide[k], round, 1), .status = DS_SENT };
    while (again(side, recipients_record(side->db, all, WIDE, &side->mem, moved, &side->err)))
        continue;
}

static void report_same(struct side *side, int round)
{
    struct callback_report all[WIDE];
    struct callbacks_tally tally;

    for (int k = 0; k < WIDE; k++)
        all[k] = tables_callback(&side->mem, wide[WIDE - 1 - k]->id, round, EV_REPORTED_DELIVERED);
    while (again(side, callbacks_record(side->db, all, WIDE, &side->mem, &tally, &side->err)))
        continue;
    side->won[round] = tally.changed == WIDE;
}

/*
 * Small tables are read as a whole, in the order of their pages; large ones by their keys, in the
 * order that a batch names.  Both kinds of plan must lock in an order that all batches share.
 */
#define LARGE_TABLES                                                                               \
    "ALTER DATABASE %s SET enable_seqscan = off;"                                                  \
    "ALTER DATABASE %s SET enable_hashjoin = off;"                                                 \
    "ALTER DATABASE %s SET enable_mergejoin = off"

/* large: who connects later finds plans as for large tables. */
static struct db *open_wide(const char *name, bool large)
{
    struct db *db = tables_open(&cluster, name);

    if (large)
        tables_do(db, LARGE_TABLES, name, name, name);
    for (int i = 0; i < WIDE; i++) {
        wide[i] = tables_draft(EACH);
        wide[i]->scheduled_ms = wide[i]->due_ms;
    }
    OK(messages_insert(db, (const struct message_draft *const *)wide, WIDE, &err));
    return db;
}

static void check_rounds(const struct side sides[2])
{
    for (int i = 0; i < 2; i++) {
        ck_assert_msg(sides[i].wins == ROUNDS, "%d rounds: %s", sides[i].wins, sides[i].err.text);
        ck_assert_int_eq(sides[i].failures, 0);
    }
}

static void race_workers(const char *name, bool large)
{
    struct db *db = open_wide(name, large);
    struct side claims[2] = { { .step = claim_forwards }, { .step = claim_backwards } };
    struct side records[2] = { { .step = record_forwards }, { .step = record_backwards } };

    race(claims, name, ROUNDS);
    race(records, name, ROUNDS);
    ck_assert_str_eq(ends(db), "2000 x sent 1 1 completed 0/40/0 done");
    check_rounds(claims);
    check_rounds(records);
    db_free(db);
}

START_TEST(workers_at_the_same_messages_lose_no_count_and_never_deadlock)
{
    race_workers("opposite", false);
    race_workers("opposite_large", true);
}
END_TEST

static void race_copies(const char *name, bool large)
{
    struct db *db = open_wide(name, large);
    struct side sides[2] = { { .step = copies_forwards }, { .step = copies_backwards } };

    race(sides, name, EACH);
    check_no_failure(sides);
    ck_assert_int_eq(sides[0].claimed + sides[1].claimed, WIDE * EACH);
    ck_assert_str_eq(tables_ask(db, "SELECT concat_ws(' ', count(*), sum(fence), max(fence))"
                                    " FROM message_recipients WHERE status = 'sending'"),
                     "2000 2000 1");
    db_free(db);
}

START_TEST(copies_of_a_batch_are_claimed_once_and_never_deadlock)
{
    race_copies("copies", false);
    race_copies("copies_large", true);
}
END_TEST

static void race_reports(const char *name, bool large)
{
    struct db *db = open_wide(name, large);
    struct side sides[2] = { { .step = record_same }, { .step = report_same } };

    for (int k = 0; k < WIDE; k++)
        tables_claim(db, wide[k], EACH, refs);
    race(sides, name, EACH);
    check_no_failure(sides);
    ck_assert_int_eq(sides[1].wins, EACH);
    ck_assert_str_eq(ends(db), "2000 x delivered 1 1 completed 0/40/0 done");
    db_free(db);
}

START_TEST(records_and_reports_of_the_same_batch_never_deadlock)
{
    race_reports("both", false);
    race_reports("both_large", true);
}
END_TEST

/* One failed recipient of each message; the same for both sides. */
static void replay_round(struct side *side, int round, bool backwards)
{
    struct recipient_ref copies[WIDE];
    bool moved[WIDE] = { false };

    for (int k = 0; k < WIDE; k++)
        copies[k] = tables_ref(wide[backwards ? WIDE - 1 - k : k], 2 * round, 1);
    while (again(side, dead_replay(side->db, copies, WIDE, 6, &side->mem, moved, &side->err)))
        continue;
    for (int k = 0; k < WIDE; k++)
        side->claimed += moved[k];
}

static void replay_forwards(struct side *side, int round)
{
    replay_round(side, round, false);
}
static void replay_backwards(struct side *side, int round)
{
    replay_round(side, round, true);
}

/* Of each message, the even recipients have failed and the odd ones are sending. */
static struct db *open_half_failed(const char *name, bool large)
{
    struct db *db = open_wide(name, large);
    struct outcome failed[EACH / 2];
    bool moved[EACH / 2];

    tables_spread(db);
    for (int k = 0; k < WIDE; k++) {
        tables_claim(db, wide[k], EACH, refs);
        for (int i = 0; i < EACH / 2; i++)
            failed[i] = (struct outcome){ .ref = refs[2 * i], .status = DS_FAILED };
        OK(recipients_record(db, failed, EACH / 2, &mem, moved, &err));
    }
    return db;
}

static const char *half_failed_ends(struct db *db)
{
    return tables_ask(db, "SELECT string_agg(concat_ws(' ', n, what), ', ' ORDER BY what) FROM ("
                          " SELECT count(*) AS n, concat_ws(' ', r.status, attempts, m.status, concat("
                          "  open_count, '/', sent_count), count(d.n)) AS what FROM message_recipients r"
                          " JOIN messages m ON m.id = r.message_id LEFT JOIN dispatch d USING (message_id, n)"
                          " GROUP BY r.status, attempts, m.status, open_count, sent_count) AS ends");
}

static void race_replays(const char *name, bool large)
{
    struct db *db = open_half_failed(name, large);
    struct side copies[2] = { { .step = replay_forwards }, { .step = replay_backwards } };

    race(copies, name, ROUNDS);
    check_no_failure(copies);
    ck_assert_int_eq(copies[0].claimed + copies[1].claimed, WIDE * ROUNDS);
    ck_assert_str_eq(half_failed_ends(db), "1000 pending 0 pending 40/0 1000,"
                                           " 1000 sending 1 pending 40/0 1000");
    db_free(db);
}

START_TEST(replays_of_the_same_batch_begin_each_once_and_never_deadlock)
{
    race_replays("again", false);
    race_replays("again_large", true);
}
END_TEST

static void race_replays_and_records(const char *name, bool large)
{
    struct db *db = open_half_failed(name, large);
    struct side sides[2] = { { .step = replay_forwards }, { .step = record_backwards } };

    race(sides, name, ROUNDS);
    check_no_failure(sides);
    ck_assert_int_eq(sides[0].claimed, WIDE * ROUNDS);
    ck_assert_str_eq(half_failed_ends(db), "1000 pending 0 pending 20/20 1000,"
                                           " 1000 sent 1 pending 20/20 0");
    db_free(db);
}

START_TEST(replays_and_records_of_the_same_messages_lose_no_count_and_never_deadlock)
{
    race_replays_and_records("mixed", false);
    race_replays_and_records("mixed_large", true);
}
END_TEST

PG_SUITE("races", of_two_claims_exactly_one_wins, of_a_claim_and_an_expiry_exactly_one_wins,
         a_mark_never_takes_a_claim_back, a_record_and_a_report_end_in_the_higher_state,
         a_record_and_a_reported_failure_end_in_failure,
         of_a_record_and_an_abandonment_exactly_one_wins,
         workers_at_the_same_messages_lose_no_count_and_never_deadlock,
         copies_of_a_batch_are_claimed_once_and_never_deadlock,
         records_and_reports_of_the_same_batch_never_deadlock, of_two_replays_exactly_one_wins,
         a_replay_and_the_report_of_the_failure_leave_the_counters_right,
         what_is_replayed_is_never_left_purged,
         replays_of_the_same_batch_begin_each_once_and_never_deadlock,
         replays_and_records_of_the_same_messages_lose_no_count_and_never_deadlock)
