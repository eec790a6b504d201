/* notifyctl audit on the real system: what is conserved, and every way to lose it. */
#include <stdlib.h>
#include <string.h>

#include "common/db/audit.h"
#include "tests/integration/load.h"
#include "tests/integration/operator.h"
#include "tests/integration/witness.h"

static const char *const settings[] = { "rate_limit.unlimited=0", "scheduler.interval_ms=100", NULL };

static json_int_t total(const json_t *doc, const char *fault)
{
    return number_at(doc, text("totals/%s", fault));
}

static json_int_t of_reason(const json_t *doc, const char *state, const char *reason)
{
    json_int_t n = 0;
    const json_t *one;
    size_t i;

    json_array_foreach (at(doc, "states"), i, one) {
        if (strcmp(text_at(one, "state"), state) == 0 && strstr(text_at(one, "reason"), reason) != NULL)
            n += number_at(one, "recipients");
    }
    return n;
}

static void expect_sums(const json_t *doc)
{
    json_int_t sum = 0;
    const json_t *one;
    size_t i;

    json_array_foreach (at(doc, "states"), i, one)
        sum += number_at(one, "recipients");
    ck_assert_int_eq(sum, number_at(doc, "final") + number_at(doc, "live"));
    ck_assert_int_eq(sum + number_at(doc, "missing") - number_at(doc, "surplus"),
                     number_at(doc, "accepted"));
}

/* Each recipient of a message gets a row of his own in dispatch. */
static void spread(const char *id)
{
    sql_text("INSERT INTO dispatch SELECT u.message_id, r.n, u.lane, u.due_at, u.user_key FROM dispatch_runs u"
             " JOIN message_recipients r USING (message_id) WHERE u.message_id = '%s'", id);
    sql_text("DELETE FROM dispatch_runs WHERE message_id = '%s'", id);
}

/* ---- a clean system ---- */

START_TEST(a_clean_system_is_conserved_and_its_totals_add_up)
{
    struct user u = user_new("unlimited");
    const char *late = send_range(&u, 15551240000, 3, tomorrow());
    const char *sent = send_range(&u, 15551241000, 5, ""), *failed = send_to(&u, "sms", "+15550004000");
    json_t *before, *doc;

    WAIT_UNTIL(count_in(sent, "sent,delivered") == 5 && is_in(failed, "failed"), 30000);
    before = DOCUMENT(0, "audit", "--dry-run");
    ck_assert_int_ge(number_at(before, "accepted"), 9);
    ck_assert_int_eq(of_reason(before, "pending", "scheduled time"), number_at(before, "live"));
    ck_assert_int_eq(number_at(before, "live"),
                     sql_number("SELECT sum(span) FROM dispatch_runs WHERE message_id = '%s'", late));
    expect_sums(before);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM audits"), 0);

    doc = DOCUMENT(0, "audit", "--since", "1h");
    ck_assert_int_eq(number_at(doc, "accepted"), number_at(before, "accepted"));
    ck_assert(json_is_false(at(doc, "recorded")));
    ck_assert_int_eq(number_at(DOCUMENT(0, "audit", "--since", "0s"), "accepted"), 0);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM audits"), 0);

    EXPECT(0, "conserved: nothing is lost", "audit");
    ck_assert_int_eq(sql_number("SELECT accepted FROM audits"), number_at(before, "accepted"));
    ck_assert_int_eq(sql_number("SELECT live FROM audits"), number_at(before, "live"));
}
END_TEST

START_TEST(what_lives_has_a_reason)
{
    struct user u = user_new("unlimited");
    const char *id;
    json_t *doc;

    service_down("workerd");
    id = send_range(&u, 15551242000, 5, "");
    WAIT_UNTIL(count_in(id, "queued") == 5, 5000);
    spread(id);
    sql_number("UPDATE message_recipients SET status = 'sending' WHERE message_id = '%s' AND n = 0", id);
    sql_number("UPDATE message_recipients SET status = 'sending' WHERE message_id = '%s' AND n = 1", id);
    sql_number("UPDATE message_recipients SET status = 'pending', next_attempt_at = now() + interval '1 h'"
               " WHERE message_id = '%s' AND n = 2", id);
    sql_number("UPDATE message_recipients SET status = 'pending' WHERE message_id = '%s' AND n = 3", id);
    sql_number("UPDATE dispatch SET due_at = now() + CASE WHEN n IN (1, 3) THEN interval '-1 s'"
               " ELSE interval '1 h' END WHERE message_id = '%s'", id);
    doc = DOCUMENT(0, "audit");
    ck_assert_int_eq(of_reason(doc, "sending", "claimed under a lease"), 1);
    ck_assert_int_eq(of_reason(doc, "sending", "where its lease is over"), 1);
    ck_assert_int_eq(of_reason(doc, "pending", "next attempt"), 1);
    ck_assert_int_eq(of_reason(doc, "pending", "room on the belt"), 1);
    ck_assert_int_eq(of_reason(doc, "queued", "waits for a worker"), 1);
    ck_assert_int_eq(
        system(text(
            "%s -u '%s' SET 'notification:breaker:{twilio}' '{\"state\":\"open\"}' >/dev/null 2>&1",
            stack_env("REDIS_CLI"), stack_env("REDIS_URL"))),
        0);
    doc = DOCUMENT(0, "audit");
    ck_assert_int_eq(of_reason(doc, "pending", "breaker"), 1);
    ck_assert_int_eq(of_reason(doc, "queued", "breaker"), 1);
    ck_assert_int_eq(system(text("%s -u '%s' DEL 'notification:breaker:{twilio}' >/dev/null 2>&1",
                                 stack_env("REDIS_CLI"), stack_env("REDIS_URL"))),
                     0);
    sql_number("UPDATE message_recipients SET status = 'pending', next_attempt_at = NULL"
               " WHERE message_id = '%s'", id);
    sql_number("UPDATE dispatch SET due_at = now() WHERE message_id = '%s'", id);
    service_up("workerd");
    WAIT_UNTIL(count_in(id, "sent,delivered") == 5, 15000);
    expect_sums(DOCUMENT(0, "audit"));
}
END_TEST

/* ---- faults ---- */

#define STRANGER "01890a5d-ac96-774b-bcce-b302099a8057"

/* %1$s is a scheduled message of two recipients, %2$s a finished one of one. */
static const struct {
    const char *what, *make, *undo;
    enum audit_fault fault;
    int count;
    const char *id; /* %1$s, %2$s as above */
} faults[] = {
    { "live recipients without", "DELETE FROM dispatch WHERE message_id = '%1$s' AND n = 1",
      "INSERT INTO dispatch VALUES ('%1$s', 1, 1, now() + interval '1 day')", AUDIT_LOST, 1, "%1$s.1" },
    { "accepted recipients without",
      "CREATE TABLE kept AS SELECT * FROM message_recipients WHERE message_id = '%2$s';"
      "DELETE FROM message_recipients WHERE message_id = '%2$s'",
      "INSERT INTO message_recipients SELECT * FROM kept; DROP TABLE kept", AUDIT_LOST, 1, "%2$s" },
    { "recipients without their message",
      "INSERT INTO message_recipients (message_id, n, platform, status, updated_at, recipient)"
      " VALUES ('" STRANGER "', 4, 'sms', 'sent', now(), '+15551230000')",
      "DELETE FROM message_recipients WHERE message_id = '" STRANGER "'", AUDIT_ORPHANED, 1,
      STRANGER ".4" },
    { "dispatch rows without", "INSERT INTO dispatch VALUES ('" STRANGER "', 3, 1, now() + interval '1 day')",
      "DELETE FROM dispatch WHERE message_id = '" STRANGER "'", AUDIT_ORPHANED, 1, STRANGER ".3" },
    { "dispatch rows of recipients",
      "UPDATE message_recipients SET updated_at = now() - interval '61 s' WHERE message_id = '%2$s';"
      "INSERT INTO dispatch VALUES ('%2$s', 0, 1, now() + interval '1 day')",
      "DELETE FROM dispatch WHERE message_id = '%2$s'", AUDIT_ORPHANED, 1, "%2$s.0" },
    { "events of the timeline",
      "INSERT INTO message_events (message_id, n, event) SELECT '" STRANGER "', 0, 'queued'"
      " FROM generate_series(1, 3)",
      "DELETE FROM message_events WHERE message_id = '" STRANGER "'", AUDIT_ORPHANED, 3, STRANGER },
    { "counters", "UPDATE messages SET open_count = 1 WHERE id = '%2$s'",
      "UPDATE messages SET open_count = 0 WHERE id = '%2$s'", AUDIT_MISCOUNTED, 1, "%2$s" },
    { "counters", "UPDATE messages SET sent_count = 0 WHERE id = '%2$s'",
      "UPDATE messages SET sent_count = 1 WHERE id = '%2$s'", AUDIT_MISCOUNTED, 1, "%2$s" },
    { "counters", "UPDATE messages SET expired_count = 1 WHERE id = '%2$s'",
      "UPDATE messages SET expired_count = 0 WHERE id = '%2$s'", AUDIT_MISCOUNTED, 1, "%2$s" },
    { "counters", "UPDATE messages SET platforms = 3 WHERE id = '%2$s'",
      "UPDATE messages SET platforms = 1 WHERE id = '%2$s'", AUDIT_MISCOUNTED, 1, "%2$s" },
    { "counters", "UPDATE messages SET recipient_count = 1, open_count = 1 WHERE id = '%1$s'",
      "UPDATE messages SET recipient_count = 2, open_count = 2 WHERE id = '%1$s'", AUDIT_MISCOUNTED, 1,
      "%1$s" },
    { "status", "UPDATE messages SET status = 'failed' WHERE id = '%2$s'",
      "UPDATE messages SET status = 'completed' WHERE id = '%2$s'", AUDIT_MISCOUNTED, 1, "%2$s" },
    { "status", "UPDATE messages SET status = 'pending' WHERE id = '%2$s'",
      "UPDATE messages SET status = 'completed' WHERE id = '%2$s'", AUDIT_MISCOUNTED, 1, "%2$s" },
    { "status", "UPDATE messages SET status = 'completed' WHERE id = '%1$s'",
      "UPDATE messages SET status = 'scheduled' WHERE id = '%1$s'", AUDIT_MISCOUNTED, 1, "%1$s" },
    { "time has passed",
      "UPDATE dispatch SET due_at = now() - interval '11 min' WHERE message_id = '%1$s' AND n = 0",
      "UPDATE dispatch SET due_at = now() + interval '1 day' WHERE message_id = '%1$s'", AUDIT_OVERDUE, 1,
      "%1$s.0" },
    { "runs of messages", "INSERT INTO dispatch_runs VALUES ('" STRANGER "', 1, 0, 2, now() + interval '1 day', 0)",
      "DELETE FROM dispatch_runs WHERE message_id = '" STRANGER "'", AUDIT_ORPHANED, 1, STRANGER },
    { "runs of messages",
      "UPDATE messages SET updated_at = now() - interval '61 s' WHERE id = '%2$s';"
      "INSERT INTO dispatch_runs VALUES ('%2$s', 1, 0, 2, now() + interval '1 day', 0)",
      "DELETE FROM dispatch_runs WHERE message_id = '%2$s'", AUDIT_ORPHANED, 1, "%2$s" },
    { "time has passed", "INSERT INTO dispatch_runs VALUES ('%1$s', 1, 0, 2, now() - interval '11 min', 0);"
      "DELETE FROM dispatch WHERE message_id = '%1$s'",
      "UPDATE dispatch_runs SET due_at = now() + interval '1 day' WHERE message_id = '%1$s'", AUDIT_OVERDUE, 2,
      "%1$s.0" },
    { "live recipients without", "DELETE FROM dispatch WHERE message_id = '%1$s';"
      "DELETE FROM dispatch_runs WHERE message_id = '%1$s';"
      "INSERT INTO dispatch_runs VALUES ('%1$s', 1, 1, 1, now() + interval '1 day', 0)",
      "UPDATE dispatch_runs SET first = 0, span = 2 WHERE message_id = '%1$s'", AUDIT_LOST, 1, "%1$s.0" },
};

/* Fills a row's text. */
static const char *filled(const char *pattern, const char *late, const char *done)
{
    const char *out = "";

    for (const char *at = pattern, *next; *at != '\0'; at = next) {
        bool is_place = strncmp(at, "%1$s", 4) == 0 || strncmp(at, "%2$s", 4) == 0;

        next = is_place ? at + 4 : at + 1 + strcspn(at + 1, "%");
        out = is_place ? text("%s%s", out, at[1] == '1' ? late : done)
                       : text("%s%.*s", out, (int)(next - at), at);
    }
    return out;
}

static void expect_fault(const json_t *doc, size_t row, const char *id)
{
    for (int f = 0; f < AUDIT_FAULTS; f++)
        ck_assert_msg(total(doc, audit_fault_name((enum audit_fault)f)) ==
                          ((int)faults[row].fault == f ? faults[row].count : 0),
                      "row %zu, %s: %s", row, faults[row].what, json_dumps(doc, 0));
    ck_assert_uint_eq(json_array_size(at(doc, "faults")), 1);
    ck_assert_msg(strstr(text_at(doc, "faults/0/what"), faults[row].what) != NULL, "row %zu: %s", row,
                  text_at(doc, "faults/0/what"));
    ck_assert_str_eq(text_at(doc, "faults/0/ids/0"), id);
    expect_sums(doc);
}

START_TEST(every_fault_is_found_by_its_kind_with_the_id_and_a_remedy)
{
    struct user u = user_new("unlimited");
    const char *late = send_range(&u, 15551243000, 2, tomorrow()), *done = send_to(&u, "sms", "+15551243009");
    int64_t audits;

    WAIT_UNTIL(is_in(done, "delivered"), 30000);
    spread(late);
    service_down("workerd"); /* it would take up what is overdue */
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const char *id = filled(faults[i].id, late, done);

        sql_text("%s", filled(faults[i].make, late, done));
        expect_fault(DOCUMENT(1, "audit"), i, id);
        EXPECT(1, text("    %s\n", id), "audit", "--dry-run");
        EXPECT(1, "  remedy: ", "audit", "--dry-run");
        if (faults[i].fault == AUDIT_OVERDUE)
            DOCUMENT(0, "audit", "--grace", "12m", "--dry-run");
        sql_text("%s", filled(faults[i].undo, late, done));
        DOCUMENT(0, "audit", "--dry-run");
    }
    audits = sql_number("SELECT count(*) FROM audits");
    ck_assert_int_ge(audits, (int)(sizeof faults / sizeof *faults));
    service_up("workerd");
}
END_TEST

/* The blocks of SQL in docs/conservation.md, one after the other. */
static void repair_as_the_manual_says(void)
{
    const char *top = getenv("top_srcdir"), *manual, *block;
    int n = 0;

    manual = witness_read(text("%s/docs/conservation.md", top ? top : "."));
    for (block = manual; (block = strstr(block, "```sql\n")) != NULL; n++) {
        const char *sql = block + strlen("```sql\n");

        block = strstr(sql, "```");
        ck_assert_ptr_nonnull(block);
        sql_text("%.*s", (int)(block - sql), sql);
    }
    ck_assert_int_eq(n, 3);
}

START_TEST(the_remedies_of_the_manual_put_right_what_can_be_put_right)
{
    struct user u = user_new("unlimited");
    const char *late = send_range(&u, 15551244000, 2, tomorrow()), *done = send_to(&u, "sms", "+15551244009");

    WAIT_UNTIL(is_in(done, "delivered"), 30000);
    spread(late);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (faults[i].fault == AUDIT_OVERDUE || strstr(faults[i].make, "CREATE TABLE") != NULL)
            continue;
        sql_text("%s", filled(faults[i].make, late, done));
        DOCUMENT(1, "audit", "--dry-run");
        repair_as_the_manual_says();
        DOCUMENT(0, "audit", "--dry-run");
    }
    ck_assert_str_eq(message_status(late), "scheduled");
    ck_assert_str_eq(message_status(done), "completed");
    ck_assert_int_eq(request_count(text("%s.0", late)), 0);
}
END_TEST

START_TEST(an_audit_counts_all_and_names_no_more_than_asked_for)
{
    json_t *doc;

    sql_text("INSERT INTO dispatch SELECT gen_random_uuid(), 0, 1, now() + interval '1 day'"
             " FROM generate_series(1, 25)");
    doc = DOCUMENT(1, "audit", "--limit", "3");
    ck_assert_int_eq(total(doc, "orphaned"), 25);
    ck_assert_uint_eq(json_array_size(at(doc, "faults/0/ids")), 3);
    doc = DOCUMENT(1, "audit", "--limit", "0");
    ck_assert_int_eq(number_at(doc, "faults/0/count"), 25);
    ck_assert_uint_eq(json_array_size(at(doc, "faults/0/ids")), 0);
    EXPECT(1, "and more", "audit");
    EXPECT(1, "0 lost, 25 orphaned, 0 miscounted, 0 overdue", "audit");
    sql_text("DELETE FROM dispatch d WHERE NOT EXISTS (SELECT FROM messages m WHERE m.id = d.message_id)");
    DOCUMENT(0, "audit");
}
END_TEST

START_TEST(the_last_hundred_audits_are_kept)
{
    sql_text("INSERT INTO audits (at, messages, accepted, final, live, lost, orphaned, miscounted, overdue)"
             " SELECT now(), 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series(1, 150)");
    DOCUMENT(0, "audit");
    DOCUMENT(0, "audit");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM audits"), 100);
}
END_TEST

/* ---- beside others ---- */

START_TEST(beside_live_traffic_nothing_seems_lost)
{
    struct user u = user_new("unlimited");
    struct load *l = load_start(&u, stack_env("NOTIFY_URL"), 15556000000);

    for (int i = 0; i < 12; i++)
        expect_sums(DOCUMENT(0, "audit"));
    load_stop(l);
    ck_assert_int_gt(load_accepted(l), 100);
    WAIT_UNTIL(load_sent(l) == (size_t)load_accepted(l), 30000);
    DOCUMENT(0, "audit");
}
END_TEST

/* ---- the metrics ---- */

static bool tells(const char *what)
{
    struct answer a;

    return http_elsewhere(text("%s/metrics", stack_env("WORKERD_URL")), &a) &&
           strstr(a.body, what) != NULL;
}

START_TEST(workerd_tells_what_the_last_audit_found_and_nothing_before_there_was_one)
{
    service_down("workerd");
    sql_text("DELETE FROM audits");
    service_up("workerd");
    WAIT_UNTIL(tells("dispatch_due "), 15000);
    ck_assert(!tells("conservation_"));
    sql_text("INSERT INTO dispatch VALUES ('" STRANGER "', 3, 1, now() + interval '1 day')");
    DOCUMENT(1, "audit");
    WAIT_UNTIL(tells("conservation_faults{fault=\"orphaned\"} 1\n"), 15000);
    ck_assert(tells("conservation_faults{fault=\"lost\"} 0\n"));
    ck_assert(tells("conservation_faults{fault=\"miscounted\"} 0\n"));
    ck_assert(tells("conservation_faults{fault=\"overdue\"} 0\n"));
    ck_assert(tells(text("conservation_audited_timestamp_seconds %s",
                         sql_text("SELECT round(extract(epoch FROM max(at)), 3) FROM audits"))));
    sql_text("DELETE FROM dispatch WHERE message_id = '" STRANGER "'");
    DOCUMENT(0, "audit", "--dry-run");
    ck_assert(tells("conservation_faults{fault=\"orphaned\"} 1\n"));
    DOCUMENT(0, "audit");
    WAIT_UNTIL(tells("conservation_faults{fault=\"orphaned\"} 0\n"), 15000);
}
END_TEST

STACK_SUITE("audit", settings, a_clean_system_is_conserved_and_its_totals_add_up, what_lives_has_a_reason,
            every_fault_is_found_by_its_kind_with_the_id_and_a_remedy,
            the_remedies_of_the_manual_put_right_what_can_be_put_right,
            an_audit_counts_all_and_names_no_more_than_asked_for, the_last_hundred_audits_are_kept,
            beside_live_traffic_nothing_seems_lost,
            workerd_tells_what_the_last_audit_found_and_nothing_before_there_was_one)
