/* Which calls may begin, and by whom: fail-over, breakers, rates, throttling, expiry. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/client.h"
#include "tests/integration/engine.h"
#include "tests/integration/program.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

static const char *const settings[] = {
    "rate_limit.unlimited=0", "worker.retry_base_ms=100", "worker.retry_max_ms=2000",
    "worker.lease_seconds=20", "scheduler.interval_ms=100",
    "platform.email.providers=first,second", "provider.first.kind=mock", "provider.second.kind=mock",
    "platform.whatsapp.providers=careful", "provider.careful.kind=mock",
    "provider.careful.on_unclear=hold", NULL
};

#define RETRY_MAX_MS 2000

static const char *send_mail_to(const struct user *u, const char *address)
{
    return send_to(u, "email", address);
}

static bool is_served_by_the_first(const struct user *u)
{
    const char *id = send_mail_to(u, "ada@example.com");

    WAIT_UNTIL(is_in(id, "sent"), 5000);
    return strcmp(attempts_of(id), "first sent") == 0;
}

/* As at the beginning: no run of failures is behind the first provider, and all know that it is well. */
static struct user begin(void)
{
    struct user u = user_new("unlimited");

    engine_rest();
    WAIT_UNTIL(is_served_by_the_first(&u), 10000);
    return u;
}

static const char *events_tell(const char *what, const char *id)
{
    const char *value = sql_text("SELECT %s FROM message_events WHERE message_id = '%s' AND"
                                 " event = 'attempt' ORDER BY at, id LIMIT 1", what, id);

    return value == NULL ? "" : value;
}

/* ---- fail-over ---- */

START_TEST(what_a_provider_cannot_serve_goes_to_the_next_at_once)
{
    static const struct {
        const char *address;
        int attempts;
        const char *code;
    } rows[] = {
        { "ada.elsewhere@first.mock", 2, "elsewhere" },
        { "ada.unsent@first.mock", 2, "unsent" },
        { "ada.credentials@first.mock", 1, "credentials" }, /* that attempt is given back */
    };
    struct user u = begin();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *id = send_mail_to(&u, rows[i].address);

        WAIT_UNTIL(is_in(id, "sent"), 5000);
        WAIT_UNTIL(strcmp(attempts_of(id), "first pending/second sent") == 0, 2000);
        ck_assert_str_eq(events_tell("code", id), rows[i].code);
        ck_assert_str_eq(events_tell("next_attempt_at <= at", id), "t");
        ck_assert_int_eq(attempts_counted(id), rows[i].attempts);
        ck_assert_str_eq(sql_text("SELECT provider FROM message_recipients WHERE message_id = '%s'", id),
                         "second");
    }
}
END_TEST

START_TEST(a_recipient_that_is_refused_goes_to_no_other_provider)
{
    struct user u = begin();
    const char *id;

    id = send_mail_to(&u, "ada.refused@first.mock");
    WAIT_UNTIL(is_in(id, "failed"), 5000);
    clock_sleep_ms(300);
    ck_assert_str_eq(attempts_of(id), "first failed");
}
END_TEST

START_TEST(after_all_providers_have_failed_it_begins_anew_later)
{
    struct user u = begin();
    const char *id;

    id = send_mail_to(&u, "ada.unsent@example.com");
    WAIT_UNTIL(is_in(id, "failed"), 15000);
    ck_assert_str_eq(attempts_of(id), "first pending/second pending/first pending/second pending/"
                                      "first pending/second failed");
    ck_assert_int_eq(attempts_counted(id), 6);
    /* Only after the whole list there is a wait. */
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND"
                                " provider = 'first' AND next_attempt_at > at", id), 0);
    ck_assert_int_gt(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND"
                                " provider = 'second' AND next_attempt_at > at", id), 0);
}
END_TEST

START_TEST(a_provider_whose_breaker_is_open_is_passed_over)
{
    struct user u = begin();
    const char *id;

    breaker_set_open("first", 60000);
    id = send_mail_to(&u, "ada@example.com");
    WAIT_UNTIL(is_in(id, "sent"), 5000);
    WAIT_UNTIL(strcmp(attempts_of(id), "second sent") == 0, 2000);
    ck_assert_int_eq(attempts_counted(id), 1);
    ck_assert_int_eq(events_of(id, "held_back"), 0);
}
END_TEST

/* It was not sent, and nobody else could send it: it waits before it tries the same one again. */
START_TEST(nobody_hurries_to_a_provider_whose_breaker_is_open)
{
    struct user u = begin();
    const char *id;

    breaker_set_open("second", 60000);
    id = send_mail_to(&u, "ada.unsent@first.mock");
    WAIT_UNTIL(is_in(id, "failed"), 15000);
    ck_assert_str_eq(attempts_of(id), "first pending/first pending/first pending/first pending/"
                                      "first pending/first failed");
    ck_assert_int_ge(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND"
                                " next_attempt_at > at", id), 4); /* chance may say: at once */
}
END_TEST

/* ---- unclear ---- */

START_TEST(an_unclear_outcome_is_announced_and_sent_again_by_the_same_provider)
{
    struct user u = begin();
    const char *id;

    id = send_mail_to(&u, "ada.unclear@first.mock");
    WAIT_UNTIL(is_in(id, "failed"), 15000);
    ck_assert_str_eq(attempts_of(id), "first pending/first pending/first pending/first pending/"
                                      "first pending/first failed");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND"
                                " possible_duplicate AND next_attempt_at IS NOT NULL", id), 5);
}
END_TEST

START_TEST(an_unclear_outcome_is_held_where_the_provider_says_hold)
{
    struct user u = begin();
    const char *id;

    id = send_to(&u, "whatsapp", "+15550005000");
    WAIT_UNTIL(events_of(id, "attempt") == 1, 5000);
    ck_assert_str_eq(status_of(id), "sending");
    WAIT_UNTIL(is_in(id, "failed"), RETRY_MAX_MS + 5000);
    ck_assert_str_eq(attempts_of(id), "careful sending");
    ck_assert_str_eq(sql_text("SELECT error_code FROM message_recipients WHERE message_id = '%s'", id),
                     "outcome_unknown");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND"
                                " possible_duplicate", id), 0);
}
END_TEST

/* ---- breakers ---- */

START_TEST(refused_credentials_open_the_breaker_at_once_for_all_workers)
{
    struct user u = begin();
    pid_t second = worker_start(NULL);
    const char *id, *ids[20];

    id = send_mail_to(&u, "ada.credentials@first.mock");
    WAIT_UNTIL(is_in(id, "sent"), 5000);
    ck_assert(breaker_is_open("first"));
    ck_assert(!breaker_is_open("second"));
    clock_sleep_ms(600); /* until all know */
    for (int i = 0; i < 20; i++)
        ids[i] = send_mail_to(&u, text("ada%d@example.com", i));
    for (int i = 0; i < 20; i++) {
        WAIT_UNTIL(is_in(ids[i], "sent"), 5000);
        WAIT_UNTIL(strcmp(attempts_of(ids[i]), "second sent") == 0, 2000);
    }
    kill(second, SIGTERM);
    ck_assert_int_eq(process_wait(second, 10000), 0);
}
END_TEST

static json_t *queue_status(void)
{
    struct outcome o = program_run("notifyctl", HEADERS("-c", stack_env("NOTIFY_CONFIG"), "--json", "queue",
                                                        "status", "--interval", "0"), NULL);
    json_t *doc = json_read(buf_str(&o.out), o.out.len, NULL);

    ck_assert_msg(o.status == 0 && doc != NULL, "%d: %s", o.status, buf_str(&o.err));
    outcome_free(&o);
    return doc;
}

/* As `notifyctl queue status --json` lists it. */
static const json_t *provider_in(const json_t *status, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach (at(status, "providers"), i, one)
        if (strcmp(text_at(one, "provider"), name) == 0)
            return one;
    ck_abort_msg("no provider %s", name);
    return NULL;
}

static bool metrics_tell(const char *provider, int state)
{
    struct answer a;

    ck_assert(http_elsewhere(text("%s/metrics", stack_env("WORKERD_URL")), &a));
    return strstr(a.body, text("\nprovider_breaker_state{provider=\"%s\"} %d\n", provider, state)) != NULL;
}

START_TEST(an_open_breaker_is_told_by_the_queue_status_and_by_the_metrics)
{
    struct user u = begin();
    const char *id;
    const json_t *status, *first, *second;

    ck_assert(metrics_tell("first", 0) && metrics_tell("second", 0));
    id = send_mail_to(&u, "ada.credentials@first.mock");
    WAIT_UNTIL(is_in(id, "sent"), 5000);
    ck_assert(metrics_tell("first", 1) && metrics_tell("second", 0));
    status = queue_status();
    first = provider_in(status, "first");
    second = provider_in(status, "second");
    ck_assert_str_eq(text_at(first, "kind"), "mock");
    ck_assert_str_eq(text_at(first, "state"), "open");
    ck_assert_str_eq(text_at(first, "reason"), "credentials refused");
    ck_assert_int_eq(number_at(first, "failures"), 1);
    ck_assert_str_ne(text_at(first, "until"), "");
    ck_assert_str_eq(text_at(second, "state"), "closed");
    ck_assert(json_is_null(at(second, "until")) && json_is_null(at(second, "reason")));
    breaker_forget("first");
    WAIT_UNTIL(metrics_tell("first", 0), 5000);
    ck_assert_str_eq(text_at(provider_in(queue_status(), "first"), "state"), "closed");
}
END_TEST

START_TEST(while_a_breaker_is_open_nothing_is_claimed)
{
    struct user u = begin();
    const char *id;

    breaker_set_open("twilio", 60000);
    id = send_range(&u, 15551300000, 50, "");
    clock_sleep_ms(1500);
    ck_assert_int_eq(count_in(id, "pending,queued"), 50);
    ck_assert_int_eq(attempts_counted(id), 0);
    ck_assert_int_eq(events_of(id, "attempt") + events_of(id, "held_back"), 0);
    breaker_forget("twilio");
    WAIT_UNTIL(count_in(id, "sent,delivered") == 50, 8000);
    ck_assert_int_eq(attempts_counted(id), 50);
    expect_each_once(id, 50);
}
END_TEST

/* How often the breaker has opened; 0 where it opened meanwhile.  Each opening follows a probe of this message. */
static int openings_by_single_probes(const char *id)
{
    int openings = breaker_openings("twilio");
    int attempts = (int)attempts_counted(id);

    if (openings == 0 || breaker_openings("twilio") != openings)
        return 0;
    ck_assert_msg(attempts >= openings - 1 && attempts <= openings, "%d attempts after %d openings", attempts, openings);
    return openings;
}

/*
 * Two probes at once would show as an attempt that opened nothing.  A call may last five minutes here,
 * but the next probe need not wait for so long where one has failed.
 */
START_TEST(a_half_open_breaker_lets_one_probe_through_among_two_workers)
{
    struct user u = begin();
    const char *id;

    workers(2, HEADERS("NOTIFY_WORKER_LEASE_SECONDS=310", "NOTIFY_PROVIDER_TWILIO_TIMEOUT_MS=300000"));
    service_down("simulator");
    breaker_set_open("twilio", 1500); /* the first of the openings that are counted */
    id = send_range(&u, 15551301000, 60, "");
    WAIT_UNTIL(openings_by_single_probes(id) >= 4, 20000);
    ck_assert_int_eq(events_of(id, "held_back"), 0);
    service_up("simulator");
    WAIT_UNTIL(count_in(id, "sent,delivered") == 60, 20000);
    expect_each_once(id, 60);
    ck_assert(!breaker_is_open("twilio"));
}
END_TEST

START_TEST(a_run_of_failures_opens_the_breaker_and_all_leaves_when_the_provider_is_well_again)
{
    struct user u = begin();
    const char *first, *second;

    service_down("simulator");
    first = send_range(&u, 15551302000, 20, "");
    WAIT_UNTIL(breaker_is_open("twilio"), 5000);
    second = send_range(&u, 15551302100, 20, "");
    clock_sleep_ms(300);
    ck_assert_int_le(attempts_counted(second), 1); /* a probe, at most */
    service_up("simulator");
    WAIT_UNTIL(count_in(first, "sent,delivered") + count_in(second, "sent,delivered") == 40, 20000);
    expect_each_once(first, 20);
    expect_each_once(second, 20);
    ck_assert(!breaker_is_open("twilio"));
}
END_TEST

/* Their retries wait in front: they would be the probes, one after the other, each with a longer wait. */
START_TEST(a_few_recipients_that_always_fail_do_not_keep_a_breaker_open)
{
    static const char bad[] = "SELECT count(*) FROM message_recipients WHERE recipient = '+15550004990' AND"
                              " status = '%s' AND attempts > 0";
    struct user u = begin();
    const char *good;

    for (int i = 0; i < 9; i++)
        send_to(&u, "sms", "+15550004990");
    WAIT_UNTIL(sql_number(bad, "pending") + sql_number(bad, "queued") == 9, 5000);
    breaker_set_open("twilio", 5000);
    WAIT_UNTIL(sql_number(bad, "queued") == 9, 5000);
    good = send_range(&u, 15551330000, 50, "");
    WAIT_UNTIL(count_in(good, "sent,delivered") == 50, 10000);
    engine_rest();
}
END_TEST

/* Ten failures in a row and whatever is under way then: one worker alone would not come to twenty. */
START_TEST(without_redis_each_worker_has_its_own_breaker)
{
    struct user u = begin();
    const char *id;

    workers(2, HEADERS("NOTIFY_WORKER_THREADS=1", "NOTIFY_WORKER_MAX_IN_FLIGHT=4"));
    service_down("redis");
    service_down("simulator");
    id = send_range(&u, 15551303000, 300, "");
    WAIT_UNTIL(attempts_counted(id) >= 20, 10000);
    clock_sleep_ms(300);
    ck_assert_int_le(attempts_counted(id), 60); /* with some probes */
    service_up("simulator");
    WAIT_UNTIL(count_in(id, "sent,delivered") == 300, 20000);
    expect_each_once(id, 300);
    service_up("redis");
}
END_TEST

/* ---- rates ---- */

#define RATE 50
#define CALLS (RATE * 3 / 2)
#define TRIES 3 /* a machine that stalls calls for a moment shows more in another: not three times */

struct rate_row {
    const char *what, *env;
    bool redis_is_away;
    int most_a_second;
};

static bool keeps_the_rate(const struct rate_row *row, const char *id)
{
    struct calls c = calls_of(id);
    int64_t took_ms = c.list[c.n - 1].at_ms - c.list[0].at_ms;
    int most = calls_most_a_second(&c);
    double mean = (double)(c.n - 1) * 1000 / (double)took_ms;
    bool kept = most <= row->most_a_second && mean >= RATE * 0.8;

    if (!kept)
        fprintf(stderr, "%s: at most %d within a second, %.1f in the mean\n", row->what, most, mean);
    return kept;
}

static void expect_rate(const struct rate_row *row)
{
    struct user u = begin();
    bool kept = false;

    if (row->redis_is_away)
        service_down("redis");
    workers(2, HEADERS(row->env));
    for (int i = 0; i < TRIES && !kept; i++) {
        const char *id = send_range(&u, 15551310000, CALLS, "");

        WAIT_UNTIL(count_in(id, "sent,delivered") == CALLS, 15000);
        expect_each_once(id, CALLS);
        ck_assert_int_eq(attempts_counted(id), CALLS);
        kept = keeps_the_rate(row, id);
    }
    ck_assert(kept);
}

START_TEST(no_second_sees_more_than_a_platforms_rate_and_a_tenth_over_two_workers)
{
    expect_rate(&(struct rate_row){ "platform", "NOTIFY_PLATFORM_SMS_RATE_LIMIT=50", false,
                                    RATE + RATE / 10 });
}
END_TEST

START_TEST(no_second_sees_more_than_a_providers_rate_and_a_tenth_over_two_workers)
{
    expect_rate(&(struct rate_row){ "provider", "NOTIFY_PROVIDER_TWILIO_RATE_LIMIT=50", false,
                                    RATE + RATE / 10 });
}
END_TEST

START_TEST(without_redis_each_worker_keeps_the_rate_by_itself)
{
    expect_rate(&(struct rate_row){ "alone", "NOTIFY_PROVIDER_TWILIO_RATE_LIMIT=50", true,
                                    2 * (RATE + RATE / 10) });
}
END_TEST

/* A mail to each of n addresses that end so. */
static const char *send_mails(const struct user *u, int n, const char *end)
{
    struct buf body = BUF_INIT(1 << 20);

    buf_addf(&body, "{\"content\":\"A private text, number %d\",\"recipients\":[", (int)getpid());
    for (int i = 0; i < n; i++)
        buf_addf(&body, "%s{\"platform\":\"email\",\"recipient\":\"ada%d%s\"}", i > 0 ? "," : "", i,
                 end);
    buf_adds(&body, "]}");
    return send_body(u, buf_str(&body));
}

START_TEST(what_a_rate_holds_back_holds_neither_a_slot_nor_an_attempt)
{
    struct user u = begin();
    const char *slow, *fast;
    struct calls calls;
    int64_t attempts;

    workers(1, HEADERS("NOTIFY_PROVIDER_TWILIO_RATE_LIMIT=2", "NOTIFY_WORKER_THREADS=1",
                       "NOTIFY_WORKER_MAX_IN_FLIGHT=4"));
    slow = send_range(&u, 15551320000, 60, "");
    WAIT_UNTIL(calls_of(slow).n > 0, 8000);
    fast = send_mails(&u, 200, "@example.com");
    WAIT_UNTIL(count_in(fast, "sent") == 200, 8000);
    attempts = attempts_counted(slow);
    calls = calls_of(slow);
    ck_assert_int_lt(calls.n, 60);
    ck_assert_int_le(attempts, calls.n);
    ck_assert_int_ge(count_in(slow, "pending,queued"), 60 - calls.n);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_recipients WHERE message_id = '%s' AND"
                                " status IN ('pending', 'queued') AND attempts > 0", slow), 0);
    ck_assert_int_eq(events_of(slow, "held_back"), 0);
    workers_end();
    engine_rest();
}
END_TEST

/*
 * Where the rate of the provider to which all have failed over is known only after the claim, they
 * come back one by one and not all at each token, which would be some thousands of events.
 */
START_TEST(a_crowd_that_has_failed_over_keeps_the_others_rate)
{
    struct user u = begin();
    const char *id;

    workers(2, HEADERS("NOTIFY_PROVIDER_SECOND_RATE_LIMIT=50"));
    id = send_mails(&u, 150, ".elsewhere@first.mock");
    WAIT_UNTIL(count_in(id, "sent") == 150, 15000);
    ck_assert_int_eq(attempts_counted(id), 300);
    ck_assert_int_le(events_of(id, "held_back"), 8 * 150);
}
END_TEST

/* ---- connections ---- */

/*
 * A mail server of the simulator's, on the same log, which takes a quarter of a second for a mail; a
 * worker that may use so many connections to it.
 */
static void begin_slow_mail(const char *providers, int connections)
{
    const char *port = stack_file("mail-server-port");

    unlink(port);
    process_start("simulator",
                  HEADERS("--log", stack_env("SIMULATOR_LOG"), "--latency-ms", "60", "--smtp-listen",
                          "127.0.0.1:0", "--smtp-port-file", port),
                  NULL, "mail-server");
    WAIT_UNTIL(access(port, F_OK) == 0, 5000);
    workers(1, HEADERS("NOTIFY_WORKER_THREADS=1", text("NOTIFY_PLATFORM_EMAIL_PROVIDERS=%s", providers),
                       text("NOTIFY_PROVIDER_SMTP_URL=smtp://127.0.0.1:%d", atoi(witness_read(port))),
                       text("NOTIFY_PROVIDER_SMTP_CONNECTIONS=%d", connections),
                       "NOTIFY_PROVIDER_SMTP_TIMEOUT_MS=2000"));
}

/* All of them take about four seconds, twice as long as one may. */
START_TEST(a_crowd_of_mails_waits_unclaimed_for_a_slow_server_that_is_well)
{
    struct user u = begin();
    const char *id;

    begin_slow_mail("smtp", 20);
    id = send_mails(&u, 300, "@example.com");
    while (count_in(id, "sent") < 300) {
        ck_assert_int_le(count_in(id, "sending"), 20);
        ck_assert(!breaker_is_open("smtp"));
        clock_sleep_ms(50);
    }
    ck_assert_int_eq(events_of(id, "attempt"), 300);
    ck_assert_int_eq(attempts_counted(id), 300);
    ck_assert_int_eq(events_of(id, "held_back"), 0);
    expect_each_once(id, 300);
}
END_TEST

START_TEST(a_crowd_that_has_failed_over_to_a_slow_server_waits_without_a_slot_or_an_attempt)
{
    struct user u = begin();
    const char *id;

    begin_slow_mail("first,smtp", 10);
    id = send_mails(&u, 150, "+4030@first.mock"); /* elsewhere, it says */
    while (count_in(id, "sent") < 150) {
        ck_assert(!breaker_is_open("smtp"));
        clock_sleep_ms(50);
    }
    ck_assert_int_eq(events_of(id, "attempt"), 300);
    ck_assert_int_eq(attempts_counted(id), 300);
    ck_assert_int_gt(events_of(id, "held_back"), 0);
    ck_assert_int_le(events_of(id, "held_back"), 8 * 150);
    expect_each_once(id, 150);
}
END_TEST

START_TEST(one_recipient_is_called_once_a_second_and_others_are_not_held_back)
{
    struct user u = begin();
    const char *same[4], *others;
    struct calls last;
    int64_t first_ms;

    workers(2, HEADERS("NOTIFY_PROVIDER_TWILIO_RATE_LIMIT_PER_RECIPIENT=1"));
    for (int i = 0; i < 4; i++)
        same[i] = send_to(&u, "sms", "+15551321000");
    others = send_range(&u, 15551321001, 200, "");
    WAIT_UNTIL(count_in(others, "sent,delivered") == 200, 8000);
    ck_assert_int_lt(is_in(same[0], "sent,delivered") + is_in(same[1], "sent,delivered") +
                         is_in(same[2], "sent,delivered") + is_in(same[3], "sent,delivered"), 4);
    for (int i = 0; i < 4; i++) {
        WAIT_UNTIL(is_in(same[i], "sent,delivered"), 12000);
        ck_assert_int_eq(attempts_counted(same[i]), 1);
    }
    last = calls_to("+15551321000");
    ck_assert_int_eq(last.n, 4);
    first_ms = last.list[0].at_ms;
    for (int i = 1; i < 4; i++) /* the log's times are a moment later than the calls */
        ck_assert_int_gt(last.list[i].at_ms - first_ms, i * 1000 - 300);
}
END_TEST

/* ---- throttled ---- */

START_TEST(a_throttled_provider_pauses_for_as_long_as_it_asks)
{
    struct user u = begin();
    const char *throttled, *others;
    struct calls calls;
    struct answer a;
    int64_t asked_ms, next_ms;

    throttled = send_to(&u, "sms", "+15550004292"); /* Retry-After: 1 */
    WAIT_UNTIL(events_of(throttled, "attempt") == 1, 5000);
    a = http("GET", text("/api/v1/messages/%s", throttled), u.key, NULL, NULL);
    others = send_range(&u, 15551330000, 20, "");
    ck_assert_str_eq(text_at(a.json, "recipients/0/status"), "pending");
    ck_assert_int_eq(number_at(a.json, "recipients/0/attempts"), 0);
    asked_ms = calls_of(throttled).list[0].at_ms;
    ck_assert(clock_parse(text_at(a.json, "recipients/0/next_attempt_at"), &next_ms));
    ck_assert_int_ge(next_ms, asked_ms + 1000);
    WAIT_UNTIL(is_in(throttled, "sent,delivered") && count_in(others, "sent,delivered") == 20, 8000);
    calls = calls_of(others);
    for (int i = 0; i < calls.n; i++)
        ck_assert_int_ge(calls.list[i].at_ms, asked_ms + 1000);
    ck_assert_int_eq(attempts_counted(throttled), 1);
    ck_assert_int_eq(attempts_counted(others), 20);
}
END_TEST

START_TEST(a_provider_may_not_ask_for_more_than_retry_max)
{
    struct user u = begin();
    const char *id;

    workers(1, HEADERS("NOTIFY_WORKER_RETRY_MAX_MS=200"));
    id = send_to(&u, "sms", "+15550004293");
    WAIT_UNTIL(events_of(id, "attempt") >= 1, 8000);
    ck_assert_str_eq(events_tell("next_attempt_at <= at + interval '200 ms'", id), "t");
    WAIT_UNTIL(is_in(id, "sent,delivered"), 5000);
}
END_TEST

/* ---- expiry ---- */

static const char *expires_in(int64_t ms)
{
    char when[CLOCK_TEXT_BYTES];

    return text("\"expires_at\":\"%s\"", clock_format(clock_wall_ms() + ms, when));
}

START_TEST(what_expires_while_a_rate_holds_it_back_is_never_sent)
{
    struct user u = begin();
    const char *id;
    int64_t sent;

    workers(1, HEADERS("NOTIFY_PROVIDER_TWILIO_RATE_LIMIT=2"));
    id = send_range(&u, 15551340000, 12, expires_in(3000));
    WAIT_UNTIL(count_in(id, "sent,delivered,expired") == 12, 15000);
    sent = count_in(id, "sent,delivered");
    ck_assert_int_lt(sent, 12);
    ck_assert_int_eq(calls_of(id).n, sent);
    ck_assert_int_eq(attempts_counted(id), sent);
    ck_assert_int_eq(events_of(id, "expired"), 12 - sent);
}
END_TEST

#ifdef ENABLE_FAILPOINTS
START_TEST(what_expires_between_claim_and_call_is_never_sent)
{
    struct user u = begin();
    const char *id;

    workers(1, HEADERS("NOTIFY_FAILPOINTS=claim.committed=delay:2500"));
    id = send_range(&u, 15551341000, 3, expires_in(2000));
    WAIT_UNTIL(count_in(id, "expired") == 3, 15000);
    ck_assert_int_eq(calls_of(id).n, 0);
    ck_assert_int_eq(events_of(id, "expired"), 3);
    ck_assert_str_eq(message_status(id), "expired");
}
END_TEST
#define AT_FAILPOINTS what_expires_between_claim_and_call_is_never_sent,
#else
#define AT_FAILPOINTS
#endif

START_TEST(the_logs_tell_no_secret)
{
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("engine", settings, what_a_provider_cannot_serve_goes_to_the_next_at_once,
            a_recipient_that_is_refused_goes_to_no_other_provider,
            after_all_providers_have_failed_it_begins_anew_later,
            a_provider_whose_breaker_is_open_is_passed_over,
            nobody_hurries_to_a_provider_whose_breaker_is_open,
            an_unclear_outcome_is_announced_and_sent_again_by_the_same_provider,
            an_unclear_outcome_is_held_where_the_provider_says_hold,
            refused_credentials_open_the_breaker_at_once_for_all_workers,
            an_open_breaker_is_told_by_the_queue_status_and_by_the_metrics,
            while_a_breaker_is_open_nothing_is_claimed,
            a_half_open_breaker_lets_one_probe_through_among_two_workers,
            a_run_of_failures_opens_the_breaker_and_all_leaves_when_the_provider_is_well_again,
            a_few_recipients_that_always_fail_do_not_keep_a_breaker_open,
            without_redis_each_worker_has_its_own_breaker,
            no_second_sees_more_than_a_platforms_rate_and_a_tenth_over_two_workers,
            no_second_sees_more_than_a_providers_rate_and_a_tenth_over_two_workers,
            without_redis_each_worker_keeps_the_rate_by_itself,
            what_a_rate_holds_back_holds_neither_a_slot_nor_an_attempt,
            a_crowd_that_has_failed_over_keeps_the_others_rate,
            a_crowd_of_mails_waits_unclaimed_for_a_slow_server_that_is_well,
            a_crowd_that_has_failed_over_to_a_slow_server_waits_without_a_slot_or_an_attempt,
            one_recipient_is_called_once_a_second_and_others_are_not_held_back,
            a_throttled_provider_pauses_for_as_long_as_it_asks,
            a_provider_may_not_ask_for_more_than_retry_max,
            what_expires_while_a_rate_holds_it_back_is_never_sent,
            AT_FAILPOINTS the_logs_tell_no_secret)
