/* The API through the web server: who may call, how often, and what an answer looks like. */
#include <stdlib.h>
#include <string.h>

#include "tests/integration/crowd.h"
#include "tests/integration/fastcgi.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"
#define NO_ONES_ID "01890000-0000-7000-8000-000000000000"

static const char *const settings[] = { "rate_limit.unlimited=0", "rate_limit.gold=7", NULL };

static struct answer show(const char *id, const char *key)
{
    return http("GET", text(MESSAGES "/%s", id), key, NULL, NULL);
}

/* ---- sending and showing ---- */

START_TEST(a_202_names_the_message_and_where_it_is_found)
{
    struct user u = user_new("free");
    struct answer a = http("POST", MESSAGES, u.key, sms_body("+15551230001"), NULL);
    const char *id = text_at(a.json, "id");

    ck_assert_int_eq(a.status, 202);
    ck_assert_str_eq(header(&a, "Content-Type"), "application/json");
    ck_assert_str_eq(header(&a, "Location"), text(MESSAGES "/%s", id));
    ck_assert_str_eq(text_at(a.json, "status"), "pending");
    ck_assert_int_eq(number_at(a.json, "recipient_count"), 1);
    ck_assert(json_is_null(at(a.json, "scheduled_at")));
    ck_assert_int_eq(id[14], '7'); /* UUIDv7 */
    a = http("GET", header(&a, "Location"), u.key, NULL, NULL);
    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(text_at(a.json, "id"), id);
}
END_TEST

START_TEST(a_message_is_shown_as_it_was_sent_with_every_recipient)
{
    struct user u = user_new("free");
    const char *id = send_body(&u,
        "{\"content\":\"Grüße an 世界, shown again\",\"subject\":\"Betreff: schöne Grüße\","
        "\"html\":\"<p>Grüße</p>\",\"priority\":\"high\",\"metadata\":{\"order\":\"4711\"},"
        "\"expires_at\":\"2099-01-01T00:00:00+01:00\",\"recipients\":["
        "{\"platform\":\"sms\",\"recipient\":\"+15551230002\"},"
        "{\"platform\":\"sms\",\"recipient\":\"+15551230002\"},"
        "{\"platform\":\"email\",\"recipient\":\"ada.shown@example.com\"},"
        "{\"platform\":\"telegram\",\"recipient\":\"@channel_shown\"}]}");
    struct answer a;

    WAIT_UNTIL(count_in(id, "sent,delivered") == 3, 5000);
    a = show(id, u.key);
    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(text_at(a.json, "content"), "Grüße an 世界, shown again");
    ck_assert_str_eq(text_at(a.json, "subject"), "Betreff: schöne Grüße");
    ck_assert_str_eq(text_at(a.json, "html"), "<p>Grüße</p>");
    ck_assert_str_eq(text_at(a.json, "priority"), "high");
    ck_assert_str_eq(text_at(a.json, "metadata/order"), "4711");
    ck_assert_str_eq(text_at(a.json, "expires_at"), "2098-12-31T23:00:00.000Z");
    ck_assert_str_eq(text_at(a.json, "status"), "completed");
    ck_assert_int_eq(number_at(a.json, "recipient_count"), 3);
    ck_assert_uint_eq(json_array_size(at(a.json, "recipients")), 3);
    ck_assert_int_eq(number_at(a.json, "summary/sent") + number_at(a.json, "summary/delivered"), 3);
    ck_assert_int_eq(number_at(a.json, "summary/failed"), 0);
    ck_assert_str_eq(text_at(a.json, "recipients/1/id"), text("%s.1", id));
    ck_assert_str_eq(text_at(a.json, "recipients/1/platform"), "email");
    ck_assert_str_eq(text_at(a.json, "recipients/1/recipient"), "ada.shown@example.com");
    ck_assert_str_eq(text_at(a.json, "recipients/1/provider"), "smtp");
    ck_assert_int_eq(number_at(a.json, "recipients/1/attempts"), 1);
    ck_assert(json_is_null(at(a.json, "recipients/1/error")));
    ck_assert_str_ne(text_at(a.json, "recipients/1/sent_at"), "");
}
END_TEST

/* ---- keys and users ---- */

START_TEST(without_a_key_there_is_no_answer_but_401)
{
    struct answer a = http("POST", MESSAGES, NULL, sms_body("+15551230003"), NULL);

    expect_problem(&a, 401, "missing_api_key");
}
END_TEST

START_TEST(keys_that_are_none_are_401)
{
    static const char *const keys[] = {
        "x", "nsk_", "nsk_0123456789012345678901234567890123456789",
        "nsk_012345678901234567890123456789012345678", "' OR 1=1 --",
        "nsk_01234567890123456789012345678901234567890123456789",
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct answer a = show(NO_ONES_ID, keys[i]);

        expect_problem(&a, 401, "invalid_api_key");
    }
}
END_TEST

START_TEST(a_key_may_come_as_a_bearer_token)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15551230004");
    struct answer a = http("GET", text(MESSAGES "/%s", id), NULL, NULL,
                           HEADERS(text("Authorization: Bearer %s", u.key)));

    ck_assert_int_eq(a.status, 200);
}
END_TEST

static bool both_answer(const char *key, int status)
{
    static const char *const responders[] = { "fcgi-1", "fcgi-2" };

    for (int i = 0; i < 2; i++) {
        if (fastcgi_call(fastcgi_socket(responders[i]), "GET", MESSAGES "/" NO_ONES_ID, key, NULL)
                .status != status)
            return false;
    }
    return true;
}

START_TEST(a_revoked_key_stops_working_everywhere_within_10_seconds)
{
    struct user u = user_new("unlimited");
    struct answer a;

    ck_assert(both_answer(u.key, 404));
    notifyctl(HEADERS("key", "revoke", u.key));
    WAIT_UNTIL(both_answer(u.key, 401), 10000);
    a = http("POST", MESSAGES, u.key, sms_body("+15551230005"), NULL);
    expect_problem(&a, 401, "invalid_api_key");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u.id), 0);
}
END_TEST

START_TEST(a_disabled_user_is_403_within_10_seconds_and_an_enabled_one_may_again)
{
    struct user u = user_new("unlimited");
    struct answer a;

    ck_assert(both_answer(u.key, 404));
    notifyctl(HEADERS("user", "disable", u.email));
    WAIT_UNTIL(both_answer(u.key, 403), 10000);
    a = show(NO_ONES_ID, u.key);
    expect_problem(&a, 403, "account_disabled");
    notifyctl(HEADERS("user", "enable", u.email));
    WAIT_UNTIL(both_answer(u.key, 404), 10000);
}
END_TEST

/* The two answers may differ in the request's id alone. */
static void expect_same_but_id(const struct answer *a, const struct answer *b)
{
    ck_assert_int_eq(a->status, b->status);
    json_object_del(a->json, "request_id");
    json_object_del(b->json, "request_id");
    ck_assert_msg(json_equal(a->json, b->json), "%s differs from %s", a->body, b->body);
}

START_TEST(another_users_message_is_404_as_one_that_does_not_exist)
{
    struct user owner = user_new("free"), other = user_new("free");
    const char *id = send_to(&owner, "sms", "+15551230006");
    struct answer a = show(id, other.key), b = show(NO_ONES_ID, other.key);

    expect_problem(&a, 404, "not_found");
    expect_same_but_id(&a, &b);
    ck_assert_int_eq(show(id, owner.key).status, 200);
}
END_TEST

START_TEST(an_administrator_sees_every_users_message)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15551230007");

    ck_assert_int_eq(show(id, stack_env("NOTIFY_ADMIN_KEY")).status, 200);
    ck_assert_int_eq(show(id, stack_env("NOTIFY_API_KEY")).status, 404);
}
END_TEST

/* ---- quotas ---- */

/* Of a window of a minute. */
static void expect_seconds(const struct answer *a, const char *name)
{
    const char *value = header(a, name);

    ck_assert_msg(value != NULL && atoi(value) >= 1 && atoi(value) <= 60, "%s is %s", name, value);
}

START_TEST(the_free_tier_has_60_calls_a_minute_exactly_over_two_processes)
{
    struct user u = user_new("free");
    struct answer a;

    for (int i = 1; i <= 60; i++) {
        a = fastcgi_call(fastcgi_socket(i % 2 == 0 ? "fcgi-1" : "fcgi-2"), "GET",
                         MESSAGES "/" NO_ONES_ID, u.key, NULL);
        ck_assert_msg(a.status == 404, "call %d: %d %s", i, a.status, a.body);
        ck_assert_str_eq(header(&a, "X-RateLimit-Limit"), "60");
        ck_assert_str_eq(header(&a, "X-RateLimit-Remaining"), text("%d", 60 - i));
        expect_seconds(&a, "X-RateLimit-Reset");
    }
    for (int i = 0; i < 2; i++) {
        a = http("POST", MESSAGES, u.key, sms_body("+15551230008"), NULL);
        expect_problem(&a, 429, "rate_limited");
        ck_assert_str_eq(header(&a, "X-RateLimit-Remaining"), "0");
        expect_seconds(&a, "Retry-After");
    }
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u.id), 0);
}
END_TEST

START_TEST(each_tier_has_its_limit_and_a_further_one_is_set_by_its_name)
{
    static const struct {
        const char *tier, *limit, *left;
    } tiers[] = { { "free", "60", "59" }, { "basic", "300", "299" }, { "premium", "1000", "999" },
                  { "gold", "7", "6" }, { "unlimited", NULL, NULL } };

    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++) {
        struct user u = user_new(tiers[i].tier);
        struct answer a = show(NO_ONES_ID, u.key);

        expect_problem(&a, 404, "not_found");
        ck_assert_pstr_eq(header(&a, "X-RateLimit-Limit"), tiers[i].limit);
        ck_assert_pstr_eq(header(&a, "X-RateLimit-Remaining"), tiers[i].left);
        for (int k = 1; strcmp(tiers[i].tier, "gold") == 0 && k < 8; k++)
            a = show(NO_ONES_ID, u.key);
        ck_assert_int_eq(a.status, strcmp(tiers[i].tier, "gold") == 0 ? 429 : 404);
    }
}
END_TEST

#define CALLERS 8
#define CALLS_EACH 20

/* What was left, as each answer said it: counts[left], and counts[599] for those that were refused. */
static void call_often(int i, const void *with, struct caller_seen *seen)
{
    const struct user *u = with;
    const char *url = text("%s" MESSAGES "/" NO_ONES_ID, stack_env("NOTIFY_URL"));
    struct answer a;

    for (int k = 0; k < CALLS_EACH; k++) {
        if (!http_send("GET", url, u->key, NULL, NULL, &a))
            continue;
        if (a.status == 429)
            seen->counts[599]++;
        else if (a.status == 404 && header(&a, "X-RateLimit-Remaining") != NULL)
            seen->counts[atoi(header(&a, "X-RateLimit-Remaining"))]++;
    }
}

START_TEST(of_many_calls_at_once_exactly_the_limit_passes)
{
    struct user u = user_new("free");
    struct caller_seen *seen = crowd_run(CALLERS, call_often, &u);
    int refused = 0;

    for (int left = 0; left < 60; left++) {
        int times = 0;

        for (int i = 0; i < CALLERS; i++)
            times += seen[i].counts[left];
        ck_assert_msg(times == 1, "%d calls were told that %d are left", times, left);
    }
    for (int i = 0; i < CALLERS; i++)
        refused += seen[i].counts[599];
    ck_assert_int_eq(refused, CALLERS * CALLS_EACH - 60);
}
END_TEST

START_TEST(one_users_calls_are_not_counted_to_another)
{
    struct user u = user_new("free"), other = user_new("basic");

    ck_assert_str_eq(header(&(struct answer[]){ show(NO_ONES_ID, u.key) }[0], "X-RateLimit-Remaining"),
                     "59");
    ck_assert_str_eq(header(&(struct answer[]){ show(NO_ONES_ID, other.key) }[0],
                            "X-RateLimit-Remaining"), "299");
}
END_TEST

/* ---- request ids ---- */

START_TEST(a_callers_request_id_is_kept)
{
    static const char *const ids[] = {
        "a", "order 4711 ~!\"#$%&'()*+,-./:;<=>?@[]^_`{|}",
        ("0123456789012345678901234567890123456789012345678901234567890123"
         "0123456789012345678901234567890123456789012345678901234567890123"), /* 128 */
    };

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct answer a = http("GET", MESSAGES "/x", NULL, NULL,
                               HEADERS(text("X-Request-Id: %s", ids[i])));

        ck_assert_str_eq(header(&a, "X-Request-Id"), ids[i]);
        expect_problem(&a, 401, "missing_api_key");
    }
}
END_TEST

START_TEST(a_request_id_that_is_none_is_replaced)
{
    static const char *const ids[] = {
        "", "tab\there", "gr\xc3\xbc\xc3\x9f",
        ("0123456789012345678901234567890123456789012345678901234567890123"
         "01234567890123456789012345678901234567890123456789012345678901234"), /* 129 */
    };

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct answer a = http("GET", "/health", NULL, NULL,
                               HEADERS(text("X-Request-Id: %s", ids[i])));

        ck_assert_int_eq(a.status, 200);
        ck_assert_msg(strlen(header(&a, "X-Request-Id")) == 36, "%s", header(&a, "X-Request-Id"));
    }
}
END_TEST

/* ---- what is not there ---- */

START_TEST(ids_that_are_nobodys_are_404)
{
    static const char *const ids[] = {
        NO_ONES_ID, "x", "1", "-1", "null", "01890000-0000-7000-8000-00000000000",
        "01890000-0000-7000-8000-0000000000000", "01890000000070008000000000000000",
        "{01890000-0000-7000-8000-000000000000}", "%27%20OR%201=1", "%C3%BC", "%00", "%2e%2e", "%",
        "0189000g-0000-7000-8000-000000000000",
    };
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct answer a = fastcgi_call(fastcgi_socket("fcgi-1"), "GET", text(MESSAGES "/%s", ids[i]),
                                       u.key, NULL);

        ck_assert_msg(a.status == 404, "%s: %d %s", ids[i], a.status, a.body);
        expect_problem(&a, 404, "not_found");
    }
}
END_TEST

START_TEST(paths_that_do_not_exist_are_404)
{
    static const char *const paths[] = { "/", "/api", "/api/v1", "/api/v1/message", MESSAGES "/a/b/c",
                                         "/healthy", "/health/x", "/API/V1/messages", "//health" };
    struct user u = user_new("unlimited");

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer a = fastcgi_call(fastcgi_socket("fcgi-2"), "GET", paths[i], u.key, NULL);

        ck_assert_msg(a.status == 404, "%s: %d", paths[i], a.status);
        expect_problem(&a, 404, "not_found");
    }
}
END_TEST

START_TEST(a_wrong_method_is_405_and_says_which_are_right)
{
    static const struct {
        const char *method, *path, *allow;
    } rows[] = {
        { "PUT", MESSAGES "/" NO_ONES_ID, "GET" },
        { "PATCH", MESSAGES, "POST" },
        { "DELETE", "/health", "GET" },
        { "GET", "/webhooks/twilio", "POST" },
        { "BREW", MESSAGES, "POST" },
    };
    struct user u = user_new("unlimited");
    const char *allow;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer a = fastcgi_call(fastcgi_socket("fcgi-1"), rows[i].method, rows[i].path, u.key,
                                       NULL);

        ck_assert_msg(a.status == 405, "%s %s: %d", rows[i].method, rows[i].path, a.status);
        expect_problem(&a, 405, "method_not_allowed");
        allow = header(&a, "Allow");
        ck_assert_msg(allow != NULL && strstr(allow, rows[i].allow) != NULL, "%s", allow);
    }
}
END_TEST

START_TEST(health_asks_nobody_and_ready_names_each_neighbour)
{
    struct answer a = http("GET", "/ready", NULL, NULL, NULL);

    ck_assert_int_eq(http("GET", "/health", NULL, NULL, NULL).status, 200);
    ck_assert_int_eq(http("GET", "/version", NULL, NULL, NULL).status, 200);
    ck_assert_int_eq(http("GET", "/metrics", NULL, NULL, NULL).status, 200);
    ck_assert_int_eq(a.status, 200);
    ck_assert_ptr_nonnull(strstr(a.body, "postgres"));
    ck_assert_ptr_nonnull(strstr(a.body, "redis"));
    ck_assert_ptr_nonnull(strstr(a.body, "rabbitmq"));
}
END_TEST

START_TEST(no_secret_and_no_address_is_in_the_logs)
{
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("api", settings, a_202_names_the_message_and_where_it_is_found,
            a_message_is_shown_as_it_was_sent_with_every_recipient,
            without_a_key_there_is_no_answer_but_401, keys_that_are_none_are_401,
            a_key_may_come_as_a_bearer_token,
            a_revoked_key_stops_working_everywhere_within_10_seconds,
            a_disabled_user_is_403_within_10_seconds_and_an_enabled_one_may_again,
            another_users_message_is_404_as_one_that_does_not_exist,
            an_administrator_sees_every_users_message,
            the_free_tier_has_60_calls_a_minute_exactly_over_two_processes,
            each_tier_has_its_limit_and_a_further_one_is_set_by_its_name,
            of_many_calls_at_once_exactly_the_limit_passes,
            one_users_calls_are_not_counted_to_another, a_callers_request_id_is_kept,
            a_request_id_that_is_none_is_replaced, ids_that_are_nobodys_are_404,
            paths_that_do_not_exist_are_404, a_wrong_method_is_405_and_says_which_are_right,
            health_asks_nobody_and_ready_names_each_neighbour,
            no_secret_and_no_address_is_in_the_logs)
