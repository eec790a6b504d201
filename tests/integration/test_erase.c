/* notifyctl user erase on the real system: no byte of the address stays, and nothing else is touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/integration/operator.h"
#include "tests/integration/witness.h"

static const char *const settings[] = { "rate_limit.unlimited=0", "worker.max_attempts=1",
                                        "scheduler.interval_ms=100", NULL };

/* How many lines of the whole database hold a text, in whatever case. */
static int lines_with(const char *what)
{
    FILE *dump = popen(text("pg_dump --data-only '%s'", stack_env("DATABASE_URL")), "re");
    char *line = NULL;
    size_t room = 0;
    int n = 0;

    ck_assert_ptr_nonnull(dump);
    while (getline(&line, &room, dump) >= 0)
        n += strcasestr(line, what) != NULL;
    free(line);
    ck_assert_int_eq(pclose(dump), 0);
    return n;
}

/* All that the tables of messages hold. */
static const char *everything(void)
{
    return sql_text("SELECT md5(concat((SELECT string_agg(m::text, '' ORDER BY id) FROM messages m),"
                    " (SELECT string_agg(r::text, '' ORDER BY message_id, n) FROM message_recipients r),"
                    " (SELECT string_agg(d::text, '' ORDER BY message_id, n) FROM dispatch d),"
                    " (SELECT string_agg(s::text, '' ORDER BY message_id, lane) FROM dispatch_runs s),"
                    " (SELECT string_agg(e::text, '' ORDER BY id) FROM message_events e),"
                    " (SELECT string_agg(i::text, '' ORDER BY key) FROM idempotency i),"
                    " (SELECT string_agg(u::text, '' ORDER BY id) FROM users u)))");
}

/* Marks of publication and callbacks of earlier tests come late. */
static void await_rest(void)
{
    const char *before = "", *now = everything();

    for (int i = 0; i < 20 && strcmp(before, now) != 0; i++) {
        before = now;
        clock_sleep_ms(700);
        now = everything();
    }
    ck_assert_str_eq(before, now);
}

static const char *recipient_of(const char *id, int n)
{
    return sql_text("SELECT recipient FROM message_recipients WHERE message_id = '%s' AND n = %d", id, n);
}

static const char *content_of(const char *id)
{
    return sql_text("SELECT content FROM messages WHERE id = '%s'", id);
}

#define TO(platform, address) "{\"platform\":\"" platform "\",\"recipient\":\"" address "\"}"

START_TEST(no_byte_of_the_address_stays_and_nobody_else_is_touched)
{
    struct user u = user_new("unlimited");
    const char *alone, *shared, *later, *mentions, *others;
    struct answer a;
    json_t *doc;

    a = http("POST", "/api/v1/messages", u.key,
             "{\"content\":\"For Ada.L@Example.com\",\"subject\":\"Dear ada.l@example.com\","
             "\"html\":\"<a href='mailto:ada.l@example.com'>\",\"metadata\":{\"of\":\"ada.l@example.com\"},"
             "\"recipients\":[{\"platform\":\"email\",\"recipient\":\"Ada.L@Example.com\","
             "\"metadata\":{\"name\":\"ada.l@example.com\"}}]}",
             HEADERS("Idempotency-Key: welcome-ada.l@example.com"));
    ck_assert_int_eq(a.status, 202);
    alone = text_at(a.json, "id");
    shared = send_body(&u, "{\"content\":\"To ada.l@example.com, and zada.l@example.com\","
                           "\"metadata\":{\"cc\":\"\\nada.l@example.com\"},\"recipients\":["
                           TO("email", "ada.l@example.com") "," TO("email", "bob.m@example.com") "]}");
    later = send_body(&u, text("{\"content\":\"Later\",%s,\"recipients\":[" TO("email", "ADA.L@example.com") ","
                               TO("email", "carol.n@example.com") "]}", tomorrow()));
    mentions = send_body(&u, "{\"content\":\"Ask ada.l@example.com.\",\"recipients\":["
                             TO("email", "carol.n@example.com") "]}");
    others = send_body(&u, "{\"content\":\"Hello\",\"recipients\":[" TO("email", "zada.l@example.com") ","
                           TO("email", "ada.l@example.com.au") "]}");
    WAIT_UNTIL(count_in(alone, "sent") + count_in(shared, "sent") + count_in(mentions, "sent") +
                   count_in(others, "sent") == 6, 30000);
    sql_text("INSERT INTO callback_parked (provider, event_id, event, step, message, due_at) VALUES"
             " ('smtp', 'e1', 'x', '', 'unknown: ada.l@example.com', now() + interval '1 h')");
    sql_text("UPDATE message_events SET detail = 'told of ada.l@example.com', provider_id = 'p-ada'"
             " WHERE message_id = '%s' AND n = 0", alone);

    doc = DOCUMENT(0, "user", "erase", "ada.l@example.com", "--yes");
    ck_assert_int_eq(number_at(doc, "cancelled"), 1);
    ck_assert_int_eq(number_at(doc, "erased"), 3);
    ck_assert_int_eq(number_at(doc, "contents"), 1);
    ck_assert_int_eq(number_at(doc, "mentions"), 2);
    ck_assert_int_eq(number_at(doc, "idempotency_keys"), 1);
    ck_assert_int_eq(number_at(doc, "callbacks"), 1);
    ck_assert_str_eq(recipient_of(alone, 0), "[erased]");
    ck_assert_str_eq(recipient_of(shared, 0), "[erased]");
    ck_assert_str_eq(recipient_of(later, 0), "[erased]");
    ck_assert_str_eq(recipient_of(shared, 1), "bob.m@example.com");
    ck_assert_str_eq(content_of(alone), "[erased]");
    ck_assert_str_eq(content_of(shared), "To ada.l@example.com, and zada.l@example.com");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                                " AND event = 'attempt' AND provider_id IS NULL AND detail IS NULL", alone), 1);

    doc = DOCUMENT(0, "user", "erase", "ada.l@example.com", "--content", "--yes");
    ck_assert_int_eq(number_at(doc, "erased"), 0);
    ck_assert_int_eq(number_at(doc, "mentions"), 2);
    ck_assert_str_eq(content_of(shared), "To [erased], and zada.l@example.com");
    ck_assert_str_eq(content_of(mentions), "Ask [erased].");
    ck_assert_str_eq(sql_text("SELECT metadata->>'cc' FROM messages WHERE id = '%s'", shared), "\n[erased]");
    ck_assert_str_eq(recipient_of(others, 0), "zada.l@example.com");
    ck_assert_str_eq(recipient_of(others, 1), "ada.l@example.com.au");
    ck_assert_int_eq(lines_with("ada.l@example.com"),
                     lines_with("zada.l@example.com") + lines_with("ada.l@example.com.au"));
    doc = DOCUMENT(0, "user", "erase", "ada.l@example.com", "--content", "--yes");
    ck_assert_int_eq(number_at(doc, "mentions"), 0);

    /* What is told of them stays as described, and the sums are right. */
    a = http("GET", text("/api/v1/messages/%s", alone), u.key, NULL, NULL);
    ck_assert_str_eq(text_at(a.json, "recipients/0/recipient"), "[erased]");
    ck_assert_str_eq(text_at(a.json, "recipients/0/status"), "sent");
    ck_assert_str_eq(text_at(a.json, "status"), "completed");
    a = http("GET", text("/api/v1/messages/%s/events", later), u.key, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(a.body, "\"erased\""));
    a = http("GET", "/api/v1/messages?recipient=ada.l%40example.com", u.key, NULL, NULL);
    ck_assert_uint_eq(json_array_size(at(a.json, "data")), 0);
    DOCUMENT(0, "audit");

    /* The other one of a scheduled message can still be called off. */
    a = http("GET", text("/api/v1/messages/%s", later), u.key, NULL, NULL);
    ck_assert_str_eq(text_at(a.json, "status"), "scheduled");
    a = http("GET", "/api/v1/messages?status=scheduled", u.key, NULL, NULL);
    ck_assert_uint_eq(json_array_size(at(a.json, "data")), 1);
    a = http("DELETE", text("/api/v1/messages/%s", later), u.key, NULL, NULL);
    ck_assert_int_eq(a.status, 200);
    ck_assert_int_eq(count_in(later, "cancelled"), 2);
    DOCUMENT(0, "audit");
}
END_TEST

START_TEST(a_number_is_found_however_it_is_written_and_on_the_platform_that_is_asked_for)
{
    struct user u = user_new("unlimited");
    const char *id = send_body(&u, "{\"content\":\"Call 15558675309, not 155586753091\",\"recipients\":["
                                   TO("sms", "+15558675309") "," TO("whatsapp", "+15558675309") ","
                                   TO("sms", "+155586753091") "]}");

    WAIT_UNTIL(count_in(id, "sent,delivered,read") == 3, 30000);
    DOCUMENT(0, "user", "erase", "+1 (555) 867-5309", "--platform", "sms", "--yes");
    ck_assert_str_eq(recipient_of(id, 0), "[erased]");
    ck_assert_str_eq(recipient_of(id, 1), "+15558675309");
    DOCUMENT(0, "user", "erase", "+1 (555) 867-5309", "--content", "--yes");
    ck_assert_str_eq(recipient_of(id, 1), "[erased]");
    ck_assert_str_eq(recipient_of(id, 2), "+155586753091");
    ck_assert_str_eq(content_of(id), "Call [erased], not 155586753091");
    ck_assert_int_eq(lines_with("15558675309"), lines_with("155586753091"));
}
END_TEST

START_TEST(a_dry_run_and_wrong_usage_change_nothing)
{
    struct user u = user_new("unlimited");
    const char *late = send_with(&u, "email", "dora@example.com", tomorrow()), *before;
    json_t *doc;

    await_rest();
    before = everything();
    doc = DOCUMENT(0, "user", "erase", "DORA@example.com", "--content", "--dry-run");
    ck_assert_int_eq(number_at(doc, "cancelled"), 1);
    ck_assert_int_eq(number_at(doc, "erased"), 1);
    ck_assert_int_eq(number_at(doc, "contents"), 1);
    ck_assert_str_eq(everything(), before);
    EXPECT(2, "--dry-run", "user", "erase", "dora@example.com");
    EXPECT(2, "ADDRESS must be", "user", "erase", "dora", "--yes");
    EXPECT(2, "usage: ", "user", "erase", "--yes");
    ck_assert_str_eq(everything(), before);
    DOCUMENT(0, "user", "erase", "dora@example.com", "--yes");
    ck_assert_str_eq(status_of(late), "cancelled");
    ck_assert_str_eq(message_status(late), "cancelled");
    ck_assert_int_eq(count_in(late, "cancelled"), 1);
    DOCUMENT(0, "audit");
}
END_TEST

START_TEST(what_is_in_flight_is_told_and_goes_the_next_time)
{
    struct user u = user_new("unlimited");
    const char *id;
    json_t *doc;

    service_down("workerd");
    id = send_to(&u, "sms", "+15558670001");
    WAIT_UNTIL(is_in(id, "queued"), 5000);
    sql_text("UPDATE message_recipients SET status = 'sending' WHERE message_id = '%s'", id);
    doc = DOCUMENT(1, "user", "erase", "+15558670001", "--yes");
    ck_assert_int_eq(number_at(doc, "in_flight"), 1);
    ck_assert_int_eq(number_at(doc, "erased"), 0);
    EXPECT(1, "run it again", "user", "erase", "+15558670001", "--yes");
    ck_assert_str_eq(recipient_of(id, 0), "+15558670001");
    sql_text("UPDATE message_recipients SET status = 'queued' WHERE message_id = '%s'", id);
    doc = DOCUMENT(0, "user", "erase", "+15558670001", "--yes");
    ck_assert_int_eq(number_at(doc, "cancelled"), 1);
    service_up("workerd");
    DOCUMENT(0, "audit");
    clock_sleep_ms(500); /* its event is on the belt: it would leave now */
    ck_assert_int_eq(request_count(text("%s.0", id)), 0);
}
END_TEST

/* What would be read by others meanwhile is not changed under them. */
START_TEST(a_live_message_to_others_keeps_its_text)
{
    struct user u = user_new("unlimited");
    const char *late = send_body(&u, text("{\"content\":\"Ask erin@example.com\",%s,\"recipients\":["
                                          TO("sms", "+15558670002") "]}", tomorrow()));
    json_t *doc = DOCUMENT(1, "user", "erase", "erin@example.com", "--content", "--yes");

    ck_assert_int_eq(number_at(doc, "mentions_live"), 1);
    ck_assert_str_eq(content_of(late), "Ask erin@example.com");
    ck_assert_int_eq(http("DELETE", text("/api/v1/messages/%s", late), u.key, NULL, NULL).status, 200);
    DOCUMENT(0, "user", "erase", "erin@example.com", "--content", "--yes");
    ck_assert_str_eq(content_of(late), "Ask [erased]");
}
END_TEST

START_TEST(an_erased_failure_is_no_dead_letter_and_never_leaves_again)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15550004000");

    WAIT_UNTIL(is_in(id, "failed"), 30000);
    ck_assert_uint_eq(json_array_size(at(DOCUMENT(0, "dead", "list", "--message", id), "data")), 1);
    DOCUMENT(0, "user", "erase", "+15550004000", "--yes");
    ck_assert_uint_eq(json_array_size(at(DOCUMENT(0, "dead", "list", "--message", id), "data")), 0);
    EXPECT(1, "its address was erased", "dead", "replay", text("%s.0", id));
    EXPECT(0, "[erased]", "dead", "show", text("%s.0", id));
    ck_assert_str_eq(status_of(id), "failed");
    DOCUMENT(0, "audit");
}
END_TEST

START_TEST(an_account_with_the_address_is_told_of_and_left_alone)
{
    struct user u = user_new("unlimited");

    ck_assert(json_is_true(at(DOCUMENT(0, "user", "erase", u.email, "--yes"), "has_account")));
    EXPECT(0, "`notifyctl user disable` refuses its calls", "user", "erase", u.email, "--yes");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM users WHERE email = '%s' AND active", u.email), 1);
    ck_assert(json_is_false(at(DOCUMENT(0, "user", "erase", "nobody@example.com", "--yes"), "has_account")));
}
END_TEST

STACK_SUITE("erase", settings, no_byte_of_the_address_stays_and_nobody_else_is_touched,
            a_number_is_found_however_it_is_written_and_on_the_platform_that_is_asked_for,
            a_dry_run_and_wrong_usage_change_nothing, what_is_in_flight_is_told_and_goes_the_next_time,
            a_live_message_to_others_keeps_its_text,
            an_erased_failure_is_no_dead_letter_and_never_leaves_again,
            an_account_with_the_address_is_told_of_and_left_alone)
