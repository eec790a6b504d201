/* What providers report: taken in once, and in any order and number the same in the end. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/db/callbacks.h"
#include "common/db/dead.h"
#include "common/db/erase.h"
#include "common/service/record_callbacks.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

static struct callbacks_tally tally;

static void tell(struct db *db, const struct callback_report *r, size_t n)
{
    OK(callbacks_record(db, r, n, &mem, &tally, &err));
}

static bool record_sent(struct db *db, struct recipient_ref ref, const char *provider, const char *id)
{
    struct outcome o = { .ref = ref, .status = DS_SENT, .provider = provider, .provider_id = id };
    bool moved = false;

    OK(recipients_record(db, &o, 1, &mem, &moved, &err));
    return moved;
}

/* A message of one recipient that has been claimed. */
static struct message_draft *claimed(struct db *db, struct recipient_ref *ref)
{
    struct message_draft *d = tables_message(db, 1);

    tables_claim(db, d, 1, ref);
    return d;
}

/* The same, sent by twilio as `id`. */
static struct message_draft *sent(struct db *db, const char *id)
{
    struct recipient_ref ref;
    struct message_draft *d = claimed(db, &ref);

    ck_assert(record_sent(db, ref, "twilio", id));
    return d;
}

static const char *status_of(struct db *db, const struct message_draft *d)
{
    return tables_ask(db, "SELECT status FROM message_recipients WHERE message_id = '%s' AND n = 0",
                      d->id);
}

/* ---- sequences ---- */

#define STEPS 4
#define SEQUENCES 256 /* all of four reports; their beginnings are the shorter ones */

static enum delivery_event event_of(int sequence, int step)
{
    return (enum delivery_event)(EV_REPORTED_SENT + ((sequence >> (2 * step)) & 3));
}

struct model {
    enum delivery_state state[SEQUENCES];
    int open, sent, expired, events;
};

static bool is_sent(enum delivery_state s)
{
    return s == DS_SENT || s == DS_DELIVERED || s == DS_READ;
}

static size_t step_model(struct model *m, int i, enum delivery_event event)
{
    enum delivery_state from = m->state[i], to = delivery_step(from, event);

    m->events++;
    if (to == DS_NONE)
        return 0;
    m->state[i] = to;
    m->open -= !delivery_has_left(from);
    m->sent += is_sent(to) - is_sent(from);
    m->expired -= from == DS_EXPIRED;
    return 1;
}

static const char *status_of_message(const struct model *m)
{
    return m->open > 0 ? "pending" : m->sent > 0 ? "completed" : "failed";
}

static void check_against(struct db *db, const struct message_draft *d, const struct model *m)
{
    struct recipient *list;
    size_t n;

    OK(tables_page(db, d->id, 0, SEQUENCES, &list, &n, &err));
    for (int i = 0; i < SEQUENCES; i++)
        ck_assert_msg(list[i].status == m->state[i], "sequence %d: %s instead of %s", i,
                      delivery_name(list[i].status), delivery_name(m->state[i]));
    ck_assert_str_eq(strchr(tables_counters(db, d->id), ' ') + 1,
                     arena_printf(&mem, "%d/%d/%d", m->open, m->sent, m->expired));
    ck_assert_int_eq(
        atoi(tables_ask(db, "SELECT count(*) FROM dispatch WHERE message_id = '%s'", d->id)),
        m->open);
    ck_assert_int_eq(atoi(tables_ask(db,
                                     "SELECT count(*) FROM message_events WHERE message_id = '%s'"
                                     " AND event = 'reported'",
                                     d->id)),
                     m->events);
}

/* A step of every sequence, all of them in one statement. */
static void take_step(struct db *db, const struct message_draft *d, struct model *m, int step)
{
    struct callback_report reports[SEQUENCES];
    size_t expected = 0;

    for (int i = 0; i < SEQUENCES; i++) {
        reports[i] = tables_callback(&mem, d->id, i, event_of(i, step));
        expected += step_model(m, i, event_of(i, step));
    }
    tell(db, reports, SEQUENCES);
    ck_assert_uint_eq(tally.fresh, SEQUENCES);
    ck_assert_uint_eq(tally.changed, expected);
}

/* A message whose recipients all are in this state, as the model has them. */
static struct message_draft *all_in(struct db *db, enum delivery_state start, struct model *m)
{
    struct message_draft *d = tables_message(db, SEQUENCES);

    *m = (struct model){ .open = delivery_has_left(start) ? 0 : SEQUENCES,
                         .sent = is_sent(start) ? SEQUENCES : 0,
                         .expired = start == DS_EXPIRED ? SEQUENCES : 0 };
    for (int i = 0; i < SEQUENCES; i++)
        m->state[i] = start;
    tables_do(db,
              "UPDATE message_recipients SET status = '%s', attempts = 1 WHERE message_id = '%s';"
              "UPDATE messages SET status = '%s', open_count = %d, sent_count = %d, expired_count = %d"
              " WHERE id = '%s';"
              "DELETE FROM dispatch WHERE message_id = '%s' AND %d = 0",
              delivery_name(start), d->id, status_of_message(m), m->open, m->sent, m->expired, d->id,
              d->id, m->open);
    return d;
}

START_TEST(every_sequence_of_reports_ends_where_the_model_says)
{
    struct db *db = tables_open(&cluster, "sequences");

    for (enum delivery_state start = DS_PENDING; start < DS_COUNT; start++) {
        struct model m;
        struct message_draft *d = all_in(db, start, &m);

        for (int step = 0; step < STEPS; step++) {
            take_step(db, d, &m, step);
            check_against(db, d, &m);
        }
        ck_assert_str_eq(tables_ask(db, "SELECT status FROM messages WHERE id = '%s'", d->id),
                         status_of_message(&m));
    }
    db_free(db);
}
END_TEST

START_TEST(reports_that_come_in_one_batch_end_where_they_end_one_by_one)
{
    struct db *db = tables_open(&cluster, "at_once");

    for (enum delivery_state start = DS_PENDING; start < DS_COUNT; start++) {
        struct callback_report reports[STEPS * SEQUENCES];
        struct model m;
        struct message_draft *d = all_in(db, start, &m);
        size_t n = 0;

        for (int i = 0; i < SEQUENCES; i++)
            for (int step = 0; step < STEPS; step++) {
                reports[n++] = tables_callback(&mem, d->id, i, event_of(i, step));
                step_model(&m, i, event_of(i, step));
            }
        tell(db, reports, n);
        check_against(db, d, &m);
    }
    db_free(db);
}
END_TEST

/*
 * Our own record and the provider's four reports in each of their 120 orders, each report told as
 * often as `times`: one state of the recipient and one of its message, whatever the order.
 */
static void check_orders(struct db *db, const enum delivery_event set[], int n_set, int times,
                         const char *ends)
{
    int order[5] = { 0 };
    int orders = 1;

    for (int i = 2; i <= n_set; i++)
        orders *= i;
    for (int code = 0; code < orders; code++) {
        int left[5] = { 0, 1, 2, 3, 4 }, rest = code;
        struct callback_report told[EV_COUNT];
        struct recipient_ref ref;
        struct message_draft *d = claimed(db, &ref);

        for (int i = 0; i < n_set; i++) {
            int k = rest % (n_set - i);

            rest /= n_set - i;
            order[i] = left[k];
            memmove(&left[k], &left[k + 1], (size_t)(4 - k) * sizeof *left);
        }
        for (int i = 0; i < n_set; i++)
            told[set[i]] = tables_callback(&mem, d->id, 0, set[i]);
        for (int t = 0; t < times; t++)
            for (int i = 0; i < n_set; i++) {
                if (set[order[i]] == EV_ACCEPTED)
                    record_sent(db, ref, "twilio", "SM1");
                else
                    tell(db, &told[set[order[i]]], 1);
            }
        ck_assert_msg(strcmp(arena_printf(&mem, "%s %s", status_of(db, d), tables_counters(db, d->id)),
                             ends) == 0,
                      "order %d: %s %s instead of %s", code, status_of(db, d),
                      tables_counters(db, d->id), ends);
    }
}

START_TEST(every_order_and_repetition_of_the_callbacks_of_one_recipient_ends_in_the_same_state)
{
    static const enum delivery_event read[] = { EV_ACCEPTED, EV_REPORTED_SENT, EV_REPORTED_DELIVERED,
                                                EV_REPORTED_READ, EV_REPORTED_FAILED };
    static const enum delivery_event bounced[] = { EV_ACCEPTED, EV_REPORTED_FAILED,
                                                   EV_REPORTED_SENT };
    static const enum delivery_event delivered[] = { EV_REPORTED_DELIVERED, EV_ACCEPTED,
                                                     EV_REPORTED_FAILED };
    struct db *db = tables_open(&cluster, "orders");

    for (int times = 1; times <= 3; times++) {
        check_orders(db, read, 5, times, "read completed 0/1/0");
        check_orders(db, bounced, 3, times, "failed failed 0/0/0");
        check_orders(db, delivered, 3, times, "delivered completed 0/1/0");
    }
    db_free(db);
}
END_TEST

/* ---- the inbox ---- */

START_TEST(a_report_told_twice_counts_once_in_the_timeline_too)
{
    struct db *db = tables_open(&cluster, "twice");
    struct message_draft *d = sent(db, "SM1");
    struct callback_report twice[2] = { tables_callback(&mem, d->id, 0, EV_REPORTED_DELIVERED) };

    twice[1] = twice[0];
    tell(db, twice, 2);
    ck_assert_uint_eq(tally.fresh, 1);
    ck_assert_uint_eq(tally.changed, 1);
    tell(db, twice, 1);
    ck_assert_uint_eq(tally.fresh, 0);
    twice[0].provider = "other"; /* whose ids are its own */
    tell(db, twice, 1);
    ck_assert_uint_eq(tally.fresh, 1);
    ck_assert_str_eq(tables_events(db, d->id), "0:attempt>sent 0:reported>delivered 0:reported>");
    db_free(db);
}
END_TEST

START_TEST(what_comes_in_one_call_is_one_transaction)
{
    struct db *db = tables_open(&cluster, "call");
    struct message_draft *d = tables_message(db, 1000);
    struct callback_report *reports = ARENA_ARRAY(&mem, struct callback_report, 4000);
    struct callback_call calls[2] = { { reports, 3000 }, { reports + 3000, 1000 } };

    for (int i = 0; i < 4000; i++)
        reports[i] = tables_callback(&mem, d->id, i % 1000, EV_REPORTED_SENT + i / 1000);
    record_callbacks(db, calls, 2, &mem);
    ck_assert_int_eq(calls[0].result, ST_OK);
    ck_assert_int_eq(calls[1].result, ST_OK);
    ck_assert_str_eq(tables_ask(db, "SELECT concat(count(*), ' ', count(DISTINCT xmin::text))"
                                    " FROM callback_inbox"), "4000 2");
    ck_assert_str_eq(tables_ask(db, "SELECT concat(count(*), ' ', count(DISTINCT e.xmin::text))"
                                    " FROM message_events e WHERE event = 'reported'"), "4000 2");
    ck_assert_str_eq(tables_counters(db, d->id), "completed 0/1000/0");
    db_free(db);
}
END_TEST

START_TEST(a_call_that_cannot_be_recorded_leaves_nothing_and_spoils_no_neighbour)
{
    struct db *db = tables_open(&cluster, "spoiled");
    struct message_draft *d = tables_message(db, 3);
    struct callback_report reports[3];
    struct callback_call calls[2] = { { reports, 2 }, { reports + 2, 1 } };
    struct recipient_ref refs[3];

    tables_claim(db, d, 3, refs);
    for (int i = 0; i < 3; i++)
        reports[i] = tables_callback(&mem, d->id, i, EV_REPORTED_DELIVERED);
    reports[1].code = "\xff"; /* no text for Postgres */
    log_open("test", LEVEL_ERROR + 1, LOG_TEXT);
    record_callbacks(db, calls, 2, &mem);
    ck_assert_int_ne(calls[0].result, ST_OK);
    ck_assert_int_eq(calls[1].result, ST_OK);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM callback_inbox"), "1");
    ck_assert_str_eq(tables_ask(db, "SELECT string_agg(status::text, ' ' ORDER BY n)"
                                    " FROM message_recipients"), "sending sending delivered");
    db_free(db);
}
END_TEST

START_TEST(what_no_provider_repeats_any_more_is_forgotten)
{
    struct db *db = tables_open(&cluster, "forgotten");
    struct message_draft *d = sent(db, "SM1");
    size_t pruned;

    for (int i = 0; i < 5; i++)
        tables_report(db, d->id, 0, EV_REPORTED_SENT);
    tables_do(db, "UPDATE callback_inbox SET at = now() - interval '8 days 1 hour'"
                  " WHERE event_id <> (SELECT max(event_id) FROM callback_inbox)");
    OK(callbacks_prune(db, 3, &pruned, &err));
    ck_assert_uint_eq(pruned, 3);
    OK(callbacks_prune(db, 3, &pruned, &err));
    ck_assert_uint_eq(pruned, 1);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM callback_inbox"), "1");
    db_free(db);
}
END_TEST

/* ---- whom it is about ---- */

START_TEST(a_callback_finds_its_recipient_by_our_id)
{
    struct db *db = tables_open(&cluster, "callback");
    struct message_draft *d = tables_message(db, 2);
    struct callback_report r = tables_callback(&mem, d->id, 1, EV_REPORTED_FAILED);
    struct recipient_ref refs[2];
    struct recipient *list;
    size_t n;

    r.provider_id = "SM1";
    r.code = "30003";
    r.message = "gone";
    tables_claim(db, d, 2, refs);
    tell(db, &r, 1);
    OK(tables_page(db, d->id, 0, 9, &list, &n, &err));
    ck_assert_int_eq(list[0].status, DS_SENDING);
    ck_assert_int_eq(list[1].status, DS_FAILED);
    ck_assert_str_eq(list[1].provider, "twilio");
    ck_assert_str_eq(list[1].provider_id, "SM1");
    ck_assert_str_eq(list[1].error_code, "30003");
    ck_assert_str_eq(list[1].error_message, "gone");
    db_free(db);
}
END_TEST

/* A report without our id, by what twilio calls the message. */
static struct callback_report by_provider_id(const char *id, enum delivery_event event)
{
    struct callback_report r = tables_callback(&mem, "", 0, event);

    r.recipient_id = NULL;
    r.provider_id = id;
    return r;
}

START_TEST(a_callback_without_our_id_finds_its_recipient_by_the_providers_id_of_any_attempt)
{
    struct db *db = tables_open(&cluster, "provider_id");
    struct recipient_ref ref;
    struct message_draft *d = claimed(db, &ref), *other = sent(db, "SM2");
    struct outcome again = { .ref = ref, .status = DS_PENDING, .provider = "twilio",
                             .provider_id = "SM1", .possible_duplicate = true };
    struct callback_report r = by_provider_id("SM1", EV_REPORTED_DELIVERED);
    bool moved;

    OK(recipients_record(db, &again, 1, &mem, &moved, &err));
    tell(db, &r, 1);
    ck_assert_uint_eq(tally.parked, 0);
    ck_assert_str_eq(status_of(db, d), "delivered");
    r = by_provider_id("SM2", EV_REPORTED_DELIVERED);
    r.provider = "whatsapp_cloud"; /* another's message of that name */
    tell(db, &r, 1);
    ck_assert_uint_eq(tally.parked, 1);
    ck_assert_str_eq(status_of(db, other), "sent");
    db_free(db);
}
END_TEST

static size_t retry(struct db *db)
{
    size_t tried;

    OK(callbacks_retry(db, 100, &mem, &tried, &tally, &err));
    return tried;
}

START_TEST(a_callback_before_our_own_sent_waits_and_counts_as_soon_as_that_is_recorded)
{
    struct db *db = tables_open(&cluster, "early");
    struct recipient_ref ref;
    struct message_draft *d = claimed(db, &ref);
    struct callback_report r[] = { by_provider_id("SM1", EV_REPORTED_SENT),
                                   by_provider_id("SM1", EV_REPORTED_DELIVERED) };

    tell(db, r, 2);
    ck_assert_uint_eq(tally.parked, 2);
    ck_assert_uint_eq(retry(db), 0); /* not yet */
    tables_do(db, "UPDATE callback_parked SET due_at = now() - interval '1 second'");
    ck_assert_uint_eq(retry(db), 2);
    ck_assert_uint_eq(tally.dropped, 0);
    tables_do(db, "UPDATE callback_parked SET due_at = now() + interval '1 hour'");
    tell(db, r, 2); /* repeated meanwhile */
    ck_assert_uint_eq(tally.parked, 0);
    ck_assert(record_sent(db, ref, "twilio", "SM1"));
    ck_assert_uint_eq(retry(db), 2);
    ck_assert_str_eq(status_of(db, d), "delivered");
    ck_assert_str_eq(tables_events(db, d->id),
                     "0:attempt>sent 0:reported> 0:reported>delivered");
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM callback_parked"), "0");
    db_free(db);
}
END_TEST

START_TEST(a_callback_about_nobody_is_asked_for_ever_more_seldom_and_dropped_after_a_day)
{
    struct db *db = tables_open(&cluster, "nobody");
    struct callback_report r[] = { by_provider_id("SM9", EV_REPORTED_SENT),
                                   tables_callback(&mem, tables_id(), 0, EV_REPORTED_READ) };

    tell(db, r, 2);
    ck_assert_uint_eq(tally.parked, 2);
    tables_do(db, "UPDATE callback_parked SET at = now() - interval '6 hours', due_at = at");
    ck_assert_uint_eq(retry(db), 2);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM callback_parked"
                                    " WHERE due_at BETWEEN now() + interval '5 hours 59 minutes'"
                                    "                  AND now() + interval '6 hours 1 minute'"), "2");
    tables_do(db, "UPDATE callback_parked SET at = now() - interval '24 hours 1 second',"
                  " due_at = at");
    ck_assert_uint_eq(retry(db), 2);
    ck_assert_uint_eq(tally.dropped, 2);
    ck_assert_str_eq(tables_ask(db, "SELECT count(*) FROM callback_parked"), "0");
    db_free(db);
}
END_TEST

START_TEST(what_is_about_a_person_stands_with_the_latest_message_to_them)
{
    struct db *db = tables_open(&cluster, "person");
    struct message_draft *first = sent(db, "SM1"), *latest = sent(db, "SM2");
    struct callback_report r = by_provider_id(NULL, CALLBACK_CHANGES_NOTHING);

    r.event_name = "blocked";
    r.address = latest->recipients[0].address;
    ck_assert_str_eq(first->recipients[0].address, r.address);
    tell(db, &r, 1);
    ck_assert_str_eq(tables_ask(db, "SELECT concat(message_id, ' ', detail) FROM message_events"
                                    " WHERE event = 'reported'"),
                     arena_printf(&mem, "%s blocked", latest->id));
    ck_assert_str_eq(status_of(db, latest), "sent");
    r = by_provider_id(NULL, CALLBACK_CHANGES_NOTHING);
    r.address = "+15559999999"; /* whom nobody has written to */
    tell(db, &r, 1);
    ck_assert_uint_eq(tally.fresh, 1);
    ck_assert_uint_eq(tally.parked, 0);
    db_free(db);
}
END_TEST

/* ---- whose word counts ---- */

START_TEST(a_report_about_what_another_provider_sent_changes_only_the_timeline)
{
    static const enum delivery_event all[] = { EV_REPORTED_SENT, EV_REPORTED_FAILED,
                                               EV_REPORTED_DELIVERED, EV_REPORTED_READ };
    struct db *db = tables_open(&cluster, "another");
    struct message_draft *d = sent(db, "SM1");
    const char *before = tables_ask(db, "SELECT r::text FROM message_recipients r");

    for (int i = 0; i < 4; i++) {
        struct callback_report r = tables_callback(&mem, d->id, 0, all[i]);

        r.provider = "other";
        r.code = "no";
        tell(db, &r, 1);
        ck_assert_uint_eq(tally.changed, 0);
    }
    ck_assert_str_eq(tables_ask(db, "SELECT r::text FROM message_recipients r"), before);
    ck_assert_str_eq(tables_events(db, d->id), "0:attempt>sent 0:reported> 0:reported> 0:reported>"
                                               " 0:reported>");
    db_free(db);
}
END_TEST

START_TEST(the_failure_of_another_attempt_does_not_undo_the_one_that_was_sent)
{
    struct db *db = tables_open(&cluster, "attempts");
    struct message_draft *d = sent(db, "SM2");
    struct callback_report r = tables_callback(&mem, d->id, 0, EV_REPORTED_FAILED);

    r.provider_id = "SM1";
    tell(db, &r, 1);
    ck_assert_str_eq(status_of(db, d), "sent");
    r = tables_callback(&mem, d->id, 0, EV_REPORTED_FAILED);
    r.provider_id = "SM2.part"; /* as a provider writes it that adds to its id */
    tell(db, &r, 1);
    ck_assert_str_eq(status_of(db, d), "failed");
    db_free(db);
}
END_TEST

START_TEST(a_failure_from_before_a_replay_does_not_end_it)
{
    struct db *db = tables_open(&cluster, "replayed");
    struct message_draft *d = sent(db, "SM1");
    struct recipient_ref ref = tables_ref(d, 0, 1);
    bool moved;

    tables_report(db, d->id, 0, EV_REPORTED_FAILED);
    OK(dead_replay(db, &ref, 1, 6, &mem, &moved, &err));
    ck_assert(moved);
    ck_assert_str_eq(status_of(db, d), "pending");
    tables_report(db, d->id, 0, EV_REPORTED_FAILED);
    ck_assert_str_eq(status_of(db, d), "pending");
    db_free(db);
}
END_TEST

/* ---- times ---- */

START_TEST(times_of_reports_are_kept_from_the_first_on)
{
    static const char times[] =
        "SELECT concat_ws(' ', sent_at IS NOT NULL, delivered_at IS NOT NULL,"
        " read_at IS NOT NULL) FROM message_recipients";
    struct db *db = tables_open(&cluster, "times");
    struct recipient_ref ref;
    struct message_draft *d = claimed(db, &ref);
    const char *at;

    ck_assert_str_eq(tables_ask(db, times), "f f f");
    record_sent(db, ref, "twilio", "SM1");
    ck_assert_str_eq(tables_ask(db, times), "t f f");
    at = tables_ask(db, "SELECT sent_at FROM message_recipients");
    clock_sleep_ms(5);
    tables_report(db, d->id, 0, EV_REPORTED_READ); /* which was delivered, too */
    ck_assert_str_eq(tables_ask(db, times), "t t t");
    ck_assert_str_eq(tables_ask(db, "SELECT sent_at FROM message_recipients"), at);
    db_free(db);
}
END_TEST

START_TEST(a_reported_failure_is_no_time_of_sending)
{
    struct db *db = tables_open(&cluster, "unsent");
    struct recipient_ref ref;
    struct message_draft *d = claimed(db, &ref);

    ck_assert_uint_eq(tables_report(db, d->id, 0, EV_REPORTED_FAILED), 1);
    ck_assert_str_eq(tables_ask(db, "SELECT count(sent_at) FROM message_recipients"), "0");
    db_free(db);
}
END_TEST

/* Neither by a callback, nor by a record that comes behind one. */
START_TEST(what_is_told_of_an_erased_recipient_brings_nothing_back)
{
    struct db *db = tables_open(&cluster, "erased");
    struct erase_person who = { .address = "+15550000000" };
    struct span step = span_begin(0);
    struct erase_tally erased = { 0 };
    struct message_draft *d = sent(db, "SM1");
    struct callback_report r = tables_callback(&mem, d->id, 0, EV_REPORTED_FAILED);
    bool more;

    erase_find(&who, &mem);
    OK(span_next(db, &step, 1000, &mem, &more, &err));
    OK(erase_step(db, &who, &step, false, &mem, &erased, &err));
    ck_assert_int_eq(erased.counts[ERASE_ERASED], 1);
    r.provider_id = "SM1";
    r.code = "30003";
    r.message = "It is Ada's, who is unreachable";
    tell(db, &r, 1);
    ck_assert_str_eq(status_of(db, d), "failed");
    record_sent(db, tables_ref(d, 0, 1), "twilio", "SM1");
    ck_assert_str_eq(tables_ask(db, "SELECT concat_ws(' ', recipient, provider_id, error_code, error_message)"
                                    " FROM message_recipients WHERE message_id = '%s'", d->id),
                     ERASED " 30003");
    ck_assert_str_eq(tables_counters(db, d->id), "failed 0/0/0");
    db_free(db);
}
END_TEST

PG_SUITE("callbacks", every_sequence_of_reports_ends_where_the_model_says,
         reports_that_come_in_one_batch_end_where_they_end_one_by_one,
         every_order_and_repetition_of_the_callbacks_of_one_recipient_ends_in_the_same_state,
         a_report_told_twice_counts_once_in_the_timeline_too,
         what_comes_in_one_call_is_one_transaction,
         a_call_that_cannot_be_recorded_leaves_nothing_and_spoils_no_neighbour,
         what_no_provider_repeats_any_more_is_forgotten, a_callback_finds_its_recipient_by_our_id,
         a_callback_without_our_id_finds_its_recipient_by_the_providers_id_of_any_attempt,
         a_callback_before_our_own_sent_waits_and_counts_as_soon_as_that_is_recorded,
         a_callback_about_nobody_is_asked_for_ever_more_seldom_and_dropped_after_a_day,
         what_is_about_a_person_stands_with_the_latest_message_to_them,
         a_report_about_what_another_provider_sent_changes_only_the_timeline,
         the_failure_of_another_attempt_does_not_undo_the_one_that_was_sent,
         a_failure_from_before_a_replay_does_not_end_it, times_of_reports_are_kept_from_the_first_on,
         a_reported_failure_is_no_time_of_sending,
         what_is_told_of_an_erased_recipient_brings_nothing_back)
