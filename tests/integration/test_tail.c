/* notifyctl tail, on the real system. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/stack.h"
#include "tests/integration/told.h"
#include "tests/integration/witness.h"

static const char *const settings[] = { "rate_limit.unlimited=0", "worker.max_attempts=1",
                                        "scheduler.interval_ms=100", "redis.timeout_ms=500", NULL };

#define NUMBER "+15551234567"
#define FAILS "+15550004000" /* refused for good */

/* ---- reading along ---- */

/* A tail of the test's own; what it says goes to DIR/log/NAME.log. */
static pid_t follow(const char *name, const char *const words[])
{
    const char *all[24] = { "-c", stack_env("NOTIFY_CONFIG"), "tail", "--json" };

    for (size_t i = 0; words[i] != NULL && i < 18; i++)
        all[i + 4] = words[i];
    return process_start("notifyctl", all, NULL, name);
}

static json_t *lines_of(const char *output)
{
    json_t *list = json_array();

    for (const char *line = output; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        json_t *doc = json_read(line, len, NULL);

        /* The last one may be in the making. */
        ck_assert_msg(doc != NULL || line[len] == '\0', "%.*s", (int)len, line);
        if (doc != NULL)
            json_array_append_new(list, doc);
        line += len + (line[len] == '\n');
    }
    return list;
}

static json_t *log_lines(const char *name)
{
    return lines_of(witness_read(stack_file(text("log/%s.log", name))));
}

/* What is there since a minute ago, by these filters. */
static json_t *past(const char *const words[])
{
    const char *all[20] = { "tail", "--json", "--since", "1m", "--for", "0" };
    struct outcome o;

    for (size_t i = 0; words[i] != NULL && i < 12; i++)
        all[i + 6] = words[i];
    o = told(all, NULL);
    ck_assert_msg(o.status == 0, "%s", buf_str(&o.err));
    return lines_of(buf_str(&o.out));
}
#define PAST(...) past(HEADERS(__VA_ARGS__))

/* What the database has, a text an event, as key_of() writes one. */
#define KEYS                                                                                          \
    "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') || ' ' ||"            \
    " message_id || coalesce('.' || n, '') || ' ' || event || ' ' || coalesce(status, '-')"           \
    " FROM message_events"

static const char *key_of(const json_t *line)
{
    const char *status = text_at(line, "status"), *recipient = text_at(line, "recipient_id");

    return text("%s %s %s %s", text_at(line, "at"),
                recipient[0] != '\0' ? recipient : text_at(line, "message_id"), text_at(line, "event"),
                status[0] != '\0' ? status : "-");
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each event of the database once, and nothing else, whatever the order within a millisecond. */
static void expect_all(const json_t *lines, const json_t *rows)
{
    size_t n = json_array_size(lines);
    const char **shown = calloc(n + 1, sizeof *shown), **there = calloc(n + 1, sizeof *there);

    ck_assert_uint_eq(n, json_array_size(rows));
    for (size_t i = 0; i < n; i++) {
        shown[i] = key_of(json_array_get(lines, i));
        there[i] = json_string_value(json_array_get(json_array_get(rows, i), 0));
        if (i > 0)
            ck_assert_str_ge(text_at(json_array_get(lines, i), "at"),
                             text_at(json_array_get(lines, i - 1), "at"));
    }
    qsort(shown, n, sizeof *shown, compare);
    qsort(there, n, sizeof *there, compare);
    for (size_t i = 0; i < n; i++)
        ck_assert_str_eq(shown[i], there[i]);
}

static size_t count_with(const json_t *lines, const char *path, const char *value)
{
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(lines); i++)
        n += strcmp(text_at(json_array_get(lines, i), path), value) == 0;
    return n;
}

/* Until the events of a message have all been told and none can come in front of them. */
static void settle(const char *message)
{
    WAIT_UNTIL(is_in(message, "delivered,failed"), 20000);
    clock_sleep_ms(1500);
}

/* ---- the events ---- */

START_TEST(the_events_of_a_message_are_all_seen_once_and_in_order)
{
    struct user u = user_new("unlimited");
    pid_t pid = follow("tail-order", HEADERS("--user", u.email));
    const char *id;

    clock_sleep_ms(1500); /* it begins with now */
    id = send_range(&u, 15551230000, 40, "");
    WAIT_UNTIL(count_in(id, "delivered") == 40, 30000);
    WAIT_UNTIL((int64_t)json_array_size(log_lines("tail-order")) >=
                   sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'", id), 10000);
    clock_sleep_ms(1200);
    kill(pid, SIGINT);
    ck_assert_int_eq(process_wait(pid, 5000), 0);
    expect_all(log_lines("tail-order"), sql_rows(KEYS " WHERE message_id = '%s'", id));
}
END_TEST

START_TEST(filters_show_what_fits_all_of_them)
{
    struct user u = user_new("unlimited"), other = user_new("unlimited");
    const char *good = send_to(&u, "sms", NUMBER), *bad = send_to(&u, "sms", FAILS);
    const char *mail = send_to(&other, "email", "ada@example.com");
    json_t *lines;

    settle(good);
    settle(bad);
    WAIT_UNTIL(is_in(mail, "sent"), 20000);
    clock_sleep_ms(1500);
    expect_all(PAST("--message", good), sql_rows(KEYS " WHERE message_id = '%s'", good));
    expect_all(PAST("--user", u.email),
               sql_rows(KEYS " WHERE message_id IN ('%s', '%s')", good, bad));
    lines = PAST("--user", u.email, "--errors");
    ck_assert_uint_ge(json_array_size(lines), 1);
    ck_assert_uint_eq(json_array_size(lines), count_with(lines, "message_id", bad));
    ck_assert_uint_eq(json_array_size(lines),
                      (size_t)sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                                         " AND (code IS NOT NULL OR status = 'failed')", bad));
    lines = PAST("--platform", "email", "--user", other.email);
    ck_assert_uint_ge(json_array_size(lines), 1);
    ck_assert_uint_eq(json_array_size(lines), count_with(lines, "platform", "email"));
    ck_assert_uint_eq(json_array_size(PAST("--platform", "telegram", "--user", other.email)), 0);
    lines = PAST("--status", "failed", "--user", u.email);
    ck_assert_uint_eq(json_array_size(lines), 1);
    ck_assert_str_eq(text_at(lines, "0/code"), text_at(PAST("--message", bad, "--errors"), "0/code"));
    lines = PAST("--provider", "smtp", "--user", other.email);
    ck_assert_uint_ge(json_array_size(lines), 1);
    ck_assert_uint_eq(json_array_size(lines), count_with(lines, "provider", "smtp"));
    ck_assert_uint_eq(json_array_size(PAST("--count", "2", "--message", good)), 2);
}
END_TEST

START_TEST(neither_address_nor_content_is_shown)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", FAILS);
    struct outcome o;

    settle(id);
    o = told(HEADERS("tail", "--since", "1m", "--for", "0", "--message", id), NULL);
    ck_assert_int_eq(o.status, 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), text("%s.0", id)));
    ck_assert_ptr_null(strstr(buf_str(&o.out), &FAILS[1]));
    ck_assert_ptr_null(strstr(buf_str(&o.out), sql_text("SELECT content FROM messages WHERE id = '%s'", id)));
    outcome_free(&o);
}
END_TEST

/* A report that came while the database was away may never come again. */
#define ENDED "sent,delivered,failed"
#define SILENT_MS 5000

/* Until nothing more is written about the two for so long. */
static void await_silence(const char *a, const char *b)
{
    WAIT_UNTIL(sql_number("SELECT count(*) FROM message_events WHERE message_id IN ('%s', '%s')"
                          " AND at > clock_timestamp() - interval '%d milliseconds'", a, b, SILENT_MS) == 0,
               40000);
}

START_TEST(a_restart_of_the_database_makes_it_miss_nothing)
{
    struct user u = user_new("unlimited");
    pid_t pid = follow("tail-restart", HEADERS("--user", u.email));
    const char *first, *second;

    clock_sleep_ms(1500);
    first = send_range(&u, 15551240000, 100, "");
    WAIT_UNTIL(json_array_size(log_lines("tail-restart")) > 20, 10000);
    service_down("postgres");
    clock_sleep_ms(1000);
    service_up("postgres");
    WAIT_UNTIL(stack_is_whole(), 60000);
    clock_sleep_ms(2500); /* the last of the responders' loops has tried again by then */
    second = send_range(&u, 15551250000, 20, "");
    WAIT_UNTIL(count_in(first, ENDED) == 100 && count_in(second, ENDED) == 20, 60000);
    await_silence(first, second);
    kill(pid, SIGINT);
    ck_assert_int_eq(process_wait(pid, 5000), 0);
    {
        json_t *all = log_lines("tail-restart"), *events = json_array();
        size_t told_away = 0;

        for (size_t i = 0; i < json_array_size(all); i++) {
            json_t *line = json_array_get(all, i);

            if (at(line, "error") != NULL)
                told_away++;
            else
                json_array_append(events, line);
        }
        ck_assert_uint_eq(told_away, 2); /* it went, and it came back */
        expect_all(events, sql_rows(KEYS " WHERE message_id IN ('%s', '%s')", first, second));
    }
}
END_TEST

/* ---- a flood ---- */

#define FLOOD 60000

static void flood(void)
{
    sql_text("WITH e AS (INSERT INTO message_events (message_id, n, event, status)"
             " SELECT gen_random_uuid(), 0, 'queued', 'queued' FROM generate_series(1, %d) RETURNING 1)"
             " SELECT count(*) FROM e", FLOOD);
}

START_TEST(what_cannot_be_shown_is_counted)
{
    pid_t pid = follow("tail-flood", HEADERS("--status", "queued"));
    json_t *lines;
    size_t shown = 0, skipped = 0;

    clock_sleep_ms(1500);
    flood();
    clock_sleep_ms(6000);
    kill(pid, SIGTERM);
    ck_assert_int_eq(process_wait(pid, 5000), 0);
    lines = log_lines("tail-flood");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_t *line = json_array_get(lines, i);

        if (at(line, "skipped") != NULL)
            skipped += (size_t)number_at(line, "skipped");
        else
            shown++;
    }
    ck_assert_uint_gt(skipped, 0);
    ck_assert_uint_eq(shown + skipped, FLOOD);
}
END_TEST

START_TEST(the_past_is_shown_whole_and_by_the_index)
{
    int64_t scans;
    json_t *lines;

    flood();
    sql_text("SELECT pg_sleep(1.5)");
    sql_text("ANALYZE message_events");
    scans = sql_number("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'message_events'");
    lines = PAST("--status", "queued");
    ck_assert_uint_ge(json_array_size(lines), FLOOD);
    ck_assert_uint_eq(json_array_size(PAST("--provider", "nobody")), 0);
    ck_assert_int_eq(sql_number("SELECT seq_scan FROM pg_stat_user_tables"
                                " WHERE relname = 'message_events'"), scans);
}
END_TEST

START_TEST(a_user_or_a_database_that_is_not_there_is_told)
{
    struct outcome o = told(HEADERS("tail", "--user", "nobody@example.com"), NULL);

    ck_assert_int_eq(o.status, 1);
    outcome_free(&o);
    o = told(HEADERS("tail", "--for", "0"), HEADERS("NOTIFY_DATABASE_HOST=127.0.0.1", "NOTIFY_DATABASE_PORT=1"));
    ck_assert_int_eq(o.status, 1);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "cannot connect to the database at "));
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), ": Connection refused\n"));
    outcome_free(&o);
    o = told(HEADERS("tail", "--for", "0"), HEADERS("NOTIFY_DATABASE_NAME=nowhere"));
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), ": database \"nowhere\" does not exist\n"));
    outcome_free(&o);
    o = told(HEADERS("tail", "--for", "0"), HEADERS("NOTIFY_DATABASE_URL=postgresql://a:se@cret@127.0.0.1/b"));
    ck_assert_int_eq(o.status, 1);
    ck_assert_ptr_null(strstr(buf_str(&o.err), "cret"));
    outcome_free(&o);
}
END_TEST

STACK_SUITE("tail", settings, the_events_of_a_message_are_all_seen_once_and_in_order,
            filters_show_what_fits_all_of_them, neither_address_nor_content_is_shown,
            a_restart_of_the_database_makes_it_miss_nothing, what_cannot_be_shown_is_counted,
            the_past_is_shown_whole_and_by_the_index, a_user_or_a_database_that_is_not_there_is_told)
