/* What an attempt's outcome does to a recipient, its message, timer and timeline. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/db/messages.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err


static bool record(struct db *db, const struct outcome *o)
{
    bool moved = false;

    OK(recipients_record(db, o, 1, &mem, &moved, &err));
    return moved;
}

/* ---- record ---- */

/* What one recipient of two becomes. */
static const struct {
    struct outcome o;
    const char *state, *due, *counters, *events;
} recorded[] = {
    { { .status = DS_SENT, .provider_id = "SM1" },
      "sent 1 1",
      "none",
      "pending 1/1/0",
      "0:attempt>sent" },
    { { .status = DS_FAILED, .code = "21211" },
      "failed 1 1",
      "none",
      "pending 1/0/0",
      "0:attempt>failed" },
    { { .status = DS_EXPIRED }, "expired 1 1", "none", "pending 1/0/1", "0:attempt>expired" },
    { { .status = DS_PENDING, .delay_ms = 90000 },
      "pending 1 1",
      "90",
      "pending 2/0/0",
      "0:attempt>pending" },
    { { .status = DS_PENDING, .delay_ms = 5000, .give_back = true },
      "pending 1 0",
      "5",
      "pending 2/0/0",
      "0:attempt>pending" },
    { { .status = DS_SENDING, .delay_ms = 700000, .code = "timeout" },
      "sending 1 1",
      "700",
      "pending 2/0/0",
      "0:attempt>sending" },
};

START_TEST(a_record_moves_recipient_timer_counters_and_timeline)
{
    struct db *db = tables_open(&cluster, "record");

    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        struct message_draft *d = tables_message(db, 2);
        struct outcome o = recorded[i].o;

        tables_claim(db, d, 1, &o.ref);
        o.provider = "twilio";
        o.attempt = 1;
        ck_assert(record(db, &o));
        ck_assert_str_eq(tables_state(db, d, 0), recorded[i].state);
        ck_assert_str_eq(tables_due(db, d, 0), recorded[i].due);
        ck_assert_str_eq(tables_counters(db, d->id), recorded[i].counters);
        ck_assert_str_eq(tables_events(db, d->id), recorded[i].events);
        ck_assert_str_eq(tables_state(db, d, 1), "pending 0 0");
        ck_assert_str_eq(tables_due(db, d, 1), "3600");
    }
    db_free(db);
}
END_TEST

START_TEST(a_record_keeps_what_the_provider_said)
{
    struct db *db = tables_open(&cluster, "said");
    struct message_draft *d = tables_message(db, 3);
    struct recipient_ref refs[3];
    struct recipient *list;
    bool moved[3];
    size_t n;

    tables_claim(db, d, 3, refs);
    struct outcome all[] = {
        { .ref = refs[2],
          .status = DS_FAILED,
          .provider = "b",
          .code = "\"21211\"",
          .message = "no {such}, \\number",
          .attempt = 3,
          .latency_ms = 77 },
        { .ref = refs[0], .status = DS_SENT, .provider = "a", .provider_id = "SM{1}" },
        { .ref = refs[1],
          .status = DS_PENDING,
          .provider = "a",
          .code = "429",
          .delay_ms = 60000,
          .possible_duplicate = true },
    };
    OK(recipients_record(db, all, 3, &mem, moved, &err));
    OK(tables_page(db, d->id, 0, 9, &list, &n, &err));
    ck_assert_str_eq(list[0].provider_id, "SM{1}");
    ck_assert(list[0].error_code == NULL && list[0].error_message == NULL);
    ck_assert_int_le(llabs(list[0].sent_ms - clock_wall_ms()), 5000);
    ck_assert_str_eq(list[1].error_code, "429");
    ck_assert_int_le(llabs(list[1].next_attempt_ms - clock_wall_ms() - 60000), 5000);
    ck_assert_int_eq(list[1].sent_ms, -1);
    ck_assert_str_eq(list[2].provider, "b");
    ck_assert_str_eq(list[2].error_code, "\"21211\"");
    ck_assert_str_eq(list[2].error_message, "no {such}, \\number");
    ck_assert_str_eq(tables_ask(db,
                                "SELECT concat_ws('|', attempt, provider, code, detail, latency_ms,"
                                " possible_duplicate, next_attempt_at) FROM message_events"
                                " WHERE n = 2"),
                     "3|b|\"21211\"|no {such}, \\number|77|f");
    ck_assert_str_eq(
        tables_ask(db, "SELECT concat_ws('|', possible_duplicate,"
                       " round(extract(epoch FROM next_attempt_at - at))) FROM message_events"
                       " WHERE n = 1"),
        "t|60");
    db_free(db);
}
END_TEST

/* The end of a message follows from the ends of its recipients. */
static const struct {
    enum delivery_state each[3];
    const char *counters;
} ends[] = {
    { { DS_SENT, DS_SENT, DS_SENT }, "completed 0/3/0" },
    { { DS_SENT, DS_FAILED, DS_FAILED }, "completed 0/1/0" },
    { { DS_FAILED, DS_EXPIRED, DS_SENT }, "completed 0/1/1" },
    { { DS_FAILED, DS_FAILED, DS_FAILED }, "failed 0/0/0" },
    { { DS_EXPIRED, DS_EXPIRED, DS_EXPIRED }, "expired 0/0/3" },
    { { DS_EXPIRED, DS_FAILED, DS_EXPIRED }, "failed 0/0/2" },
    { { DS_SENT, DS_SENT, DS_PENDING }, "pending 1/2/0" },
    { { DS_EXPIRED, DS_EXPIRED, DS_SENDING }, "pending 1/0/2" },
};

/* batch: recorded by one statement, else by one each. */
static void check_end(struct db *db, size_t i, bool batch)
{
    struct message_draft *d = tables_message(db, 3);
    struct recipient_ref refs[3];
    struct outcome all[3];
    bool moved[3];

    tables_claim(db, d, 3, refs);
    for (int k = 0; k < 3; k++) {
        all[k] = (struct outcome){ .ref = refs[k], .status = ends[i].each[k] };
        if (!batch)
            ck_assert(record(db, &all[k]));
    }
    if (batch)
        OK(recipients_record(db, all, 3, &mem, moved, &err));
    ck_assert_str_eq(tables_counters(db, d->id), ends[i].counters);
}

START_TEST(a_message_ends_as_its_recipients_did)
{
    struct db *db = tables_open(&cluster, "ends");

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        check_end(db, i, false);
        check_end(db, i, true);
    }
    db_free(db);
}
END_TEST

START_TEST(a_retry_is_looked_at_when_the_message_expires_at_the_latest)
{
    struct db *db = tables_open(&cluster, "retry");
    struct message_draft *d = tables_message(db, 3);
    struct recipient_ref refs[3];

    tables_do(db, "UPDATE messages SET expires_at = now() + interval '100 s'");
    tables_claim(db, d, 3, refs);
    record(db, &(struct outcome){ .ref = refs[0], .status = DS_PENDING, .delay_ms = 3600000 });
    record(db, &(struct outcome){ .ref = refs[1], .status = DS_SENDING, .delay_ms = 3600000 });
    record(db, &(struct outcome){ .ref = refs[2], .status = DS_PENDING, .delay_ms = 50000 });
    ck_assert_str_eq(tables_due(db, d, 0), "100");
    ck_assert_str_eq(tables_due(db, d, 1), "100");
    ck_assert_str_eq(tables_due(db, d, 2), "50");
    db_free(db);
}
END_TEST

START_TEST(a_late_record_writes_an_event_only)
{
    struct db *db = tables_open(&cluster, "late");
    struct message_draft *d = tables_message(db, 2);
    struct recipient_ref old[2];
    struct outcome all[2];
    struct claim *claims;
    bool moved[2];
    size_t n;

    tables_claim(db, d, 2, old);
    OK(recipients_abandon(db, old, 1, &err)); /* the first alone is taken away */
    OK(recipients_claim(db, old, 1, &mem, &claims, &n, &err));
    ck_assert_uint_eq(n, 1);
    for (int i = 0; i < 2; i++)
        all[i] = (struct outcome){
            .ref = old[i], .status = DS_SENT, .provider_id = "SM1", .provider = "x"
        };
    OK(recipients_record(db, all, 2, &mem, moved, &err));
    ck_assert(!moved[0] && moved[1]);
    ck_assert_str_eq(tables_state(db, d, 0), "sending 2 2");
    ck_assert_str_eq(tables_due(db, d, 0), "3600");
    ck_assert_str_eq(tables_counters(db, d->id), "pending 1/1/0");
    ck_assert_str_eq(
        tables_ask(db, "SELECT coalesce(provider_id, 'none') FROM message_recipients WHERE n = 0"),
        "none");
    ck_assert_ptr_nonnull(strstr(tables_events(db, d->id), "0:attempt_late>sent"));
    ck_assert_ptr_nonnull(strstr(tables_events(db, d->id), "1:attempt>sent"));
    db_free(db);
}
END_TEST

/* Of another attempt, or of one that was taken away: its provider id is not the recipient's. */
START_TEST(a_late_record_lends_its_provider_id_to_no_other_attempt)
{
    struct db *db = tables_open(&cluster, "lends");
    struct message_draft *d = tables_message(db, 2);
    struct recipient_ref old[2];
    struct claim *claims;
    size_t n;

    tables_claim(db, d, 2, old);
    OK(recipients_abandon(db, old, 2, &err)); /* 1 waits for its next attempt */
    OK(recipients_claim(db, old, 1, &mem, &claims, &n, &err));
    ck_assert_uint_eq(tables_report(db, d->id, 0, EV_REPORTED_DELIVERED), 1); /* of the second attempt of 0 */
    for (int i = 0; i < 2; i++)
        ck_assert(!record(
            db, &(struct outcome){ .ref = old[i], .status = DS_SENT, .provider_id = "SM1" }));
    ck_assert_str_eq(tables_state(db, d, 0), "delivered 2 2");
    ck_assert_str_eq(tables_state(db, d, 1), "pending 1 1");
    ck_assert_str_eq(tables_ask(db, "SELECT count(provider_id) FROM message_recipients"), "0");
    db_free(db);
}
END_TEST

START_TEST(a_callback_before_the_record_keeps_the_higher_state)
{
    static const enum delivery_event faster[] = { EV_REPORTED_SENT, EV_REPORTED_DELIVERED,
                                                  EV_REPORTED_READ, EV_REPORTED_FAILED };
    struct db *db = tables_open(&cluster, "faster");

    for (int i = 0; i < 4; i++) {
        struct message_draft *d = tables_message(db, 1);
        enum delivery_state to = delivery_step(DS_SENDING, faster[i]);
        struct recipient_ref ref;
        const char *counters;

        tables_claim(db, d, 1, &ref);
        ck_assert_uint_eq(tables_report(db, d->id, 0, faster[i]), 1);
        counters = tables_counters(db, d->id);
        ck_assert_str_eq(counters, to == DS_FAILED ? "failed 0/0/0" : "completed 0/1/0");
        ck_assert(!record(db, &(struct outcome){ .ref = ref,
                                                 .status = DS_SENT,
                                                 .provider = "other",
                                                 .provider_id = "SM1",
                                                 .code = "no",
                                                 .message = "no" }));
        ck_assert_str_eq(tables_state(db, d, 0), arena_printf(&mem, "%s 1 1", delivery_name(to)));
        ck_assert_str_eq(tables_counters(db, d->id), counters);
        ck_assert_str_eq(tables_due(db, d, 0), "none");
        ck_assert_str_eq(tables_ask(db,
                                    "SELECT concat_ws('|', provider, provider_id, error_code,"
                                    " sent_at IS NOT NULL) FROM message_recipients"
                                    " WHERE message_id = '%s'",
                                    d->id),
                         "twilio|SM1|t");
    }
    db_free(db);
}
END_TEST

PG_SUITE("outcomes", a_record_moves_recipient_timer_counters_and_timeline,
         a_record_keeps_what_the_provider_said, a_message_ends_as_its_recipients_did,
         a_retry_is_looked_at_when_the_message_expires_at_the_latest,
         a_late_record_writes_an_event_only,
         a_late_record_lends_its_provider_id_to_no_other_attempt,
         a_callback_before_the_record_keeps_the_higher_state)
