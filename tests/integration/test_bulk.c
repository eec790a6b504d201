/* Bulk: many messages in one call, and in one commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "tests/integration/client.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define BULK "/api/v1/messages/bulk"
#define BODY_MOST (16u << 20)

static const char *const settings[] = { "rate_limit.unlimited=0", NULL };

static struct answer bulk(const struct user *u, const char *messages, const char *const headers[])
{
    return http("POST", BULK, u->key, text("{\"messages\":[%s]}", messages), headers);
}

static int64_t messages_of(const struct user *u)
{
    return sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u->id);
}

/* n_messages texts to n_recipients numbers each, all different, from `first` on. */
static const char *many(int n_messages, int n_recipients, long long first)
{
    struct buf list = BUF_INIT(BODY_MOST);
    const char *kept;

    for (int i = 0; i < n_messages; i++) {
        buf_addf(&list, "%s{\"content\":\"A private text %d\",\"recipients\":[", i > 0 ? "," : "", i);
        for (int k = 0; k < n_recipients; k++)
            buf_addf(&list, "%s{\"platform\":\"sms\",\"recipient\":\"+%lld\"}", k > 0 ? "," : "",
                     first + (long long)i * n_recipients + k);
        buf_adds(&list, "]}");
    }
    kept = text("%s", buf_str(&list));
    buf_free(&list);
    return kept;
}

static void expect_results_in_order(const struct answer *a, const struct user *u, int n)
{
    json_t *rows = sql_rows("SELECT id, content FROM messages WHERE user_id = '%s'", u->id), *row;
    json_t *contents = json_object();
    size_t i;

    json_array_foreach (rows, i, row)
        json_object_set(contents, text_at(row, "0"), json_array_get(row, 1));
    ck_assert_uint_eq(json_array_size(at(a->json, "results")), (size_t)n);
    json_array_foreach (at(a->json, "results"), i, row) {
        ck_assert_int_eq(number_at(row, "index"), (json_int_t)i);
        ck_assert_str_eq(text_at(row, "status"), "pending");
        ck_assert_str_eq(text_at(contents, text_at(row, "id")), text("A private text %zu", i));
    }
}

/* One look at the simulator's log for all of a user's recipients. */
static void expect_all_once(const struct user *u, int n)
{
    json_t *all = requests_for(""), *one, *seen = json_object();
    json_t *rows = sql_rows("SELECT id || '.' || n FROM messages m JOIN message_recipients r"
                            "  ON r.message_id = m.id WHERE user_id = '%s'", u->id);
    size_t i;

    json_array_foreach (all, i, one) {
        const char *id = text_at(one, "recipient_id");

        json_object_set_new(seen, id, json_integer(json_integer_value(json_object_get(seen, id)) + 1));
    }
    ck_assert_uint_eq(json_array_size(rows), (size_t)n);
    json_array_foreach (rows, i, one)
        ck_assert_msg(json_integer_value(json_object_get(seen, text_at(one, "0"))) == 1,
                      "%s was not asked for once", text_at(one, "0"));
}

/* Of messages that wait, since whatever happens to one gives its row another transaction. */
START_TEST(a_bulk_is_one_commit)
{
    struct user u = user_new("unlimited");
    struct buf list = BUF_INIT(BODY_MOST);
    char tomorrow[CLOCK_TEXT_BYTES];
    struct answer a;

    clock_format(clock_wall_ms() + 86400000, tomorrow);
    for (int i = 0; i < 300; i++)
        buf_addf(&list, "%s{\"content\":\"A private text\",\"scheduled_at\":\"%s\","
                        "\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"+1555300%04d\"}]}",
                 i > 0 ? "," : "", tomorrow, i);
    a = bulk(&u, buf_str(&list), NULL);
    buf_free(&list);
    ck_assert_int_eq(a.status, 202);
    ck_assert_int_eq(messages_of(&u), 300);
    ck_assert_int_eq(sql_number("SELECT count(DISTINCT x) FROM messages m JOIN message_recipients r"
                                "  ON r.message_id = m.id, LATERAL (VALUES (m.xmin::text), (r.xmin::text))"
                                "  AS w (x) WHERE user_id = '%s'", u.id), 1);
}
END_TEST

START_TEST(a_thousand_messages_of_10000_recipients_leave_once_each)
{
    struct user u = user_new("unlimited");
    int64_t started_ms = clock_mono_ms();
    struct answer a = bulk(&u, many(1000, 10, 15557000000), NULL);

    printf("# 1,000 messages with 10,000 recipients: %d ms\n", (int)(clock_mono_ms() - started_ms));
    ck_assert_msg(a.status == 202, "%d %.500s", a.status, a.body);
    ck_assert_int_eq(number_at(a.json, "accepted"), 1000);
    ck_assert_int_eq(number_at(a.json, "rejected"), 0);
    expect_results_in_order(&a, &u, 1000);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s' AND open_count > 0",
                          u.id) == 0, 60000);
    printf("# all sent after %d ms\n", (int)(clock_mono_ms() - started_ms));
    expect_all_once(&u, 10000);
}
END_TEST

#define GOOD "{\"content\":\"Good\",\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"+15551500001\"}]}"
#define BAD "{\"content\":\"\",\"extra\":1,\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"1\"}]}"

START_TEST(refused_ones_are_named_by_index_with_the_error_of_a_single_send)
{
    struct user u = user_new("unlimited");
    struct answer a = bulk(&u, GOOD "," BAD "," GOOD ",7", NULL);
    struct answer single = http("POST", "/api/v1/messages", u.key, BAD, NULL);
    json_t *error = at(a.json, "results/1/error");

    expect_problem(&single, 422, "validation_failed");
    ck_assert_msg(a.status == 207, "%d %s", a.status, a.body);
    ck_assert_int_eq(number_at(a.json, "accepted"), 2);
    ck_assert_int_eq(number_at(a.json, "rejected"), 2);
    ck_assert_str_eq(text_at(error, "request_id"), header(&a, "X-Request-Id"));
    json_object_del(error, "request_id");
    json_object_del(single.json, "request_id");
    ck_assert_msg(json_equal(error, single.json), "%s, alone %s", a.body, single.body);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(number_at(a.json, text("results/%d/index", i)), i);
        ck_assert((at(a.json, text("results/%d/id", i)) != NULL) == (i % 2 == 0));
        ck_assert((at(a.json, text("results/%d/error", i)) != NULL) == (i % 2 == 1));
    }
    ck_assert_int_eq(messages_of(&u), 2);
}
END_TEST

START_TEST(a_bulk_of_nothing_good_is_207_and_makes_nothing)
{
    struct user u = user_new("unlimited");
    struct answer a = bulk(&u, BAD "," BAD, NULL);

    ck_assert_int_eq(a.status, 207);
    ck_assert_int_eq(number_at(a.json, "accepted"), 0);
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

static void expect_limit(const struct user *u, const char *messages, const char *words)
{
    struct answer a = bulk(u, messages, NULL);

    expect_problem(&a, 422, "validation_failed");
    ck_assert_str_eq(text_at(a.json, "errors/0/pointer"), "/messages");
    ck_assert_msg(strstr(text_at(a.json, "errors/0/detail"), words) != NULL, "%s", a.body);
}

START_TEST(over_a_limit_it_is_422_with_the_limit_in_words)
{
    struct user u = user_new("unlimited");

    expect_limit(&u, many(1001, 1, 15557100000), "1 to 1,000 messages");
    expect_limit(&u, "", "1 to 1,000 messages");
    expect_limit(&u, text("%s,%s", many(10, 1000, 15557100000), GOOD), "10,000 recipients");
    ck_assert_int_eq(messages_of(&u), 0);
}
END_TEST

START_TEST(a_bulk_with_a_key_is_sent_once)
{
    struct user u = user_new("unlimited");
    const char *list = GOOD "," BAD "," GOOD;
    struct answer a = bulk(&u, list, HEADERS("Idempotency-Key: bulk 1"));
    struct answer b = bulk(&u, list, HEADERS("Idempotency-Key: bulk 1"));

    ck_assert_int_eq(a.status, 207);
    ck_assert_int_eq(b.status, 207);
    ck_assert_str_eq(a.body, b.body);
    ck_assert_str_eq(header(&b, "Idempotent-Replayed"), "true");
    ck_assert_int_eq(messages_of(&u), 2);
    b = bulk(&u, GOOD, HEADERS("Idempotency-Key: bulk 1"));
    expect_problem(&b, 422, "idempotency_mismatch");
    ck_assert_int_eq(messages_of(&u), 2);
}
END_TEST

/* Messages of the longest content, not to be sent yet: n of them are n * 65,536 bytes and some. */
static const char *longest(int n)
{
    struct buf list = BUF_INIT(BODY_MOST);
    char *content = malloc(65537);
    const char *kept;

    memset(content, 'x', 65536);
    content[65536] = '\0';
    for (int i = 0; i < n; i++)
        buf_addf(&list, "%s{\"content\":\"%s\",\"scheduled_at\":\"%s\",\"recipients\":"
                        "[{\"platform\":\"email\",\"recipient\":\"long@example.com\"}]}",
                 i > 0 ? "," : "", content, sql_text("SELECT to_char(now() + interval '1 day',"
                                                     " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"));
    free(content);
    kept = text("%s", buf_str(&list));
    buf_free(&list);
    return kept;
}

START_TEST(a_body_of_8_mb_comes_through_and_a_larger_one_is_413)
{
    struct user u = user_new("unlimited");
    const char *most = longest(127);
    struct answer a = bulk(&u, most, NULL);

    ck_assert_uint_gt(strlen(most), 8000000);
    ck_assert_msg(a.status == 202, "%d %.500s", a.status, a.body);
    ck_assert_int_eq(number_at(a.json, "accepted"), 127);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'"
                                " AND length(content) = 65536", u.id), 127);
    a = bulk(&u, longest(128), NULL);
    expect_problem(&a, 413, "body_too_large");
    ck_assert_int_eq(messages_of(&u), 127);
}
END_TEST

STACK_SUITE("bulk", settings,
            a_bulk_is_one_commit, a_thousand_messages_of_10000_recipients_leave_once_each,
            refused_ones_are_named_by_index_with_the_error_of_a_single_send,
            a_bulk_of_nothing_good_is_207_and_makes_nothing,
            over_a_limit_it_is_422_with_the_limit_in_words, a_bulk_with_a_key_is_sent_once,
            a_body_of_8_mb_comes_through_and_a_larger_one_is_413)
