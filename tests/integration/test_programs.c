/* How our programs begin and end: wrong configuration, neighbours that are late, SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/fastcgi.h"
#include "tests/integration/load.h"
#include "tests/integration/program.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

static const char *const settings[] = { "rate_limit.unlimited=0", "scheduler.interval_ms=100",
                                        "worker.lease_seconds=30", NULL };

/* ---- configuration ---- */

static const char *const programs[] = { "notify.fcgi", "workerd", "notifyctl" };
#define N_PROGRAMS (sizeof programs / sizeof *programs)

static const char *write_file(const char *name, const char *bytes)
{
    const char *path = stack_file(name);
    FILE *f = fopen(path, "we");

    ck_assert_ptr_nonnull(f);
    fputs(bytes, f);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

START_TEST(a_wrong_configuration_ends_each_program_with_2_and_every_fault_named)
{
    const char *path = write_file("wrong.conf", "[server]\n"
                                                "threads = many\n"
                                                "colour = red\n"
                                                "\n"
                                                "[worker]\n"
                                                "max_attempts = 0\n"
                                                "[nothing]\n"
                                                "x = 1\n");
    static const struct {
        int line;
        const char *section, *key;
    } faults[] = { { 2, "server", "threads" }, { 3, "server", "colour" },
                   { 6, "worker", "max_attempts" }, { 7, "nothing", "" } };

    for (size_t p = 0; p < N_PROGRAMS; p++) {
        struct outcome o = program_run(programs[p], HEADERS("-c", path, "--check-config"), NULL);
        const char *said = buf_str(&o.err);

        ck_assert_msg(o.status == 2, "%s: %d: %s", programs[p], o.status, said);
        for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
            const char *line = strstr(said, text("%s:%d:", path, faults[i].line));
            size_t len = line == NULL ? 0 : strcspn(line, "\n");

            ck_assert_msg(line != NULL, "%s names no line %d: %s", programs[p], faults[i].line, said);
            ck_assert_msg(memmem(line, len, faults[i].section, strlen(faults[i].section)) != NULL &&
                              memmem(line, len, faults[i].key, strlen(faults[i].key)) != NULL,
                          "%s: %s", programs[p], said);
        }
        outcome_free(&o);
    }
}
END_TEST

START_TEST(without_check_config_a_wrong_configuration_ends_them_as_well)
{
    const char *path = write_file("wrong.conf", "[database]\npool_size = -1\n");
    static const char *const last[] = { NULL, NULL, "migrate" };

    for (size_t p = 0; p < N_PROGRAMS; p++) {
        struct outcome o = program_run(programs[p],
                                       (const char *const[]){ "-c", path, last[p],
                                                              last[p] ? "status" : NULL, NULL }, NULL);

        ck_assert_msg(o.status == 2, "%s: %d: %s", programs[p], o.status, buf_str(&o.err));
        ck_assert_ptr_nonnull(strstr(buf_str(&o.err), text("%s:2:", path)));
        ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "pool_size"));
        outcome_free(&o);
    }
}
END_TEST

START_TEST(a_wrong_value_of_the_environment_is_named_too)
{
    const char *const env[] = { "NOTIFY_WORKER_THREADS=none", NULL };

    for (size_t p = 0; p < N_PROGRAMS; p++) {
        struct outcome o = program_run(programs[p], HEADERS("-c", stack_env("NOTIFY_CONFIG"),
                                                            "--check-config"), env);

        ck_assert_msg(o.status == 2, "%s: %d: %s", programs[p], o.status, buf_str(&o.err));
        ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "NOTIFY_WORKER_THREADS"));
        outcome_free(&o);
    }
}
END_TEST

START_TEST(a_file_that_is_not_there_and_wrong_usage_are_2)
{
    for (size_t p = 0; p < N_PROGRAMS; p++) {
        struct outcome o = program_run(programs[p], HEADERS("-c", "/nowhere/at.all", "--check-config"),
                                       NULL);

        ck_assert_msg(o.status == 2, "%s: %d", programs[p], o.status);
        ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "/nowhere/at.all"));
        outcome_free(&o);
        o = program_run(programs[p], HEADERS("--no-such-option"), NULL);
        ck_assert_msg(o.status == 2, "%s: %d", programs[p], o.status);
        outcome_free(&o);
        o = program_run(programs[p], HEADERS("--version"), NULL);
        ck_assert_int_eq(o.status, 0);
        outcome_free(&o);
    }
}
END_TEST

/* ---- late neighbours ---- */

START_TEST(programs_started_before_their_services_wait_for_them)
{
    static const char *const late[] = { "postgres", "redis", "rabbitmq" };
    const char *path = stack_file("run/sockets/early.sock");
    struct user u = user_new("unlimited");
    pid_t responder, worker;
    struct answer a;
    const char *id;

    service_down("workerd");
    for (size_t i = 0; i < 3; i++)
        service_down(late[i]);
    worker = worker_start(NULL);
    responder = process_start("notify.fcgi", HEADERS("-c", stack_env("NOTIFY_CONFIG"), "--listen", path),
                              NULL, "further");
    WAIT_UNTIL(fastcgi_try(path, "GET", "/health", &a) && a.status == 200, 5000);
    clock_sleep_ms(1000);
    a = fastcgi_call(path, "GET", "/ready", NULL, NULL);
    ck_assert_int_eq(a.status, 503);
    a = fastcgi_call(path, "POST", "/api/v1/messages", u.key, sms_body("+15551300001"));
    expect_problem(&a, 503, "unavailable");
    for (size_t i = 0; i < 3; i++)
        service_up(late[i]);
    WAIT_UNTIL(fastcgi_try(path, "GET", "/ready", &a) && a.status == 200, 20000);
    WAIT_UNTIL((a = fastcgi_call(path, "POST", "/api/v1/messages", u.key, sms_body("+15551300001")))
                       .status == 202, 3000);
    id = text_at(a.json, "id");
    WAIT_UNTIL(is_in(id, "sent,delivered"), 20000);
    kill(worker, SIGTERM);
    kill(responder, SIGTERM);
    ck_assert_int_eq(process_wait(worker, 10000), 0);
    ck_assert_int_eq(process_wait(responder, 10000), 0);
    expect_each_once(id, 1);
}
END_TEST

/* ---- SIGTERM ---- */

START_TEST(sigterm_of_workerd_finishes_and_records_what_is_in_flight)
{
    struct user u = user_new("unlimited");
    const char *id = send_range(&u, 15550008140, 20, "");
    int deaths = service_deaths("workerd");

    WAIT_UNTIL(json_array_size(requests_for(id)) == 20, 5000);
    ck_assert_int_eq(count_in(id, "sending"), 20);
    service_kill("workerd", SIGTERM);
    WAIT_UNTIL(service_deaths("workerd") == deaths + 1, 10000);
    ck_assert(service_died_with("workerd", 0));
    ck_assert_int_eq(count_in(id, "sent,delivered"), 20);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                                " AND event LIKE 'attempt%%' AND status = 'sent'", id), 20);
    expect_each_once(id, 20);
    ck_assert_str_eq(message_status(id), "completed");
}
END_TEST

START_TEST(sigterm_of_workerd_takes_no_new_work)
{
    struct user u = user_new("unlimited");
    const char *first = send_to(&u, "sms", "+15550008200"), *second;
    pid_t worker;

    WAIT_UNTIL(is_in(first, "sent,delivered"), 5000);
    service_down("workerd");
    worker = worker_start(NULL);
    first = send_to(&u, "sms", "+15550008201");
    WAIT_UNTIL(request_count(text("%s.0", first)) == 1, 10000);
    kill(worker, SIGTERM);
    clock_sleep_ms(300);
    second = send_to(&u, "sms", "+15551300002");
    ck_assert_int_eq(process_wait(worker, 10000), 0);
    ck_assert(is_in(first, "sent,delivered"));
    ck_assert_uint_eq(json_array_size(requests_for(second)), 0);
    service_up("workerd");
    WAIT_UNTIL(is_in(second, "sent,delivered"), 10000);
    expect_each_once(second, 1);
}
END_TEST

START_TEST(sigterm_of_a_responder_under_load_is_no_error_to_anybody)
{
    struct user u = user_new("unlimited");
    struct load *l = load_start(&u, stack_env("NOTIFY_URL"), 15555000000);

    for (int i = 0; i < 2; i++) {
        const char *name = i % 2 == 0 ? "fcgi-1" : "fcgi-2";
        int deaths = service_deaths(name), wanted = load_accepted(l) + 100;

        WAIT_UNTIL(load_accepted(l) >= wanted, 10000);
        service_kill(name, SIGTERM);
        WAIT_UNTIL(service_deaths(name) == deaths + 1, 5000);
        ck_assert(service_died_with(name, 0));
        WAIT_UNTIL(fastcgi_connect(fastcgi_socket(name)) >= 0, 5000);
        clock_sleep_ms(3000); /* so long lighttpd may leave alone what refused it once */
    }
    load_stop(l);
    ck_assert_msg(l->first_bad == 0, "500: %d times, 502: %d, 503: %d", l->answers[500],
                  l->answers[502], l->answers[503]);
    ck_assert_int_eq(l->no_answer, 0);
    ck_assert_int_eq(l->answers[202], l->next_id);
    load_expect_all_found(l);
}
END_TEST

/* One besides those of the stack, on a socket of its own. */
static pid_t further_responder(const char *path)
{
    return process_start("notify.fcgi", HEADERS("-c", stack_env("NOTIFY_CONFIG"), "--listen", path), NULL,
                         "further");
}

START_TEST(a_request_that_is_under_way_at_sigterm_is_answered)
{
    const char *path = stack_file("run/sockets/ending.sock");
    struct user u = user_new("unlimited");
    struct buf request = BUF_INIT(65536);
    pid_t responder = further_responder(path);
    struct answer a;
    int fd;

    WAIT_UNTIL((fd = fastcgi_connect(path)) >= 0, 5000);
    fastcgi_request(&request, "POST", "/api/v1/messages", u.key, sms_body("+15551300003"));
    kill(responder, SIGSTOP); /* it reads the request and the signal together */
    ck_assert(fastcgi_send(fd, request.data, request.len));
    kill(responder, SIGTERM);
    kill(responder, SIGCONT);
    ck_assert(fastcgi_answer(fd, 5000, &a));
    ck_assert_int_eq(a.status, 202);
    ck_assert_int_eq(process_wait(responder, 5000), 0);
    ck_assert_int_eq(fastcgi_connect(path), -1);
}
END_TEST

/* As a web server that is slow between connecting and writing, or that writes in parts. */
static void expect_answered_in_spite_of_sigterm(size_t sent_before)
{
    const char *path = stack_file("run/sockets/taken.sock");
    struct user u = user_new("unlimited");
    struct buf request = BUF_INIT(65536);
    pid_t responder = further_responder(path);
    struct answer a;
    int fd;

    WAIT_UNTIL(fastcgi_try(path, "GET", "/health", &a), 5000);
    fastcgi_request(&request, "POST", "/api/v1/messages", u.key, sms_body("+15551300004"));
    fd = fastcgi_connect(path);
    ck_assert_int_ge(fd, 0);
    ck_assert(fastcgi_send(fd, request.data, sent_before));
    clock_sleep_ms(300); /* it is taken */
    kill(responder, SIGTERM);
    clock_sleep_ms(300);
    ck_assert(fastcgi_send(fd, request.data + sent_before, request.len - sent_before));
    ck_assert(fastcgi_answer(fd, 5000, &a));
    ck_assert_int_eq(a.status, 202);
    ck_assert_int_eq(process_wait(responder, 10000), 0);
    close(fd);
    buf_free(&request);
}

START_TEST(a_connection_that_was_taken_before_sigterm_still_brings_its_request)
{
    expect_answered_in_spite_of_sigterm(0);
}
END_TEST

START_TEST(a_request_that_has_come_in_part_before_sigterm_is_answered)
{
    expect_answered_in_spite_of_sigterm(20);
}
END_TEST

START_TEST(the_logs_tell_no_secret)
{
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("programs", settings, a_wrong_configuration_ends_each_program_with_2_and_every_fault_named,
            without_check_config_a_wrong_configuration_ends_them_as_well,
            a_wrong_value_of_the_environment_is_named_too,
            a_file_that_is_not_there_and_wrong_usage_are_2,
            programs_started_before_their_services_wait_for_them,
            sigterm_of_workerd_finishes_and_records_what_is_in_flight,
            sigterm_of_workerd_takes_no_new_work,
            sigterm_of_a_responder_under_load_is_no_error_to_anybody,
            a_request_that_is_under_way_at_sigterm_is_answered,
            a_connection_that_was_taken_before_sigterm_still_brings_its_request,
            a_request_that_has_come_in_part_before_sigterm_is_answered, the_logs_tell_no_secret)
