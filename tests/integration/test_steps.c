/* What the scheduler and a claiming worker do to a recipient, its message and its timer. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/db/messages.h"
#include "common/service/take_due.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

#define MOST 16

/* Sets a state without any step, as a row may be found. */
static void put_state(struct db *db, const struct message_draft *d, int n, enum delivery_state s)
{
    tables_do(db, "UPDATE message_recipients SET status = '%s' WHERE message_id = '%s' AND n = %d",
              delivery_name(s), d->id, n);
}

static size_t claim(struct db *db, const struct recipient_ref refs[], size_t n, struct claim **out)
{
    size_t count;

    OK(recipients_claim(db, refs, n, &mem, out, &count, &err));
    return count;
}

/* ---- claim ---- */

START_TEST(a_claim_moves_pending_and_queued_only)
{
    struct db *db = tables_open(&cluster, "claim");
    struct message_draft *d = tables_message(db, DS_COUNT);
    struct recipient_ref refs[DS_COUNT];
    struct claim *claims;

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        put_state(db, d, s, s);
        refs[s - 1] = tables_ref(d, s, 0);
    }
    ck_assert_uint_eq(claim(db, refs, DS_COUNT - 1, &claims), 2);
    ck_assert_int_eq(claims[0].ref.n, DS_PENDING);
    ck_assert_int_eq(claims[1].ref.n, DS_QUEUED);
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        bool free_to_take = delivery_step(s, EV_CLAIMED) == DS_SENDING;
        const char *name = delivery_name(s);

        ck_assert_str_eq(tables_state(db, d, s),
                         free_to_take ? "sending 1 1" : arena_printf(&mem, "%s 0 0", name));
    }
    ck_assert_str_eq(tables_state(db, d, 0), "pending 0 0"); /* nobody asked for it */
    db_free(db);
}
END_TEST

START_TEST(a_claim_names_its_generation_and_succeeds_once)
{
    struct db *db = tables_open(&cluster, "fence");
    struct message_draft *d = tables_message(db, 1);
    struct recipient_ref early = tables_ref(d, 0, 1), late = tables_ref(d, 0, -1);
    struct recipient_ref now = tables_ref(d, 0, 0), stranger = { tables_id(), 0, 0 };
    struct recipient_ref twice[] = { now, now };
    struct claim *claims;

    ck_assert_uint_eq(claim(db, &early, 1, &claims), 0);
    ck_assert_uint_eq(claim(db, &late, 1, &claims), 0);
    ck_assert_uint_eq(claim(db, &stranger, 1, &claims), 0);
    ck_assert_uint_eq(claim(db, twice, 2, &claims), 1);
    ck_assert_int_eq(claims[0].ref.fence, 1);
    ck_assert_int_eq(claims[0].attempt, 1);
    ck_assert_uint_eq(claim(db, &now, 1, &claims), 0);
    ck_assert_uint_eq(claim(db, &early, 1, &claims), 0); /* its generation, but it is taken */
    ck_assert_str_eq(tables_state(db, d, 0), "sending 1 1");
    db_free(db);
}
END_TEST

START_TEST(an_expired_message_is_not_claimed)
{
    struct db *db = tables_open(&cluster, "expiry");
    struct message_draft *past = tables_message(db, 1), *soon = tables_message(db, 1);
    struct recipient_ref refs[] = { tables_ref(past, 0, 0), tables_ref(soon, 0, 0) };
    struct claim *claims;

    tables_do(db, "UPDATE messages SET expires_at = now() - interval '1 ms' WHERE id = '%s'",
              past->id);
    tables_do(db, "UPDATE messages SET expires_at = now() + interval '1 h' WHERE id = '%s'",
              soon->id);
    ck_assert_uint_eq(claim(db, refs, 2, &claims), 1);
    ck_assert_str_eq(claims[0].ref.message_id, soon->id);
    ck_assert_int_gt(claims[0].expires_ms, clock_wall_ms() + 3500000);
    ck_assert_str_eq(tables_state(db, past, 0), "pending 0 0");
    db_free(db);
}
END_TEST

/* Messages are written once for a batch of outcomes, not at each step (sql/0003). */
START_TEST(a_claim_does_not_write_a_pending_message)
{
    struct db *db = tables_open(&cluster, "unwritten");
    struct message_draft *d = tables_message(db, 2);
    const char *before = tables_ask(db, "SELECT xmin FROM messages");
    struct recipient_ref refs[2];

    tables_claim(db, d, 2, refs);
    ck_assert_str_eq(tables_ask(db, "SELECT xmin FROM messages"), before);
    db_free(db);
}
END_TEST

START_TEST(a_claim_makes_a_scheduled_message_pending)
{
    struct db *db = tables_open(&cluster, "scheduled");
    struct message_draft *taken = tables_draft(2), *left = tables_draft(1);
    struct recipient_ref refs[2];

    taken->scheduled_ms = left->scheduled_ms = taken->due_ms;
    OK(messages_insert(db, (const struct message_draft *[]){ taken, left }, 2, &err));
    refs[0] = tables_ref(left, 0, 5); /* misses */
    refs[1] = tables_ref(taken, 0, 0);
    ck_assert_uint_eq(claim(db, refs, 2, &(struct claim *){ NULL }), 1);
    ck_assert_str_eq(tables_counters(db, taken->id), "pending 2/0/0");
    ck_assert_str_eq(tables_counters(db, left->id), "scheduled 1/0/0");
    db_free(db);
}
END_TEST

START_TEST(the_claims_of_a_message_share_its_content)
{
    struct db *db = tables_open(&cluster, "content");
    struct message_draft *a = tables_draft(3), *b = tables_draft(2);
    struct recipient_ref refs[5];
    struct claim *claims;

    a->content = "first";
    a->subject = "a";
    a->from[PF_SMS] = "+15550001111";
    b->content = "second";
    b->html = "<b>";
    OK(messages_insert(db, (const struct message_draft *[]){ a, b }, 2, &err));
    for (int i = 0; i < 5; i++) /* mixed, and not from 0 on */
        refs[i] = i % 2 == 0 ? tables_ref(a, 2 - i / 2, 0) : tables_ref(b, i / 2, 0);
    ck_assert_uint_eq(claim(db, refs, 5, &claims), 5);
    for (int i = 0; i < 5; i++) {
        const struct claim *first = i < 3 ? &claims[0] : &claims[3];

        ck_assert_str_eq(claims[i].ref.message_id, i < 3 ? a->id : b->id);
        ck_assert_int_eq(claims[i].ref.n, i < 3 ? i : i - 3);
        ck_assert(claims[i].content == first->content && claims[i].subject == first->subject &&
                  claims[i].html == first->html && claims[i].senders == first->senders);
    }
    ck_assert_str_eq(claims[0].content, "first");
    ck_assert_str_eq(claims[0].subject, "a");
    ck_assert_str_eq(claims[0].senders, "{\"sms\": \"+15550001111\"}");
    ck_assert_str_eq(claims[3].content, "second");
    ck_assert_str_eq(claims[3].html, "<b>");
    ck_assert(claims[0].html == NULL && claims[3].subject == NULL && claims[3].senders == NULL);
    ck_assert_int_eq(claims[4].created_ms, b->created_ms);
    db_free(db);
}
END_TEST

/* ---- the belt ---- */

START_TEST(a_mark_moves_pending_of_its_generation_only)
{
    struct db *db = tables_open(&cluster, "mark");
    struct message_draft *d = tables_message(db, MOST);
    struct recipient_ref refs[DS_COUNT + 1];

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        put_state(db, d, s, s);
        refs[s] = tables_ref(d, s, 0);
    }
    refs[0] = tables_ref(d, 0, 1);
    OK(tables_mark_queued(db, refs, DS_COUNT, &err));
    ck_assert_str_eq(tables_state(db, d, 0), "pending 0 0");
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        enum delivery_state to = delivery_step(s, EV_PUBLISHED);

        ck_assert_str_eq(tables_state(db, d, s),
                         arena_printf(&mem, "%s 0 0", delivery_name(to == DS_NONE ? s : to)));
    }
    ck_assert_str_eq(tables_due(db, d, DS_PENDING), "3600");
    db_free(db);
}
END_TEST

START_TEST(a_mark_of_what_was_queued_before_begins_its_wait_anew)
{
    struct db *db = tables_open(&cluster, "anew");
    struct message_draft *d = tables_message(db, 1);
    struct recipient_ref ref = tables_ref(d, 0, 0);

    put_state(db, d, 0, DS_QUEUED);
    tables_do(db, "UPDATE message_recipients SET updated_at = now() - interval '61 s'");
    OK(tables_mark_queued(db, &ref, 1, &err));
    ck_assert_str_eq(tables_state(db, d, 0), "queued 0 0");
    ck_assert_str_eq(tables_ask(db, "SELECT now() - updated_at < interval '30 s'"
                                    "  FROM message_recipients WHERE message_id = '%s'", d->id), "true");
    db_free(db);
}
END_TEST

START_TEST(a_mark_passes_over_locked_rows_without_waiting)
{
    struct db *db = tables_open(&cluster, "locked"),
              *other = tables_connect(&cluster, "locked", NULL);
    struct message_draft *d = tables_message(db, 3);
    struct recipient_ref refs[] = { tables_ref(d, 0, 0), tables_ref(d, 1, 0), tables_ref(d, 2, 0) };
    int64_t begun;

    OK(db_begin(other, &err));
    tables_do(other, "SELECT 1 FROM message_recipients WHERE n = 1 FOR UPDATE");
    begun = clock_mono_ms();
    OK(tables_mark_queued(db, refs, 3, &err));
    ck_assert_int_lt(clock_mono_ms() - begun, 1000);
    db_rollback(other);
    ck_assert_str_eq(tables_state(db, d, 0), "queued 0 0");
    ck_assert_str_eq(tables_state(db, d, 1), "pending 0 0");
    ck_assert_str_eq(tables_state(db, d, 2), "queued 0 0");
    db_free(other);
    db_free(db);
}
END_TEST

START_TEST(what_is_abandoned_was_sending_in_that_generation)
{
    struct db *db = tables_open(&cluster, "abandon");
    struct message_draft *d = tables_message(db, DS_COUNT);
    struct recipient_ref refs[DS_COUNT];

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        put_state(db, d, s, s);
        refs[s] = tables_ref(d, s, 0);
    }
    put_state(db, d, 0, DS_SENDING);
    refs[0] = tables_ref(d, 0, 1);
    OK(recipients_abandon(db, refs, DS_COUNT, &err));
    ck_assert_str_eq(tables_state(db, d, 0), "sending 0 0");
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        enum delivery_state to = delivery_step(s, EV_ABANDONED);

        ck_assert_str_eq(tables_state(db, d, s),
                         arena_printf(&mem, "%s 0 0", delivery_name(to == DS_NONE ? s : to)));
    }
    ck_assert_str_eq(tables_events(db, d->id),
                     arena_printf(&mem, "%d:abandoned>pending", DS_SENDING));
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM message_events WHERE possible_duplicate"),
                     "1");
    ck_assert_str_eq(tables_counters(db, d->id), arena_printf(&mem, "pending %d/0/0", DS_COUNT));
    db_free(db);
}
END_TEST

START_TEST(what_is_settled_had_not_left)
{
    struct db *db = tables_open(&cluster, "settle");
    struct message_draft *d = tables_message(db, DS_COUNT);
    struct recipient_ref refs[DS_COUNT];

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        put_state(db, d, s, s);
        refs[s] = tables_ref(d, s, 0);
    }
    refs[0] = tables_ref(d, 0, 1);
    OK(recipients_settle(db, refs, DS_COUNT, DS_EXPIRED, "expired", "too late", &err));
    ck_assert_str_eq(tables_state(db, d, 0), "pending 0 0");
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        enum delivery_state to = delivery_has_left(s) ? s : DS_EXPIRED;

        ck_assert_str_eq(tables_state(db, d, s), arena_printf(&mem, "%s 0 0", delivery_name(to)));
        ck_assert_str_eq(tables_due(db, d, s), delivery_has_left(s) ? "3600" : "none");
    }
    ck_assert_str_eq(tables_counters(db, d->id),
                     arena_printf(&mem, "pending %d/0/3", DS_COUNT - 3));
    ck_assert_str_eq(tables_events(db, d->id),
                     "1:expired>expired 2:expired>expired 3:expired>expired");
    ck_assert_str_eq(tables_ask(db,
                                "SELECT concat(error_code, error_message) FROM message_recipients"
                                " WHERE n = 1"),
                     "expiredtoo late");
    db_free(db);
}
END_TEST

/* ---- what is due ---- */

static void put_due(struct db *db, const struct message_draft *d, int n, int seconds)
{
    tables_do(
        db,
        "UPDATE dispatch SET due_at = now() + interval '%d s' WHERE message_id = '%s' AND n = %d",
        seconds, d->id, n);
}

static const char *numbers(const struct due due[], size_t count)
{
    const char *text = "";
    bool there[MOST] = { false };

    for (size_t i = 0; i < count; i++)
        there[due[i].ref.n] = true;
    for (int n = 0; n < MOST; n++) {
        if (there[n])
            text = arena_printf(&mem, "%s%d ", text, n);
    }
    return text;
}

START_TEST(the_oldest_of_a_lane_are_taken_once_and_put_off)
{
    struct db *db = tables_open(&cluster, "take");
    struct message_draft *d = tables_message(db, 6);
    int sms = lane_of(PF_SMS, PRIO_NORMAL);
    struct due *due;
    size_t n;

    tables_do(db, "UPDATE dispatch SET lane = %d WHERE n = 5", lane_of(PF_SMS, PRIO_HIGH));
    for (int i = 0; i < 4; i++) /* 3 is the oldest; 4 is not due */
        put_due(db, d, i, -10 - i);
    put_due(db, d, 5, -100);
    OK(dispatch_take(db, TAKE(sms, TAKE_OLDEST, 2, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(numbers(due, n), "2 3 ");
    ck_assert_str_eq(tables_due(db, d, 2), "30");
    ck_assert_str_eq(tables_due(db, d, 1), "-11");
    OK(dispatch_take(db, TAKE(sms, TAKE_OLDEST, 100, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(numbers(due, n), "0 1 ");
    OK(dispatch_take(db, TAKE(sms, TAKE_OLDEST, 100, 30000), &mem, &due, &n, &err));
    ck_assert_uint_eq(n, 0);
    OK(dispatch_take(db, TAKE(lane_of(PF_SMS, PRIO_HIGH), TAKE_OLDEST, 100, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(numbers(due, n), "5 ");
    ck_assert(due[0].ref.fence == 0 && due[0].status == DS_PENDING && !due[0].expired);
    db_free(db);
}
END_TEST

START_TEST(what_a_worker_has_comes_due_again_when_its_lease_is_over)
{
    struct db *db = tables_open(&cluster, "lease");
    struct message_draft *d = tables_message(db, 2);
    struct recipient_ref refs[1];
    struct due *due;
    size_t n;

    tables_claim(db, d, 1, refs);
    ck_assert_str_eq(tables_due(db, d, 0), "3600"); /* a claim leaves the row alone */
    for (int i = 0; i < 2; i++)
        put_due(db, d, i, -1);
    OK(dispatch_take(db, TAKE(lane_of(PF_SMS, PRIO_NORMAL), TAKE_OLDEST, 10, 5000), &mem, &due, &n, &err));
    ck_assert_uint_eq(n, 2);
    ck_assert(due[0].leased == (due[0].ref.n == 0) && due[1].leased == (due[1].ref.n == 0));
    ck_assert_str_eq(tables_due(db, d, 0), "30");
    ck_assert_str_eq(tables_due(db, d, 1), "5");
    db_free(db);
}
END_TEST

START_TEST(a_row_whose_recipient_is_not_there_is_put_off_and_not_told_of)
{
    struct db *db = tables_open(&cluster, "orphan");
    struct message_draft *d = tables_message(db, 1);
    struct due *due;
    size_t n;

    tables_do(db, "DELETE FROM message_recipients");
    put_due(db, d, 0, -1);
    OK(dispatch_take(db, TAKE(lane_of(PF_SMS, PRIO_NORMAL), TAKE_OLDEST, 10, 5000), &mem, &due, &n, &err));
    ck_assert_uint_eq(n, 0);
    ck_assert_str_eq(tables_due(db, d, 0), "5");
    db_free(db);
}
END_TEST

START_TEST(two_schedulers_take_different_rows_without_waiting)
{
    struct db *db = tables_open(&cluster, "skip"), *other = tables_connect(&cluster, "skip", NULL);
    struct message_draft *d = tables_message(db, 4);
    int lane = lane_of(PF_SMS, PRIO_NORMAL);
    int64_t begun = clock_mono_ms();
    struct due *due;
    size_t n;

    for (int i = 0; i < 4; i++)
        put_due(db, d, i, -10 - i);
    OK(db_begin(other, &err));
    OK(dispatch_take(other, TAKE(lane, TAKE_OLDEST, 2, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(numbers(due, n), "2 3 ");
    OK(dispatch_take(db, TAKE(lane, TAKE_OLDEST, 3, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(numbers(due, n), "0 1 ");
    ck_assert_int_lt(clock_mono_ms() - begun, 2000);
    db_rollback(other); /* as if it had died: nothing is lost */
    OK(dispatch_take(db, TAKE(lane, TAKE_OLDEST, 3, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(numbers(due, n), "2 3 ");
    db_free(other);
    db_free(db);
}
END_TEST

/* n recipients of another user's message, due so many seconds ago, the first longest. */
static void backlog_of(struct db *db, int user_key, int n, int since)
{
    struct message_draft *d = tables_message(db, n);

    tables_do(db,
              "UPDATE dispatch SET user_key = %d, due_at = now() - (%d - n) * interval '1 s'"
              " WHERE message_id = '%s'",
              user_key, since, d->id);
}

/* "7: 3, 9: 1": how many were taken of each user. */
static const char *taken_of(struct db *db, const struct due due[], size_t n)
{
    const char *list = "";

    for (size_t i = 0; i < n; i++)
        list = arena_printf(&mem, "%s%s('%s'::uuid, %d)", list, i == 0 ? "" : ",",
                            due[i].ref.message_id, due[i].ref.n);
    return tables_ask(db,
                      "SELECT string_agg(u, ', ' ORDER BY u) FROM ("
                      "  SELECT user_key || ': ' || count(*) AS u FROM dispatch"
                      "   WHERE (message_id, n) IN (VALUES %s) GROUP BY user_key) x",
                      list);
}

START_TEST(a_backlog_serves_its_users_in_turn)
{
    struct db *db = tables_open(&cluster, "turns");
    int lane = lane_of(PF_SMS, PRIO_NORMAL);
    struct due *due;
    size_t n;

    backlog_of(db, 5, 60, 1000); /* long before the others */
    backlog_of(db, -7, 1, 1);
    backlog_of(db, 9, 2, 2);
    OK(dispatch_take(db, TAKE(lane, TAKE_OLDEST, 30, 0), &mem, &due, &n, &err));
    ck_assert_str_eq(taken_of(db, due, n), "5: 30");
    backlog_of(db, 5, 60, 1000);
    OK(dispatch_take(db, TAKE(lane, TAKE_IN_TURN, 30, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(taken_of(db, due, n), "-7: 1, 5: 10, 9: 2");
    OK(dispatch_take(db, TAKE(lane, TAKE_IN_TURN, 30, 30000), &mem, &due, &n, &err));
    ck_assert_str_eq(taken_of(db, due, n), "5: 30"); /* the others have nothing due any more */
    db_free(db);
}
END_TEST

/* In this transaction, of these tables. */
static int rows_read(struct db *db, const char *tables)
{
    return atoi(tables_ask(db, "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables"
                               " WHERE relname = ANY ('{%s}')", tables));
}

/* The planner knows one user only, and would read his rows to find the other's. */
START_TEST(a_turn_reads_no_more_of_a_backlog_than_it_takes)
{
    struct db *db = tables_open(&cluster, "reads");
    struct due *due;
    size_t n;
    int before;

    for (int i = 0; i < 10; i++)
        backlog_of(db, 5, 1000, 10000);
    tables_do(db, "ANALYZE dispatch");
    backlog_of(db, 9, 1, 1);
    backlog_of(db, 11, 1, -3600); /* due in an hour: whose turn it is not */
    OK(db_begin(db, &err));
    before = rows_read(db, "dispatch");
    OK(dispatch_take(db, TAKE(lane_of(PF_SMS, PRIO_NORMAL), TAKE_IN_TURN, 30, 30000), &mem, &due, &n, &err));
    ck_assert_int_lt(rows_read(db, "dispatch") - before, 500);
    ck_assert_str_eq(taken_of(db, due, n), "5: 15, 9: 1");
    db_rollback(db);
    db_free(db);
}
END_TEST

/* A recipient's whole way, all of a message at once. */
static void deliver_all(struct db *db, const struct message_draft *d)
{
    struct recipient_ref *refs = ARENA_ARRAY(&mem, struct recipient_ref, d->n_recipients);
    struct outcome *outcomes = ARENA_ARRAY(&mem, struct outcome, d->n_recipients);
    bool *moved = ARENA_ARRAY(&mem, bool, d->n_recipients);
    struct claim *claims;
    struct due *due;
    size_t n;

    for (size_t i = 0; i < d->n_recipients; i++)
        refs[i] = tables_ref(d, (int)i, 0);
    OK(dispatch_take(db, TAKE(lane_of(PF_SMS, PRIO_NORMAL), TAKE_OLDEST, MOST, 30000), &mem, &due, &n, &err));
    OK(tables_mark_queued(db, refs, d->n_recipients, &err));
    n = claim(db, refs, d->n_recipients, &claims);
    ck_assert_uint_eq(n, d->n_recipients);
    for (size_t i = 0; i < n; i++)
        outcomes[i] = (struct outcome){ .ref = claims[i].ref, .status = DS_SENT, .attempt = 1 };
    OK(recipients_record(db, outcomes, n, &mem, moved, &err));
}

/* Statements keep the plan of their first calls: a table of a page is read whole more cheaply. */
START_TEST(statements_planned_on_small_tables_read_no_more_when_these_have_grown)
{
    static const char tables[] = "messages,message_recipients,dispatch";
    struct db *db = tables_open(&cluster, "grown");
    struct message_draft *last;
    int before;

    tables_message(db, 1);
    tables_do(db, "ANALYZE messages; ANALYZE message_recipients; ANALYZE dispatch");
    for (int i = 0; i < 7; i++)
        deliver_all(db, tables_message(db, 1));
    tables_message(db, 1000);
    for (int i = 0; i < 300; i++)
        tables_message(db, 1);
    last = tables_message(db, MOST);
    clock_sleep_ms(1100); /* a plan may be as old */
    OK(db_begin(db, &err));
    before = rows_read(db, tables);
    deliver_all(db, last);
    ck_assert_int_lt(rows_read(db, tables) - before, 20 * MOST);
    db_rollback(db);
    db_free(db);
}
END_TEST

START_TEST(more_users_than_places_are_each_served_in_a_few_rounds)
{
    struct db *db = tables_open(&cluster, "crowd_turns");
    int lane = lane_of(PF_SMS, PRIO_NORMAL), rounds = 0;
    struct due *due;
    size_t n, all = 0;

    for (int user = 0; user < 20; user++)
        backlog_of(db, user * 1000 - 10000, 2, 100);
    do {
        OK(dispatch_take(db, TAKE(lane, TAKE_IN_TURN, 5, 30000), &mem, &due, &n, &err));
        ck_assert_uint_le(n, 5);
        all += n;
    } while (n > 0 && ++rounds < 100);
    ck_assert_uint_eq(all, 40);
    db_free(db);
}
END_TEST

#define MAX_ATTEMPTS 3

/* Found in this state, what follows? leaves: it may be published or claimed now. */
static const struct {
    enum delivery_state state;
    int attempts;
    bool expired, hold;
    bool leaves;
    const char *status, *code;
    bool full, old; /* the lane's queue is not empty; the row is unchanged for over a minute */
    bool fresh, held; /* it is unchanged for a second only; it waits for a callback */
    bool over;        /* its row goes */
} fates[] = {
    { DS_PENDING, 0, false, false, true, "pending", "" },
    { DS_PENDING, 9, false, true, true, "pending", "" },
    { DS_QUEUED, 0, false, false, true, "queued", "" },
    { DS_QUEUED, 0, false, false, false, "queued", "", .full = true },
    { DS_QUEUED, 0, false, false, true, "queued", "", .full = true, .old = true },
    { DS_QUEUED, 0, true, false, false, "expired", "expired", .full = true },
    { DS_PENDING, 0, false, false, true, "pending", "", .full = true },
    { DS_PENDING, 0, true, false, false, "expired", "expired" },
    { DS_QUEUED, 0, true, true, false, "expired", "expired" },
    { DS_SENDING, 1, false, false, true, "pending", "" },
    { DS_SENDING, MAX_ATTEMPTS - 1, false, false, true, "pending", "" },
    { DS_SENDING, MAX_ATTEMPTS, false, false, false, "failed", "attempts_exhausted" },
    { DS_SENDING, 1, true, false, false, "expired", "expired" },
    { DS_SENDING, 1, false, true, false, "failed", "outcome_unknown" },
    { DS_SENDING, 1, true, true, false, "failed", "outcome_unknown" },
    { DS_SENDING, 1, false, false, false, "sending", "", .fresh = true },
    { DS_SENDING, 1, true, true, false, "sending", "", .fresh = true },
    { DS_SENDING, 1, false, true, false, "failed", "outcome_unknown", .fresh = true, .held = true },
    { DS_SENT, 1, false, false, false, "sent", "", .over = true },
    { DS_CANCELLED, 1, true, true, false, "cancelled", "", .over = true },
};

static struct config *config_with(enum on_unclear on_unclear)
{
    struct config *config = ARENA_NEW(&mem, struct config);
    const char **names = ARENA_ARRAY(&mem, const char *, 2);

    config->worker.max_attempts = MAX_ATTEMPTS;
    config->providers = ARENA_NEW(&mem, struct provider_config);
    config->n_providers = 1;
    config->providers[0] =
        (struct provider_config){ .name = "gate", .kind = "mock", .on_unclear = on_unclear };
    names[0] = "gate";
    config->platform[PF_SMS].providers = names;
    config->platform[PF_SMS].n_providers = 1;
    return config;
}

START_TEST(what_is_due_meets_its_fate)
{
    struct db *db = tables_open(&cluster, "fates");

    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++) {
        struct message_draft *d = tables_message(db, 1);
        struct recipient_ref *refs;
        size_t n, taken;

        tables_do(db,
                  "UPDATE message_recipients SET status = '%s', attempts = %d, fence = 4,"
                  " updated_at = now() - %d * interval '1 s', next_attempt_at = CASE WHEN %s THEN now() END"
                  " WHERE message_id = '%s'",
                  delivery_name(fates[i].state), fates[i].attempts,
                  fates[i].fresh ? 1 : fates[i].old ? 61 : 59, fates[i].held ? "true" : "false", d->id);
        if (fates[i].expired)
            tables_do(db, "UPDATE messages SET expires_at = now() - interval '1 s' WHERE id = '%s'",
                      d->id);
        put_due(db, d, 0, -1);
        OK(take_due(db, config_with(fates[i].hold ? UNCLEAR_HOLD : UNCLEAR_RESEND),
                    TAKE(lane_of(PF_SMS, PRIO_NORMAL), TAKE_OLDEST, 100, 30000), fates[i].full, &mem, &refs, &n,
                    &taken, &err));
        ck_assert_msg(n == fates[i].leaves && taken == !fates[i].over, "fate %zu: %zu of %zu", i, n, taken);
        if (n == 1)
            ck_assert(strcmp(refs[0].message_id, d->id) == 0 && refs[0].fence == 4);
        ck_assert_str_eq(tables_state(db, d, 0),
                         arena_printf(&mem, "%s 4 %d", fates[i].status, fates[i].attempts));
        ck_assert_str_eq(
            tables_ask(db, "SELECT error_code FROM message_recipients WHERE message_id = '%s'",
                       d->id),
            fates[i].code);
        ck_assert_str_eq(tables_due(db, d, 0), fates[i].code[0] != '\0' || fates[i].over ? "none"
                                               : fates[i].fresh ? "29" : "30");
    }
    db_free(db);
}
END_TEST

PG_SUITE("steps", a_claim_moves_pending_and_queued_only,
         a_claim_names_its_generation_and_succeeds_once, an_expired_message_is_not_claimed,
         a_claim_does_not_write_a_pending_message, a_claim_makes_a_scheduled_message_pending,
         the_claims_of_a_message_share_its_content, a_mark_moves_pending_of_its_generation_only,
         a_mark_of_what_was_queued_before_begins_its_wait_anew,
         a_mark_passes_over_locked_rows_without_waiting,
         what_is_abandoned_was_sending_in_that_generation, what_is_settled_had_not_left,
         the_oldest_of_a_lane_are_taken_once_and_put_off, a_backlog_serves_its_users_in_turn,
         a_turn_reads_no_more_of_a_backlog_than_it_takes,
         statements_planned_on_small_tables_read_no_more_when_these_have_grown,
         more_users_than_places_are_each_served_in_a_few_rounds,
         what_a_worker_has_comes_due_again_when_its_lease_is_over,
         a_row_whose_recipient_is_not_there_is_put_off_and_not_told_of,
         two_schedulers_take_different_rows_without_waiting, what_is_due_meets_its_fate)
