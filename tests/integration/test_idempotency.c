/* Idempotency-Key: one request, however often it is sent. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/crowd.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"

static const char *const settings[] = { "rate_limit.unlimited=0", NULL };

static struct answer post(const struct user *u, const char *key, const char *body)
{
    return http("POST", MESSAGES, u->key, body, HEADERS(text("Idempotency-Key: %s", key)));
}

static int64_t messages_of(const struct user *u)
{
    return sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'", u->id);
}

static void expect_replay(const struct answer *again, const struct answer *first)
{
    ck_assert_int_eq(again->status, first->status);
    ck_assert_str_eq(again->body, first->body);
    ck_assert_str_eq(header(again, "Location"), header(first, "Location"));
    ck_assert_str_eq(header(again, "Idempotent-Replayed"), "true");
    ck_assert_ptr_null(header(first, "Idempotent-Replayed"));
}

START_TEST(the_same_request_again_gets_the_first_answer_to_the_byte)
{
    struct user u = user_new("unlimited");
    struct answer first = post(&u, "order 4711", sms_body("+15551400001"));
    struct answer again = post(&u, "order 4711", sms_body("+15551400001"));

    ck_assert_int_eq(first.status, 202);
    expect_replay(&again, &first);
    ck_assert_int_eq(messages_of(&u), 1);
    WAIT_UNTIL(is_in(text_at(first.json, "id"), "sent,delivered"), 5000);
    expect_each_once(text_at(first.json, "id"), 1);
}
END_TEST

#define CALLERS 100

struct same {
    const char *url, *key, *body;
};

static void post_same(int i, const void *with, struct caller_seen *seen)
{
    const struct same *s = with;
    struct answer a;

    if (!http_send("POST", s->url, s->key, s->body, HEADERS("Idempotency-Key: all at once"), &a))
        return;
    seen->status = a.status;
    strncpy(seen->body, a.body, sizeof seen->body - 1);
}

START_TEST(of_100_at_once_one_makes_a_message_and_all_get_its_answer)
{
    struct user u = user_new("unlimited");
    struct same s = { text("%s" MESSAGES, stack_env("NOTIFY_URL")), u.key, sms_body("+15551400002") };
    struct caller_seen *seen = crowd_run(CALLERS, post_same, &s);
    struct answer after = post(&u, "all at once", s.body);
    int accepted = crowd_count(seen, CALLERS, 202), waiting = crowd_count(seen, CALLERS, 409);

    printf("# %d times 202, %d times 409\n", accepted, waiting);
    ck_assert_int_ge(accepted, 1);
    ck_assert_int_eq(accepted + waiting, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        if (seen[i].status == 202)
            ck_assert_str_eq(seen[i].body, after.body);
        else
            ck_assert_ptr_nonnull(strstr(seen[i].body, "\"idempotency_in_progress\""));
    }
    ck_assert_int_eq(messages_of(&u), 1);
}
END_TEST

START_TEST(another_body_with_the_key_is_422_and_makes_nothing)
{
    struct user u = user_new("unlimited");
    struct answer a;

    ck_assert_int_eq(post(&u, "k", sms_body("+15551400003")).status, 202);
    a = post(&u, "k", sms_body("+15551400004"));
    expect_problem(&a, 422, "idempotency_mismatch");
    a = post(&u, "k", text("%s ", sms_body("+15551400003")));
    expect_problem(&a, 422, "idempotency_mismatch"); /* the body counts to the byte */
    ck_assert_int_eq(messages_of(&u), 1);
}
END_TEST

START_TEST(a_refused_request_leaves_its_key_free)
{
    struct user u = user_new("unlimited");
    struct answer a = post(&u, "k", sms_body("nobody"));

    expect_problem(&a, 422, "validation_failed");
    ck_assert_int_eq(post(&u, "k", sms_body("+15551400005")).status, 202);
    ck_assert_int_eq(messages_of(&u), 1);
}
END_TEST

START_TEST(another_users_same_key_is_another_key)
{
    struct user u = user_new("unlimited"), other = user_new("unlimited");
    struct answer a = post(&u, "k", sms_body("+15551400006"));
    struct answer b = post(&other, "k", sms_body("+15551400006"));

    ck_assert_int_eq(a.status, 202);
    ck_assert_int_eq(b.status, 202);
    ck_assert_str_ne(text_at(a.json, "id"), text_at(b.json, "id"));
    ck_assert_ptr_null(header(&b, "Idempotent-Replayed"));
    for (int i = 0; i < 2; i++) { /* and each gets its own answer again */
        struct answer again = post(i == 0 ? &u : &other, "k", sms_body("+15551400006"));

        expect_replay(&again, i == 0 ? &a : &b);
    }
    ck_assert_int_eq(messages_of(&u) + messages_of(&other), 2);
}
END_TEST

START_TEST(a_key_outlives_its_responder)
{
    static const char *const responders[] = { "fcgi-1", "fcgi-2" };
    struct user u = user_new("unlimited");
    struct answer first = post(&u, "k", sms_body("+15551400007")), again;

    ck_assert_int_eq(first.status, 202);
    for (int i = 0; i < 2; i++) {
        pid_t was = service_pid(responders[i]);

        service_kill(responders[i], SIGKILL);
        WAIT_UNTIL(service_pid(responders[i]) > 0 && service_pid(responders[i]) != was, 10000);
    }
    stack_mend();
    again = post(&u, "k", sms_body("+15551400007"));
    expect_replay(&again, &first);
    ck_assert_int_eq(messages_of(&u), 1);
}
END_TEST

static void make_old(const struct user *u, const char *key, const char *age)
{
    ck_assert_int_eq(sql_number("WITH aged AS (UPDATE idempotency SET created_at = now() - interval '%s'"
                                " WHERE user_id = '%s' AND key = '%s' RETURNING 1)"
                                " SELECT count(*) FROM aged", age, u->id, key), 1);
}

static int64_t keys_of(const struct user *u, const char *key)
{
    return sql_number("SELECT count(*) FROM idempotency WHERE user_id = '%s' AND key LIKE '%s'", u->id, key);
}

/* n old keys more, "backlog 1" and so on. */
static void make_backlog(const struct user *u, const char *age, int n)
{
    ck_assert_int_eq(sql_number("WITH made AS (INSERT INTO idempotency (user_id, key, token, body_sha256,"
                                " status, response, created_at) SELECT '%s', 'backlog ' || i,"
                                " gen_random_uuid(), sha256('x'), 202, '{}', now() - interval '%s'"
                                "  FROM generate_series(1, %d) i RETURNING 1) SELECT count(*) FROM made",
                                u->id, age, n), n);
}

START_TEST(keys_are_kept_for_24_hours_and_then_forgotten)
{
    struct user u = user_new("unlimited");
    struct answer first = post(&u, "old", sms_body("+15551400008")), again;

    ck_assert_int_eq(first.status, 202);
    ck_assert_int_eq(post(&u, "young", sms_body("+15551400008")).status, 202);
    make_old(&u, "old", "24 hours 1 second");
    make_old(&u, "young", "23 hours 59 minutes");
    service_down("workerd"); /* it forgets old keys as it starts, and every minute */
    service_up("workerd");
    WAIT_UNTIL(keys_of(&u, "old") == 0, 15000);
    ck_assert_int_eq(keys_of(&u, "young"), 1);
    again = post(&u, "old", sms_body("+15551400008"));
    ck_assert_int_eq(again.status, 202);
    ck_assert_str_ne(text_at(again.json, "id"), text_at(first.json, "id"));
    again = post(&u, "young", sms_body("+15551400008"));
    ck_assert_str_eq(header(&again, "Idempotent-Replayed"), "true");
}
END_TEST

/* One statement takes 1,000 of them, and only what is left over waits for another minute. */
START_TEST(a_backlog_of_old_keys_is_forgotten_in_one_go)
{
    struct user u = user_new("unlimited");

    service_down("workerd");
    make_backlog(&u, "25 hours", 6500);
    service_up("workerd");
    WAIT_UNTIL(keys_of(&u, "backlog %") == 0, 15000);
}
END_TEST

STACK_SUITE("idempotency", settings, the_same_request_again_gets_the_first_answer_to_the_byte,
            of_100_at_once_one_makes_a_message_and_all_get_its_answer,
            another_body_with_the_key_is_422_and_makes_nothing, a_refused_request_leaves_its_key_free,
            another_users_same_key_is_another_key, a_key_outlives_its_responder,
            keys_are_kept_for_24_hours_and_then_forgotten, a_backlog_of_old_keys_is_forgotten_in_one_go)
