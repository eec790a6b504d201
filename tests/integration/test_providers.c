/* Every failure of a provider has the right consequence: a table of them, on the whole system. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "tests/integration/client.h"
#include "tests/integration/engine.h"
#include "tests/integration/judge.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

/* One thread, so that its connections are used again. */
static const char *const settings[] = {
    "rate_limit.unlimited=0", "worker.threads=1", "worker.max_attempts=3", "worker.retry_base_ms=40",
    "worker.retry_max_ms=200", "worker.lease_seconds=20", "scheduler.interval_ms=50",
    "platform.email.providers=sendgrid", "platform.whatsapp.from=+15550001111",
    "provider.twilio.timeout_ms=4000", "provider.whatsapp_cloud.timeout_ms=4000",
    "provider.telegram.timeout_ms=4000", "provider.sendgrid.timeout_ms=4000",
    "provider.smtp.timeout_ms=4000", NULL
};

/* ---- the tables ---- */

#define SMS(number) "sms", "+1555000" number
#define WHATSAPP(number) "whatsapp", "+1555000" number
#define MAIL(number) "email", "ada+" number "@example.com"
#define OTHER_MAIL(number) "email", "grace+" number "@example.com"
#define CHAT(number) "telegram", "555000" number
#define GROUP(number) "telegram", "-100555000" number

#define TWILIO "twilio", NULL
#define CLOUD "whatsapp_cloud", NULL
#define BOT "telegram", NULL
#define MOVED(number) "telegram", "-100200000" number
#define GRID "sendgrid", NULL
#define SERVER "smtp", NULL

/*
 * All but Telegram and mail servers call back.  SendGrid has taken a mail where the head of its answer
 * says so, whatever the body is.
 */
static const struct consequence http_rows[] = {
    { SMS("4000"), "bad_address", "failed", "21211", 1, 1, 0, TWILIO },
    { SMS("4100"), "unsubscribed", "failed", "21610", 1, 1, 0, TWILIO },
    { SMS("4031"), "foreign_sender", "failed", "21606", 1, 1, 0, TWILIO },
    { SMS("4032"), "region_off", "failed", "21408", 1, 1, 0, TWILIO },
    { SMS("4290"), "limited_once", "delivered", NULL, 2, 1, 0, TWILIO },
    { SMS("5000"), "server_error_once", "delivered", NULL, 2, 2, 1, TWILIO },
    { SMS("5001"), "server_error_always", "failed", "20500", 3, 3, 2, TWILIO },
    { SMS("5030"), "unavailable_once", "delivered", NULL, 2, 2, 1, TWILIO },
    { SMS("4081"), "hang_once", "delivered", NULL, 2, 2, 1, TWILIO },
    { SMS("4990"), "reset_always", "failed", "no_answer", 3, 3, 2, TWILIO },
    { SMS("4991"), "reset_once", "delivered", NULL, 2, 2, 1, TWILIO },
    { SMS("4992"), "cut_once", "delivered", NULL, 2, 2, 1, TWILIO, true },
    { SMS("4995"), "close_after_answer", "delivered", NULL, 1, 1, 0, TWILIO },
    { SMS("4996"), "close_once", "delivered", NULL, 2, 2, 1, TWILIO },
    { SMS("6000"), "broken_json", "delivered", NULL, 3, 3, 3, TWILIO, true },
    { SMS("6001"), "html", "delivered", NULL, 3, 3, 3, TWILIO, true },
    { SMS("6002"), "drip", "delivered", NULL, 3, 3, 3, TWILIO, true },
    { SMS("6003"), "huge", "delivered", NULL, 1, 1, 0, TWILIO },
    { SMS("8020"), "late", "delivered", NULL, 1, 1, 0, TWILIO },

    { WHATSAPP("4000"), "bad_address", "failed", "131009", 1, 1, 0, CLOUD },
    { WHATSAPP("4100"), "unsubscribed", "failed", "131050", 1, 1, 0, CLOUD },
    { WHATSAPP("4040"), "no_account", "failed", "131026", 1, 1, 0, CLOUD },
    { WHATSAPP("4041"), "not_on_trial", "failed", "131030", 1, 1, 0, CLOUD },
    { WHATSAPP("4042"), "country_closed", "failed", "130497", 1, 1, 0, CLOUD },
    { WHATSAPP("4043"), "maintenance_once", "delivered", NULL, 2, 2, 0, CLOUD },
    { WHATSAPP("4044"), "maintenance_always", "failed", "131057", 3, 3, 0, CLOUD },
    { WHATSAPP("4290"), "limited_once", "delivered", NULL, 2, 1, 0, CLOUD },
    { WHATSAPP("4292"), "pair_limited_once", "delivered", NULL, 2, 1, 0, CLOUD },
    { WHATSAPP("4293"), "account_limited_once", "delivered", NULL, 2, 1, 0, CLOUD },
    { WHATSAPP("4294"), "spam_limited_once", "delivered", NULL, 2, 1, 0, CLOUD },
    { WHATSAPP("5000"), "server_error_once", "delivered", NULL, 2, 2, 1, CLOUD },
    { WHATSAPP("5001"), "server_error_always", "failed", "131000", 3, 3, 2, CLOUD },
    { WHATSAPP("5030"), "unavailable_once", "delivered", NULL, 2, 2, 1, CLOUD },
    { WHATSAPP("4081"), "hang_once", "delivered", NULL, 2, 2, 1, CLOUD },
    { WHATSAPP("4990"), "reset_always", "failed", "no_answer", 3, 3, 2, CLOUD },
    { WHATSAPP("4991"), "reset_once", "delivered", NULL, 2, 2, 1, CLOUD },
    { WHATSAPP("4992"), "cut_once", "delivered", NULL, 2, 2, 1, CLOUD, true },
    { WHATSAPP("4996"), "close_once", "delivered", NULL, 2, 2, 1, CLOUD },
    { WHATSAPP("6000"), "broken_json", "delivered", NULL, 3, 3, 3, CLOUD, true },
    { WHATSAPP("6001"), "html", "delivered", NULL, 3, 3, 3, CLOUD, true },
    { WHATSAPP("6002"), "drip", "delivered", NULL, 3, 3, 3, CLOUD, true },
    { WHATSAPP("6003"), "huge", "delivered", NULL, 1, 1, 0, CLOUD },

    { CHAT("4000"), "bad_address", "failed", "tg_400", 1, 1, 0, BOT },
    { CHAT("4100"), "unsubscribed", "failed", "tg_403", 1, 1, 0, BOT }, /* blocked by the user */
    { CHAT("4030"), "deactivated", "failed", "tg_403", 1, 1, 0, BOT },
    { GROUP("4031"), "kicked", "failed", "tg_403", 1, 1, 0, BOT },
    { GROUP("4032"), "not_a_member", "failed", "tg_403", 1, 1, 0, BOT },
    { CHAT("4033"), "no_conversation", "failed", "tg_403", 1, 1, 0, BOT },
    { GROUP("4001"), "migrated_once", "sent", NULL, 2, 2, 0, MOVED("4001") },
    { GROUP("4002"), "migrated_always", "sent", NULL, 2, 2, 0, MOVED("4002") },
    { CHAT("4290"), "limited_once", "sent", NULL, 2, 1, 0, BOT },
    { CHAT("4292"), "limited_longer_once", "sent", NULL, 2, 1, 0, BOT },
    { CHAT("5000"), "server_error_once", "sent", NULL, 2, 2, 1, BOT },
    { CHAT("5001"), "server_error_always", "failed", "tg_500", 3, 3, 2, BOT },
    { CHAT("5030"), "unavailable_once", "sent", NULL, 2, 2, 1, BOT },
    { CHAT("4081"), "hang_once", "sent", NULL, 2, 2, 1, BOT },
    { CHAT("4990"), "reset_always", "failed", "no_answer", 3, 3, 2, BOT },
    { CHAT("4991"), "reset_once", "sent", NULL, 2, 2, 1, BOT },
    { CHAT("4992"), "cut_once", "sent", NULL, 2, 2, 1, BOT },
    { CHAT("4996"), "close_once", "sent", NULL, 2, 2, 1, BOT },
    { CHAT("6000"), "broken_json", "failed", "unreadable_answer", 3, 3, 2, BOT },
    { CHAT("6001"), "html", "failed", "unreadable_answer", 3, 3, 2, BOT },
    { CHAT("6002"), "drip", "failed", "no_answer", 3, 3, 2, BOT },
    { CHAT("6003"), "huge", "sent", NULL, 1, 1, 0, BOT },

    { MAIL("4000"), "bad_address", "failed", "http_400", 1, 1, 0, GRID },
    { MAIL("4030"), "forbidden", "failed", "http_403", 1, 1, 0, GRID },
    { MAIL("4100"), "suppressed", "failed", "dropped", 1, 1, 0, GRID },
    { MAIL("4130"), "too_large", "failed", "http_413", 1, 1, 0, GRID },
    { MAIL("4290"), "limited_once", "delivered", NULL, 2, 1, 0, GRID },
    { MAIL("4292"), "limited_longer_once", "delivered", NULL, 2, 1, 0, GRID },
    { MAIL("5000"), "server_error_once", "delivered", NULL, 2, 2, 1, GRID },
    { MAIL("5001"), "server_error_always", "failed", "http_500", 3, 3, 2, GRID },
    { MAIL("5030"), "unavailable_once", "delivered", NULL, 2, 2, 1, GRID },
    { MAIL("4081"), "hang_once", "delivered", NULL, 2, 2, 1, GRID },
    { MAIL("4990"), "reset_always", "failed", "no_answer", 3, 3, 2, GRID },
    { MAIL("4991"), "reset_once", "delivered", NULL, 2, 2, 1, GRID },
    { MAIL("4992"), "cut_once", "delivered", NULL, 2, 2, 1, GRID, true },
    { MAIL("4996"), "close_once", "delivered", NULL, 2, 2, 1, GRID },
    { MAIL("6000"), "broken_json", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("6001"), "html", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("6002"), "drip", "delivered", NULL, 3, 3, 3, GRID, true },
    { MAIL("6003"), "huge", "delivered", NULL, 1, 1, 0, GRID },
};

/* They are accepted alike, and differ by what the provider reports. */
static const struct consequence reported_rows[] = {
    { SMS("7000"), "undelivered", "failed", "30003", 1, 1, 0, TWILIO },
    { SMS("7001"), "failed", "failed", "30008", 1, 1, 0, TWILIO },
    { SMS("7002"), "callbacks_doubled", "delivered", NULL, 1, 1, 0, TWILIO },
    { SMS("7003"), "callbacks_reversed", "delivered", NULL, 1, 1, 0, TWILIO },
    { SMS("7004"), "callback_before_answer", "delivered", NULL, 1, 1, 0, TWILIO },
    { SMS("7005"), "no_callback", "sent", NULL, 1, 1, 0, TWILIO },
    { SMS("7006"), "callback_forged_first", "delivered", NULL, 1, 1, 0, TWILIO },
    { SMS("7007"), "read", "read", NULL, 1, 1, 0, TWILIO },
    { WHATSAPP("7000"), "undelivered", "failed", "131026", 1, 1, 0, CLOUD },
    { WHATSAPP("7001"), "failed", "failed", "131000", 1, 1, 0, CLOUD },
    { WHATSAPP("7002"), "callbacks_doubled", "delivered", NULL, 1, 1, 0, CLOUD },
    { WHATSAPP("7003"), "callbacks_reversed", "delivered", NULL, 1, 1, 0, CLOUD },
    { WHATSAPP("7004"), "callback_before_answer", "delivered", NULL, 1, 1, 0, CLOUD },
    { WHATSAPP("7005"), "no_callback", "sent", NULL, 1, 1, 0, CLOUD },
    { WHATSAPP("7006"), "callback_forged_first", "delivered", NULL, 1, 1, 0, CLOUD },
    { WHATSAPP("7007"), "read", "read", NULL, 1, 1, 0, CLOUD },
    { WHATSAPP("7047"), "window_closed", "failed", "131047", 1, 1, 0, CLOUD },
    { MAIL("7000"), "undelivered", "failed", "5.1.1", 1, 1, 0, GRID },
    { MAIL("7001"), "failed", "failed", "dropped", 1, 1, 0, GRID },
    { MAIL("7002"), "callbacks_doubled", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("7003"), "callbacks_reversed", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("7004"), "callback_before_answer", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("7005"), "no_callback", "sent", NULL, 1, 1, 0, GRID },
    { MAIL("7006"), "callback_forged_first", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("7007"), "read", "read", NULL, 1, 1, 0, GRID },
    { MAIL("7010"), "blocked", "failed", "5.2.2", 1, 1, 0, GRID },
    { MAIL("7011"), "deferred", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("7012"), "late_bounce", "delivered", NULL, 1, 1, 0, GRID },
    { MAIL("7013"), "spam_report", "delivered", NULL, 1, 1, 0, GRID },
};

/* What ends before the final dot was certainly not taken. */
static const struct consequence smtp_rows[] = {
    { MAIL("4000"), "bad_address", "failed", "5.1.1", 1, 1, 0, SERVER },
    { MAIL("4100"), "unsubscribed", "failed", "5.7.1", 1, 1, 0, SERVER },
    { MAIL("5520"), "mailbox_full", "failed", "5.2.2", 1, 1, 0, SERVER },
    { MAIL("5540"), "refused", "failed", "5.7.1", 1, 1, 0, SERVER },
    { MAIL("5541"), "data_refused", "failed", "5.7.1", 1, 1, 0, SERVER },
    { MAIL("4290"), "limited_once", "sent", NULL, 2, 2, 0, SERVER },
    { MAIL("4500"), "busy_once", "sent", NULL, 2, 2, 0, SERVER },
    { MAIL("4501"), "busy_always", "failed", "4.2.0", 3, 3, 0, SERVER },
    { MAIL("4520"), "storage_full_once", "sent", NULL, 2, 2, 0, SERVER },
    { MAIL("5000"), "server_error_once", "sent", NULL, 2, 2, 0, SERVER },
    { MAIL("5001"), "server_error_always", "failed", "4.3.0", 3, 3, 0, SERVER },
    { MAIL("5030"), "unavailable_once", "sent", NULL, 2, 2, 0, SERVER },
    { MAIL("4081"), "hang_once", "sent", NULL, 2, 2, 1, SERVER },
    { MAIL("4990"), "reset_always", "failed", "no_answer", 3, 3, 2, SERVER },
    { MAIL("4991"), "reset_once", "sent", NULL, 2, 2, 1, SERVER },
    { MAIL("4992"), "cut_once", "sent", NULL, 2, 2, 1, SERVER },
    { MAIL("4996"), "close_once", "sent", NULL, 2, 2, 1, SERVER },
    { MAIL("6000"), "broken_reply", "failed", "no_answer", 3, 3, 2, SERVER },
};

/* On a connection that has served others; on a new one nothing would happen. */
static const struct consequence used_rows[] = {
    { SMS("4993"), "close_reused_once", "delivered", NULL, 2, 2, 1, TWILIO },
    { WHATSAPP("4993"), "close_reused_once", "delivered", NULL, 2, 2, 1, CLOUD },
    { CHAT("4993"), "close_reused_once", "sent", NULL, 2, 2, 1, BOT },
    { MAIL("4993"), "close_reused_once", "delivered", NULL, 2, 2, 1, GRID },
    { SMS("4994"), "close_reused_always", "delivered,failed", ANY_CODE, 3, 3, 2, TWILIO, true },
    { WHATSAPP("4994"), "close_reused_always", "delivered,failed", ANY_CODE, 3, 3, 2, CLOUD, true },
    { CHAT("4994"), "close_reused_always", "sent,failed", ANY_CODE, 3, 3, 2, BOT, true },
    { MAIL("4994"), "close_reused_always", "delivered,failed", ANY_CODE, 3, 3, 2, GRID, true },
};
static const struct consequence used_smtp_rows[] = {
    { MAIL("4993"), "close_reused_once", "sent", NULL, 2, 2, 0, SERVER },
};

/* Where there is another provider: only what is no fault of the recipient goes to it, if clear. */
static const struct consequence passed_on_rows[] = {
    { WHATSAPP("4041"), "not_on_trial", "delivered", NULL, 2, 2, 0, TWILIO },
    { WHATSAPP("4042"), "country_closed", "delivered", NULL, 2, 2, 0, TWILIO },
    { WHATSAPP("4044"), "maintenance_always", "delivered", NULL, 2, 2, 0, TWILIO },
    { WHATSAPP("4040"), "no_account", "failed", "131026", 1, 1, 0, CLOUD },
    { WHATSAPP("4100"), "unsubscribed", "failed", "131050", 1, 1, 0, CLOUD },
    { WHATSAPP("5001"), "server_error_always", "failed", "131000", 3, 3, 2, CLOUD },
    { WHATSAPP("6000"), "broken_json", "delivered", NULL, 3, 3, 3, CLOUD, true },
    { OTHER_MAIL("4030"), "forbidden", "sent", NULL, 2, 2, 0, SERVER },
    { OTHER_MAIL("4000"), "bad_address", "failed", "http_400", 1, 1, 0, GRID },
    { OTHER_MAIL("5001"), "server_error_always", "failed", "http_500", 3, 3, 2, GRID },
};

/* ---- sending ---- */

#define BATCH(rows_, log_) { .rows = (rows_), .n = sizeof(rows_) / sizeof *(rows_), .log = (log_) }

static const char *recipient_json(const char *platform, const char *address)
{
    return text("{\"platform\":\"%s\",\"recipient\":\"%s\"}", platform, address);
}

static const char *send_recipients(const struct user *u, const char *recipients)
{
    return send_body(u, text("{\"content\":\"A private text, number %d\",\"subject\":\"A test\","
                             "\"recipients\":[%s]}", (int)getpid(), recipients));
}

/*
 * Nobody fails in a row while others get through: no breaker opens.  Each to a chat of its own, since
 * one takes a message a second.
 */
static const char *send_company(const struct user *u)
{
    static int chats;

    return send_recipients(u, text("%s,%s,%s,%s", recipient_json("sms", "+15551700001"),
                                   recipient_json("whatsapp", "+15551700001"),
                                   recipient_json("telegram", text("1%09d", 555170000 + ++chats)),
                                   recipient_json("email", "grace@example.com")));
}

static void send_batch(struct batch *b)
{
    struct buf all = BUF_INIT(1 << 16);
    const char *company;

    ck_assert_uint_le(b->n, RECIPIENTS_MOST);
    b->user = user_new("unlimited");
    engine_rest();
    company = send_company(&b->user);
    WAIT_UNTIL(count_in(company, "sent,delivered") == 4, 10000);
    for (size_t i = 0; i < b->n; i++)
        buf_addf(&all, "%s%s", i > 0 ? "," : "",
                 recipient_json(b->rows[i].platform, b->rows[i].address));
    b->id = send_recipients(&b->user, buf_str(&all));
}

#define ENOUGH_MS 30000
#define LATER_MS 300 /* longer than any wait between two attempts */

/* Waits for all, and that nothing comes of any of them after its end. */
static void hold(struct batch b)
{
    int64_t until_ms = clock_mono_ms() + patience_ms(ENOUGH_MS);
    const char *findings;

    send_batch(&b);
    for (findings = "?"; *findings != '\0' && clock_mono_ms() < until_ms; findings = judge(&b)) {
        send_company(&b.user);
        clock_sleep_ms(100);
    }
    if (*findings == '\0') {
        clock_sleep_ms(LATER_MS);
        findings = judge(&b);
    }
    ck_assert_msg(*findings == '\0', "%s", findings);
    ck_assert_int_eq(sql_number("SELECT count(*) FROM dispatch WHERE message_id = '%s'", b.id), 0);
}

START_TEST(every_failure_of_a_provider_has_its_consequence)
{
    hold((struct batch)BATCH(http_rows, NULL));
}
END_TEST

START_TEST(every_report_of_a_provider_has_its_consequence)
{
    hold((struct batch)BATCH(reported_rows, NULL));
}
END_TEST

/* Of a mail server at most: each thread that hands mails over has its own, and any may be next. */
#define CONNECTIONS 24
#define SLOWEST 8099

/* They wait nearly a second for their answers, side by side, so each leaves a connection. */
static void leave_connections(const char *platform)
{
    bool mail = strcmp(platform, "email") == 0;
    struct buf all = BUF_INIT(1 << 13);
    struct user u = user_new("unlimited");
    const char *id;

    for (int i = 0; i < CONNECTIONS; i++) {
        const char *address = mail ? text("ada+%d@example.com", SLOWEST - i)
                                   : text("+1555000%d", SLOWEST - i);

        buf_addf(&all, "%s%s", i > 0 ? "," : "", recipient_json(platform, address));
    }
    id = send_recipients(&u, buf_str(&all));
    WAIT_UNTIL(count_in(id, "sent,delivered") == CONNECTIONS, 10000);
}

START_TEST(a_used_connection_that_ends_hides_no_attempt)
{
    leave_connections("sms");
    hold((struct batch)BATCH(used_rows, NULL));
}
END_TEST

/* ---- mail ---- */

static const char *mail_log(void)
{
    return stack_file("log/mail-requests.jsonl");
}

/* A simulator that serves mail, and a worker that sends by it. */
static void begin_mail(const char *providers)
{
    const char *port = stack_file("run/mail-simulator.port");
    const char *env[] = { text("NOTIFY_PLATFORM_EMAIL_PROVIDERS=%s", providers), NULL,
                          "NOTIFY_PLATFORM_WHATSAPP_PROVIDERS=whatsapp_cloud,twilio", NULL };

    unlink(port);
    process_start("simulator", HEADERS("--smtp-listen", "127.0.0.1:0", "--smtp-port-file", port, "--log",
                                       mail_log()), NULL, "mail-simulator");
    WAIT_UNTIL(access(port, R_OK) == 0, 5000);
    env[1] = text("NOTIFY_PROVIDER_SMTP_URL=smtp://127.0.0.1:%d", atoi(witness_read(port)));
    workers(1, env);
}

START_TEST(every_failure_of_a_mail_server_has_its_consequence)
{
    begin_mail("smtp");
    hold((struct batch)BATCH(smtp_rows, mail_log()));
    leave_connections("email");
    hold((struct batch)BATCH(used_smtp_rows, mail_log()));
}
END_TEST

START_TEST(only_what_is_clear_and_no_fault_of_the_recipient_goes_to_another_provider)
{
    begin_mail("sendgrid,smtp");
    hold((struct batch)BATCH(passed_on_rows, mail_log()));
}
END_TEST

/* ---- the timeline ---- */

/* In UTC with milliseconds the order of texts is that of times. */
static bool is_before(const json_t *event, const char *when, const json_t *next)
{
    const char *time = text_at(event, when);

    return *time != '\0' && strcmp(time, text_at(next, "at")) <= 0;
}

START_TEST(a_timeline_tells_of_each_attempt_who_said_what_and_when_the_next_one_comes)
{
    static const char *const states[] = { "pending", "pending", "failed" };
    struct user u = user_new("unlimited");
    const char *id;
    json_t *attempts, *one;
    size_t i;

    engine_rest();
    id = send_to(&u, "sms", "+15550005001");
    WAIT_UNTIL(is_in(id, "failed"), 10000);
    attempts = attempts_told(events_told(&u, id), id, 0);
    ck_assert_uint_eq(json_array_size(attempts), 3);
    json_array_foreach (attempts, i, one) {
        bool last = i == 2;

        ck_assert_str_eq(text_at(one, "event"), "attempt");
        ck_assert_str_eq(text_at(one, "status"), states[i]);
        ck_assert_int_eq(number_at(one, "attempt"), (int)i + 1);
        ck_assert_str_eq(text_at(one, "provider"), "twilio");
        ck_assert_str_eq(text_at(one, "code"), "20500");
        ck_assert_str_eq(text_at(one, "detail"), "An internal server error has occurred");
        ck_assert_int_ge(number_at(one, "latency_ms"), 0);
        ck_assert_int_eq(json_is_true(at(one, "possible_duplicate")), !last);
        ck_assert(last ? json_is_null(at(one, "next_attempt_at"))
                       : is_before(one, "next_attempt_at", json_array_get(attempts, i + 1)));
    }
}
END_TEST

static void expect_last_event(const struct user *u, const char *id, const char *event, const char *code)
{
    const json_t *events = events_told(u, id);
    const json_t *last = json_array_get(events, json_array_size(events) - 1);

    ck_assert_str_eq(text_at(last, "event"), event);
    ck_assert_str_eq(text_at(last, "status"), event);
    ck_assert_str_eq(text_at(last, "code"), code);
    ck_assert(json_is_null(at(last, "provider")) && json_is_null(at(last, "next_attempt_at")));
}

static const char *in_so_long(const char *member, int64_t ms)
{
    char when[CLOCK_TEXT_BYTES];

    return text("\"%s\":\"%s\"", member, clock_format(clock_wall_ms() + ms, when));
}

START_TEST(a_timeline_ends_with_the_cancellation_or_the_expiry)
{
    struct user u = user_new("unlimited");
    const char *cancelled = send_with(&u, "sms", "+15551710000", in_so_long("scheduled_at", 3600000));
    const char *expired;

    ck_assert_int_eq(http("DELETE", text("/api/v1/messages/%s", cancelled), u.key, NULL, NULL).status, 200);
    expect_last_event(&u, cancelled, "cancelled", "");
    breaker_set_open("telegram", 60000);
    expired = send_with(&u, "telegram", "15551710001", in_so_long("expires_at", 1000));
    WAIT_UNTIL(is_in(expired, "expired"), 10000);
    expect_last_event(&u, expired, "expired", "expired");
    breaker_forget("telegram");
}
END_TEST

START_TEST(the_logs_tell_no_secret)
{
    expect_no_secrets_in_logs();
}
END_TEST

STACK_SUITE("providers", settings, every_failure_of_a_provider_has_its_consequence,
            every_report_of_a_provider_has_its_consequence,
            a_used_connection_that_ends_hides_no_attempt,
            every_failure_of_a_mail_server_has_its_consequence,
            only_what_is_clear_and_no_fault_of_the_recipient_goes_to_another_provider,
            a_timeline_tells_of_each_attempt_who_said_what_and_when_the_next_one_comes,
            a_timeline_ends_with_the_cancellation_or_the_expiry, the_logs_tell_no_secret)
