/* notifyctl doctor: each check is made to fail on the real system. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/broker/broker.h"
#include "common/broker/topology.h"
#include "tests/integration/engine.h"
#include "tests/integration/stack.h"
#include "tests/integration/told.h"
#include "tests/integration/witness.h"

static const char *const settings[] = { "platform.email.providers=smtp,sendgrid", "rate_limit.unlimited=0",
                                        "redis.timeout_ms=500", NULL };

#define ENV(...) (const char *const[]){ __VA_ARGS__, NULL }

/* ---- what it tells ---- */

static json_t *examined(int status, const char *const env[])
{
    return told_document(status, HEADERS("doctor"), env);
}

/* The finding of a check about a subject, "" where it has none; NULL: there is none. */
static const json_t *find(const json_t *doc, const char *group, const char *check, const char *subject)
{
    const json_t *list = at(doc, "checks");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *f = json_array_get(list, i);

        if (strcmp(text_at(f, "group"), group) == 0 && strcmp(text_at(f, "check"), check) == 0 &&
            strcmp(text_at(f, "subject"), subject) == 0)
            return f;
    }
    return NULL;
}

/* A finding that is not ok says what to do; words: a part of what was found. */
static void expect(const json_t *doc, const char *group, const char *check, const char *subject,
                   const char *state, const char *words)
{
    const json_t *f = find(doc, group, check, subject);

    ck_assert_msg(f != NULL, "nothing is told of %s %s %s", group, check, subject);
    ck_assert_msg(strcmp(text_at(f, "state"), state) == 0 && strstr(text_at(f, "found"), words) != NULL,
                  "%s %s %s: %s, \"%s\" instead of %s, \"%s\"", group, check, subject, text_at(f, "state"),
                  text_at(f, "found"), state, words);
    ck_assert_msg((text_at(f, "remedy")[0] == '\0') == (strcmp(state, "ok") == 0), "%s %s: remedy \"%s\"",
                  group, check, text_at(f, "remedy"));
}

/* ---- a whole system ---- */

static const struct {
    const char *group, *check, *subject;
} all[] = {
    { "configuration", "file", "" },
    { "configuration", "platforms", "" },
    { "configuration", "callbacks", "twilio" },
    { "configuration", "callbacks", "sendgrid" },
    { "configuration", "callbacks", "whatsapp_cloud" },
    { "configuration", "callbacks", "telegram" },
    { "database", "server", "" },
    { "database", "schema", "" },
    { "database", "encoding", "" },
    { "database", "connections", "" },
    { "database", "wraparound", "" },
    { "database", "clock", "" },
    { "database", "backlog", "" },
    { "redis", "server", "" },
    { "redis", "breakers", "" },
    { "rabbitmq", "server", "" },
    { "rabbitmq", "topology", "" },
    { "rabbitmq", "consumers", "" },
    { "rabbitmq", "alarm", "" },
    { "providers", "credentials", "twilio" },
    { "providers", "credentials", "sendgrid" },
    { "providers", "credentials", "whatsapp_cloud" },
    { "providers", "credentials", "telegram" },
    { "providers", "credentials", "smtp" },
    { "programs", "public_url", "" },
    { "programs", "workerd", "" },
};

START_TEST(a_whole_system_passes)
{
    json_t *doc;

    engine_rest();
    doc = examined(0, NULL);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        expect(doc, all[i].group, all[i].check, all[i].subject, "ok", "");
    expect(doc, "redis", "server", "", "ok",
           strcmp(stack_env("REDIS_CLI"), "valkey-cli") == 0 ? "Valkey " : "Redis ");
    ck_assert_int_eq(number_at(doc, "fail"), 0);
    ck_assert_int_eq(number_at(doc, "ok") + number_at(doc, "warn"),
                     (json_int_t)json_array_size(at(doc, "checks")));
    ck_assert_ptr_nonnull(find(doc, "machine", "clock", ""));
    ck_assert_ptr_nonnull(find(doc, "database", "durability", ""));
}
END_TEST

START_TEST(people_get_a_line_a_check_and_its_remedy)
{
    struct outcome o = told(HEADERS("doctor"), ENV("NOTIFY_SERVER_PUBLIC_URL=http://127.0.0.1:1"));

    ck_assert_int_eq(o.status, 1);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "\n  FAIL  public_url "));
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "-> Start notify.fcgi"));
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "\n  ok    schema "));
    ck_assert_ptr_nonnull(strstr(buf_str(&o.out), "1 failed\n"));
    ck_assert_ptr_null(strchr(buf_str(&o.out), '\033')); /* it is no terminal */
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "1 check failed"));
    outcome_free(&o);
}
END_TEST

/* ---- by the configuration ---- */

/* What curl calls it differs between its versions, and stands after the words. */
static const struct {
    const char *env[4];
    const char *group, *check, *subject, *state, *words;
    CURLcode trouble;
} wrong[] = {
    { { "NOTIFY_PROVIDER_TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef" }, "providers", "credentials",
      "twilio", "fail", "credentials refused (401)" },
    { { "NOTIFY_PROVIDER_SENDGRID_API_KEY=SG.wrong" }, "providers", "credentials", "sendgrid", "fail",
      "credentials refused (401)" },
    { { "NOTIFY_PROVIDER_WHATSAPP_CLOUD_ACCESS_TOKEN=wrong" }, "providers", "credentials",
      "whatsapp_cloud", "fail", "credentials refused (401)" },
    { { "NOTIFY_PROVIDER_WHATSAPP_CLOUD_PHONE_NUMBER_ID=4711" }, "providers", "credentials",
      "whatsapp_cloud", "warn", "answers 400" },
    { { "NOTIFY_PROVIDER_TELEGRAM_BOT_TOKEN=1:abcdefghijklmnopqrstuvwxyzABCDEFGHI" }, "providers",
      "credentials", "telegram", "fail", "credentials refused (401)" },
    { { "NOTIFY_PROVIDER_TWILIO_BASE_URL=http://127.0.0.1:1" }, "providers", "credentials", "twilio", "fail",
      "can't be reached: ", CURLE_COULDNT_CONNECT },
    { { "NOTIFY_PROVIDER_TWILIO_BASE_URL=https://nowhere.invalid" }, "providers", "credentials", "twilio",
      "fail", "can't be reached: ", CURLE_COULDNT_RESOLVE_HOST },
    { { "NOTIFY_PROVIDER_SMTP_URL=smtp://127.0.0.1:1" }, "providers", "credentials", "smtp", "fail",
      "can't be reached" },
    { { "NOTIFY_PROVIDER_SMTP_USERNAME=user", "NOTIFY_PROVIDER_SMTP_PASSWORD=secret" }, "providers",
      "credentials", "smtp", "warn", "offers no login" },
    { { "NOTIFY_PROVIDER_TWILIO_VERIFY=off" }, "configuration", "callbacks", "twilio", "warn", "forge" },
    { { "NOTIFY_PROVIDER_TELEGRAM_SECRET_TOKEN=" }, "configuration", "callbacks", "telegram", "warn",
      "secret_token is not set" },
    { { "NOTIFY_SERVER_PUBLIC_URL=" }, "programs", "public_url", "", "warn", "is not set" },
    { { "NOTIFY_SERVER_PUBLIC_URL=http://127.0.0.1:1" }, "programs", "public_url", "", "fail",
      ": ", CURLE_COULDNT_CONNECT },
    { { "NOTIFY_WORKER_METRICS_LISTEN=" }, "programs", "workerd", "", "warn", "is empty" },
    { { "NOTIFY_WORKER_METRICS_LISTEN=127.0.0.1:1" }, "programs", "workerd", "", "fail", ": ",
      CURLE_COULDNT_CONNECT },
    { { "NOTIFY_DATABASE_PORT=1" }, "database", "server", "", "fail", "cannot connect" },
    { { "NOTIFY_DATABASE_POOL_SIZE=50" }, "database", "connections", "", "fail",
      "one notify.fcgi and one workerd need 100" },
    { { "NOTIFY_REDIS_SOCKET=/nowhere" }, "redis", "server", "", "fail", "No such file" },
    { { "NOTIFY_REDIS_PASSWORD=wrong" }, "redis", "server", "", "fail", "log in failed" },
    { { "NOTIFY_RABBITMQ_URL=amqp://127.0.0.1:1/" }, "rabbitmq", "server", "", "fail", "connect" },
    { { "NOTIFY_RABBITMQ_QUEUE_TYPE=classic" }, "rabbitmq", "topology", "notification.dead", "fail",
      "inequivalent arg 'x-queue-type'" },
    { { "NOTIFY_PLATFORM_SMS_PROVIDERS=twilio,mock" }, "configuration", "platforms", "sms", "warn", "mock" },
    { { "NOTIFY_PROVIDER_GATE_KIND=http", "NOTIFY_PROVIDER_GATE_URL=http://127.0.0.1:1/send?to={to}",
        "NOTIFY_PLATFORM_SMS_PROVIDERS=twilio,gate" },
      "providers", "credentials", "gate", "fail", "can't be reached" },
};

START_TEST(what_is_wrong_is_found_and_nothing_else_for_it)
{
    engine_rest();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bool fails = strcmp(wrong[i].state, "fail") == 0;
        const char *trouble = wrong[i].trouble == CURLE_OK ? "" : curl_easy_strerror(wrong[i].trouble);
        json_t *doc = examined(fails ? 1 : 0, wrong[i].env);

        expect(doc, wrong[i].group, wrong[i].check, wrong[i].subject, wrong[i].state,
               text("%s%s", wrong[i].words, trouble));
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            if (strcmp(all[k].group, wrong[i].group) != 0)
                expect(doc, all[k].group, all[k].check, all[k].subject, "ok", "");
        }
    }
}
END_TEST

static const char *const secrets[] = { "password", "twilio_token", "whatsapp_token", "whatsapp_secret",
                                       "whatsapp_verify", "telegram_token", "telegram_secret",
                                       "sendgrid_key" };

START_TEST(no_secret_is_printed)
{
    const char *keys = witness_read(stack_file("keys"));
    struct outcome o = told(HEADERS("doctor"), ENV(
        "NOTIFY_PROVIDER_TELEGRAM_BASE_URL=http://127.0.0.1:1", "NOTIFY_RABBITMQ_URL=amqp://u:hush@127.0.0.1:1/",
        "NOTIFY_DATABASE_URL=postgresql://u:hush@127.0.0.1:1/x", "NOTIFY_REDIS_PASSWORD=hush",
        "NOTIFY_PROVIDER_SENDGRID_API_KEY=SG.hush", "NOTIFY_PROVIDER_TWILIO_AUTH_TOKEN=hush"));

    ck_assert_int_eq(o.status, 1);
    ck_assert_ptr_null(strstr(buf_str(&o.out), "hush"));
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        const char *line = strstr(keys, text("%s=", secrets[i]));
        const char *secret;

        ck_assert_ptr_nonnull(line);
        line += strlen(secrets[i]) + 1;
        secret = text("%.*s", (int)strcspn(line, "\n"), line);
        ck_assert_ptr_null(strstr(buf_str(&o.out), secret));
        ck_assert_ptr_null(strstr(buf_str(&o.err), secret));
    }
    outcome_free(&o);
}
END_TEST

START_TEST(a_file_with_secrets_is_for_nobody_else)
{
    const char *path = stack_env("NOTIFY_CONFIG");

    ck_assert_int_eq(chmod(path, 0644), 0);
    expect(examined(0, NULL), "configuration", "file", "", "warn", "everybody on this machine");
    ck_assert_int_eq(chmod(path, 0640), 0);
    expect(examined(0, NULL), "configuration", "file", "", "ok", "valid");
}
END_TEST

START_TEST(a_wrong_configuration_is_told_as_by_every_command)
{
    struct outcome o = told(HEADERS("doctor"), ENV("NOTIFY_WORKER_THREADS=many"));

    ck_assert_int_eq(o.status, 2);
    ck_assert_ptr_nonnull(strstr(buf_str(&o.err), "threads"));
    ck_assert_uint_eq(o.out.len, 0);
    outcome_free(&o);
}
END_TEST

/* ---- a login at a mail server ---- */

static const char *mail_port(void)
{
    const char *file = stack_file("mail-port");

    process_start("simulator", HEADERS("--listen=127.0.0.1:0", "--smtp-listen=127.0.0.1:0",
                                       text("--smtp-port-file=%s", file), "--smtp-user=user",
                                       "--smtp-password=secret", "--smtp-starttls=off"), NULL, "mailer");
    WAIT_UNTIL(access(file, R_OK) == 0 && witness_read(file)[0] != '\0', 5000);
    return text("%.*s", (int)strcspn(witness_read(file), "\n"), witness_read(file));
}

START_TEST(a_login_at_a_mail_server_is_tried)
{
    const char *url = text("NOTIFY_PROVIDER_SMTP_URL=smtp://127.0.0.1:%s", mail_port());

    expect(examined(0, ENV(url, "NOTIFY_PROVIDER_SMTP_USERNAME=user", "NOTIFY_PROVIDER_SMTP_PASSWORD=secret")),
           "providers", "credentials", "smtp", "ok", "are accepted");
    expect(examined(1, ENV(url, "NOTIFY_PROVIDER_SMTP_USERNAME=user", "NOTIFY_PROVIDER_SMTP_PASSWORD=wrong")),
           "providers", "credentials", "smtp", "fail", "credentials refused");
}
END_TEST

/* ---- parts that are away ---- */

START_TEST(a_redis_that_is_stopped_is_told)
{
    json_t *doc;

    service_down("redis");
    doc = examined(1, NULL);
    expect(doc, "redis", "server", "", "fail", "cache: ");
    expect(doc, "programs", "public_url", "", "warn", "misses one of its neighbours");
    expect(doc, "database", "schema", "", "ok", "");
}
END_TEST

START_TEST(a_redis_that_may_drop_keys_is_told)
{
    redis("CONFIG SET maxmemory-policy allkeys-lru");
    expect(examined(0, NULL), "redis", "memory", "", "warn", "allkeys-lru");
    redis("CONFIG SET maxmemory-policy noeviction");
    expect(examined(0, NULL), "redis", "memory", "", "ok", "noeviction");
}
END_TEST

START_TEST(an_open_breaker_is_told)
{
    engine_rest();
    breaker_set_open("twilio", 60000);
    expect(examined(0, NULL), "redis", "breakers", "twilio", "warn", "is open until ");
    breaker_forget("twilio");
    expect(examined(0, NULL), "redis", "breakers", "", "ok", "");
}
END_TEST

START_TEST(a_worker_that_is_stopped_is_told_and_what_waits_for_it)
{
    struct user u = user_new("unlimited");
    const char *id;
    json_t *doc;

    service_down("workerd");
    id = send_to(&u, "sms", "+15551234567");
    sql_text("UPDATE dispatch SET due_at = now() - interval '1 hour' WHERE message_id = '%s' RETURNING 1", id);
    doc = examined(1, NULL);
    expect(doc, "programs", "workerd", "", "fail", curl_easy_strerror(CURLE_COULDNT_CONNECT));
    expect(doc, "rabbitmq", "consumers", "notification.sms.low", "fail", "has no consumer");
    expect(doc, "database", "backlog", "", "fail", "due for up to 60 minutes");
    sql_text("UPDATE dispatch SET due_at = now() - interval '2 minutes' WHERE message_id = '%s' RETURNING 1", id);
    expect(examined(1, NULL), "database", "backlog", "", "warn", "due for up to 12");
}
END_TEST

/* ---- the database ---- */

START_TEST(a_schema_of_another_version_is_told)
{
    sql_text("INSERT INTO schema_migrations (version, name) VALUES (9999, 'later') RETURNING 1");
    expect(examined(1, NULL), "database", "schema", "", "fail", "9999");
    sql_text("DELETE FROM schema_migrations WHERE version = 9999 RETURNING 1");
    sql_text("ALTER TABLE schema_migrations RENAME TO hidden");
    expect(examined(1, NULL), "database", "schema", "", "fail", "no tables yet");
    /* It has made none itself. */
    ck_assert_str_eq(sql_text("SELECT (to_regclass('schema_migrations') IS NULL)::text"), "true");
    sql_text("ALTER TABLE hidden RENAME TO schema_migrations");
    sql_text("CREATE TABLE kept AS SELECT * FROM schema_migrations ORDER BY version DESC LIMIT 1");
    sql_text("DELETE FROM schema_migrations WHERE version = (SELECT version FROM kept) RETURNING 1");
    expect(examined(1, NULL), "database", "schema", "", "fail", "1 of ");
    sql_text("INSERT INTO schema_migrations SELECT * FROM kept RETURNING 1");
    sql_text("DROP TABLE kept");
    expect(examined(0, NULL), "database", "schema", "", "ok", "");
}
END_TEST

static void run_postgres_with(const char *from, const char *to)
{
    const char *path = stack_file("sv/postgres/run");

    service_down("postgres");
    ck_assert_int_eq(system(text("sed -i 's/ -c %s / -c %s /' %s", from, to, path)), 0);
    service_up("postgres");
    WAIT_UNTIL(stack_is_whole(), 60000);
}

START_TEST(a_database_that_may_lose_commits_is_told)
{
    run_postgres_with("fsync=on", "fsync=off");
    expect(examined(1, NULL), "database", "durability", "", "fail", "fsync is off");
    run_postgres_with("fsync=off", "fsync=on -c full_page_writes=off");
    expect(examined(1, NULL), "database", "durability", "", "fail", "full_page_writes is off");
    run_postgres_with("fsync=on -c full_page_writes=off", "fsync=on");
    ck_assert_ptr_nonnull(find(examined(0, NULL), "database", "durability", ""));
}
END_TEST

START_TEST(a_database_without_unicode_is_told)
{
    sql_text("CREATE DATABASE latin ENCODING 'SQL_ASCII' TEMPLATE template0");
    expect(examined(1, ENV("NOTIFY_DATABASE_NAME=latin")), "database", "encoding", "", "fail", "SQL_ASCII");
    sql_text("DROP DATABASE latin");
}
END_TEST

/* ---- the broker ---- */

static int rabbitmqctl(const char *words)
{
    return system(text("sh -c '. %s; exec /usr/lib/rabbitmq/bin/rabbitmqctl -q %s' >/dev/null",
                       stack_file("etc/rabbitmq.env"), words));
}

START_TEST(a_queue_that_is_missing_is_told_and_not_made)
{
    service_down("workerd");
    ck_assert_int_eq(rabbitmqctl("delete_queue notification.sms.low"), 0);
    for (int i = 0; i < 2; i++)
        expect(examined(1, NULL), "rabbitmq", "topology", "notification.sms.low", "fail", "is not there");
}
END_TEST

START_TEST(an_event_nobody_could_use_is_told)
{
    uint64_t tag;
    struct config *config = calloc(1, sizeof *config);
    struct config_faults faults;
    struct broker *b;

    ck_assert_int_eq(config_load(stack_env("NOTIFY_CONFIG"), NULL, config, &faults), ST_OK);
    b = broker_new(&config->rabbitmq, "test");
    ck_assert_int_eq(broker_connect(b, NULL), ST_OK);
    ck_assert_int_eq(broker_publish(b, "sms", "nonsense", 8, &tag, NULL), ST_OK);
    broker_close(b);
    WAIT_UNTIL(strcmp(text_at(find(examined(0, NULL), "rabbitmq", "dead", ""), "state"), "warn") == 0, 10000);
    json_decref(told_document(0, HEADERS("dead", "purge", "--queue", "--all", "--yes"), NULL));
    expect(examined(0, NULL), "rabbitmq", "dead", "", "ok", "is empty");
    broker_free(b);
}
END_TEST

START_TEST(an_alarm_of_the_broker_is_told)
{
    ck_assert_int_eq(rabbitmqctl("set_vm_memory_high_watermark absolute 1MB"), 0);
    expect(examined(1, NULL), "rabbitmq", "alarm", "", "fail", "an alarm keeps it");
    ck_assert_int_eq(rabbitmqctl("set_vm_memory_high_watermark absolute 1GB"), 0);
    WAIT_UNTIL(strcmp(text_at(find(told_document(0, HEADERS("doctor"), NULL), "rabbitmq", "alarm", ""), "state"),
                      "ok") == 0, 10000);
}
END_TEST

/* ---- where nothing answers ---- */

/* Takes connections, and says nothing for ever. */
static int black_hole(int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, len), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* It ends: program_run() waits 30 seconds, and then there is no status. */
START_TEST(it_ends_where_everything_is_a_black_hole)
{
    int port, fd = black_hole(&port);
    json_t *doc = examined(1, ENV(
        "NOTIFY_DATABASE_HOST=127.0.0.1", text("NOTIFY_DATABASE_PORT=%d", port), "NOTIFY_REDIS_SOCKET=",
        text("NOTIFY_REDIS_PORT=%d", port), text("NOTIFY_RABBITMQ_URL=amqp://127.0.0.1:%d/", port),
        text("NOTIFY_PROVIDER_TWILIO_BASE_URL=http://127.0.0.1:%d", port),
        text("NOTIFY_PROVIDER_TELEGRAM_BASE_URL=http://127.0.0.1:%d", port),
        text("NOTIFY_PROVIDER_WHATSAPP_CLOUD_BASE_URL=http://127.0.0.1:%d", port),
        text("NOTIFY_PROVIDER_SENDGRID_BASE_URL=http://127.0.0.1:%d", port),
        text("NOTIFY_PROVIDER_SMTP_URL=smtp://127.0.0.1:%d", port),
        text("NOTIFY_SERVER_PUBLIC_URL=http://127.0.0.1:%d", port),
        text("NOTIFY_WORKER_METRICS_LISTEN=127.0.0.1:%d", port)));

    expect(doc, "database", "server", "", "fail", "");
    expect(doc, "redis", "server", "", "fail", "");
    expect(doc, "rabbitmq", "server", "", "fail", "");
    expect(doc, "providers", "credentials", "twilio", "fail", "Timeout");
    expect(doc, "providers", "credentials", "smtp", "fail", "Timeout");
    expect(doc, "programs", "public_url", "", "fail", "Timeout");
    expect(doc, "programs", "workerd", "", "fail", "Timeout");
    expect(doc, "configuration", "file", "", "ok", "");
    close(fd);
}
END_TEST

STACK_SUITE("doctor", settings, a_whole_system_passes, people_get_a_line_a_check_and_its_remedy,
            what_is_wrong_is_found_and_nothing_else_for_it, no_secret_is_printed,
            a_file_with_secrets_is_for_nobody_else, a_wrong_configuration_is_told_as_by_every_command,
            a_login_at_a_mail_server_is_tried, a_redis_that_is_stopped_is_told,
            a_redis_that_may_drop_keys_is_told, an_open_breaker_is_told,
            a_worker_that_is_stopped_is_told_and_what_waits_for_it, a_schema_of_another_version_is_told,
            a_database_that_may_lose_commits_is_told, a_database_without_unicode_is_told,
            a_queue_that_is_missing_is_told_and_not_made, an_event_nobody_could_use_is_told,
            an_alarm_of_the_broker_is_told, it_ends_where_everything_is_a_black_hole)
