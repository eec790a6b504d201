/* Dead letters and queues through notifyctl, on the real system. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/broker/broker.h"
#include "common/broker/topology.h"
#include "common/config/config.h"
#include "tests/integration/client.h"
#include "tests/integration/operator.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

/* One attempt: what fails once is dead, and a replay succeeds. */
static const char *const settings[] = { "rate_limit.unlimited=0", "worker.max_attempts=1",
                                        "scheduler.interval_ms=100", "redis.timeout_ms=500", NULL };

/* ---- notifyctl ---- */

static size_t rows(const json_t *doc)
{
    return json_array_size(at(doc, "data"));
}

/* ---- the broker ---- */

/* A connection of the test's own. */
static struct broker *broker_of_test(void)
{
    struct config *config = calloc(1, sizeof *config);
    struct config_faults faults;
    struct broker *b;
    struct error err;

    ck_assert_int_eq(config_load(stack_env("NOTIFY_CONFIG"), NULL, config, &faults), ST_OK);
    b = broker_new(&config->rabbitmq, "test");
    ck_assert_msg(broker_connect(b, &err) == ST_OK, "%s", err.text);
    return b;
}

struct letter {
    const char *key, *body;
};

/* And waits until the broker has them all. */
static void publish_all(const struct letter letters[], size_t n)
{
    struct broker *b = broker_of_test();
    bool *taken = calloc(n + 1, sizeof *taken);
    size_t left = n, some;
    struct confirm c[128];
    uint64_t tag;

    ck_assert_int_eq(broker_confirm_mode(b, NULL), ST_OK);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(broker_publish(b, letters[i].key, letters[i].body, strlen(letters[i].body), &tag,
                                        NULL), ST_OK);
    while (left > 0) {
        ck_assert_int_eq(broker_confirms(b, 1000, c, 128, &some, NULL), ST_OK);
        for (size_t i = 0; i < some; i++) {
            for (tag = c[i].multiple ? 1 : c[i].tag; tag <= c[i].tag; tag++) {
                left -= !taken[tag];
                taken[tag] = true;
            }
        }
    }
    broker_free(b);
    free(taken);
}

static void publish(const char *key, const char *body)
{
    publish_all(&(struct letter){ key, body }, 1);
}

static uint32_t ready_in(const char *queue)
{
    struct broker *b = broker_of_test();
    uint32_t ready;

    ck_assert_int_eq(broker_depth(b, queue, &ready, NULL), ST_OK);
    broker_free(b);
    return ready;
}

static enum status reject(struct broker *b, uint64_t tag, struct error *err)
{
    return broker_reject(b, BROKER_TAKEN, tag, err);
}

/* The body of the first message of a queue, which is settled as asked. */
static const char *take_from(const char *queue, enum status (*settle)(struct broker *, uint64_t,
                                                                      struct error *))
{
    struct broker *b = broker_of_test();
    struct broker_letter letter;
    const char *body;

    WAIT_UNTIL(broker_get(b, queue, &letter, NULL) == ST_OK, 5000);
    body = text("%.*s", (int)letter.len, letter.body);
    ck_assert_int_eq(settle(b, letter.tag, NULL), ST_OK);
    broker_close(b);
    broker_free(b);
    return body;
}

static void empty_the_dead_queue(void)
{
    json_t *doc = DOCUMENT(0, "dead", "purge", "--queue", "--all", "--yes");

    ck_assert_int_eq(number_at(doc, "refused"), 0);
    ck_assert_uint_eq(ready_in(QUEUE_DEAD), 0);
}

static size_t dead_events(void)
{
    return rows(DOCUMENT(0, "dead", "list", "--queue"));
}

/* ---- events ---- */

START_TEST(an_event_that_nobody_can_read_is_listed_shown_refused_and_removed)
{
    static const char *const members[] = { "kind", "id", "at", "platform", "provider", "code", "detail",
                                           "message_id", "attempts", "queue", "position", "replayable" };
    const char *name;
    json_t *doc, *by_place;

    empty_the_dead_queue();
    publish("email.low", "\x01not {json");
    publish("sms", "[]");
    WAIT_UNTIL(dead_events() == 2, 5000);
    doc = DOCUMENT(0, "dead", "list", "--platform", "email", "--since", "10m");
    ck_assert_uint_eq(rows(doc), 1);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        ck_assert_ptr_nonnull(json_object_get(at(doc, "data/0"), members[i]));
    ck_assert_str_eq(text_at(doc, "data/0/kind"), "event");
    ck_assert_str_eq(text_at(doc, "data/0/queue"), "notification.email.low");
    ck_assert_str_eq(text_at(doc, "data/0/code"), "rejected");
    ck_assert_ptr_nonnull(strstr(text_at(doc, "data/0/detail"), "cannot be read"));
    ck_assert(json_is_false(at(doc, "data/0/replayable")));
    name = text_at(doc, "data/0/id");

    doc = DOCUMENT(0, "dead", "show", name);
    ck_assert_str_eq(text_at(doc, "id"), name);
    ck_assert_str_eq(text_at(doc, "body_base64"), "AW5vdCB7anNvbg==");
    ck_assert_int_eq(number_at(doc, "bytes"), 10);
    by_place = DOCUMENT(0, "dead", "show", text("%d", (int)number_at(doc, "position")));
    ck_assert(json_equal(doc, by_place)); /* looking has moved nothing */
    EXPECT(1, "no such event", "dead", "show", "3");
    EXPECT(0, "not {json", "dead", "show", name);

    EXPECT(1, "cannot be read", "dead", "replay", name);
    ck_assert_uint_eq(dead_events(), 2);
    EXPECT(0, "would purge 0 recipients and 1 event", "dead", "purge", name, "--dry-run");
    ck_assert_uint_eq(dead_events(), 2);
    EXPECT(0, "purged 0 recipients and 1 event\n", "dead", "purge", name, "--yes");
    doc = DOCUMENT(0, "dead", "list", "--queue");
    ck_assert_uint_eq(rows(doc), 1);
    ck_assert_str_eq(text_at(doc, "data/0/queue"), "notification.sms");
    EXPECT(1, "no such event", "dead", "purge", name, "--yes");
    doc = DOCUMENT(1, "dead", "replay", "--queue", "--all");
    ck_assert_int_eq(number_at(doc, "refused"), 1);
    ck_assert_str_eq(text_at(doc, "data/0/result"), "refused");
    empty_the_dead_queue();
}
END_TEST

static int times_in(const char *log, const char *what)
{
    int n = 0;

    for (const char *p = witness_read(stack_file(text("log/%s.log", log))); (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

/* Told from a race that was lost: of those nobody hears. */
START_TEST(an_event_that_names_an_unknown_recipient_goes_to_the_dead_letters)
{
    struct user u = user_new("unlimited");
    int unreadable = times_in("workerd", "event.unreadable");
    const char *id, *mixed, *copy;
    json_t *doc;

    empty_the_dead_queue();
    id = send_with(&u, "sms", "+15551230009", tomorrow());
    mixed = text("{\"message_id\":\"%s\",\"recipients\":[[0,0],[7,0]]}", id);
    copy = text("{\"message_id\":\"%s\",\"recipients\":[[0,0]]}", id);
    publish("sms", "{\"message_id\":\"01890A5D-AC96-774B-BCCE-B302099A8057\",\"recipients\":[[0,0]]}");
    WAIT_UNTIL(dead_events() == 1, 5000);
    publish("sms", mixed);
    WAIT_UNTIL(dead_events() == 2, 5000);
    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    for (int i = 0; i < 3; i++)
        publish("sms", copy);
    WAIT_UNTIL(ready_in("notification.sms") == 0, 5000);
    clock_sleep_ms(500); /* a dead letter would come now */
    doc = DOCUMENT(0, "dead", "list", "--queue");
    ck_assert_uint_eq(rows(doc), 2);
    for (int i = 0; i < 2; i++) {
        bool known = strcmp(text_at(doc, text("data/%d/message_id", i)), id) == 0;

        ck_assert_str_eq(text_at(doc, text("data/%d/code", i)), "rejected");
        ck_assert_int_eq(json_is_true(at(doc, text("data/%d/replayable", i))), known);
    }
    expect_each_once(id, 1);
    ck_assert_int_eq(times_in("workerd", "event.unreadable"), unreadable);
    /* Its known recipient has left meanwhile: the event is taken, and forgotten. */
    EXPECT(0, "replayed 0 recipients and 1 event", "dead", "replay", "--message", id);
    WAIT_UNTIL(ready_in("notification.sms") == 0, 5000);
    clock_sleep_ms(500);
    expect_each_once(id, 1);
    empty_the_dead_queue();
}
END_TEST

/* A tag that was rejected is settled: to acknowledge up to it would cost the channel. */
START_TEST(rejected_events_cost_no_connection)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15551230010");
    struct letter letters[30];
    int away;

    empty_the_dead_queue();
    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    service_down("workerd");
    away = times_in("workerd", "broker.away");
    for (int i = 0; i < 30; i += 3) {
        letters[i] = (struct letter){ "sms", text("{\"message_id\":\"%s\",\"recipients\":[[0,0]]}", id) };
        letters[i + 1] = (struct letter){ "sms", text("{\"message_id\":\"01890a5d-ac96-774b-bcce-b302099a8057\","
                                                      "\"recipients\":[[%d,0]]}", i) };
        letters[i + 2] = (struct letter){ "sms", text("junk %d", i) };
    }
    publish_all(letters, 30);
    service_up("workerd");
    WAIT_UNTIL(ready_in(QUEUE_DEAD) == 20, 10000);
    clock_sleep_ms(500); /* what the broker objects to would be told by now */
    ck_assert_int_eq(times_in("workerd", "broker.away"), away);
    empty_the_dead_queue();
}
END_TEST

/* For an alert: workerd looks every five seconds. */
START_TEST(the_metrics_tell_how_many_events_are_dead)
{
    const char *dead = "queue_depth{queue=\"" QUEUE_DEAD "\"}";

    empty_the_dead_queue();
    publish("sms", "[]");
    publish("email.low", "not {json");
    WAIT_UNTIL(metric(stack_env("WORKERD_URL"), dead) == 2, 15000);
    empty_the_dead_queue();
    WAIT_UNTIL(metric(stack_env("WORKERD_URL"), dead) == 0, 15000);
}
END_TEST

/* As the delivery limit of a queue would do it: the event is right, and is rejected all the same. */
START_TEST(an_event_of_a_known_recipient_goes_back_to_the_queue_where_it_died)
{
    struct user u = user_new("unlimited");
    const char *id, *name;
    json_t *doc;

    empty_the_dead_queue();
    service_down("workerd");
    id = send_with(&u, "sms", "+15551230001", "\"priority\":\"high\"");
    take_from("notification.sms.high", reject);
    WAIT_UNTIL(dead_events() == 1, 5000);
    doc = DOCUMENT(0, "dead", "list", "--message", id);
    ck_assert_str_eq(text_at(doc, "data/0/queue"), "notification.sms.high");
    ck_assert_str_eq(text_at(doc, "data/0/message_id"), id);
    ck_assert(json_is_true(at(doc, "data/0/replayable")));
    name = text_at(doc, "data/0/id");
    doc = DOCUMENT(0, "dead", "show", name);
    ck_assert_int_eq(number_at(doc, "recipients/0/n"), 0);
    ck_assert_int_eq(number_at(doc, "recipients/0/present_fence"), 0);
    ck_assert_ptr_nonnull(strstr("pending queued", text_at(doc, "recipients/0/status")));

    EXPECT(0, "would replay 0 recipients and 1 event", "dead", "replay", "--message", id, "--dry-run");
    ck_assert_uint_eq(ready_in("notification.sms.high"), 0);
    doc = DOCUMENT(0, "dead", "replay", "--message", id);
    ck_assert_int_eq(number_at(doc, "events"), 1);
    ck_assert_str_eq(text_at(doc, "data/0/id"), name);
    ck_assert_uint_eq(dead_events(), 0);
    ck_assert_uint_eq(ready_in("notification.sms.high"), 1);
    service_up("workerd");
    WAIT_UNTIL(is_in(id, "delivered"), 10000);
    expect_each_once(id, 1);
}
END_TEST

START_TEST(an_event_goes_back_for_its_known_recipients_only)
{
    struct user u = user_new("unlimited");
    const char *id, *body;
    json_t *doc;

    empty_the_dead_queue();
    service_down("workerd");
    id = send_with(&u, "sms", "+15551230002", tomorrow());
    body = text("{\"message_id\":\"%s\",\"recipients\":[[7,0],[0,0],[8,0]]}", id);
    publish("sms.low", body);
    publish("sms.low", "{\"message_id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"recipients\":[[0,0]]}");
    take_from("notification.sms.low", reject);
    take_from("notification.sms.low", reject);
    WAIT_UNTIL(dead_events() == 2, 5000);
    doc = DOCUMENT(1, "dead", "replay", "--queue", "--since", "1h");
    ck_assert_int_eq(number_at(doc, "events"), 1);
    ck_assert_int_eq(number_at(doc, "refused"), 1);
    ck_assert_str_eq(take_from("notification.sms.low", broker_ack),
                     text("{\"message_id\":\"%s\",\"recipients\":[[0,0]]}", id));
    doc = DOCUMENT(0, "dead", "list", "--queue");
    ck_assert_str_eq(text_at(doc, "data/0/detail"), "it names no recipient of ours");
    empty_the_dead_queue();
}
END_TEST

/* More than one batch, and none of them twice. */
START_TEST(a_thousand_events_keep_their_positions_and_go_by_a_filter)
{
    struct letter letters[1100];
    json_t *doc;

    empty_the_dead_queue();
    for (int i = 0; i < 1100; i++)
        letters[i] = (struct letter){ i % 2 ? "sms" : "email", text("junk %d", i) };
    publish_all(letters, 1100);
    WAIT_UNTIL(ready_in(QUEUE_DEAD) == 1100, 10000);
    doc = DOCUMENT(0, "dead", "show", "1001");
    ck_assert(json_equal(doc, DOCUMENT(0, "dead", "show", "1001")));
    doc = DOCUMENT(0, "dead", "list", "--queue", "--limit", "3");
    ck_assert_uint_eq(rows(doc), 3);
    ck_assert_int_eq(number_at(doc, "data/0/position"), 1100);
    doc = DOCUMENT(0, "dead", "purge", "--platform", "email", "--limit", "540", "--yes");
    ck_assert_int_eq(number_at(doc, "events"), 540);
    ck_assert_uint_eq(ready_in(QUEUE_DEAD), 560);
    doc = DOCUMENT(0, "dead", "purge", "--platform", "email", "--yes");
    ck_assert_int_eq(number_at(doc, "events"), 10);
    doc = DOCUMENT(1, "dead", "replay", "--queue", "--all");
    ck_assert_int_eq(number_at(doc, "refused"), 550);
    doc = DOCUMENT(0, "dead", "purge", "--queue", "--all", "--yes");
    ck_assert_int_eq(number_at(doc, "events"), 550);
}
END_TEST

/* ---- recipients ---- */

static size_t failed_of(const struct user *u)
{
    return rows(DOCUMENT(0, "dead", "list", "--user", u->email));
}

START_TEST(failed_recipients_are_listed_by_who_and_why)
{
    struct user u = user_new("unlimited");
    const char *refused = send_to(&u, "sms", "+15550004000"), *undelivered = send_to(&u, "sms", "+15550007000");
    const char *broken = send_to(&u, "whatsapp", "+15551230003");
    json_t *doc;

    WAIT_UNTIL(failed_of(&u) == 2, 8000);
    WAIT_UNTIL(is_in(broken, "sent,delivered"), 5000);
    doc = DOCUMENT(0, "dead", "list", "--user", u.email, "--code", "21211");
    ck_assert_uint_eq(rows(doc), 1);
    ck_assert_str_eq(text_at(doc, "data/0/id"), text("%s.0", refused));
    ck_assert_str_eq(text_at(doc, "data/0/provider"), "twilio");
    ck_assert_str_eq(text_at(doc, "data/0/kind"), "recipient");
    ck_assert_int_eq(number_at(doc, "data/0/attempts"), 1);
    doc = DOCUMENT(0, "dead", "list", "--message", undelivered, "--failed", "--provider", "twilio");
    ck_assert_str_eq(text_at(doc, "data/0/code"), "30003");
    ck_assert_uint_eq(rows(DOCUMENT(0, "dead", "list", "--message", broken)), 0);
    ck_assert_uint_eq(rows(DOCUMENT(0, "dead", "list", "--user", u.email, "--until", "1h")), 0);
    doc = DOCUMENT(0, "dead", "show", text("%s.0", undelivered));
    ck_assert_str_eq(text_at(doc, "recipient"), "+15550007000");
    ck_assert_str_eq(text_at(doc, "timeline/0/event"), "accepted");
    ck_assert_str_eq(text_at(doc, "status"), "failed");
    EXPECT(0, "30003", "dead", "show", text("%s.0", undelivered));
    EXPECT(1, "no user", "dead", "list", "--user", "nobody@example.com");
    EXPECT(1, "no such recipient", "dead", "show", "01890a5d-ac96-774b-bcce-b302099a8057.0");
}
END_TEST

START_TEST(a_replayed_recipient_is_sent_again_and_its_message_settles_again)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15550005000"); /* fails once */
    json_t *doc;

    WAIT_UNTIL(failed_of(&u) == 1, 8000);
    ck_assert_str_eq(message_status(id), "failed");
    doc = DOCUMENT(0, "dead", "replay", "--user", u.email, "--dry-run");
    ck_assert_int_eq(number_at(doc, "recipients"), 1);
    ck_assert(json_is_true(at(doc, "dry_run")));
    ck_assert_str_eq(status_of(id), "failed");
    EXPECT(0, "replayed 1 recipient and 0 events\n", "dead", "replay", text("%s.0", id));
    WAIT_UNTIL(is_in(id, "delivered"), 8000);
    ck_assert_str_eq(message_status(id), "completed");
    ck_assert_int_eq(sql_number("SELECT open_count FROM messages WHERE id = '%s'", id), 0);
    ck_assert_int_eq(sql_number("SELECT sent_count FROM messages WHERE id = '%s'", id), 1);
    ck_assert_int_eq(request_count(text("%s.0", id)), 2);
    /* The server's error left the outcome unknown: it was announced before it went. */
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                                " AND event = 'replayed' AND possible_duplicate", id), 1);
    ck_assert_uint_eq(failed_of(&u), 0);
    EXPECT(1, "it is delivered, not failed", "dead", "replay", text("%s.0", id));
}
END_TEST

START_TEST(a_sent_one_that_the_provider_reports_as_failed_can_be_replayed)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15550007001");

    WAIT_UNTIL(failed_of(&u) == 1, 8000);
    EXPECT(0, "replayed 1 recipient", "dead", "replay", "--user", u.email, "--code", "30008");
    WAIT_UNTIL(request_count(text("%s.0", id)) == 2, 8000);
    WAIT_UNTIL(is_in(id, "failed") && failed_of(&u) == 1, 8000);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                                " AND event = 'replayed'", id), 1);
    ck_assert_str_eq(message_status(id), "failed");
    ck_assert_int_eq(sql_number("SELECT open_count FROM messages WHERE id = '%s'", id), 0);
    ck_assert_int_eq(sql_number("SELECT sent_count FROM messages WHERE id = '%s'", id), 0);
}
END_TEST

START_TEST(a_purged_recipient_is_listed_no_more_and_can_still_be_replayed)
{
    struct user u = user_new("unlimited");
    const char *id = send_to(&u, "sms", "+15550004100"), *ref = text("%s.0", id);
    json_t *doc;

    WAIT_UNTIL(failed_of(&u) == 1, 8000);
    EXPECT(0, "would purge 1 recipient", "dead", "purge", "--user", u.email, "--dry-run");
    ck_assert_uint_eq(failed_of(&u), 1);
    EXPECT(0, "purged 1 recipient", "dead", "purge", "--user", u.email, "--yes");
    ck_assert_uint_eq(failed_of(&u), 0);
    EXPECT(0, "1 had moved on", "dead", "purge", ref, "--yes");
    doc = DOCUMENT(0, "dead", "show", ref);
    ck_assert(json_is_true(at(doc, "purged")));
    ck_assert_str_eq(text_at(doc, "status"), "failed");
    EXPECT(0, "replayed 1 recipient", "dead", "replay", ref);
    WAIT_UNTIL(request_count(ref) == 2, 8000);
    WAIT_UNTIL(failed_of(&u) == 1, 8000);
}
END_TEST

START_TEST(two_replays_at_once_send_nothing_twice)
{
    struct user u = user_new("unlimited");
    struct buf body = BUF_INIT(1 << 20);
    const char *const words[] = { "-c", stack_env("NOTIFY_CONFIG"), "dead", "replay", "--user", u.email,
                                  NULL };
    pid_t runs[2];

    buf_adds(&body, "{\"messages\":[");
    for (int i = 0; i < 700; i++) /* more than a batch */
        buf_addf(&body, "%s{\"content\":\"A private text\",\"recipients\":[{\"platform\":\"sms\","
                        "\"recipient\":\"+15550004000\"}]}", i > 0 ? "," : "");
    buf_adds(&body, "]}");
    ck_assert_int_eq(http("POST", "/api/v1/messages/bulk", u.key, buf_str(&body), NULL).status, 202);
    buf_free(&body);
#define FAILED_OF_USER sql_number("SELECT count(*) FROM message_recipients r JOIN messages m" \
                                  " ON m.id = r.message_id WHERE m.user_id = '%s'"            \
                                  " AND r.status = 'failed'", u.id)
    WAIT_UNTIL(FAILED_OF_USER == 700, 20000);
    for (int i = 0; i < 2; i++)
        runs[i] = process_start("notifyctl", words, NULL, "further");
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(process_wait(runs[i], 30000), 0);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events e JOIN messages m"
                                " ON m.id = e.message_id WHERE m.user_id = '%s'"
                                " AND e.event = 'replayed'", u.id), 700);
    WAIT_UNTIL(FAILED_OF_USER == 700, 20000);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM message_events e JOIN messages m"
                                " ON m.id = e.message_id WHERE m.user_id = '%s'"
                                " AND e.event = 'attempt'", u.id), 1400);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages WHERE user_id = '%s'"
                                " AND (open_count <> 0 OR sent_count <> 0 OR status <> 'failed')", u.id), 0);
}
END_TEST

/* ---- queue status ---- */

static const json_t *queue_of(const json_t *doc, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach (at(doc, "queues"), i, one) {
        if (strcmp(text_at(one, "queue"), name) == 0)
            return one;
    }
    ck_abort_msg("no queue %s", name);
    return NULL;
}

/* By the server's own client: "SET key value". */
static void redis(const char *command, const char *key, const char *value)
{
    int status = system(text("%s -u '%s' %s '%s' '%s' >/dev/null 2>&1", stack_env("REDIS_CLI"),
                             stack_env("REDIS_URL"), command, key, value));

    ck_assert_int_eq(status, 0);
}

START_TEST(queue_status_tells_what_waits_where)
{
    struct user u = user_new("unlimited");
    const json_t *q;
    json_t *doc;

    empty_the_dead_queue();
    doc = DOCUMENT(0, "queue", "status", "--interval", "0");
    ck_assert_uint_eq(json_array_size(at(doc, "queues")), LANE_COUNT + 1);
    q = queue_of(doc, "notification.sms.low");
    ck_assert_int_gt(number_at(q, "consumers"), 0);
    ck_assert(json_is_null(at(q, "ready_per_second")));
    service_down("workerd");
    send_with(&u, "sms", "+15551230004", text("\"priority\":\"low\",%s", tomorrow()));
    for (int i = 0; i < 3; i++)
        send_with(&u, "sms", text("+155512301%02d", i), "\"priority\":\"low\"");
    WAIT_UNTIL(ready_in("notification.sms.low") == 3, 5000);
    sql_number("UPDATE dispatch SET due_at = now() - interval '90 s' WHERE lane = 2"
               " AND due_at < now() + interval '1 h'");
    doc = DOCUMENT(0, "queue", "status");
    q = queue_of(doc, "notification.sms.low");
    ck_assert_str_eq(text_at(q, "priority"), "low");
    ck_assert_int_eq(number_at(q, "ready"), 3);
    ck_assert_int_eq(number_at(q, "consumers"), 0);
    ck_assert_int_eq(number_at(q, "due"), 3);
    ck_assert_int_eq(number_at(q, "waiting"), 1);
    ck_assert_int_ge(number_at(q, "oldest_due_ms"), 90000);
    ck_assert(json_is_number(at(q, "ready_per_second")));
    ck_assert_int_eq(number_at(queue_of(doc, QUEUE_DEAD), "ready"), 0);
    EXPECT(0, "OLDEST DUE", "queue", "status", "--interval", "0");
    service_up("workerd");
}
END_TEST

START_TEST(queue_status_shows_the_breakers)
{
    json_t *doc;

    redis("SET", "notification:breaker:{twilio}",
          "{\"state\":\"open\",\"until_ms\":1796115600000,\"reason\":\"credentials\",\"failures\":3}");
    redis("SET", "notification:breaker:{smtp}", "{nonsense");
    doc = DOCUMENT(0, "queue", "status", "--interval", "0");
    ck_assert_str_eq(text_at(doc, "providers/0/provider"), "twilio");
    ck_assert_str_eq(text_at(doc, "providers/0/state"), "open");
    ck_assert_str_eq(text_at(doc, "providers/0/until"), "2026-12-01T09:00:00.000Z");
    ck_assert_str_eq(text_at(doc, "providers/0/reason"), "credentials");
    ck_assert_int_eq(number_at(doc, "providers/0/failures"), 3);
    ck_assert_str_eq(text_at(doc, "providers/1/state"), "unknown");
    ck_assert_str_eq(text_at(doc, "providers/2/state"), "closed");
    EXPECT(0, "credentials", "queue", "status", "--interval", "0");
    redis("DEL", "notification:breaker:{twilio}", "notification:breaker:{smtp}");
}
END_TEST

START_TEST(queue_status_shows_the_rest_while_a_part_is_away)
{
    json_t *doc;

    service_down("redis");
    service_down("rabbitmq");
    doc = DOCUMENT(1, "queue", "status");
    ck_assert(json_is_null(at(queue_of(doc, "notification.sms"), "ready")));
    ck_assert_int_ge(number_at(queue_of(doc, "notification.sms"), "due"), 0);
    ck_assert(json_is_null(at(doc, "providers/0/state")));
    EXPECT(1, "rabbitmq: ", "queue", "status");
    EXPECT(1, "redis: ", "queue", "status");
    ck_assert_uint_eq(rows(DOCUMENT(0, "dead", "list", "--failed", "--code", "none")), 0);
    EXPECT(1, "broker: ", "dead", "list", "--queue");
    EXPECT(1, "broker: ", "dead", "replay", "--all"); /* and nothing is begun */
}
END_TEST

STACK_SUITE("dead", settings, an_event_that_nobody_can_read_is_listed_shown_refused_and_removed,
            an_event_that_names_an_unknown_recipient_goes_to_the_dead_letters,
            rejected_events_cost_no_connection, the_metrics_tell_how_many_events_are_dead,
            an_event_of_a_known_recipient_goes_back_to_the_queue_where_it_died,
            an_event_goes_back_for_its_known_recipients_only,
            a_thousand_events_keep_their_positions_and_go_by_a_filter,
            failed_recipients_are_listed_by_who_and_why,
            a_replayed_recipient_is_sent_again_and_its_message_settles_again,
            a_sent_one_that_the_provider_reports_as_failed_can_be_replayed,
            a_purged_recipient_is_listed_no_more_and_can_still_be_replayed,
            two_replays_at_once_send_nothing_twice, queue_status_tells_what_waits_where,
            queue_status_shows_the_breakers, queue_status_shows_the_rest_while_a_part_is_away)
