/* The API as HTTP: methods, cross-origin calls, documents, quotas, an administrator, the timeline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "fcgi/routes.h"
#include "tests/integration/crowd.h"
#include "tests/integration/fastcgi.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"
#define NO_ONES_ID "01890000-0000-7000-8000-000000000000"

static const char *const settings[] = { "rate_limit.unlimited=0", "rate_limit.narrow=7",
                                        "worker.retry_base_ms=200", NULL };

/* ---- methods ---- */

/* A route's path with this id in place of {id}. */
static const char *path_of(const char *pattern, const char *id)
{
    const char *hole = strstr(pattern, "{id}");

    return hole == NULL ? pattern
                        : text("%.*s%s%s", (int)(hole - pattern), pattern, id, hole + strlen("{id}"));
}

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };
#define N_METHODS (sizeof methods / sizeof *methods)

static bool is_allowed(const char *method, const char *path)
{
    for (size_t i = 0; i < n_routes; i++) {
        const char *name = http_method_name(routes[i].method);

        if (strcmp(routes[i].path, path) == 0 &&
            (strcmp(name, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(name, "GET") == 0)))
            return true;
    }
    return strcmp(method, "OPTIONS") == 0;
}

/* "GET, HEAD, OPTIONS" names exactly what the table has for this path. */
static void expect_allow(const char *allow, const char *path)
{
    const char *list = text(", %s,", allow);

    for (size_t m = 0; m < N_METHODS; m++)
        ck_assert_msg((strstr(list, text(", %s,", methods[m])) != NULL) == is_allowed(methods[m], path),
                      "%s: %s and %s", path, allow, methods[m]);
}

START_TEST(options_names_the_methods_of_every_route)
{
    for (size_t i = 0; i < n_routes; i++) {
        struct answer a = http("OPTIONS", path_of(routes[i].path, NO_ONES_ID), NULL, NULL, NULL);

        ck_assert_msg(a.status == 204, "%s: %d", routes[i].path, a.status);
        ck_assert_str_eq(a.body, "");
        expect_allow(header(&a, "Allow"), routes[i].path);
    }
}
END_TEST

START_TEST(every_other_method_is_405_with_those_that_are_allowed)
{
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < n_routes; i++) {
        for (size_t m = 0; m < N_METHODS; m++) {
            struct answer a;

            if (is_allowed(methods[m], routes[i].path))
                continue;
            a = fastcgi_call(fastcgi_socket("fcgi-1"), methods[m],
                             path_of(routes[i].path, NO_ONES_ID), u.key, NULL);
            ck_assert_msg(a.status == 405, "%s %s: %d", methods[m], routes[i].path, a.status);
            expect_allow(header(&a, "Allow"), routes[i].path);
            if (strcmp(methods[m], "HEAD") != 0)
                expect_problem(&a, 405, "method_not_allowed");
        }
    }
}
END_TEST

START_TEST(an_unknown_path_is_404_with_every_method)
{
    struct user u = user_new("unlimited");

    for (size_t m = 0; m < N_METHODS; m++)
        ck_assert_int_eq(fastcgi_call(fastcgi_socket("fcgi-2"), methods[m], "/api/v1/nothing", u.key,
                                      NULL).status, 404);
}
END_TEST

/* Those that differ between any two calls, or say who carried them. */
static bool is_compared(const char *line, size_t len)
{
    static const char *const names[] = { "X-Request-Id:", "X-RateLimit-", "Date:", "Status:" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (len >= strlen(names[i]) && strncasecmp(line, names[i], strlen(names[i])) == 0)
            return false;
    }
    return len > 0;
}

static void expect_headers_of(const struct answer *head, const struct answer *get, const char *path)
{
    for (const char *line = get->headers; *line != '\0'; line += strcspn(line, "\r\n"),
                    line += strspn(line, "\r\n")) {
        size_t len = strcspn(line, "\r\n");

        if (is_compared(line, len))
            ck_assert_msg(strstr(head->headers, text("%.*s", (int)len, line)) != NULL,
                          "%s: HEAD has no %.*s but %s", path, (int)len, line, head->headers);
    }
}

START_TEST(head_is_get_without_its_body_on_every_route)
{
    struct user u = user_new("unlimited");
    char later[CLOCK_TEXT_BYTES];
    const char *id = send_with(&u, "sms", "+15551600001",
                               text("\"scheduled_at\":\"%s\"",
                                    clock_format(clock_wall_ms() + 3600000, later)));

    for (size_t i = 0; i < n_routes; i++) {
        const char *path = path_of(routes[i].path, id), *socket = fastcgi_socket("fcgi-1");
        struct answer get, head;

        if (routes[i].method != HTTP_GET || strcmp(path, "/ready") == 0) /* its latencies vary */
            continue;
        get = fastcgi_call(socket, "GET", path, u.key, NULL);
        head = fastcgi_call(socket, "HEAD", path, u.key, NULL);
        ck_assert_int_eq(get.status, 200);
        ck_assert_int_eq(head.status, 200);
        ck_assert_str_eq(head.body, "");
        expect_headers_of(&head, &get, path);
    }
}
END_TEST

/* ---- documents ---- */

START_TEST(the_description_and_the_reference_are_served_as_they_are)
{
    const char *top = getenv("top_srcdir") == NULL ? "." : getenv("top_srcdir");
    struct answer yaml = http("GET", "/openapi.yaml", NULL, NULL, NULL);
    struct answer page = http("GET", "/docs", NULL, NULL, NULL);

    ck_assert_int_eq(yaml.status, 200);
    ck_assert_int_eq(page.status, 200);
    ck_assert(strcmp(yaml.body, witness_read(text("%s/docs/openapi.yaml", top))) == 0);
    ck_assert(strcmp(page.body, witness_read(text("%s/docs/api.html", top))) == 0);
    ck_assert_ptr_nonnull(strstr(header(&yaml, "Content-Type"), "yaml"));
    ck_assert_ptr_nonnull(strstr(header(&page, "Content-Type"), "text/html"));
}
END_TEST

/* "METHOD path" of each operation: in `paths:`, two blanks are a path and four a method. */
static json_t *described(void)
{
    const char *top = getenv("top_srcdir") == NULL ? "." : getenv("top_srcdir");
    const char *yaml = witness_read(text("%s/docs/openapi.yaml", top)), *path = "";
    json_t *found = json_object();

    yaml = strstr(yaml, "\npaths:\n");
    ck_assert_ptr_nonnull(yaml);
    for (yaml += strlen("\npaths:\n"); *yaml == ' ' || *yaml == '\n' || *yaml == '#';
         yaml += strcspn(yaml, "\n"), yaml += *yaml == '\n') {
        const char *word = yaml + strspn(yaml, " ");
        size_t len = strcspn(word, ":\n");

        if (word - yaml == 2 && *word == '/')
            path = text("%.*s", (int)len, word);
        for (size_t m = 0; m < N_METHODS && word - yaml == 4; m++) {
            if (strlen(methods[m]) == len && strncasecmp(methods[m], word, len) == 0)
                json_object_set_new(found, text("%s %s", methods[m], path), json_true());
        }
    }
    return found;
}

START_TEST(the_description_has_the_routes_of_the_table_and_no_others)
{
    json_t *found = described();

    for (size_t i = 0; i < n_routes; i++) {
        const char *name = text("%s %s", http_method_name(routes[i].method), routes[i].path);

        ck_assert_msg(json_object_get(found, name) != NULL, "%s is not described", name);
        json_object_del(found, name);
    }
    ck_assert_msg(json_object_size(found) == 0, "described but not there: %s",
                  json_dumps(found, JSON_COMPACT));
}
END_TEST

/* ---- cross-origin calls ---- */

/* A further responder with these origins; how to reach it. */
static const char *responder_with(const char *name, const char *origins)
{
    const char *socket = stack_file(text("run/%s.sock", name));
    struct answer a;

    process_start("notify.fcgi", HEADERS("-c", stack_env("NOTIFY_CONFIG"), "--listen", socket),
                  HEADERS(text("NOTIFY_SERVER_CORS_ORIGINS=%s", origins)), name);
    WAIT_UNTIL(fastcgi_try(socket, "GET", "/health", &a), 10000);
    return socket;
}

static struct answer call_from(const char *socket, const char *method, const char *origin,
                               const char *asked)
{
    struct buf params = BUF_INIT(65536), request = BUF_INIT(65536);
    int fd = fastcgi_connect(socket);
    struct answer a = { 0 };

    fastcgi_params(&params, method, MESSAGES, NULL, NULL);
    if (origin != NULL)
        fastcgi_param(&params, "HTTP_ORIGIN", origin);
    if (asked != NULL)
        fastcgi_param(&params, "HTTP_ACCESS_CONTROL_REQUEST_METHOD", asked);
    fastcgi_begin(&request, false);
    fastcgi_record(&request, FCGI_PARAMS, params.data, params.len);
    fastcgi_record(&request, FCGI_PARAMS, "", 0);
    fastcgi_record(&request, FCGI_STDIN, "", 0);
    ck_assert(fastcgi_send(fd, request.data, request.len));
    ck_assert(fastcgi_answer(fd, 10000, &a));
    ck_assert_ptr_null(header(&a, "Access-Control-Allow-Credentials"));
    return a;
}

START_TEST(without_origins_in_the_configuration_there_is_no_cors)
{
    struct answer a = call_from(fastcgi_socket("fcgi-1"), "GET", "https://a.example", NULL);
    struct answer b = call_from(fastcgi_socket("fcgi-1"), "OPTIONS", "https://a.example", "POST");

    ck_assert_ptr_null(strstr(a.headers, "Access-Control"));
    ck_assert_ptr_null(strstr(b.headers, "Access-Control"));
    ck_assert_int_eq(b.status, 204);
}
END_TEST

START_TEST(a_listed_origin_may_and_another_may_not)
{
    const char *socket = responder_with("cors-list", "https://a.example, https://b.example");
    static const char *const others[] = { "https://c.example", "https://a.example.evil", "null",
                                          "http://a.example", "https://A.example", NULL };
    struct answer a = call_from(socket, "GET", "https://b.example", NULL);

    ck_assert_int_eq(a.status, 401); /* the page may read that it lacks a key */
    ck_assert_str_eq(header(&a, "Access-Control-Allow-Origin"), "https://b.example");
    ck_assert_ptr_nonnull(strstr(header(&a, "Access-Control-Expose-Headers"), "X-RateLimit-Remaining"));
    ck_assert_str_eq(header(&a, "Vary"), "Origin");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        a = call_from(socket, "GET", others[i], NULL);
        ck_assert_ptr_null(strstr(a.headers, "Access-Control"));
        ck_assert_str_eq(header(&a, "Vary"), "Origin");
    }
}
END_TEST

START_TEST(a_preflight_is_told_methods_and_headers)
{
    const char *socket = responder_with("cors-preflight", "https://a.example");
    struct answer a = call_from(socket, "OPTIONS", "https://a.example", "POST");

    ck_assert_int_eq(a.status, 204);
    ck_assert_ptr_nonnull(strstr(header(&a, "Access-Control-Allow-Methods"), "POST"));
    ck_assert_ptr_nonnull(strstr(header(&a, "Access-Control-Allow-Headers"), "X-API-Key"));
    ck_assert_ptr_nonnull(strstr(header(&a, "Access-Control-Allow-Headers"), "Idempotency-Key"));
    a = call_from(socket, "OPTIONS", "https://c.example", "POST");
    ck_assert_ptr_null(strstr(a.headers, "Access-Control"));
}
END_TEST

START_TEST(any_origin_is_answered_with_a_star_that_no_origin_varies)
{
    struct answer a = call_from(responder_with("cors-any", "*"), "GET", "https://x.example", NULL);

    ck_assert_str_eq(header(&a, "Access-Control-Allow-Origin"), "*");
    ck_assert_ptr_null(header(&a, "Vary"));
}
END_TEST

/* ---- an administrator ---- */

START_TEST(an_administrator_lists_all_and_a_user_its_own)
{
    struct user u = user_new("unlimited"), other = user_new("unlimited");
    const char *admin = stack_env("NOTIFY_ADMIN_KEY"), *ids[] = { send_to(&u, "sms", "+15551600002"),
                                                                  send_to(&other, "sms", "+15551600003") };
    struct answer a = http("GET", MESSAGES, admin, NULL, NULL);

    ck_assert_str_eq(text_at(a.json, "data/0/id"), ids[1]);
    ck_assert_str_eq(text_at(a.json, "data/1/id"), ids[0]);
    a = http("GET", text(MESSAGES "?user_id=%s", u.id), admin, NULL, NULL);
    ck_assert_uint_eq(json_array_size(at(a.json, "data")), 1);
    ck_assert_str_eq(text_at(a.json, "data/0/id"), ids[0]);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(http("GET", text(MESSAGES "/%s/recipients", ids[i]), admin, NULL, NULL).status, 200);
        ck_assert_int_eq(http("GET", text(MESSAGES "/%s/events", ids[i]), admin, NULL, NULL).status, 200);
    }
    a = http("GET", MESSAGES, u.key, NULL, NULL);
    ck_assert_uint_eq(json_array_size(at(a.json, "data")), 1);
    a = http("GET", text(MESSAGES "?user_id=%s", other.id), u.key, NULL, NULL);
    expect_problem(&a, 403, "forbidden");
    a = http("GET", text(MESSAGES "?user_id=%s", u.id), u.key, NULL, NULL);
    expect_problem(&a, 403, "forbidden");
}
END_TEST

/* ---- quotas ---- */

#define CLIENTS 50

struct calls {
    const char *url, *key;
    int each;
};

static void call_often(int i, const void *with, struct caller_seen *seen)
{
    const struct calls *c = with;
    struct answer a;

    for (int k = 0; k < c->each; k++) {
        if (http_send("GET", c->url, c->key, NULL, NULL, &a) && a.status < 600)
            seen->counts[a.status]++;
    }
}

/* How many of the calls that 50 clients make at once are not refused. */
static int allowed_of(const char *tier, int calls)
{
    struct user u = user_new(tier);
    struct calls c = { text("%s" MESSAGES "/" NO_ONES_ID, stack_env("NOTIFY_URL")), u.key,
                       (calls + CLIENTS - 1) / CLIENTS };
    struct caller_seen *seen = crowd_run(CLIENTS, call_often, &c);
    int allowed = 0, refused = 0;

    for (int i = 0; i < CLIENTS; i++) {
        allowed += seen[i].counts[404];
        refused += seen[i].counts[429];
    }
    ck_assert_int_eq(allowed + refused, c.each * CLIENTS);
    return allowed;
}

START_TEST(each_tier_allows_exactly_its_number_to_50_clients_at_once)
{
    ck_assert_int_eq(allowed_of("free", 150), 60);
    ck_assert_int_eq(allowed_of("basic", 400), 300);
    ck_assert_int_eq(allowed_of("premium", 1200), 1000);
}
END_TEST

START_TEST(a_tier_of_the_configuration_holds_and_0_is_unlimited)
{
    struct user u = user_new("unlimited");
    struct answer a = http("GET", MESSAGES, u.key, NULL, NULL);

    ck_assert_int_eq(allowed_of("narrow", 50), 7);
    ck_assert_int_eq(allowed_of("unlimited", 500), 500);
    ck_assert_ptr_null(header(&a, "X-RateLimit-Limit"));
}
END_TEST

START_TEST(without_redis_each_process_allows_at_most_the_limit)
{
    int allowed;

    service_down("redis");
    allowed = allowed_of("free", 300);
    service_up("redis");
    printf("# without Redis: %d of a limit of 60, in two processes\n", allowed);
    ck_assert_int_ge(allowed, 60);
    ck_assert_int_le(allowed, 120);
}
END_TEST

/* ---- the timeline ---- */

/* All events, two a page. */
static json_t *events_of(const char *id, const char *key)
{
    json_t *all = json_array();
    const char *cursor = "";

    do {
        struct answer a = http("GET", text(MESSAGES "/%s/events?limit=2%s%s", id,
                                           *cursor == '\0' ? "" : "&cursor=", cursor), key, NULL, NULL);

        ck_assert_int_eq(a.status, 200);
        ck_assert_uint_le(json_array_size(at(a.json, "data")), 2);
        json_array_extend(all, at(a.json, "data"));
        cursor = text_at(a.json, "next_cursor");
    } while (*cursor != '\0');
    return all;
}

/* The first event of this name from `from` on; its place. */
static size_t place_of(const json_t *events, const char *name, size_t from)
{
    for (size_t i = from; i < json_array_size(events); i++) {
        if (strcmp(text_at(json_array_get(events, i), "event"), name) == 0)
            return i;
    }
    ck_abort_msg("no %s in %s", name, json_dumps(events, JSON_COMPACT));
    return 0;
}

START_TEST(the_timeline_tells_of_each_attempt_its_retry_and_the_report)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15550005030"); /* 503, once */
    json_t *events, *failed, *sent;
    size_t retry, at_sent;

    WAIT_UNTIL(is_in(id, "delivered"), 15000);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                          " AND event = 'reported' AND status = 'delivered'", id) == 1, 5000);
    events = events_of(id, u.key);
    ck_assert_int_eq(place_of(events, "accepted", 0), 0);
    for (size_t i = 1; i < json_array_size(events); i++)
        ck_assert_int_le(strcmp(text_at(json_array_get(events, i - 1), "at"),
                                text_at(json_array_get(events, i), "at")), 0);
    retry = place_of(events, "retry", place_of(events, "queued", 0) + 1);
    failed = json_array_get(events, retry);
    ck_assert_str_eq(text_at(failed, "provider"), "twilio");
    ck_assert_str_ne(text_at(failed, "code"), "");
    ck_assert_int_eq(number_at(failed, "attempt"), 1);
    ck_assert_int_ge(number_at(failed, "latency_ms"), 0);
    ck_assert_str_gt(text_at(failed, "next_attempt_at"), text_at(failed, "at"));
    at_sent = place_of(events, "sent", retry + 1);
    sent = json_array_get(events, at_sent);
    ck_assert_int_eq(number_at(sent, "attempt"), 2);
    ck_assert_str_eq(text_at(sent, "provider"), "twilio");
    ck_assert_str_eq(text_at(sent, "recipient"), text("%s.0", id));
    place_of(events, "reported", at_sent + 1);
}
END_TEST

START_TEST(the_timeline_tells_of_a_cancel_and_of_an_expiry)
{
    struct user u = user_new("unlimited");
    char later[CLOCK_TEXT_BYTES];
    const char *cancelled, *expired;
    json_t *events;

    clock_format(clock_wall_ms() + 3600000, later);
    cancelled = send_with(&u, "sms", "+15551600004", text("\"scheduled_at\":\"%s\"", later));
    ck_assert_int_eq(http("DELETE", text(MESSAGES "/%s", cancelled), u.key, NULL, NULL).status, 200);
    events = events_of(cancelled, u.key);
    ck_assert_uint_eq(json_array_size(events), 2);
    ck_assert_str_eq(text_at(events, "0/next_attempt_at"), later);
    ck_assert_str_eq(text_at(events, "1/event"), "cancelled");

    service_down("workerd");
    clock_format(clock_wall_ms() + 1000, later);
    expired = send_with(&u, "sms", "+15551600005", text("\"expires_at\":\"%s\"", later));
    clock_sleep_ms(1100);
    service_up("workerd");
    WAIT_UNTIL(is_in(expired, "expired"), 15000);
    events = events_of(expired, u.key);
    ck_assert_int_eq(place_of(events, "accepted", 0), 0);
    ck_assert_str_eq(text_at(json_array_get(events, place_of(events, "expired", 1)), "status"), "expired");
    ck_assert_uint_eq(json_array_size(requests_for(expired)), 0);
}
END_TEST

STACK_SUITE("http", settings, options_names_the_methods_of_every_route,
            every_other_method_is_405_with_those_that_are_allowed,
            an_unknown_path_is_404_with_every_method, head_is_get_without_its_body_on_every_route,
            the_description_and_the_reference_are_served_as_they_are,
            the_description_has_the_routes_of_the_table_and_no_others,
            without_origins_in_the_configuration_there_is_no_cors,
            a_listed_origin_may_and_another_may_not, a_preflight_is_told_methods_and_headers,
            any_origin_is_answered_with_a_star_that_no_origin_varies,
            an_administrator_lists_all_and_a_user_its_own,
            each_tier_allows_exactly_its_number_to_50_clients_at_once,
            a_tier_of_the_configuration_holds_and_0_is_unlimited,
            without_redis_each_process_allows_at_most_the_limit,
            the_timeline_tells_of_each_attempt_its_retry_and_the_report,
            the_timeline_tells_of_a_cancel_and_of_an_expiry)
