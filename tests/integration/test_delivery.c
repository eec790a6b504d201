/* What becomes of a message: sent once, retried, reported on, expired, at its time. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/urlform.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"
#include "tests/integration/client.h"

static const char *const settings[] = {
    "rate_limit.unlimited=0", "worker.retry_base_ms=50", "worker.retry_max_ms=400",
    "worker.max_attempts=3", "worker.lease_seconds=20", "scheduler.interval_ms=100",
    "provider.twilio.timeout_ms=5000", NULL
};

static int64_t number_of(const char *column, const char *id)
{
    return sql_number("SELECT %s FROM message_recipients WHERE message_id = '%s' AND n = 0", column, id);
}

static const char *text_of(const char *column, const char *id)
{
    const char *value = sql_text("SELECT %s FROM message_recipients WHERE message_id = '%s' AND n = 0",
                                 column, id);

    return value == NULL ? "" : value;
}

/* Attempts whose outcome nobody knows are announced before the next request goes out. */
static int64_t announced_duplicates(const char *id)
{
    return sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                      " AND possible_duplicate", id);
}

static int64_t reports(const char *id, const char *status)
{
    return sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                      " AND event = 'reported' AND status = '%s'", id, status);
}

/* ---- sent once ---- */

START_TEST(a_text_is_sent_once_and_delivered_by_the_providers_signed_word)
{
    struct user u = user_new("free");
    const char *id = send_body(&u, "{\"content\":\"Grüße, the one private text\",\"from\":{\"sms\":"
                                   "\"+15550002222\"},\"recipients\":[{\"platform\":\"sms\","
                                   "\"recipient\":\"+15551250001\"}]}");
    json_t *requests;
    struct answer a;

    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    requests = requests_for(id);
    ck_assert_uint_eq(json_array_size(requests), 1);
    ck_assert(json_is_true(at(requests, "0/ok")));
    ck_assert_str_eq(text_at(requests, "0/to"), "+15551250001");
    ck_assert_str_eq(text_at(requests, "0/from"), "+15550002222");
    ck_assert_str_eq(text_at(requests, "0/body"), "Grüße, the one private text");
    a = http("GET", text("/api/v1/messages/%s", id), u.key, NULL, NULL);
    ck_assert_str_eq(text_at(a.json, "status"), "completed");
    ck_assert_str_eq(text_at(a.json, "recipients/0/status"), "delivered");
    ck_assert_str_eq(text_at(a.json, "recipients/0/provider"), "twilio");
    ck_assert_str_eq(text_at(a.json, "recipients/0/provider_id"), text_at(requests, "0/sid"));
    ck_assert_int_eq(number_at(a.json, "recipients/0/attempts"), 1);
    ck_assert_str_ne(text_at(a.json, "recipients/0/delivered_at"), "");
    ck_assert_int_eq(announced_duplicates(id), 0);
}
END_TEST

START_TEST(a_thousand_recipients_of_one_message_reach_the_provider_exactly_once)
{
    struct user u = user_new("free");
    const char *id = send_range(&u, 15551260000, 1000, "");

    WAIT_UNTIL(count_in(id, "sent,delivered") == 1000, 15000);
    expect_each_once(id, 1000);
    WAIT_UNTIL(count_in(id, "delivered") == 1000, 15000);
    ck_assert_str_eq(message_status(id), "completed");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch WHERE message_id = '%s'", id), 0);
    ck_assert_int_eq(sql_number("SELECT open_count FROM messages WHERE id = '%s'", id), 0);
    ck_assert_int_eq(announced_duplicates(id), 0);
}
END_TEST

START_TEST(every_platform_delivers_one_message)
{
    struct user u = user_new("free");
    const char *id = send_body(&u,
        "{\"content\":\"One private text for all platforms\",\"subject\":\"A private subject\","
        "\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"+15551250002\"},"
        "{\"platform\":\"email\",\"recipient\":\"ada.all@example.com\"},"
        "{\"platform\":\"whatsapp\",\"recipient\":\"+15551250003\"},"
        "{\"platform\":\"telegram\",\"recipient\":\"471147114711\"}]}");

    WAIT_UNTIL(count_in(id, "sent,delivered") == 4, 5000);
    WAIT_UNTIL(find_mail("ada.all@example.com") != NULL, 2000);
    ck_assert_str_eq(message_status(id), "completed");
}
END_TEST

static int attempts_in_log(const char *name)
{
    int n = 0;

    for (const char *p = witness_read(stack_file(text("log/%s.log", name)));
         (p = strstr(p, "\"event\":\"attempt\"")) != NULL; p++)
        n++;
    return n;
}

START_TEST(two_workerd_side_by_side_double_nothing)
{
    struct user u = user_new("unlimited");
    int before = attempts_in_log("workerd");
    pid_t second = worker_start(NULL);
    const char *ids[4];

    WAIT_UNTIL(strstr(witness_read(stack_file("log/further.log")), "\"started\"") != NULL, 5000);
    clock_sleep_ms(500); /* until it consumes too */
    for (int i = 0; i < 4; i++)
        ids[i] = send_range(&u, 15551270000 + i * 1000, 300, "");
    for (int i = 0; i < 4; i++) {
        WAIT_UNTIL(count_in(ids[i], "sent,delivered") == 300, 15000);
        expect_each_once(ids[i], 300);
    }
    kill(second, SIGTERM);
    ck_assert_int_eq(process_wait(second, 10000), 0);
    ck_assert_int_gt(attempts_in_log("further"), 0);
    ck_assert_int_eq(attempts_in_log("workerd") - before + attempts_in_log("further"), 1200);
}
END_TEST

/* ---- the provider's word ---- */

START_TEST(a_message_that_was_read_is_read)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15550007007");

    WAIT_UNTIL(is_in(id, "read"), 5000);
    ck_assert_str_ne(text_of("delivered_at", id), "");
    ck_assert_str_ne(text_of("read_at", id), "");
}
END_TEST

START_TEST(an_undelivered_message_has_failed_with_the_providers_code)
{
    static const struct {
        const char *number, *code;
    } rows[] = { { "+15550007000", "30003" }, { "+15550007001", "30008" } };
    struct user u = user_new("free");

    for (size_t i = 0; i < 2; i++) {
        const char *id = send_to(&u, "sms", rows[i].number);

        WAIT_UNTIL(is_in(id, "failed"), 5000);
        ck_assert_str_eq(text_of("error_code", id), rows[i].code);
        ck_assert_uint_eq(json_array_size(requests_for(id)), 1);
    }
}
END_TEST

START_TEST(doubled_and_reversed_callbacks_end_as_one_in_order)
{
    struct user u = user_new("free");
    const char *doubled = send_to(&u, "sms", "+15550007002");
    const char *reversed = send_to(&u, "sms", "+15550007003");

    WAIT_UNTIL(is_in(doubled, "delivered") && is_in(reversed, "delivered"), 5000);
    clock_sleep_ms(500); /* the last ones are answered */
    ck_assert_str_eq(status_of(doubled), "delivered");
    ck_assert_str_eq(status_of(reversed), "delivered");
    ck_assert_int_eq(reports(doubled, "delivered"), 1);
    ck_assert_int_eq(reports(reversed, "delivered"), 1);
    ck_assert_int_eq(reports(reversed, "sent"), 0);
    ck_assert_uint_eq(json_array_size(requests_for(doubled)), 1);
    ck_assert_uint_eq(json_array_size(requests_for(reversed)), 1);
}
END_TEST

START_TEST(a_callback_before_our_own_sent_ends_delivered_with_the_providers_id)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15550007004");

    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    WAIT_UNTIL(sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s'"
                          " AND event LIKE 'attempt%%'", id) == 1, 5000);
    ck_assert_str_eq(status_of(id), "delivered");
    ck_assert_str_eq(text_of("provider_id", id), text_at(requests_for(id), "0/sid"));
    ck_assert_str_ne(text_of("sent_at", id), "");
    ck_assert_uint_eq(json_array_size(requests_for(id)), 1);
    ck_assert_str_eq(message_status(id), "completed");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch WHERE message_id = '%s'", id), 0);
}
END_TEST

START_TEST(a_message_without_a_callback_stays_sent)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15550007005");

    WAIT_UNTIL(is_in(id, "sent"), 5000);
    ck_assert_str_eq(text_of("provider_id", id), text_at(requests_for(id), "0/sid"));
    ck_assert_str_eq(message_status(id), "completed");
}
END_TEST

/* ---- signatures ---- */

static const char *auth_token(void)
{
    const char *line = strstr(witness_read(stack_env("NOTIFY_CONFIG")), "auth_token = ");

    line += strlen("auth_token = ");
    return text("%.*s", (int)strcspn(line, ",\n"), line);
}

/* A callback as the provider makes it, signed with this token. */
static struct answer call_back(const char *token, const char *recipient_id, const char *sid,
                               const char *status)
{
    const char *target = text("/webhooks/twilio?id=%s", recipient_id);
    const char *covered = text("%s%sMessageSid%sMessageStatus%s", stack_env("NOTIFY_URL"), target, sid,
                               status);
    char signature[BASE64_BYTES(HMAC_SHA1_BYTES)];
    uint8_t mac[HMAC_SHA1_BYTES];

    hmac_sha1(token, strlen(token), covered, strlen(covered), mac);
    base64_encode(mac, sizeof mac, signature);
    return http("POST", target, NULL, text("MessageSid=%s&MessageStatus=%s", sid, status),
                HEADERS("Content-Type: application/x-www-form-urlencoded",
                        text("X-Twilio-Signature: %s", signature)));
}

START_TEST(a_forged_callback_is_403_and_moves_nothing)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15550007005"), *recipient_id = text("%s.0", id), *sid;
    struct answer a;

    WAIT_UNTIL(is_in(id, "sent"), 5000);
    sid = text_of("provider_id", id);
    a = call_back("0123456789abcdef0123456789abcdef", recipient_id, sid, "delivered");
    expect_problem(&a, 403, "invalid_signature");
    a = http("POST", text("/webhooks/twilio?id=%s", recipient_id), NULL,
             text("MessageSid=%s&MessageStatus=read", sid),
             HEADERS("Content-Type: application/x-www-form-urlencoded"));
    expect_problem(&a, 403, "invalid_signature");
    ck_assert_str_eq(status_of(id), "sent");
    /* The same, rightly signed, does move it: it was the signature alone. */
    a = call_back(auth_token(), recipient_id, sid, "delivered");
    ck_assert_int_eq(a.status, 200);
    ck_assert_str_eq(a.body, "");
    ck_assert_str_eq(status_of(id), "delivered");
}
END_TEST

START_TEST(a_callback_never_moves_a_recipient_backwards)
{
    static const char *const later[] = { "sent", "queued", "delivered", "undelivered", "failed" };
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15550007005"), *recipient_id = text("%s.0", id), *sid;

    WAIT_UNTIL(is_in(id, "sent"), 5000);
    sid = text_of("provider_id", id);
    ck_assert_int_eq(call_back(auth_token(), recipient_id, sid, "read").status, 200);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        ck_assert_int_eq(call_back(auth_token(), recipient_id, sid, later[i]).status, 200);
        ck_assert_str_eq(status_of(id), "read");
    }
}
END_TEST

START_TEST(a_genuine_callback_about_nobody_is_200)
{
    struct answer a = call_back(auth_token(), "01890000-0000-7000-8000-000000000000.0",
                                "SM0123456789abcdef0123456789abcdef", "delivered");

    ck_assert_int_eq(a.status, 200);
}
END_TEST

START_TEST(a_forged_callback_of_the_provider_does_not_hide_the_true_ones)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15550007006");

    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    ck_assert_int_eq(reports(id, "failed"), 0);
}
END_TEST

/* ---- retries ---- */

/* An unclear outcome that is sent again: announced once, and before the second request. */
static void expect_announced_retry(const char *id)
{
    json_t *requests;
    int64_t second_ms;

    WAIT_UNTIL(is_in(id, "sent,delivered"), 15000);
    requests = requests_for(id);
    ck_assert_uint_eq(json_array_size(requests), 2);
    ck_assert_int_eq(number_of("attempts", id), 2);
    ck_assert_int_eq(announced_duplicates(id), 1);
    ck_assert(clock_parse(text_at(requests, "1/time"), &second_ms));
    ck_assert_int_le(sql_number("SELECT (extract(epoch FROM at) * 1000)::bigint FROM message_events"
                                " WHERE message_id = '%s' AND possible_duplicate", id), second_ms);
}

START_TEST(a_500_is_tried_again_and_says_possible_duplicate)
{
    struct user u = user_new("free");

    expect_announced_retry(send_to(&u, "sms", "+15550005000"));
}
END_TEST

START_TEST(a_reset_connection_is_tried_again_and_says_possible_duplicate)
{
    struct user u = user_new("free");

    expect_announced_retry(send_to(&u, "sms", "+15550004991"));
}
END_TEST

START_TEST(a_lost_answer_is_tried_again_and_says_possible_duplicate)
{
    struct user u = user_new("free");

    expect_announced_retry(send_to(&u, "sms", "+15550004081"));
}
END_TEST

START_TEST(a_429_gives_its_attempt_back)
{
    struct user u = user_new("free");
    const char *id = send_to(&u, "sms", "+15550004290");

    WAIT_UNTIL(is_in(id, "sent,delivered"), 8000);
    ck_assert_uint_eq(json_array_size(requests_for(id)), 2);
    ck_assert_int_eq(number_of("attempts", id), 1);
    ck_assert_int_eq(announced_duplicates(id), 0);
}
END_TEST

START_TEST(a_recipient_that_is_refused_has_failed_at_once)
{
    static const struct {
        const char *number, *code;
    } rows[] = { { "+15550004000", "21211" }, { "+15550004100", "21610" } };
    struct user u = user_new("free");

    for (size_t i = 0; i < 2; i++) {
        const char *id = send_to(&u, "sms", rows[i].number);
        struct answer a;

        WAIT_UNTIL(is_in(id, "failed"), 5000);
        clock_sleep_ms(600); /* longer than any retry would wait */
        ck_assert_uint_eq(json_array_size(requests_for(id)), 1);
        ck_assert_int_eq(number_of("attempts", id), 1);
        a = http("GET", text("/api/v1/messages/%s", id), u.key, NULL, NULL);
        ck_assert_str_eq(text_at(a.json, "status"), "failed");
        ck_assert_str_eq(text_at(a.json, "recipients/0/error/code"), rows[i].code);
        ck_assert_str_ne(text_at(a.json, "recipients/0/error/message"), "");
    }
}
END_TEST

START_TEST(a_recipient_fails_after_max_attempts)
{
    struct user u = user_new("free");
    const char *always_500 = send_to(&u, "sms", "+15550005001");
    const char *always_reset = send_to(&u, "sms", "+15550004990");

    WAIT_UNTIL(is_in(always_500, "failed") && is_in(always_reset, "failed"), 8000);
    clock_sleep_ms(600);
    ck_assert_uint_eq(json_array_size(requests_for(always_500)), 3);
    ck_assert_uint_eq(json_array_size(requests_for(always_reset)), 3);
    ck_assert_int_eq(number_of("attempts", always_500), 3);
    ck_assert_str_eq(text_of("error_code", always_500), "20500");
    ck_assert_int_eq(announced_duplicates(always_500), 2);
    ck_assert_str_eq(message_status(always_500), "failed");
}
END_TEST

START_TEST(a_message_is_completed_where_one_recipient_got_it)
{
    struct user u = user_new("free");
    const char *id = send_body(&u, "{\"content\":\"A private text for a good and a bad one\","
                                   "\"recipients\":[{\"platform\":\"sms\",\"recipient\":\"+15550004000\"},"
                                   "{\"platform\":\"sms\",\"recipient\":\"+15551250004\"}]}");

    WAIT_UNTIL(strcmp(message_status(id), "completed") == 0, 5000);
    ck_assert_int_eq(count_in(id, "failed"), 1);
    ck_assert_int_eq(count_in(id, "sent,delivered"), 1);
}
END_TEST

/* ---- time ---- */

static const char *in_ms(int64_t ms)
{
    char out[CLOCK_TEXT_BYTES];

    return text("%s", clock_format(clock_wall_ms() + ms, out));
}

START_TEST(a_scheduled_message_leaves_at_its_time_and_not_before)
{
    struct user u = user_new("free");
    const char *when = in_ms(2500), *ids[3];
    int64_t at_ms, left_ms;

    ck_assert(clock_parse(when, &at_ms));
    for (int i = 0; i < 3; i++)
        ids[i] = send_with(&u, "sms", text("+1555125001%d", i), text("\"scheduled_at\":\"%s\"", when));
    ck_assert_str_eq(message_status(ids[0]), "scheduled");
    ck_assert_str_eq(text_at(http("GET", text("/api/v1/messages/%s", ids[0]), u.key, NULL, NULL).json,
                             "scheduled_at"), when);
    for (int i = 0; i < 3; i++) {
        WAIT_UNTIL(is_in(ids[i], "sent,delivered"), 6000);
        ck_assert(clock_parse(text_at(requests_for(ids[i]), "0/time"), &left_ms));
        ck_assert_msg(left_ms >= at_ms, "left %d ms early", (int)(at_ms - left_ms));
        ck_assert_msg(left_ms <= at_ms + 1000, "left %d ms late", (int)(left_ms - at_ms));
        expect_each_once(ids[i], 1);
    }
}
END_TEST

START_TEST(what_has_not_left_by_expires_at_expires_and_never_leaves)
{
    struct user u = user_new("free");
    const char *id;

    service_down("workerd");
    id = send_with(&u, "sms", "+15551250020", text("\"expires_at\":\"%s\"", in_ms(1000)));
    clock_sleep_ms(1200);
    service_up("workerd");
    WAIT_UNTIL(is_in(id, "expired"), 8000);
    clock_sleep_ms(500);
    ck_assert_uint_eq(json_array_size(requests_for(id)), 0);
    ck_assert_str_eq(message_status(id), "expired");
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch WHERE message_id = '%s'", id), 0);
}
END_TEST

/* ---- mail ---- */

/* What a mail reader makes of a file, by Python's email package: a line each. */
static const char *mail_as_read(const char *path)
{
    FILE *p = popen(text("/usr/bin/python3 -c '"
                         "import email, email.policy, sys\n"
                         "m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)\n"
                         "t, h = m.get_body((\"plain\",)), m.get_body((\"html\",))\n"
                         "print(\"subject\", m[\"subject\"])\n"
                         "print(\"from\", m[\"from\"])\n"
                         "print(\"to\", m[\"to\"])\n"
                         "print(\"text\", t.get_content().strip())\n"
                         "print(\"html\", h.get_content().strip() if h else None)' %s", path), "r");
    static char out[8192];
    size_t n;

    ck_assert_ptr_nonnull(p);
    n = fread(out, 1, sizeof out - 1, p);
    ck_assert_int_eq(pclose(p), 0);
    out[n] = '\0';
    return out;
}

START_TEST(a_mail_arrives_with_its_subject_and_text_as_they_were_sent)
{
    struct user u = user_new("free");
    const char *subject = "Schöne Grüße aus 東京 – ein langer Betreff, der über eine Zeile hinausgeht 🚀";
    const char *id = send_body(&u, text(
        "{\"content\":\"Guten Tag,\\n.\\n. Punkt am Anfang\\nGrüße\",\"subject\":\"%s\","
        "\"html\":\"<p>Grüße</p>\",\"from\":{\"email\":\"Große Post <post@example.com>\"},"
        "\"recipients\":[{\"platform\":\"email\",\"recipient\":\"ada.mail@example.com\"}]}", subject));
    const char *mail;

    WAIT_UNTIL(is_in(id, "sent"), 5000);
    WAIT_UNTIL(find_mail("ada.mail@example.com") != NULL, 3000);
    mail = mail_as_read(find_mail("ada.mail@example.com"));
    ck_assert_msg(strstr(mail, text("subject %s\n", subject)) != NULL, "%s", mail);
    ck_assert_msg(strstr(mail, "from Große Post <post@example.com>\n") != NULL, "%s", mail);
    ck_assert_msg(strstr(mail, "to ada.mail@example.com\n") != NULL, "%s", mail);
    ck_assert_msg(strstr(mail, "text Guten Tag,\n.\n. Punkt am Anfang\nGrüße\n") != NULL, "%s", mail);
    ck_assert_msg(strstr(mail, "html <p>Grüße</p>\n") != NULL, "%s", mail);
}
END_TEST

/* ---- what is counted ---- */

START_TEST(the_metrics_of_both_programs_tell_what_became_of_a_message)
{
    static const char *const counted[] = {
        "http_requests_total{method=\"POST\",route=\"/api/v1/messages\",status=\"202\"}",
        "messages_accepted_total{platform=\"sms\"}",
        "messages_published_total{platform=\"sms\"}",
        "webhook_events_total{provider=\"twilio\",event=\"delivered\"}",
    };
    static const char *const worked[] = {
        "messages_processed_total{platform=\"sms\",provider=\"twilio\",outcome=\"sent\"}",
        "provider_request_duration_seconds_count{provider=\"twilio\"}",
        "delivery_latency_seconds_count{platform=\"sms\"}",
    };
    enum { COUNTED = sizeof counted / sizeof *counted, WORKED = sizeof worked / sizeof *worked };
    const char *responders = stack_env("NOTIFY_URL"), *worker = stack_env("WORKERD_URL"), *id;
    struct user u = user_new("unlimited");
    int64_t before[COUNTED + WORKED];

    for (int i = 0; i < COUNTED; i++)
        before[i] = metric(responders, counted[i]);
    for (int i = 0; i < WORKED; i++)
        before[COUNTED + i] = metric(worker, worked[i]);
    id = send_to(&u, "sms", "+15551298001");
    WAIT_UNTIL(is_in(id, "delivered"), 5000);
    for (int i = 0; i < COUNTED; i++)
        WAIT_UNTIL(metric(responders, counted[i]) == before[i] + 1, 5000);
    for (int i = 0; i < WORKED; i++)
        WAIT_UNTIL(metric(worker, worked[i]) == before[COUNTED + i] + 1, 5000);
}
END_TEST

START_TEST(nobody_died_and_the_logs_tell_no_secret)
{
    ck_assert_int_eq(service_deaths("fcgi-1") + service_deaths("fcgi-2") + service_deaths("workerd"), 0);
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("delivery", settings, a_text_is_sent_once_and_delivered_by_the_providers_signed_word,
            a_thousand_recipients_of_one_message_reach_the_provider_exactly_once,
            every_platform_delivers_one_message, two_workerd_side_by_side_double_nothing,
            a_message_that_was_read_is_read,
            an_undelivered_message_has_failed_with_the_providers_code,
            doubled_and_reversed_callbacks_end_as_one_in_order,
            a_callback_before_our_own_sent_ends_delivered_with_the_providers_id,
            a_message_without_a_callback_stays_sent, a_forged_callback_is_403_and_moves_nothing,
            a_callback_never_moves_a_recipient_backwards, a_genuine_callback_about_nobody_is_200,
            a_forged_callback_of_the_provider_does_not_hide_the_true_ones,
            a_500_is_tried_again_and_says_possible_duplicate,
            a_reset_connection_is_tried_again_and_says_possible_duplicate,
            a_lost_answer_is_tried_again_and_says_possible_duplicate, a_429_gives_its_attempt_back,
            a_recipient_that_is_refused_has_failed_at_once, a_recipient_fails_after_max_attempts,
            a_message_is_completed_where_one_recipient_got_it,
            a_scheduled_message_leaves_at_its_time_and_not_before,
            what_has_not_left_by_expires_at_expires_and_never_leaves,
            a_mail_arrives_with_its_subject_and_text_as_they_were_sent,
            the_metrics_of_both_programs_tell_what_became_of_a_message,
            nobody_died_and_the_logs_tell_no_secret)
