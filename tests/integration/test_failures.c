/* What is promised while parts die, hang or are away. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/integration/client.h"
#include "tests/integration/fastcgi.h"
#include "tests/integration/load.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define LEASE_MS 6000

static const char *const settings[] = {
    "rate_limit.unlimited=0", "rate_limit.gold=7", "worker.retry_base_ms=50", "worker.retry_max_ms=400",
    "worker.max_attempts=3", "worker.lease_seconds=6", "scheduler.interval_ms=100",
    "provider.twilio.timeout_ms=4000", "provider.smtp.timeout_ms=4000",
    "provider.whatsapp_cloud.timeout_ms=4000", "provider.telegram.timeout_ms=4000", NULL
};

/*
 * A recipient may be asked for again only after an event has said so: as many announcements as there
 * are further requests, each before the request that it announces.
 */
static void expect_repeats_announced(const char *message_id)
{
    json_t *all = requests_for(message_id), *one, *counts = json_object();
    size_t i;

    json_array_foreach (all, i, one) {
        const char *id = text_at(one, "recipient_id");
        json_int_t before = json_integer_value(json_object_get(counts, id));
        int64_t at_ms;

        json_object_set_new(counts, id, json_integer(before + 1));
        if (before == 0)
            continue;
        ck_assert(clock_parse(text_at(one, "time"), &at_ms));
        ck_assert_msg(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND n = %s"
                                 " AND possible_duplicate AND extract(epoch FROM at) * 1000 <= %lld",
                                 message_id, strrchr(id, '.') + 1, (long long)at_ms) >= before,
                      "%s was repeated without a word", id);
    }
}

/* ---- responders ---- */

START_TEST(a_202_is_found_in_postgres_after_kill_9_of_the_responder)
{
    struct user u = user_new("unlimited");
    struct load *l = load_start(&u, stack_env("NOTIFY_URL"), 15552000000);

    for (int i = 0; i < 4; i++) {
        int wanted = load_accepted(l) + 50;

        WAIT_UNTIL(load_accepted(l) >= wanted, 10000);
        service_kill(i % 2 == 0 ? "fcgi-1" : "fcgi-2", SIGKILL);
        clock_sleep_ms(300);
    }
    load_stop(l);
    load_expect_all_found(l);
    WAIT_UNTIL(load_sent(l) == (size_t)load_accepted(l), 20000);
    load_expect_each_once(l);
}
END_TEST

START_TEST(what_a_responder_has_counted_stays_when_it_is_killed)
{
    static const char series[] = "messages_accepted_total{platform=\"sms\"}";
    static const char *const names[] = { "fcgi-1", "fcgi-2" };
    struct user u = user_new("unlimited");

    for (int i = 0; i < 2; i++) {
        int64_t before;

        send_to(&u, "sms", text("+1555129800%d", i));
        before = metric(stack_env("NOTIFY_URL"), series);
        ck_assert_int_gt(before, 0);
        service_kill(names[i], SIGKILL);
        WAIT_UNTIL(stack_is_whole(), 10000);
        ck_assert_int_eq(metric(stack_env("NOTIFY_URL"), series), before);
    }
}
END_TEST

/* ---- rabbitmq ---- */

START_TEST(a_message_leaves_while_rabbitmq_is_stopped)
{
    struct user u = user_new("unlimited");
    const char *first, *second;
    int64_t begun_ms;
    struct answer a;

    service_down("rabbitmq");
    begun_ms = clock_mono_ms();
    first = send_to(&u, "sms", "+15551280001");
    ck_assert_int_lt(clock_mono_ms() - begun_ms, 1000);
    WAIT_UNTIL(is_in(first, "sent,delivered"), 12000);
    second = send_range(&u, 15551281000, 100, "");
    WAIT_UNTIL(count_in(second, "sent,delivered") == 100, 5000);
    a = fastcgi_call(fastcgi_socket("fcgi-1"), "GET", "/ready", NULL, NULL);
    ck_assert_int_eq(a.status, 200);
    ck_assert_ptr_nonnull(strstr(a.body, "degraded"));
    service_up("rabbitmq");
    WAIT_UNTIL(stack_is_whole(), 30000);
    clock_sleep_ms(1000); /* an event that had been kept somewhere would arrive now */
    expect_each_once(first, 1);
    expect_each_once(second, 100);
    WAIT_UNTIL(count_in(second, "delivered") == 100, 5000);
}
END_TEST

START_TEST(a_message_accepted_while_rabbitmq_is_stopped_is_delivered_after_it_starts)
{
    struct user u = user_new("unlimited");
    const char *id;

    service_down("workerd");
    service_down("rabbitmq");
    id = send_range(&u, 15551282000, 100, "");
    service_up("rabbitmq");
    service_up("workerd");
    WAIT_UNTIL(count_in(id, "sent,delivered") == 100, 40000);
    expect_each_once(id, 100);
}
END_TEST

START_TEST(kill_9_of_rabbitmq_under_load_loses_nothing)
{
    struct user u = user_new("unlimited");
    struct load *l = load_start(&u, stack_env("NOTIFY_URL"), 15553000000);

    WAIT_UNTIL(load_accepted(l) >= 100, 10000);
    service_kill("rabbitmq", SIGKILL);
    WAIT_UNTIL(load_accepted(l) >= 300, 10000);
    load_stop(l);
    ck_assert_int_eq(l->first_bad, 0);
    ck_assert_int_eq(l->no_answer, 0);
    load_expect_all_found(l);
    WAIT_UNTIL(load_sent(l) == (size_t)load_accepted(l), 30000);
    load_expect_each_once(l);
}
END_TEST

/* ---- redis ---- */

START_TEST(with_redis_stopped_calls_go_on)
{
    struct user u = user_new("free"), other = user_new("unlimited");
    int64_t begun_ms;
    const char *id;
    struct answer a;

    service_down("redis");
    begun_ms = clock_mono_ms();
    id = send_to(&u, "sms", "+15551280002");
    for (int i = 1; i < 60; i++) { /* counted in the process, then */
        a = fastcgi_call(fastcgi_socket("fcgi-1"), "GET", text("/api/v1/messages/%s", id), u.key, NULL);
        ck_assert_msg(a.status == 200 || (a.status == 429 && i > 50), "call %d: %d %s", i, a.status,
                      a.body);
    }
    ck_assert_int_lt(clock_mono_ms() - begun_ms, 5000);
    for (int i = 0; i < 3; i++)
        a = fastcgi_call(fastcgi_socket("fcgi-1"), "GET", text("/api/v1/messages/%s", id), u.key, NULL);
    expect_problem(&a, 429, "rate_limited");
    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    a = fastcgi_call(fastcgi_socket("fcgi-2"), "GET", "/ready", NULL, NULL);
    ck_assert_int_eq(a.status, 200);
    ck_assert_ptr_nonnull(strstr(a.body, "degraded"));
    service_up("redis");
    WAIT_UNTIL(stack_is_whole(), 10000);
    id = send_to(&other, "sms", "+15551280003");
    WAIT_UNTIL(is_in(id, "delivered"), 5000);
}
END_TEST

/* How many calls pass in a row, in this process. */
static int calls_that_pass(const char *responder, const struct user *u)
{
    for (int n = 0; n < 100; n++) {
        struct answer a = fastcgi_call(fastcgi_socket(responder), "GET", "/api/v1/messages?limit=1", u->key, NULL);

        if (a.status == 429)
            return n;
        ck_assert_msg(a.status == 200, "%d %s", a.status, a.body);
        ck_assert_str_eq(header(&a, "X-RateLimit-Limit"), "7");
    }
    return -1;
}

/* Each process alone: so with two of them twice the limit is the most that passes. */
START_TEST(without_redis_each_process_holds_the_limit)
{
    struct user u = user_new("gold"), other = user_new("gold");
    struct answer a;

    for (int i = 0; i < 3; i++)
        a = fastcgi_call(fastcgi_socket("fcgi-1"), "GET", "/api/v1/messages?limit=1", other.key, NULL);
    service_down("redis");
    ck_assert_int_eq(calls_that_pass("fcgi-1", &u), 7);
    ck_assert_int_eq(calls_that_pass("fcgi-2", &u), 7);
    ck_assert_int_eq(calls_that_pass("fcgi-1", &u), 0);
    /* It goes on from what the last answer said was left: 4, or more where Redis was late with one. */
    ck_assert_int_eq(calls_that_pass("fcgi-1", &other), atoi(header(&a, "X-RateLimit-Remaining")));
    ck_assert_int_eq(calls_that_pass("fcgi-2", &other), 7);
    service_up("redis");
}
END_TEST

/* ---- postgres ---- */

/* A thread that found Postgres away may leave it alone for so long. */
#define DATABASE_PAUSE_MS 1600

START_TEST(with_postgres_stopped_calls_are_503_with_retry_after_and_all_is_well_after_it_starts)
{
    struct user u = user_new("unlimited");
    const char *in_flight = send_to(&u, "sms", "+15550008150"), *id;
    struct answer a;

    WAIT_UNTIL(request_count(text("%s.0", in_flight)) == 1, 5000);
    service_down("postgres");
    for (int i = 0; i < 4; i++) {
        int64_t begun_ms = clock_mono_ms();

        a = http("POST", "/api/v1/messages", u.key, sms_body("+15551280004"), NULL);
        expect_problem(&a, 503, "unavailable");
        ck_assert_int_ge(atoi(header(&a, "Retry-After")), 1);
        ck_assert_int_lt(clock_mono_ms() - begun_ms, 1000);
    }
    a = http("GET", text("/api/v1/messages/%s", in_flight), u.key, NULL, NULL);
    expect_problem(&a, 503, "unavailable");
    a = http("GET", "/ready", NULL, NULL, NULL);
    ck_assert_int_eq(a.status, 503);
    ck_assert_int_eq(http("GET", "/health", NULL, NULL, NULL).status, 200);
    clock_sleep_ms(2000); /* the provider has answered meanwhile */
    service_up("postgres");
    WAIT_UNTIL(stack_is_whole(), 15000);
    clock_sleep_ms(DATABASE_PAUSE_MS);
    id = send_to(&u, "sms", "+15551280005");
    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND"
                          " event LIKE 'attempt%%' AND status = 'sent'", in_flight) == 1, 10000);
    ck_assert(is_in(in_flight, "sent,delivered"));
    expect_each_once(in_flight, 1);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u.id), 2);
}
END_TEST

START_TEST(kill_9_of_postgres_under_load_loses_no_202)
{
    struct user u = user_new("unlimited");
    struct load *l = load_start(&u, stack_env("NOTIFY_URL"), 15554000000);
    int accepted;

    WAIT_UNTIL(load_accepted(l) >= 200, 10000);
    service_kill("postgres", SIGKILL);
    clock_sleep_ms(500);
    accepted = load_accepted(l);
    WAIT_UNTIL(load_accepted(l) >= accepted + 100, 40000);
    load_stop(l);
    ck_assert(l->first_bad == 0 || l->first_bad == 503);
    clock_sleep_ms(DATABASE_PAUSE_MS);
    load_expect_all_found(l);
    WAIT_UNTIL(load_sent(l) == (size_t)load_accepted(l), 30000);
    load_expect_each_once(l);
}
END_TEST

/* ---- workers ---- */

START_TEST(kill_9_of_workerd_with_200_recipients_in_flight_loses_none)
{
    struct user u = user_new("unlimited");
    /* Slow ones, from half a second to two and a half: some are recorded, most are not. */
    const char *id = send_range(&u, 15550008050, 200, "");

    WAIT_UNTIL(json_array_size(requests_for(id)) == 200, 5000);
    clock_sleep_ms(900);
    service_kill("workerd", SIGKILL);
    ck_assert_int_gt(count_in(id, "sending"), 20);
    WAIT_UNTIL(count_in(id, "sent,delivered") == 200, 30000);
    expect_repeats_announced(id);
    ck_assert_str_eq(message_status(id), "completed");
    ck_assert_int_eq(sql_number("SELECT open_count FROM messages WHERE id = '%s'", id), 0);
}
END_TEST

START_TEST(a_worker_paused_past_its_lease_sends_nothing_twice_in_silence)
{
    struct user u = user_new("unlimited");
    const char *id = send_range(&u, 15550008100, 50, "");
    pid_t second;

    WAIT_UNTIL(json_array_size(requests_for(id)) == 50, 5000);
    service_kill("workerd", SIGSTOP);
    second = worker_start(NULL);
    WAIT_UNTIL(count_in(id, "sent,delivered") == 50, LEASE_MS + 15000);
    service_kill("workerd", SIGCONT);
    clock_sleep_ms(1000); /* what it still held is recorded, and moves nothing */
    ck_assert_int_eq(count_in(id, "sent,delivered"), 50);
    expect_repeats_announced(id);
    kill(second, SIGTERM);
    ck_assert_int_eq(process_wait(second, 10000), 0);
}
END_TEST

#ifdef ENABLE_FAILPOINTS
START_TEST(a_worker_that_dies_at_any_step_loses_nothing_and_repeats_nothing_in_silence)
{
    static const char *const steps[] = { "claim.committed", "claim.before_ack", "attempt.answered",
                                         "record.before", "record.committed" };
    enum { N = sizeof steps / sizeof *steps };
    struct user u = user_new("unlimited");
    const char *ids[N];

    service_down("workerd");
    for (int i = 0; i < N; i++) {
        pid_t pid;

        ids[i] = send_range(&u, 15551290000 + i * 100, 10, "");
        pid = worker_start(HEADERS(text("NOTIFY_FAILPOINTS=%s=kill", steps[i])));
        ck_assert_int_eq(process_wait(pid, 10000), -1);
    }
    service_up("workerd");
    for (int i = 0; i < N; i++) {
        WAIT_UNTIL(count_in(ids[i], "sent,delivered") == 10, LEASE_MS + 15000);
        expect_repeats_announced(ids[i]);
        ck_assert_str_eq(message_status(ids[i]), "completed");
    }
}
END_TEST

/* One that was never answered may be there or not, but then whole. */
START_TEST(a_responder_that_dies_at_any_step_of_accepting_leaves_nothing_half_done)
{
    static const struct {
        const char *step;
        int rows;
    } rows[] = { { "accept.before_commit", 0 }, { "accept.committed", 1 } };
    const char *path = stack_file("run/sockets/test.sock");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct user u = user_new("unlimited");
        struct buf request = BUF_INIT(65536);
        const char *env[] = { text("NOTIFY_FAILPOINTS=%s=kill", rows[i].step), NULL };
        pid_t pid = process_start("notify.fcgi",
                                  HEADERS("-c", stack_env("NOTIFY_CONFIG"), "--listen", path), env,
                                  "further");
        struct answer a;
        int fd;

        WAIT_UNTIL((fd = fastcgi_connect(path)) >= 0, 5000);
        fastcgi_request(&request, "POST", "/api/v1/messages", u.key, sms_body("+15551280006"));
        ck_assert(fastcgi_send(fd, request.data, request.len));
        ck_assert(!fastcgi_answer(fd, 5000, &a));
        close(fd);
        ck_assert_int_eq(process_wait(pid, 5000), -1);
        unlink(path);
        ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u.id),
                         rows[i].rows);
        WAIT_UNTIL(sql_number("SELECT count(*) FROM message_recipients r JOIN messages m"
                              "  ON m.id = r.message_id WHERE m.user_id = '%s' AND r.status IN"
                              " ('sent', 'delivered')", u.id) == rows[i].rows, 20000);
    }
}
END_TEST
#define AT_FAILPOINTS                                                              \
    a_worker_that_dies_at_any_step_loses_nothing_and_repeats_nothing_in_silence, \
        a_responder_that_dies_at_any_step_of_accepting_leaves_nothing_half_done,
#else
#define AT_FAILPOINTS
#endif

/* ---- what a provider pours out ---- */

/* A line of /proc/PID/status, in KiB. */
static long memory_kib(pid_t pid, const char *name)
{
    char *line = NULL;
    size_t size = 0;
    long kib = -1;
    FILE *f = fopen(text("/proc/%d/status", (int)pid), "r");

    ck_assert_ptr_nonnull(f);
    while (kib < 0 && getline(&line, &size, f) > 0)
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    free(line);
    fclose(f);
    return kib;
}

START_TEST(memory_stays_flat_under_answers_of_100_mb_and_of_a_byte_at_a_time)
{
    enum { SLOW = 40, LARGE = 8 };
    struct user u = user_new("unlimited");
    pid_t pid = service_pid("workerd");
    long before_kib, peak_kib;
    FILE *f;

    /* So that what each call takes at first is there: slots, connections, buffers. */
    send_range(&u, 15551260000, SLOW + LARGE, "");
    WAIT_UNTIL(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s' AND open_count > 0", u.id) == 0,
               10000);
    before_kib = memory_kib(pid, "VmRSS:");
    f = fopen(text("/proc/%d/clear_refs", (int)pid), "w"); /* proc(5): 5 resets the peak */
    ck_assert_ptr_nonnull(f);
    ck_assert_int_gt(fputs("5", f), 0);
    ck_assert_int_eq(fclose(f), 0);
    for (int i = 0; i < SLOW; i++)
        send_to(&u, "sms", "+15550006002");
    for (int i = 0; i < LARGE; i++)
        send_to(&u, "sms", "+15550006004");
    WAIT_UNTIL(sql_number("SELECT count(DISTINCT e.message_id) FROM message_events e JOIN messages m"
                          "  ON m.id = e.message_id WHERE m.user_id = '%s' AND m.recipient_count = 1"
                          "  AND e.event IN ('attempt', 'attempt_late')", u.id) == SLOW + LARGE, 30000);
    peak_kib = memory_kib(pid, "VmHWM:");
    printf("# workerd took %ld KiB before, and at most %ld KiB\n", before_kib, peak_kib);
    ck_assert_int_lt(peak_kib - before_kib, 32 << 10); /* of 800 MB that the answers had */
    ck_assert_int_eq(service_pid("workerd"), pid);
}
END_TEST

START_TEST(the_logs_tell_no_secret)
{
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("failures", settings, a_202_is_found_in_postgres_after_kill_9_of_the_responder,
            what_a_responder_has_counted_stays_when_it_is_killed,
            a_message_leaves_while_rabbitmq_is_stopped,
            a_message_accepted_while_rabbitmq_is_stopped_is_delivered_after_it_starts,
            kill_9_of_rabbitmq_under_load_loses_nothing, with_redis_stopped_calls_go_on,
            without_redis_each_process_holds_the_limit,
            with_postgres_stopped_calls_are_503_with_retry_after_and_all_is_well_after_it_starts,
            kill_9_of_postgres_under_load_loses_no_202,
            kill_9_of_workerd_with_200_recipients_in_flight_loses_none,
            a_worker_paused_past_its_lease_sends_nothing_twice_in_silence,
            AT_FAILPOINTS memory_stays_flat_under_answers_of_100_mb_and_of_a_byte_at_a_time,
            the_logs_tell_no_secret)
