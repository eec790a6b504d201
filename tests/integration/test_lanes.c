/* Who leaves first: lanes, a backlog of one user, and what the broker holds of it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/model/platform.h"
#include "tests/integration/client.h"
#include "tests/integration/engine.h"
#include "tests/integration/fastcgi.h"
#include "tests/integration/load.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

static const char *const settings[] = {
    "rate_limit.unlimited=0", "worker.retry_base_ms=100", "worker.retry_max_ms=2000",
    "worker.lease_seconds=20", "scheduler.interval_ms=100", "platform.email.providers=mock", NULL
};

#define HIGH "\"priority\":\"high\""
#define LOW "\"priority\":\"low\""
#define HELD_MS 10000 /* a quorum queue tells how much it has handed out every five seconds */

static const char *send_mails(const struct user *u, int n)
{
    struct buf body = BUF_INIT(1 << 20);

    buf_addf(&body, "{\"content\":\"A private text, number %d\",\"recipients\":[", (int)getpid());
    for (int i = 0; i < n; i++)
        buf_addf(&body, "%s{\"platform\":\"email\",\"recipient\":\"ada%d@example.com\"}", i > 0 ? "," : "",
                 i);
    buf_adds(&body, "]}");
    return send_body(u, buf_str(&body));
}

static struct user begin(void)
{
    engine_rest();
    return user_new("unlimited");
}

/* ---- lanes ---- */

START_TEST(a_high_message_leaves_though_slow_calls_hold_all_other_slots)
{
    struct user u = begin();
    const char *normal, *low, *high;
    struct calls calls;
    int place;

    workers(1, HEADERS("NOTIFY_WORKER_THREADS=1", "NOTIFY_WORKER_MAX_IN_FLIGHT=8"));
    normal = send_range(&u, 15550008900, 30, ""); /* each answered after nine seconds */
    low = send_range(&u, 15550008930, 30, LOW);
    WAIT_UNTIL(calls_of(normal).n + calls_of(low).n >= 6, 8000);
    high = send_with(&u, "sms", "+15551400001", HIGH);
    WAIT_UNTIL(is_in(high, "sent,delivered"), 5000);
    calls = calls_of("");
    place = calls_first(&calls, high);
    ck_assert_int_eq(calls_for(&calls, normal, place) + calls_for(&calls, low, place), 6);
    workers_end();
    engine_rest();
}
END_TEST

/* Counted from the first low call to the last: by then all three lanes have something in hand. */
START_TEST(a_low_message_leaves_while_high_and_normal_ones_flood)
{
    struct user u = begin();
    const char *high, *normal, *low;
    struct calls calls;
    int first, last = -1, others;

    service_down("workerd");
    high = send_range(&u, 15551410000, 1000, HIGH);
    normal = send_range(&u, 15551411000, 1000, "");
    workers(1, HEADERS("NOTIFY_WORKER_THREADS=1", "NOTIFY_WORKER_MAX_IN_FLIGHT=8"));
    WAIT_UNTIL(calls_of(high).n >= 50 && calls_of(normal).n >= 50, 8000);
    low = send_range(&u, 15551412000, 50, LOW);
    WAIT_UNTIL(count_in(high, "sent,delivered") + count_in(normal, "sent,delivered") +
                       count_in(low, "sent,delivered") == 2050, 15000);
    calls = calls_of("");
    first = calls_first(&calls, low);
    for (int i = 0; i < calls.n; i++)
        last = strncmp(calls.list[i].recipient_id, low, 36) == 0 ? i : last;
    others = calls_for(&calls, high, last) + calls_for(&calls, normal, last) -
             calls_for(&calls, high, first) - calls_for(&calls, normal, first);
    /* At first the broker may not have handed it out yet; and where the others run dry, as they do on
     * a busy machine, it may take more than its share (test_share has that to the slot). */
    ck_assert_int_le(others, 4 * 50 + 50);
}
END_TEST

START_TEST(a_lane_that_waits_for_its_breaker_holds_back_no_other)
{
    struct user u = begin();
    const char *held, *mails;

    breaker_set_open("twilio", 60000);
    held = send_range(&u, 15551420000, 700, "");
    mails = send_mails(&u, 300);
    WAIT_UNTIL(count_in(mails, "sent") == 300, 8000);
    WAIT_UNTIL(queue_held(lane_of(PF_EMAIL, PRIO_NORMAL)) == 0, HELD_MS);
    WAIT_UNTIL(queue_held(lane_of(PF_SMS, PRIO_NORMAL)) > 0, HELD_MS);
    ck_assert_int_eq(attempts_counted(held), 0);
    breaker_forget("twilio");
    WAIT_UNTIL(count_in(held, "sent,delivered") == 700, 15000);
    expect_each_once(held, 700);
}
END_TEST

/* ---- a backlog ---- */

#define RATE 100
#define BACKLOG 20000
#define MOST_BEFORE 150 /* recipients of the one user that leave before another one's next message */
#define DEPTH_MOST 200
#define PATIENCE_MS 5000 /* how long RabbitMQ may be away before it is done without */

/* Sends what is due since a minute, from one user; in messages of a thousand. */
static void make_backlog(const struct user *u, int n)
{
    sql_text("WITH m AS ("
             "  INSERT INTO messages (id, user_id, status, priority, platforms, recipient_count, open_count,"
             "                        created_at, updated_at, content)"
             "  SELECT gen_random_uuid(), '%s', 'pending', 'normal', 1, 1000, 1000, now(), now(),"
             "         'A private text, number ' || k FROM generate_series(1, %d) k RETURNING id"
             "), r AS ("
             "  INSERT INTO message_recipients (message_id, n, platform, recipient, updated_at)"
             "  SELECT id, n, 'sms', '+1555' || lpad((n + 1500000)::text, 7, '0'), now()"
             "    FROM m, generate_series(0, 999) n RETURNING message_id, n"
             ") INSERT INTO dispatch (message_id, n, lane, due_at, user_key)"
             "  SELECT message_id, n, %d, now() - interval '1 minute' + n * interval '1 ms',"
             "         uuid_hash('%s') FROM r",
             u->id, n / 1000, lane_of(PF_SMS, PRIO_NORMAL), u->id);
}

static void expect_short_queue(int64_t ms)
{
    int64_t until_ms = clock_mono_ms() + ms;

    while (clock_mono_ms() < until_ms) {
        int depth = queue_depth(lane_of(PF_SMS, PRIO_NORMAL));

        ck_assert_msg(depth <= DEPTH_MOST, "%d events in the queue", depth);
        clock_sleep_ms(10);
    }
}

/* Others that were called between the first call for it and the second. */
static int overtaken_between(const char *id)
{
    struct calls all = calls_of(""), own = calls_of(id);
    int n = 0;

    ck_assert_int_eq(own.n, 2);
    for (int i = calls_first(&all, id) + 1; i < all.n && strcmp(all.list[i].recipient_id,
                                                                own.list[0].recipient_id) != 0; i++)
        n++;
    return n;
}

static struct user begin_backlog(void)
{
    struct user flood = begin();
    int before;

    workers(1, HEADERS("NOTIFY_PROVIDER_TWILIO_RATE_LIMIT=100"));
    before = calls_of("").n;
    make_backlog(&flood, BACKLOG);
    WAIT_UNTIL(calls_of("").n > before + RATE, 10000);
    return flood;
}

START_TEST(a_users_backlog_holds_up_neither_another_user_nor_a_high_message)
{
    struct user flood = begin_backlog(), other = user_new("unlimited");
    const char *high, *normal, *again, *later;
    char when[CLOCK_TEXT_BYTES];

    expect_short_queue(1000);
    high = send_with(&flood, "sms", "+15551500001", HIGH);
    normal = send_to(&other, "sms", "+15551500002");
    WAIT_UNTIL(is_in(high, "sent,delivered") && is_in(normal, "sent,delivered"), 10000);
    ck_assert_int_le(overtaken_by(high), RATE / 4);
    ck_assert_int_le(overtaken_by(normal), MOST_BEFORE);

    /* a retry, and one that was scheduled */
    again = send_to(&other, "sms", "+15550005000");
    clock_format(clock_wall_ms() + 500, when);
    later = send_with(&other, "sms", "+15551500003", text("\"scheduled_at\":\"%s\"", when));
    WAIT_UNTIL(is_in(again, "sent,delivered") && is_in(later, "sent,delivered"), 15000);
    ck_assert_int_le(overtaken_by(later), RATE / 2 + MOST_BEFORE);
    ck_assert_int_le(overtaken_between(again), RATE / 2 + MOST_BEFORE);
    expect_short_queue(500);
    workers_end();
    engine_rest();
}
END_TEST

/* Ten thousand recipients in one call, on a lane that rests: most of them are left to the scheduler. */
static void send_great_bulk(const struct user *u)
{
    struct buf body = BUF_INIT(1 << 21);

    buf_adds(&body, "{\"messages\":[");
    for (int m = 0; m < 10; m++) {
        buf_addf(&body, "%s{\"content\":\"A private text, number %d\",\"recipients\":[", m > 0 ? "," : "", m);
        for (int n = 0; n < 1000; n++)
            buf_addf(&body, "%s{\"platform\":\"sms\",\"recipient\":\"+1555180%04d\"}", n > 0 ? "," : "", n);
        buf_adds(&body, "]}");
    }
    buf_adds(&body, "]}");
    ck_assert_int_eq(http("POST", "/api/v1/messages/bulk", u->key, buf_str(&body), NULL).status, 202);
    buf_free(&body);
}

START_TEST(one_great_call_fills_no_queue_and_holds_up_no_other_user)
{
    struct user flood = begin(), other = user_new("unlimited");
    const char *one;

    workers(1, HEADERS("NOTIFY_PROVIDER_TWILIO_RATE_LIMIT=100"));
    send_great_bulk(&flood);
    one = send_to(&other, "sms", "+15551800001");
    expect_short_queue(1000);
    WAIT_UNTIL(is_in(one, "sent,delivered"), 10000);
    ck_assert_int_le(overtaken_by(one), RATE + MOST_BEFORE); /* what lay on the belt of a lane that rested, too */
    workers_end();
    engine_rest();
}
END_TEST

/* With Redis they are told; without it they see that the queue is no longer short. */
START_TEST(the_queue_stays_short_while_responders_accept_into_a_backlog)
{
    struct user other = user_new("unlimited");
    struct load *l;

    begin_backlog();
    l = load_start(&other, stack_env("NOTIFY_URL"), 15551600000);
    expect_short_queue(1500);
    service_down("redis");
    expect_short_queue(1500);
    load_stop(l);
    ck_assert_int_eq(l->first_bad, 0);
    ck_assert_int_gt(load_accepted(l), 2 * RATE);
    service_up("redis");
    workers_end();
    engine_rest();
}
END_TEST

START_TEST(without_rabbitmq_a_backlog_keeps_its_rate_and_nobody_waits_for_all_of_it)
{
    struct user flood = begin_backlog(), other = user_new("unlimited");
    int before = calls_of("").n;
    const char *high, *normal;
    struct calls calls;

    service_down("rabbitmq");
    clock_sleep_ms(PATIENCE_MS + 1000); /* from then on all leaves straight from Postgres */
    high = send_with(&flood, "sms", "+15551510001", HIGH);
    normal = send_to(&other, "sms", "+15551510002");
    WAIT_UNTIL(is_in(high, "sent,delivered") && is_in(normal, "sent,delivered"), 10000);
    ck_assert_int_le(overtaken_by(high), RATE);
    ck_assert_int_le(overtaken_by(normal), MOST_BEFORE);
    calls = calls_of("");
    calls.list += before;
    calls.n -= before;
    ck_assert_int_le(calls_most_a_second(&calls), 2 * RATE); /* near enough: it is one process */
    workers_end();
    engine_rest();
}
END_TEST

/* ---- what waits on the belt ---- */

#define GRACE_MS 5000

START_TEST(what_waits_on_the_belt_is_not_published_again_and_a_wiped_broker_loses_none)
{
    struct user u = begin();
    const char *id;

    breaker_set_open("twilio", 120000);
    id = send_range(&u, 15551700000, 700, "");
    WAIT_UNTIL(count_in(id, "queued") >= 20, 8000);
    clock_sleep_ms(GRACE_MS + 1500); /* all of them have come due again */
    ck_assert_int_eq(events_of(id, "queued"), count_in(id, "queued"));
    ck_assert_int_le(events_of(id, "queued"), DEPTH_MOST); /* the rest stays where it can be counted */
    ck_assert_int_eq(attempts_counted(id), 0);

    service_down("rabbitmq");
    ck_assert_int_eq(system(text("rm -rf %s/*", stack_file("rabbitmq/mnesia"))), 0);
    service_up("rabbitmq");
    breaker_forget("twilio");
    WAIT_UNTIL(count_in(id, "sent,delivered") == 700, 40000);
    expect_each_once(id, 700);
    ck_assert_int_eq(attempts_counted(id), 700);
}
END_TEST

/* ---- accepting beside a backlog ---- */

#define PAIRS 40

static void ask(int fd, const struct user *u)
{
    struct buf request = BUF_INIT(64 << 10);

    fastcgi_request(&request, "POST", "/api/v1/messages", u->key,
                    "{\"content\":\"A private text\",\"recipients\":[{\"platform\":\"sms\","
                    "\"recipient\":\"+15551800000\"}]}");
    ck_assert(fastcgi_send(fd, request.data, request.len));
    buf_free(&request);
}

static const char *accepted_on(int fd)
{
    struct answer a;

    ck_assert(fastcgi_answer(fd, 10000, &a));
    ck_assert_int_eq(a.status, 202);
    close(fd);
    return text_at(a.json, "id");
}

/* Two requests, the second a moment behind the first: are both written by one transaction? */
static bool share_a_round(const struct user *u)
{
    int fds[2];
    const char *ids[2];

    for (int i = 0; i < 2; i++) {
        fds[i] = fastcgi_connect(fastcgi_socket("fcgi-1"));
        ck_assert_int_ge(fds[i], 0);
    }
    ask(fds[0], u);
    clock_sleep_ms(1);
    ask(fds[1], u);
    for (int i = 0; i < 2; i++)
        ids[i] = accepted_on(fds[i]);
    return sql_number("SELECT count(DISTINCT xmin::text) FROM messages WHERE id IN ('%s', '%s')", ids[0],
                      ids[1]) == 1;
}

static bool is_left_to_the_scheduler(const struct user *u)
{
    int fd = fastcgi_connect(fastcgi_socket("fcgi-1"));

    ask(fd, u);
    return sql_number("SELECT count(*) FROM dispatch WHERE message_id = '%s' AND due_at <= now()",
                      accepted_on(fd)) == 1;
}

START_TEST(while_a_lane_has_a_backlog_requests_wait_for_company)
{
    struct user u = begin();
    int shared = 0;

    service_down("workerd");
    redis("HSET notification:lanes:full 0 9000000000000"); /* until the year 2255 */
    WAIT_UNTIL(is_left_to_the_scheduler(&u), 10000);
    for (int i = 0; i < PAIRS; i++)
        shared += share_a_round(&u);
    ck_assert_int_ge(shared, PAIRS / 8);
    redis("DEL notification:lanes:full");
    service_up("workerd");
}
END_TEST

STACK_SUITE("lanes", settings, a_high_message_leaves_though_slow_calls_hold_all_other_slots,
            a_low_message_leaves_while_high_and_normal_ones_flood,
            a_lane_that_waits_for_its_breaker_holds_back_no_other,
            a_users_backlog_holds_up_neither_another_user_nor_a_high_message,
            one_great_call_fills_no_queue_and_holds_up_no_other_user,
            the_queue_stays_short_while_responders_accept_into_a_backlog,
            without_rabbitmq_a_backlog_keeps_its_rate_and_nobody_waits_for_all_of_it,
            what_waits_on_the_belt_is_not_published_again_and_a_wiped_broker_loses_none,
            while_a_lane_has_a_backlog_requests_wait_for_company)
