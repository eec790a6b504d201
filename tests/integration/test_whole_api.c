/* The rest of the API through the web server: bulk, lists, timeline, cancelling, keys, other methods. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/routes.h"
#include "tests/integration/fastcgi.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"
#define NO_ONES_ID "01890000-0000-7000-8000-000000000000"

static const char *const settings[] = { "rate_limit.unlimited=0", "scheduler.interval_ms=50",
                                        "server.cors_origins=https://app.example.com", NULL };

static struct answer get(const struct user *u, const char *path)
{
    return http("GET", path, u->key, NULL, NULL);
}

static const char *later(const struct user *u, const char *number, int64_t in_ms)
{
    char at[CLOCK_TEXT_BYTES];

    return send_with(u, "sms", number,
                     text("\"scheduled_at\":\"%s\"", clock_format(clock_wall_ms() + in_ms, at)));
}

/* ---- other people's ids ---- */

/* "/api/v1/messages/{id}/events" with this id. */
static const char *with_id(const char *pattern, const char *id)
{
    const char *hole = strstr(pattern, "{id}");

    return text("%.*s%s%s", (int)(hole - pattern), pattern, id, hole + 4);
}

static const char *without_request_id(const struct answer *a)
{
    ck_assert_int_eq(json_object_del(a->json, "request_id"), 0);
    return json_dumps(a->json, JSON_SORT_KEYS);
}

START_TEST(another_users_id_is_an_unknown_id_on_every_route)
{
    struct user owner = user_new("unlimited"), other = user_new("unlimited");
    const char *id = later(&owner, "+15551240001", 3600000);
    int walked = 0;

    for (size_t i = 0; i < n_routes; i++) {
        const char *method = http_method_name(routes[i].method);
        struct answer theirs, unknown;

        if (strstr(routes[i].path, "{id}") == NULL)
            continue;
        walked++;
        theirs = http(method, with_id(routes[i].path, id), other.key, NULL, NULL);
        unknown = http(method, with_id(routes[i].path, NO_ONES_ID), other.key, NULL, NULL);
        expect_problem(&theirs, 404, "not_found");
        ck_assert_str_eq(without_request_id(&theirs), without_request_id(&unknown));
    }
    ck_assert_int_ge(walked, 4);
    ck_assert_str_eq(message_status(id), "scheduled");
    ck_assert_int_eq(get(&owner, text(MESSAGES "/%s", id)).status, 200);
}
END_TEST

START_TEST(a_list_shows_the_callers_own_and_an_admin_may_ask_for_a_users)
{
    struct user owner = user_new("unlimited"), other = user_new("unlimited");
    const char *id = later(&owner, "+15551240002", 3600000);
    struct answer a = get(&other, MESSAGES);

    ck_assert_uint_eq(json_array_size(at(a.json, "data")), 0);
    a = get(&other, text(MESSAGES "?user_id=%s", owner.id));
    expect_problem(&a, 403, "forbidden");
    a = http("GET", text(MESSAGES "?user_id=%s", owner.id), stack_env("NOTIFY_ADMIN_KEY"), NULL, NULL);
    ck_assert_str_eq(text_at(a.json, "data/0/id"), id);
    ck_assert_uint_eq(json_array_size(at(a.json, "data")), 1);
}
END_TEST

/* ---- Idempotency-Key ---- */

#define PARALLEL 100

START_TEST(a_hundred_parallel_posts_with_one_key_make_one_message)
{
    struct user u = user_new("unlimited");
    char (*answers)[256] = mmap(NULL, PARALLEL * sizeof *answers, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *url = text("%s" MESSAGES, stack_env("NOTIFY_URL"));
    const char *body = sms_body("+15551240003"), *first = NULL;
    int conflicts = 0;

    for (int i = 0; i < PARALLEL; i++) {
        if (fork() == 0) {
            struct answer a = { 0 };

            if (http_send("POST", url, u.key, body, HEADERS("Idempotency-Key: once"), &a))
                snprintf(answers[i], sizeof answers[i], "%d %.200s", a.status, a.body);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        continue;
    for (int i = 0; i < PARALLEL; i++) {
        if (strncmp(answers[i], "409 ", 4) == 0) {
            conflicts++;
            continue;
        }
        ck_assert_msg(strncmp(answers[i], "202 ", 4) == 0, "%s", answers[i]);
        first = first == NULL ? answers[i] : first;
        ck_assert_str_eq(answers[i], first);
    }
    ck_assert_int_lt(conflicts, PARALLEL);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u.id), 1);
}
END_TEST

START_TEST(a_key_answers_the_same_body_again_and_refuses_another)
{
    struct user u = user_new("unlimited"), other = user_new("unlimited");
    const char *const *key = HEADERS("Idempotency-Key: again");
    struct answer a = http("POST", MESSAGES, u.key, sms_body("+15551240004"), key), b;

    ck_assert_ptr_null(header(&a, "Idempotent-Replayed"));
    b = http("POST", MESSAGES, u.key, sms_body("+15551240004"), key);
    ck_assert_int_eq(b.status, 202);
    ck_assert_str_eq(header(&b, "Idempotent-Replayed"), "true");
    ck_assert_str_eq(a.body, b.body);
    ck_assert_str_eq(header(&a, "Location"), header(&b, "Location"));
    b = http("POST", MESSAGES, u.key, sms_body("+15551240005"), key);
    expect_problem(&b, 422, "idempotency_mismatch");
    b = http("POST", MESSAGES, other.key, sms_body("+15551240004"), key);
    ck_assert_int_eq(b.status, 202);
    ck_assert_str_ne(text_at(a.json, "id"), text_at(b.json, "id"));
}
END_TEST

/* ---- bulk ---- */

START_TEST(a_bulk_accepts_together_and_names_what_it_refuses)
{
    struct user u = user_new("unlimited");
    struct answer a = http("POST", MESSAGES "/bulk", u.key,
                           text("{\"messages\":[%s,{\"content\":\"\"},%s]}", sms_body("+15551240006"),
                                sms_body("+15551240007")),
                           NULL);

    ck_assert_int_eq(a.status, 207);
    ck_assert_int_eq(number_at(a.json, "accepted"), 2);
    ck_assert_int_eq(number_at(a.json, "rejected"), 1);
    ck_assert_str_eq(text_at(a.json, "results/1/error/code"), "validation_failed");
    ck_assert_str_eq(text_at(a.json, "results/1/error/errors/0/pointer"), "/content");
    ck_assert_str_eq(text_at(a.json, "results/1/error/errors/1/pointer"), "/recipients");
    ck_assert_int_eq(number_at(a.json, "results/2/index"), 2);
    WAIT_UNTIL(is_in(text_at(a.json, "results/0/id"), "sent,delivered") &&
                   is_in(text_at(a.json, "results/2/id"), "sent,delivered"),
               5000);
    expect_each_once(text_at(a.json, "results/0/id"), 1);
}
END_TEST

START_TEST(a_bulk_of_a_thousand_is_delivered_once_each)
{
    struct user u = user_new("unlimited");
    size_t room = 200 * 1000, len = 0;
    char *body = malloc(room);
    struct answer a;

    ck_assert_ptr_nonnull(body);
    len += (size_t)snprintf(body, room, "{\"messages\":[");
    for (int i = 0; i < 1000; i++)
        len += (size_t)snprintf(body + len, room - len, "%s%s", i > 0 ? "," : "",
                                sms_body(text("+1555125%04d", i)));
    snprintf(body + len, room - len, "]}");
    a = http("POST", MESSAGES "/bulk", u.key, body, NULL);
    ck_assert_int_eq(a.status, 202);
    ck_assert_int_eq(number_at(a.json, "accepted"), 1000);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s' AND status = 'completed'",
                          u.id) == 1000,
               20000);
    for (int i = 0; i < 1000; i += 111)
        expect_each_once(text_at(a.json, text("results/%d/id", i)), 1);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_recipients r JOIN messages m"
                                " ON m.id = r.message_id WHERE m.user_id = '%s' AND attempts = 1", u.id),
                     1000);
    free(body);
}
END_TEST

/* ---- lists and the timeline ---- */

START_TEST(pages_show_each_message_once_while_others_are_added)
{
    struct user u = user_new("unlimited");
    const char *cursor = NULL;
    int seen = 0, pages = 0, times[10] = { 0 };

    for (int i = 0; i < 10; i++)
        later(&u, text("+1555124100%d", i), 3600000);
    do {
        struct answer a = get(&u, cursor == NULL ? MESSAGES "?limit=3&status=scheduled"
                                                 : text(MESSAGES "?limit=3&status=scheduled&cursor=%s", cursor));
        size_t n = json_array_size(at(a.json, "data"));

        ck_assert_int_eq(a.status, 200);
        for (size_t i = 0; i < n; i++) {
            const char *number = sql_text("SELECT recipient FROM message_recipients WHERE message_id = '%s'",
                                          text_at(a.json, text("data/%zu/id", i)));

            ck_assert_int_eq(strncmp(number, "+1555124100", 11), 0);
            ck_assert_int_eq(++times[number[11] - '0'], 1);
        }
        seen += (int)n;
        later(&u, text("+1555124110%d", pages++), 3600000); /* newer than the cursor: never seen */
        cursor = json_is_null(at(a.json, "next_cursor")) ? NULL : text_at(a.json, "next_cursor");
    } while (cursor != NULL);
    ck_assert_int_eq(seen, 10);
    ck_assert_int_eq(pages, 4);
}
END_TEST

START_TEST(every_filter_alone_and_with_another_finds_what_sql_finds)
{
    static const char *const filters[][2] = {
        { "status=scheduled", "m.status = 'scheduled'" },
        { "status=completed", "m.status = 'completed'" },
        { "status=failed", "m.status = 'failed'" },
        { "platform=email", "EXISTS (SELECT FROM message_recipients r WHERE r.message_id = m.id"
                            " AND r.platform = 'email')" },
        { "recipient=%2B15551242000", "EXISTS (SELECT FROM message_recipients r WHERE"
                                      " r.message_id = m.id AND r.recipient = '+15551242000')" },
        { "created_after=2020-01-01T00:00:00Z", "m.created_at > '2020-01-01Z'" },
        { "created_before=2020-01-01T00:00:00Z", "m.created_at < '2020-01-01Z'" },
    };
    size_t n = sizeof filters / sizeof *filters;
    struct user u = user_new("unlimited");

    later(&u, "+15551242000", 3600000);
    send_to(&u, "email", "ada.listed@example.com");
    send_to(&u, "sms", "+15551242000");
    send_to(&u, "sms", "+15550004000"); /* refused */
    WAIT_UNTIL(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s' AND open_count = 0",
                          u.id) == 3, 5000);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            size_t name = strcspn(filters[i][0], "=") + 1;
            bool pair = strncmp(filters[i][0], filters[k][0], name) != 0;
            struct answer a = get(&u, text(MESSAGES "?%s%s%s", filters[i][0], pair ? "&" : "",
                                           pair ? filters[k][0] : ""));

            if (strncmp(filters[i][0], "recip", 5) == 0 && strncmp(filters[k][0], "platf", 5) == 0)
                continue; /* that pair means one recipient on one platform */
            if (strncmp(filters[k][0], "recip", 5) == 0 && strncmp(filters[i][0], "platf", 5) == 0)
                continue;
            ck_assert_int_eq(a.status, 200);
            ck_assert_msg((int64_t)json_array_size(at(a.json, "data")) ==
                              sql_number("SELECT count(*) FROM messages m WHERE user_id = '%s' AND %s AND %s",
                                         u.id, filters[i][1], pair ? filters[k][1] : "true"),
                          "%s with %s", filters[i][0], filters[k][0]);
        }
    }
}
END_TEST

START_TEST(the_timeline_tells_what_happened_in_order)
{
    static const char *const expected[] = { "accepted", "queued",  "attempt",
                                            "queued",   "attempt", "reported" };
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15550005000"); /* 500 once, then accepted */
    struct answer a;
    size_t found = 0;

    WAIT_UNTIL(is_in(id, "delivered"), 15000);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                          " AND event = 'queued'", id) == 2, 3000);
    a = get(&u, text(MESSAGES "/%s/events", id));
    for (size_t i = 0; i < json_array_size(at(a.json, "data")) && found < 6; i++) {
        if (strcmp(text_at(a.json, text("data/%zu/event", i)), expected[found]) == 0)
            found++;
    }
    ck_assert_msg(found == 6, "%s", a.body);
    ck_assert_str_eq(text_at(a.json, "data/0/event"), "accepted");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND"
                                " event = 'attempt' AND possible_duplicate AND next_attempt_at IS NOT NULL"
                                " AND provider = 'twilio' AND latency_ms IS NOT NULL", id), 1);
    a = get(&u, text(MESSAGES "/%s/recipients?status=delivered&platform=sms", id));
    ck_assert_str_eq(text_at(a.json, "data/0/id"), text("%s.0", id));
}
END_TEST

static void tell(const char *id, const char *event, const char *at)
{
    sql_text("INSERT INTO message_events (message_id, event, at) VALUES ('%s', '%s', %s) RETURNING id::text",
             id, event, at);
}

/* Marks of publications are told late, as other events may be: behind what a caller has read already. */
START_TEST(a_walk_along_a_timeline_misses_nothing_that_is_told_late)
{
    struct user u = user_new("unlimited");
    const char *id = later(&u, "+15551242100", 3600000), *seen = "", *cursor = "";
    int pages = 0;

    tell(id, "attempt", "clock_timestamp()");
    tell(id, "attempt_late", "clock_timestamp()");
    tell(id, "held_back", "clock_timestamp()");
    do {
        struct answer a = get(&u, text(MESSAGES "/%s/events?limit=1%s", id, cursor));

        ck_assert_msg(a.status == 200, "%d %s", a.status, a.body);
        if (json_array_size(at(a.json, "data")) > 0)
            seen = text("%s %s", seen, text_at(a.json, "data/0/event"));
        /* Behind the acceptance, before what the second page would have shown; later by less than is allowed. */
        if (++pages == 2)
            tell(id, "queued", text("(SELECT greatest(created_at + interval '1 millisecond',"
                                    " clock_timestamp() - interval '400 milliseconds')"
                                    "  FROM messages WHERE id = '%s')", id));
        cursor = json_is_null(at(a.json, "next_cursor")) ? NULL : text("&cursor=%s", text_at(a.json, "next_cursor"));
    } while (cursor != NULL);
    ck_assert_ptr_nonnull(strstr(seen, " queued"));
    ck_assert_ptr_nonnull(strstr(seen, " attempt "));
    ck_assert_ptr_nonnull(strstr(seen, " attempt_late"));
    ck_assert_ptr_nonnull(strstr(seen, " held_back"));
    ck_assert_int_eq(strncmp(seen, " accepted ", 10), 0);
    ck_assert_uint_eq(strlen(seen), strlen(" accepted queued attempt attempt_late held_back")); /* each once */
}
END_TEST

/* ---- cancelling ---- */

START_TEST(only_a_scheduled_message_is_cancelled_and_then_never_leaves)
{
    struct user u = user_new("unlimited");
    const char *id = later(&u, "+15551243000", 3600000);
    struct answer a = http("DELETE", text(MESSAGES "/%s", id), u.key, NULL, NULL);

    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(text_at(a.json, "status"), "cancelled");
    ck_assert_str_eq(text_at(a.json, "recipients/0/status"), "cancelled");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch WHERE message_id = '%s'", id), 0);
    a = http("DELETE", text(MESSAGES "/%s", id), u.key, NULL, NULL);
    expect_problem(&a, 409, "not_cancellable");
    ck_assert_ptr_nonnull(strstr(text_at(a.json, "detail"), "is cancelled"));
    a = http("DELETE", MESSAGES "/" NO_ONES_ID, u.key, NULL, NULL);
    expect_problem(&a, 404, "not_found");
}
END_TEST

/* ---- the guide ---- */

/* A script that prints TAP of its own, which must not mix with ours. */
static void expect_success(const char *script, const char *log)
{
    const char *top = getenv("top_srcdir"), *said = stack_file(log);
    int status = system(text("exec %s/%s %s >%s 2>&1 </dev/null", top == NULL ? "." : top, script,
                             stack_file("env"), said));

    if (status != 0)
        fputs(witness_read(said), stderr);
    ck_assert_int_eq(status, 0);
}

START_TEST(the_commands_of_the_guide_print_what_it_says)
{
    expect_success("tests/openapi/transcripts.sh", "log/transcripts.log");
}
END_TEST

START_TEST(the_commands_of_the_manual_work_as_they_stand)
{
    const char *top = getenv("top_srcdir");

    expect_success(text("tests/openapi/python.sh %s/tests/manual/commands.py", top == NULL ? "." : top),
                   "log/manual.log");
}
END_TEST

/* ---- other methods, other origins ---- */

/* The value of each header of the one that must be the other's, too. */
static void expect_same_headers(const struct answer *a, const struct answer *b, const char *path)
{
    static const char *const differ[] = { "Date", "X-Request-Id", "X-RateLimit-Remaining",
                                          "X-RateLimit-Reset", "Connection" };

    for (const char *line = strchr(a->headers, '\n') + 1; *line != '\r' && *line != '\0';
         line = strchr(line, '\n') + 1) {
        const char *name = text("%.*s", (int)strcspn(line, ":"), line), *value = header(b, name);
        bool free = false;

        for (size_t i = 0; i < sizeof differ / sizeof *differ; i++)
            free |= strcasecmp(name, differ[i]) == 0;
        ck_assert_msg(free || (value != NULL && strcmp(value, header(a, name)) == 0),
                      "%s: %s is %s, not %s", path, name, value, header(a, name));
    }
}

START_TEST(head_is_answered_like_get_without_the_body)
{
    struct user u = user_new("premium");
    const char *id = later(&u, "+15551244000", 3600000);
    const char *const paths[] = { "/health", "/version", "/openapi.yaml", "/docs", "/nowhere", MESSAGES,
                                  text(MESSAGES "/%s", id), text(MESSAGES "/%s/recipients", id),
                                  text(MESSAGES "/%s/events?limit=1", id), MESSAGES "?limit=0",
                                  MESSAGES "/" NO_ONES_ID };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer whole = get(&u, paths[i]), head = http("HEAD", paths[i], u.key, NULL, NULL);

        ck_assert_msg(head.status == whole.status, "%s: %d, not %d", paths[i], head.status, whole.status);
        ck_assert_msg(*whole.body != '\0' && *head.body == '\0', "%s: %s", paths[i], head.body);
        expect_same_headers(&whole, &head, paths[i]);
        expect_same_headers(&head, &whole, paths[i]);
        /* The web server would hide a body of ours. */
        head = fastcgi_call(fastcgi_socket("fcgi-1"), "HEAD", paths[i], u.key, NULL);
        ck_assert_msg(head.status == whole.status && *head.body == '\0', "%s: %s", paths[i], head.body);
    }
}
END_TEST

START_TEST(options_tells_what_is_allowed_and_another_method_is_405)
{
    static const struct {
        const char *path, *allow;
    } rows[] = {
        { MESSAGES, "POST, GET, HEAD, OPTIONS" },
        { MESSAGES "/bulk", "POST, OPTIONS" },
        { MESSAGES "/" NO_ONES_ID, "GET, HEAD, DELETE, OPTIONS" },
        { MESSAGES "/" NO_ONES_ID "/events", "GET, HEAD, OPTIONS" },
        { "/webhooks/twilio", "POST, OPTIONS" },
        { "/health", "GET, HEAD, OPTIONS" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer a = http("OPTIONS", rows[i].path, NULL, NULL, NULL);

        ck_assert_int_eq(a.status, 204);
        ck_assert_str_eq(a.body, "");
        ck_assert_str_eq(header(&a, "Allow"), rows[i].allow);
        a = http("PUT", rows[i].path, NULL, "{}", NULL);
        expect_problem(&a, 405, "method_not_allowed");
        ck_assert_str_eq(header(&a, "Allow"), rows[i].allow);
    }
}
END_TEST

START_TEST(a_listed_origin_may_call_and_no_other_and_never_with_credentials)
{
    const char *const *preflight =
        HEADERS("Origin: https://app.example.com", "Access-Control-Request-Method: POST");
    struct answer a = http("OPTIONS", MESSAGES, NULL, NULL, preflight);

    ck_assert_int_eq(a.status, 204);
    ck_assert_str_eq(header(&a, "Access-Control-Allow-Origin"), "https://app.example.com");
    ck_assert_ptr_nonnull(strstr(header(&a, "Access-Control-Allow-Methods"), "POST"));
    ck_assert_ptr_nonnull(strstr(header(&a, "Access-Control-Allow-Headers"), "X-API-Key"));
    ck_assert_str_eq(header(&a, "Vary"), "Origin");
    ck_assert_ptr_null(header(&a, "Access-Control-Allow-Credentials"));
    a = http("GET", "/health", NULL, NULL, HEADERS("Origin: https://evil.example.com"));
    ck_assert_ptr_null(header(&a, "Access-Control-Allow-Origin"));
    a = http("GET", MESSAGES, NULL, NULL, HEADERS("Origin: https://app.example.com"));
    expect_problem(&a, 401, "missing_api_key");
    ck_assert_str_eq(header(&a, "Access-Control-Allow-Origin"), "https://app.example.com");
}
END_TEST

START_TEST(the_description_is_served_and_names_every_route)
{
    struct answer a = http("GET", "/openapi.yaml", NULL, NULL, NULL);

    ck_assert_int_eq(a.status, 200);
    for (size_t i = 0; i < n_routes; i++)
        ck_assert_msg(strstr(a.body, text("\n  %s:\n", routes[i].path)) != NULL, "%s", routes[i].path);
    for (const char *p = strstr(a.body, "\n  /"); p != NULL; p = strstr(p + 1, "\n  /")) {
        bool known = false;

        for (size_t i = 0; i < n_routes; i++)
            known |= strncmp(p + 3, routes[i].path, strlen(routes[i].path)) == 0 &&
                     p[3 + strlen(routes[i].path)] == ':';
        ck_assert_msg(known, "%.60s", p + 3);
    }
    a = http("GET", "/docs", NULL, NULL, NULL);
    ck_assert_int_eq(a.status, 200);
    ck_assert_ptr_nonnull(strstr(header(&a, "Content-Type"), "text/html"));
}
END_TEST

STACK_SUITE("whole_api", settings, another_users_id_is_an_unknown_id_on_every_route,
            a_list_shows_the_callers_own_and_an_admin_may_ask_for_a_users,
            a_hundred_parallel_posts_with_one_key_make_one_message,
            a_key_answers_the_same_body_again_and_refuses_another,
            a_bulk_accepts_together_and_names_what_it_refuses,
            a_bulk_of_a_thousand_is_delivered_once_each,
            pages_show_each_message_once_while_others_are_added,
            every_filter_alone_and_with_another_finds_what_sql_finds,
            the_timeline_tells_what_happened_in_order,
            a_walk_along_a_timeline_misses_nothing_that_is_told_late,
            only_a_scheduled_message_is_cancelled_and_then_never_leaves,
            the_commands_of_the_guide_print_what_it_says,
            the_commands_of_the_manual_work_as_they_stand, head_is_answered_like_get_without_the_body,
            options_tells_what_is_allowed_and_another_method_is_405,
            a_listed_origin_may_call_and_no_other_and_never_with_credentials,
            the_description_is_served_and_names_every_route)
