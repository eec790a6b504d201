/* What an operator relies on while the system runs: traces through all logs, reload, the watchdog. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/integration/client.h"
#include "tests/integration/engine.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

static const char *const settings[] = {
    "rate_limit.unlimited=0", "worker.retry_base_ms=50", "worker.retry_max_ms=400",
    "scheduler.interval_ms=100", NULL
};

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

/* ---- lines of a log ---- */

/* Those lines of DIR/log/NAME.log with this event and this member; all of them, in order. */
static json_t *lines_of(const char *name, const char *event, const char *member, const char *value)
{
    json_t *found = json_array();
    char *save, *all = strdup(witness_read(stack_file(text("log/%s.log", name))));

    for (char *line = strtok_r(all, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        json_t *one = json_loads(line, 0, NULL);

        if (one != NULL && strcmp(text_at(one, "event"), event) == 0 &&
            strcmp(text_at(one, member), value) == 0)
            json_array_append_new(found, one);
    }
    return found;
}

/* Of either responder. */
static json_t *request_lines(const char *member, const char *value)
{
    json_t *all = lines_of("fcgi-1", "request", member, value);

    json_array_extend(all, lines_of("fcgi-2", "request", member, value));
    return all;
}

static size_t lines_in(const char *name, const char *event)
{
    const char *pattern = text("\"event\":\"%s\"", event);
    size_t n = 0;

    for (const char *p = witness_read(stack_file(text("log/%s.log", name)));
         (p = strstr(p, pattern)) != NULL; p++)
        n++;
    return n;
}

static json_t *wait_for_line(json_t *(*look)(const char *id), const char *id)
{
    json_t *found;

    WAIT_UNTIL(json_array_size(found = look(id)) > 0, 5000);
    return json_array_get(found, 0);
}

static json_t *requests_about(const char *message_id)
{
    return request_lines("message", message_id);
}

static json_t *attempts_at(const char *recipient_id)
{
    return lines_of("workerd", "attempt", "recipient", recipient_id);
}

/* ---- traces ---- */

static const char *without_dashes(const char *uuid)
{
    static char out[33];
    size_t n = 0;

    for (; *uuid != '\0' && n < 32; uuid++)
        if (*uuid != '-')
            out[n++] = *uuid;
    return out;
}

static const char *send_traced(const struct user *u, const char *number, const char *traceparent)
{
    struct answer a = http("POST", "/api/v1/messages", u->key, sms_body(number),
                           HEADERS(text("traceparent: %s", traceparent)));

    ck_assert_int_eq(a.status, 202);
    return text_at(a.json, "id");
}

START_TEST(a_callers_trace_leads_through_every_log_to_the_provider)
{
    struct user u = user_new("unlimited");
    const char *id = send_traced(&u, "+15551600001", "00-" TRACE "-" SPAN "-01");
    json_t *request, *attempt;

    WAIT_UNTIL(is_in(id, "delivered"), 8000);
    request = wait_for_line(requests_about, id);
    attempt = wait_for_line(attempts_at, text("%s.0", id));
    ck_assert_str_eq(text_at(request, "trace_id"), TRACE);
    ck_assert_str_eq(text_at(request, "parent_span_id"), SPAN);
    ck_assert_str_eq(text_at(attempt, "trace_id"), TRACE);
    ck_assert_str_eq(text_at(attempt, "parent_span_id"), text_at(request, "span_id"));
    ck_assert_str_eq(text_at(requests_for(id), "0/traceparent"),
                     text("00-" TRACE "-%s-01", text_at(attempt, "span_id")));
}
END_TEST

START_TEST(a_message_without_one_is_a_trace_of_its_own)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15551600002"), *trace = text("%s", without_dashes(id));
    json_t *request, *attempt;

    WAIT_UNTIL(is_in(id, "delivered"), 8000);
    request = wait_for_line(requests_about, id);
    attempt = wait_for_line(attempts_at, text("%s.0", id));
    ck_assert_str_eq(text_at(request, "trace_id"), trace);
    ck_assert_str_eq(text_at(attempt, "trace_id"), trace);
    ck_assert_str_eq(text_at(requests_for(id), "0/traceparent"),
                     text("00-%s-%s-00", trace, text_at(attempt, "span_id")));
    ck_assert_ptr_null(sql_text("SELECT trace FROM messages WHERE id = '%s'", id));
}
END_TEST

START_TEST(what_is_no_trace_is_as_none)
{
    struct user u = user_new("unlimited");
    const char *id = send_traced(&u, "+15551600003", "00-" TRACE "-" SPAN "-01-more");

    WAIT_UNTIL(is_in(id, "delivered"), 8000);
    ck_assert_str_eq(text_at(wait_for_line(requests_about, id), "trace_id"), without_dashes(id));
}
END_TEST

START_TEST(the_messages_of_a_bulk_share_the_trace_of_their_call)
{
    struct user u = user_new("unlimited");
    struct answer a = http("POST", "/api/v1/messages/bulk", u.key,
                           text("{\"messages\":[%s,%s]}", text("%s", sms_body("+15551600004")),
                                text("%s", sms_body("+15551600005"))),
                           HEADERS("X-Request-Id: a-bulk-of-two"));
    json_t *request = NULL;

    ck_assert_int_eq(a.status, 202);
    WAIT_UNTIL(json_array_size(request = request_lines("request_id", "a-bulk-of-two")) == 1, 5000);
    for (int i = 0; i < 2; i++) {
        const char *id = text_at(a.json, text("results/%d/id", i));
        json_t *attempt = wait_for_line(attempts_at, text("%s.0", id));

        ck_assert_str_eq(text_at(attempt, "trace_id"), text_at(request, "0/trace_id"));
        ck_assert_str_eq(text_at(attempt, "parent_span_id"), text_at(request, "0/span_id"));
    }
}
END_TEST

START_TEST(each_attempt_is_a_span_of_its_own)
{
    struct user u = user_new("unlimited");
    const char *id = send_traced(&u, "+15550005000", "00-" TRACE "-" SPAN "-00"); /* 500, then sent */
    json_t *attempts, *requests;

    WAIT_UNTIL(is_in(id, "sent,delivered"), 8000);
    WAIT_UNTIL(json_array_size(attempts = attempts_at(text("%s.0", id))) == 2, 5000);
    requests = requests_for(id);
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(text_at(requests, text("%d/traceparent", i)),
                         text("00-" TRACE "-%s-00", text_at(attempts, text("%d/span_id", i))));
    ck_assert_str_ne(text_at(attempts, "0/span_id"), text_at(attempts, "1/span_id"));
    ck_assert_str_eq(text_at(attempts, "0/parent_span_id"), text_at(attempts, "1/parent_span_id"));
}
END_TEST

START_TEST(a_scheduled_message_goes_on_with_the_trace_it_came_with)
{
    struct user u = user_new("unlimited");
    char at[CLOCK_TEXT_BYTES];
    struct answer a;
    const char *id;

    clock_format(clock_wall_ms() + 1500, at);
    a = http("POST", "/api/v1/messages", u.key,
             text("{\"content\":\"A private text\",\"scheduled_at\":\"%s\",\"recipients\":[{\"platform\":"
                  "\"sms\",\"recipient\":\"+15551600006\"}]}", at),
             HEADERS("traceparent: 00-" TRACE "-" SPAN "-01"));
    id = text_at(a.json, "id");
    WAIT_UNTIL(is_in(id, "delivered"), 8000);
    ck_assert_str_eq(text_at(wait_for_line(attempts_at, text("%s.0", id)), "trace_id"), TRACE);
}
END_TEST

/* ---- reload ---- */

/* The configuration with `from` replaced by `to` wherever it stands. */
static void change_config(const char *from, const char *to)
{
    const char *path = stack_env("NOTIFY_CONFIG"), *whole = witness_read(path), *next;
    FILE *f = fopen(text("%s.new", path), "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(strstr(whole, from));
    while ((next = strstr(whole, from)) != NULL) {
        fprintf(f, "%.*s%s", (int)(next - whole), whole, to);
        whole = next + strlen(from);
    }
    fputs(whole, f);
    fclose(f);
    ck_assert_int_eq(rename(text("%s.new", path), path), 0);
}

static const char *const ours[] = { "workerd", "fcgi-1", "fcgi-2" };

static size_t times_told(const char *event)
{
    size_t n = 0;

    for (size_t i = 0; i < 3; i++)
        n += lines_in(ours[i], event);
    return n;
}

/* SIGHUP to all of ours, and each says that it has done this. */
static void hang_up(const char *event)
{
    size_t before = times_told(event);

    for (size_t i = 0; i < 3; i++)
        service_kill(ours[i], SIGHUP);
    WAIT_UNTIL(times_told(event) >= before + 3, 5000);
}

static const char *setting(const char *name)
{
    const char *line = strstr(witness_read(stack_env("NOTIFY_CONFIG")), text("\n%s = ", name));

    ck_assert_ptr_nonnull(line);
    line += strlen(name) + 4;
    return text("%.*s", (int)strcspn(line, "\n"), line);
}

START_TEST(a_hangup_takes_up_new_keys_while_calls_go_on)
{
    struct user u = user_new("unlimited");
    const char *token = setting("auth_token"), *refused, *slow, *id;
    int deaths = service_deaths("workerd");

    slow = send_to(&u, "sms", "+15550008001"); /* answered late, by the key it went with */
    change_config(text("auth_token = %s", token), "auth_token = 0123456789abcdef0123456789abcdef");
    WAIT_UNTIL(json_array_size(requests_for(slow)) == 1, 5000);
    hang_up("config.reloaded");
    refused = send_to(&u, "sms", "+15551600011");
    WAIT_UNTIL(breaker_is_open("twilio"), 8000);
    ck_assert_int_eq(number_at(requests_for(refused), "0/status"), 401);
    change_config("auth_token = 0123456789abcdef0123456789abcdef", text("auth_token = %s", token));
    hang_up("config.reloaded");
    breaker_forget("twilio");
    id = send_to(&u, "sms", "+15551600012");
    WAIT_UNTIL(is_in(id, "delivered") && is_in(refused, "delivered"), 15000);
    WAIT_UNTIL(is_in(slow, "sent,delivered"), 15000);
    ck_assert_int_eq(service_deaths("workerd"), deaths);
}
END_TEST

START_TEST(a_hangup_takes_up_rates)
{
    struct user u = user_new("basic");
    struct answer a;

    a = http("GET", "/api/v1/messages", u.key, NULL, NULL);
    ck_assert_str_eq(header(&a, "X-RateLimit-Limit"), "300");
    change_config("[rate_limit]\n", "[rate_limit]\nbasic = 301\n");
    hang_up("config.reloaded");
    for (int i = 0; i < 8; i++) { /* by whichever thread it is answered */
        a = http("GET", "/api/v1/messages", u.key, NULL, NULL);
        ck_assert_str_eq(header(&a, "X-RateLimit-Limit"), "301");
    }
    change_config("[rate_limit]\nbasic = 301\n", "[rate_limit]\n");
    hang_up("config.reloaded");
}
END_TEST

START_TEST(a_file_at_fault_leaves_all_as_it_was)
{
    struct user u = user_new("unlimited");
    const char *id;

    change_config("[rate_limit]\n", "[rate_limit]\nbasic = lots\n");
    hang_up("config.not_reloaded");
    id = send_to(&u, "sms", "+15551600021");
    WAIT_UNTIL(is_in(id, "delivered"), 8000);
    change_config("[rate_limit]\nbasic = lots\n", "[rate_limit]\n");
    hang_up("config.reloaded");
}
END_TEST

START_TEST(what_needs_a_restart_is_told)
{
    size_t before = times_told("config.needs_restart");

    change_config("[worker]\n", "[worker]\nmax_attempts = 5\n");
    hang_up("config.reloaded");
    WAIT_UNTIL(times_told("config.needs_restart") == before + 3, 5000);
    change_config("[worker]\nmax_attempts = 5\n", "[worker]\n");
    hang_up("config.reloaded");
}
END_TEST

/* ---- the service manager ---- */

static int manager;

static const char *manage(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *name = text("notify-test-%d", (int)getpid());

    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path + 1, name);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))), 0);
    return text("NOTIFY_SOCKET=@%s", name);
}

/* Whether it has said this by now; what it said before is forgotten. */
static bool has_said(const char *words)
{
    char said[200];
    ssize_t n;

    while ((n = recv(manager, said, sizeof said - 1, 0)) >= 0) {
        said[n] = '\0';
        if (strncmp(said, words, strlen(words)) == 0)
            return true;
    }
    return false;
}

START_TEST(workerd_tells_the_service_manager_how_it_is)
{
    pid_t worker = worker_start(HEADERS(manage(), "WATCHDOG_USEC=1000000"));

    WAIT_UNTIL(has_said("READY=1"), 5000);
    for (int i = 0; i < 3; i++)
        WAIT_UNTIL(has_said("WATCHDOG=1"), 5000);
    kill(worker, SIGHUP);
    WAIT_UNTIL(has_said("RELOADING=1\nMONOTONIC_USEC="), 5000);
    WAIT_UNTIL(has_said("READY=1"), 5000);
    kill(worker, SIGTERM);
    WAIT_UNTIL(has_said("STOPPING=1"), 5000);
    ck_assert_int_eq(process_wait(worker, 10000), 0);
}
END_TEST

START_TEST(a_workerd_of_which_a_thread_stands_still_is_not_called_alive)
{
    struct user u = user_new("unlimited");
    pid_t worker;
    const char *id;

    service_down("workerd");
    worker = worker_start(HEADERS(manage(), "WATCHDOG_USEC=600000",
                                  "NOTIFY_FAILPOINTS=claim.committed=delay:5000@1"));
    WAIT_UNTIL(has_said("WATCHDOG=1"), 5000);
    id = send_to(&u, "sms", "+15551600031");
    WAIT_UNTIL(is_in(id, "sending"), 8000);
    clock_sleep_ms(1200); /* twice its interval: what it says from now on, it says standing still */
    while (has_said("WATCHDOG=1"))
        ;
    clock_sleep_ms(1000);
    ck_assert(!has_said("WATCHDOG=1"));
    WAIT_UNTIL(is_in(id, "sent,delivered"), 15000);
    WAIT_UNTIL(has_said("WATCHDOG=1"), 5000);
    kill(worker, SIGTERM);
    ck_assert_int_eq(process_wait(worker, 10000), 0);
}
END_TEST

STACK_SUITE("operation", settings, a_callers_trace_leads_through_every_log_to_the_provider,
            a_message_without_one_is_a_trace_of_its_own, what_is_no_trace_is_as_none,
            the_messages_of_a_bulk_share_the_trace_of_their_call, each_attempt_is_a_span_of_its_own,
            a_scheduled_message_goes_on_with_the_trace_it_came_with,
            a_hangup_takes_up_new_keys_while_calls_go_on, a_hangup_takes_up_rates,
            a_file_at_fault_leaves_all_as_it_was, what_needs_a_restart_is_told,
            workerd_tells_the_service_manager_how_it_is,
            a_workerd_of_which_a_thread_stands_still_is_not_called_alive)
