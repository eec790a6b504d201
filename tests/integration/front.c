/* front - the tests behind each web server. */
#include "tests/integration/front.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "tests/integration/client.h"
#include "tests/integration/load.h"
#include "tests/integration/stack.h"
#include "tests/integration/web.h"
#include "tests/integration/witness.h"

#define BODY_MOST 8388608 /* [server] max_body_bytes */
#define SLOW 100
#define TIMES 4

static const struct front *front;
static char own_url[64]; /* public_url, with the mount */

/* ---- calls ---- */

START_TEST(a_message_goes_out_and_its_signed_callback_comes_in)
{
    struct user u = user_new("unlimited");
    const char *text_id = send_to(&u, "sms", "+15558100001");
    const char *whatsapp_id = send_to(&u, "whatsapp", "+15558100002");

    WAIT_UNTIL(is_in(text_id, "delivered"), 20000);
    WAIT_UNTIL(is_in(whatsapp_id, "delivered,read"), 20000);
}
END_TEST

START_TEST(a_callback_without_its_signature_is_refused)
{
    struct answer a = http("POST", "/webhooks/twilio", NULL, "MessageSid=SM1&MessageStatus=delivered",
                           HEADERS("Content-Type: application/x-www-form-urlencoded",
                                   "X-Twilio-Signature: c2lnbmF0dXJl"));

    expect_problem(&a, 403, "invalid_signature");
}
END_TEST

START_TEST(authorization_is_passed_on)
{
    struct user u = user_new("unlimited");
    struct answer a = http("GET", "/api/v1/messages", NULL, NULL,
                           HEADERS(text("Authorization: Bearer %s", u.key)));

    ck_assert_int_eq(a.status, 200);
    a = http("GET", "/api/v1/messages", NULL, NULL, HEADERS("Authorization: Bearer nsk_none"));
    expect_problem(&a, 401, "invalid_api_key");
}
END_TEST

START_TEST(errors_come_as_problems)
{
    struct user u = user_new("unlimited");
    struct answer a = http("GET", "/nowhere", u.key, NULL, NULL);

    expect_problem(&a, 404, "not_found");
    a = http("GET", "/api/v1/messages/a%2Fb", u.key, NULL, NULL);
    expect_problem(&a, 404, "not_found");
    a = http("GET", "/api/v1/messages", NULL, NULL, NULL);
    expect_problem(&a, 401, "missing_api_key");
    a = http("PUT", "/api/v1/messages", u.key, "{}", NULL);
    expect_problem(&a, 405, "method_not_allowed");
    ck_assert_ptr_nonnull(header(&a, "Allow"));
    a = http("POST", "/api/v1/messages", u.key, "{", NULL);
    expect_problem(&a, 400, "malformed_json");
    a = http("POST", "/api/v1/messages", u.key, "{}", NULL);
    expect_problem(&a, 422, "validation_failed");
    ck_assert_str_eq(header(&a, "Content-Type"), "application/problem+json");
    ck_assert_ptr_nonnull(header(&a, "X-Request-Id"));
}
END_TEST

/* A thousand messages, filled up with blanks to so many bytes. */
static const char *bulk_of(size_t bytes)
{
    struct buf out = BUF_INIT(BODY_MOST + 2);
    const char *kept;

    buf_adds(&out, "{\"messages\": [");
    for (int i = 0; i < 1000; i++)
        buf_addf(&out, "%s{\"content\": \"%08200d\", \"recipients\": [{\"platform\": \"sms\", "
                       "\"recipient\": \"+1555820%04d\"}]}", i > 0 ? "," : "", i, i);
    buf_adds(&out, "]}");
    ck_assert(!buf_overflowed(&out));
    kept = text("%s%*s", buf_str(&out), (int)(bytes - out.len), "");
    buf_free(&out);
    return kept;
}

START_TEST(a_bulk_of_8_mib_is_taken_and_a_byte_more_is_413)
{
    struct user u = user_new("unlimited");
    struct answer a = http("POST", "/api/v1/messages/bulk", u.key, bulk_of(BODY_MOST), NULL);

    ck_assert_int_eq(a.status, 202);
    ck_assert_int_eq(number_at(a.json, "accepted"), 1000);
    a = http("POST", "/api/v1/messages/bulk", u.key, bulk_of(BODY_MOST + 1), NULL);
    expect_problem(&a, 413, "body_too_large");
}
END_TEST

START_TEST(a_body_in_chunks_is_taken_or_refused)
{
    struct user u = user_new("unlimited");
    const char *body = sms_body("+15558300001");
    int fd = web_connect(NULL), half = (int)strlen(body) / 2;

    web_say(fd, text("POST /api/v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: %s\r\n"
                     "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "%x\r\n%.*s\r\n%x\r\n%s\r\n0\r\n\r\n",
                     u.key, half, half, body, (int)strlen(body) - half, body + half));
    ck_assert_int_eq(web_status(fd), front->refuses_chunks ? 400 : 202);
}
END_TEST

/* ---- connections ---- */

START_TEST(a_client_keeps_its_connection)
{
    int fd = web_connect(NULL);

    for (int i = 0; i < 5; i++) {
        web_say(fd, "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        ck_assert_int_eq(web_status(fd), 200);
    }
}
END_TEST

START_TEST(a_hundred_slow_clients_hold_nobody)
{
    struct user u = user_new("unlimited");
    const char *body = sms_body("+15558400001");
    int slow[SLOW], half = (int)strlen(body) / 2;

    for (int i = 0; i < SLOW; i++) {
        slow[i] = web_connect(NULL);
        web_say(slow[i], text("POST /api/v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: %s\r\n"
                              "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%.*s",
                              u.key, (int)strlen(body), half, body));
    }
    for (int i = 0; i < 20; i++)
        send_to(&u, "sms", text("+1555841%04d", i));
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u.id), 20);
    for (int i = 0; i < SLOW; i++)
        web_say(slow[i], body + half);
    for (int i = 0; i < SLOW; i++)
        ck_assert_int_eq(web_status(slow[i]), 202);
}
END_TEST

/* ---- mounted, and closed ---- */

START_TEST(under_a_path_links_lead_back)
{
    struct user u = user_new("unlimited");
    struct answer a = http_mounted(FRONT_MOUNT, "POST", "/api/v1/messages", u.key,
                                   sms_body("+15558500001"), NULL), b;
    const char *location = header(&a, "Location"), *id = text_at(a.json, "id");

    ck_assert_int_eq(a.status, 202);
    ck_assert_str_eq(location, text(FRONT_MOUNT "/api/v1/messages/%s", id));
    b = http_mounted(FRONT_MOUNT, "GET", location + strlen(FRONT_MOUNT), u.key, NULL, NULL);
    ck_assert_int_eq(b.status, 200);
    ck_assert_str_eq(text_at(b.json, "id"), id);
    /* Twilio was given the URL with the path, and has signed it. */
    WAIT_UNTIL(is_in(id, "delivered"), 20000);
    ck_assert(strstr(witness_read(stack_file("notification-system.conf")), own_url) != NULL);
}
END_TEST

static int asked_from(const char *address, const char *target)
{
    int fd = web_connect(address), status;

    web_say(fd, text("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", target));
    status = web_status(fd);
    close(fd);
    return status;
}

START_TEST(metrics_are_for_this_machine_alone)
{
    static const char *const targets[] = { "/metrics", FRONT_MOUNT "/metrics", "/%6detrics",
                                           "/metric%73?a=b" };

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ck_assert_int_eq(asked_from(NULL, targets[i]), 200);
        ck_assert_int_eq(asked_from("127.0.0.2", targets[i]), 403);
    }
    ck_assert_int_ne(asked_from("127.0.0.2", "//metrics"), 200);
    ck_assert_int_ne(asked_from("127.0.0.2", "/metrics/"), 200);
    ck_assert_int_ne(asked_from("127.0.0.2", "/a/../metrics"), 200);
    ck_assert_int_eq(asked_from("127.0.0.2", "/health"), 200);
}
END_TEST

/* ---- started anew ---- */

/* may_reset: few connections that nobody has read from yet. */
static void expect_nothing_failed(void (*disturb)(void), long long first_number, bool may_reset)
{
    struct user u = user_new("unlimited");
    struct load *l = load_start(&u, stack_env("NOTIFY_URL"), first_number);

    for (int i = 0; i < TIMES; i++) {
        int before = load_accepted(l);

        WAIT_UNTIL(load_accepted(l) > before + 20, 20000);
        disturb();
    }
    load_stop(l);
    ck_assert_int_le(l->no_answer, may_reset ? load_accepted(l) / 10 : 0);
    for (int status = 0; status < 600; status++)
        ck_assert_msg(status == 202 || l->answers[status] == 0, "%d answers of %d", l->answers[status], status);
    ck_assert_int_eq(l->answers[202], load_accepted(l));
    load_expect_all_found(l);
}

START_TEST(a_reload_of_the_front_fails_no_request)
{
    expect_nothing_failed(front->reload, 15558600000, front->resets_at_reload);
}
END_TEST

START_TEST(a_responder_that_is_started_anew_fails_no_request)
{
    expect_nothing_failed(front->end_responder, 15558700000, false);
}
END_TEST

/* ---- how ---- */

void reload_by_hup(void)
{
    service_kill("front", SIGHUP);
    clock_sleep_ms(500);
}

void reload_by_usr1(void)
{
    service_kill("front", SIGUSR1);
    clock_sleep_ms(500);
}

void end_our_responder(void)
{
    static int turn;
    const char *name = turn++ % 2 == 0 ? "fcgi-1" : "fcgi-2";
    pid_t before = service_pid(name);

    service_kill(name, SIGTERM);
    WAIT_UNTIL(service_pid(name) != before, 20000);
    WAIT_UNTIL(stack_is_whole(), 20000);
}

/* ---- the program ---- */

static bool is_installed(void)
{
    char path[256];

    snprintf(path, sizeof path, "/usr/sbin/%s", front->program);
    if (access(path, X_OK) != 0) {
        snprintf(path, sizeof path, "/usr/bin/%s", front->program);
        if (access(path, X_OK) != 0)
            return false;
    }
    return front->more == NULL || access(front->more, R_OK) == 0;
}

int front_run(const struct front *f)
{
    const TTest *const tests[] = {
        a_message_goes_out_and_its_signed_callback_comes_in,
        a_callback_without_its_signature_is_refused,
        authorization_is_passed_on,
        errors_come_as_problems,
        a_bulk_of_8_mib_is_taken_and_a_byte_more_is_413,
        a_body_in_chunks_is_taken_or_refused,
        a_client_keeps_its_connection,
        a_hundred_slow_clients_hold_nobody,
        under_a_path_links_lead_back,
        metrics_are_for_this_machine_alone,
        a_responder_that_is_started_anew_fails_no_request,
        a_reload_of_the_front_fails_no_request, /* the last: not every server can */
    };
    char which[64], where[32], public_url[128];
    const char *settings[] = { which, where, public_url, "rate_limit.unlimited=0",
                               f->one_socket ? "--one-socket" : NULL, NULL };
    int port = web_free_port();

    front = f;
    if (!is_installed()) {
        printf("1..0 # SKIP %s is missing: tools/install-packages --with-front %s\n", f->program, f->name);
        return 0;
    }
    snprintf(which, sizeof which, "--front=%s", f->name);
    snprintf(where, sizeof where, "--port=%d", port);
    snprintf(own_url, sizeof own_url, "http://127.0.0.1:%d%s", port, FRONT_MOUNT);
    snprintf(public_url, sizeof public_url, "server.public_url=%s", own_url);
    return stack_run(f->name, settings, tests, sizeof tests / sizeof *tests - (f->reload == NULL));
}
