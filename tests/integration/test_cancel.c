/* Cancelling: who may, when it is too late, and the race with the scheduler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/integration/crowd.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define MESSAGES "/api/v1/messages"
#define NO_ONES_ID "01890000-0000-7000-8000-000000000000"

static const char *const settings[] = { "rate_limit.unlimited=0", "scheduler.interval_ms=100", NULL };

static struct answer cancel(const char *id, const char *key)
{
    return http("DELETE", text(MESSAGES "/%s", id), key, NULL, NULL);
}

static const char *at_ms(int64_t ms)
{
    char out[CLOCK_TEXT_BYTES];

    return text("%s", clock_format(ms, out));
}

static const char *scheduled(int64_t ms, const char *number)
{
    return text("{\"content\":\"A private text to be cancelled\",\"scheduled_at\":\"%s\",\"recipients\":"
                "[{\"platform\":\"sms\",\"recipient\":\"%s\"}]}", at_ms(ms), number);
}

START_TEST(a_scheduled_message_is_cancelled_with_all_its_recipients)
{
    struct user u = user_new("unlimited");
    const char *id = send_range(&u, 15551300001, 150, text("\"scheduled_at\":\"%s\"",
                                                           at_ms(clock_wall_ms() + 3600000)));
    struct answer a = cancel(id, u.key), shown = http("GET", text(MESSAGES "/%s", id), u.key, NULL, NULL);

    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(text_at(a.json, "id"), id);
    ck_assert_str_eq(text_at(a.json, "status"), "cancelled");
    ck_assert_int_eq(number_at(a.json, "summary/cancelled"), 150);
    ck_assert(json_equal(a.json, shown.json));
    ck_assert_int_eq(count_in(id, "cancelled"), 150);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch WHERE message_id = '%s'", id), 0);
}
END_TEST

START_TEST(what_is_not_scheduled_is_409_with_its_present_status)
{
    struct user u = user_new("unlimited");
    const char *sent = send_to(&u, "sms", "+15551300200");
    const char *once = send_body(&u, scheduled(clock_wall_ms() + 3600000, "+15551300201"));
    struct answer a;

    WAIT_UNTIL(strcmp(message_status(sent), "completed") == 0, 10000);
    a = cancel(sent, u.key);
    expect_problem(&a, 409, "not_cancellable");
    ck_assert_ptr_nonnull(strstr(text_at(a.json, "detail"), "is completed"));
    ck_assert_int_eq(cancel(once, u.key).status, 200);
    a = cancel(once, u.key);
    expect_problem(&a, 409, "not_cancellable");
    ck_assert_ptr_nonnull(strstr(text_at(a.json, "detail"), "is cancelled"));
}
END_TEST

/* Its recipients are as free to be taken back as those of a scheduled one. */
START_TEST(what_was_sent_at_once_is_409_although_it_still_waits)
{
    struct user u = user_new("unlimited");
    struct answer a;
    const char *id;

    service_down("workerd");
    id = send_to(&u, "sms", "+15551300202");
    a = cancel(id, u.key);
    expect_problem(&a, 409, "not_cancellable");
    WAIT_UNTIL(is_in(id, "queued"), 10000);
    a = cancel(id, u.key);
    expect_problem(&a, 409, "not_cancellable");
    ck_assert_ptr_nonnull(strstr(text_at(a.json, "detail"), "is queued"));
    service_up("workerd");
    WAIT_UNTIL(is_in(id, "sent,delivered"), 20000);
    expect_each_once(id, 1);
}
END_TEST

START_TEST(another_users_message_cannot_be_cancelled_and_is_404_as_an_unknown_one)
{
    struct user owner = user_new("unlimited"), other = user_new("unlimited");
    const char *id = send_body(&owner, scheduled(clock_wall_ms() + 3600000, "+15551300300"));
    struct answer a = cancel(id, other.key), b = cancel(NO_ONES_ID, other.key);

    expect_problem(&a, 404, "not_found");
    expect_problem(&b, 404, "not_found");
    json_object_del(a.json, "request_id");
    json_object_del(b.json, "request_id");
    ck_assert(json_equal(a.json, b.json));
    ck_assert_str_eq(message_status(id), "scheduled");
    ck_assert_int_eq(cancel(id, stack_env("NOTIFY_ADMIN_KEY")).status, 200);
    ck_assert_str_eq(message_status(id), "cancelled");
}
END_TEST

/* ---- the race ---- */

#define RACERS 8
#define RACES_EACH 125
#define RACES (RACERS * RACES_EACH)

struct race {
    const char *url, *key;
};

static void pause_until(int64_t ms)
{
    int64_t left_ms = ms - clock_wall_ms();

    if (left_ms > 0)
        clock_sleep_ms(left_ms);
}

/*
 * The scheduler comes by up to 100 ms after a message is due: cancels fall evenly on the time from
 * just before until after that.
 */
static void race(int i, const void *with, struct caller_seen *seen)
{
    const struct race *r = with;
    unsigned seed = (unsigned)i + 1;

    for (int k = 0; k < RACES_EACH; k++) {
        int64_t due_ms = clock_wall_ms() + 30 + rand_r(&seed) % 30;
        struct answer a;

        if (!http_send("POST", r->url, r->key,
                       scheduled(due_ms, text("+1555131%04d", i * RACES_EACH + k)), NULL, &a) ||
            a.status != 202)
            continue;
        pause_until(due_ms - 10 + rand_r(&seed) % 130);
        if (http_send("DELETE", text("%s/%s", r->url, text_at(a.json, "id")), r->key, NULL, NULL, &a) &&
            a.status < 600)
            seen->counts[a.status]++;
    }
}

START_TEST(of_a_cancel_and_the_scheduler_exactly_one_wins_1000_races)
{
    struct user u = user_new("unlimited");
    struct race r = { text("%s" MESSAGES, stack_env("NOTIFY_URL")), u.key };
    struct caller_seen *seen = crowd_run(RACERS, race, &r);
    json_t *all, *one, *left = json_object(), *rows;
    int won = 0, lost = 0;
    size_t i;

    for (int k = 0; k < RACERS; k++) {
        won += seen[k].counts[200];
        lost += seen[k].counts[409];
    }
    printf("# %d cancelled, %d had left\n", won, lost);
    ck_assert_int_eq(won + lost, RACES);
    ck_assert_int_gt(won, RACES / 20);
    ck_assert_int_gt(lost, RACES / 20);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'"
                          " AND open_count > 0", u.id) == 0, 20000);
    clock_sleep_ms(500); /* what was on its way although cancelled would arrive now */
    all = requests_for("");
    json_array_foreach (all, i, one) {
        const char *id = text("%.36s", text_at(one, "recipient_id"));

        json_object_set_new(left, id, json_integer(json_integer_value(json_object_get(left, id)) + 1));
    }
    rows = sql_rows("SELECT id, status FROM messages WHERE user_id = '%s'", u.id);
    ck_assert_uint_eq(json_array_size(rows), RACES);
    json_array_foreach (rows, i, one) {
        bool cancelled = strcmp(text_at(one, "1"), "cancelled") == 0;
        json_int_t times = json_integer_value(json_object_get(left, text_at(one, "0")));

        ck_assert_msg(cancelled || strcmp(text_at(one, "1"), "completed") == 0, "%s", text_at(one, "1"));
        ck_assert_msg(times == (cancelled ? 0 : 1), "%s is %s and left %d times", text_at(one, "0"),
                      text_at(one, "1"), (int)times);
        won -= cancelled;
    }
    ck_assert_int_eq(won, 0); /* each 200 is a cancelled message, and each of them was a 200 */
}
END_TEST

STACK_SUITE("cancel", settings, a_scheduled_message_is_cancelled_with_all_its_recipients,
            what_is_not_scheduled_is_409_with_its_present_status,
            what_was_sent_at_once_is_409_although_it_still_waits,
            another_users_message_cannot_be_cancelled_and_is_404_as_an_unknown_one,
            of_a_cancel_and_the_scheduler_exactly_one_wins_1000_races)
