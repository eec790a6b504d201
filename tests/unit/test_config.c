/* Tests of the configuration: what is read from the file and the environment, and each fault. */
#include "common/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/config/options.h"
#include "tests/unit/suite.h"

/* ---- helpers ---- */

static struct config cfg;
static struct config_faults faults;

static void forget(void)
{
    config_free(&cfg);
    config_faults_free(&faults);
}

static enum status load_bytes(const char *text, size_t len, char *const env[])
{
    return config_load_text("t.conf", text, len, env, &cfg, &faults);
}

/* env: the variables, NULL ends. */
#define LOAD(text, ...)                                                                            \
    load_bytes(text, strlen(text), (char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

static const char *fault(size_t i)
{
    return i < faults.count ? faults.lines[i] : "(no such fault)";
}

/* The one fault of this configuration, in full or its beginning. */
static void expect_fault(const char *text, char *variable, const char *wanted)
{
    ck_assert_int_eq(LOAD(text, variable), ST_INVALID);
    ck_assert_msg(faults.count == 1 && strncmp(fault(0), wanted, strlen(wanted)) == 0,
                  "%zu faults for %s%s\nfirst:  %s\nwanted: %s", faults.count, text,
                  variable ? variable : "", fault(0), wanted);
    forget();
}

static void expect_fine(const char *text, char *variable)
{
    ck_assert_msg(LOAD(text, variable) == ST_OK && faults.count == 0, "%s%s\nfault: %s", text,
                  variable ? variable : "", fault(0));
    forget();
}

struct row {
    const char *text, *variable, *fault; /* fault NULL: there is none */
};

static void expect_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char variable[400] = "";

        if (rows[i].variable != NULL)
            snprintf(variable, sizeof variable, "%s", rows[i].variable);
        if (rows[i].fault != NULL)
            expect_fault(rows[i].text, variable[0] ? variable : NULL, rows[i].fault);
        else
            expect_fine(rows[i].text, variable[0] ? variable : NULL);
    }
}
#define EXPECT(...)                                                                                \
    do {                                                                                           \
        static const struct row rows[] = { __VA_ARGS__ };                                          \
        expect_rows(rows, sizeof rows / sizeof *rows);                                             \
    } while (0)

/* A file with these bytes; the test's process removes it at its end. */
static char temporary[] = "/tmp/test_config.XXXXXX";

static void remove_temporary(void)
{
    unlink(temporary);
}

static const char *value_file(const char *bytes, size_t len)
{
    int fd = mkstemp(temporary);

    ck_assert_int_ge(fd, 0);
    atexit(remove_temporary);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    return temporary;
}

static char *format(char out[300], const char *fmt, const char *word)
{
    const char *mark = strchr(fmt, '@');

    snprintf(out, 300, "%.*s%s%s", (int)(mark - fmt), fmt, word, mark + 1);
    return out;
}

/* ---- what is read ---- */

START_TEST(every_type_is_read)
{
    ck_assert_int_eq(LOAD("[server]\nthreads = 7\nmax_body_bytes=1048576\n"
                          "cors_origins = https://a.example, https://b.example\n"
                          "[scheduler]\nenabled = no\n[redis]\npassword = s3cret\n"
                          "[rabbitmq]\nqueue_type: classic\n"
                          "[platform.email]\nproviders = smtp , backup\nfrom = N <n@example.com>\n"
                          "[provider.smtp]\nurl = smtp://127.0.0.1:2525\nstarttls = off\n"
                          "[provider.backup]\nkind = sendgrid\napi_key = k\non_unclear = hold\n"
                          "[log]\nlevel = warn\nformat = text\n"),
                     ST_OK);
    ck_assert_int_eq(cfg.server.threads, 7);
    ck_assert_int_eq(cfg.server.max_body_bytes, 1048576);
    ck_assert_str_eq(cfg.server.cors_origins, "https://a.example, https://b.example");
    ck_assert(!cfg.scheduler.enabled);
    ck_assert_str_eq(cfg.redis.password, "s3cret");
    ck_assert_str_eq(cfg.rabbitmq.queue_type, "classic");
    ck_assert(cfg.platform[PF_EMAIL].enabled);
    ck_assert_uint_eq(cfg.platform[PF_EMAIL].n_providers, 2);
    ck_assert_str_eq(cfg.platform[PF_EMAIL].providers[0], "smtp");
    ck_assert_str_eq(cfg.platform[PF_EMAIL].providers[1], "backup");
    ck_assert_str_eq(cfg.platform[PF_EMAIL].from, "N <n@example.com>");
    ck_assert_uint_eq(cfg.n_providers, 2);
    ck_assert_str_eq(cfg.providers[0].kind, "smtp");
    ck_assert_int_eq(cfg.providers[0].starttls, STARTTLS_OFF);
    ck_assert_str_eq(cfg.providers[1].name, "backup");
    ck_assert_int_eq(cfg.providers[1].on_unclear, UNCLEAR_HOLD);
    ck_assert_int_eq(cfg.log_level, LEVEL_WARN);
    ck_assert_int_eq(cfg.log_format, LOG_TEXT);
    ck_assert_str_eq(cfg.path, "t.conf");
    forget();
}
END_TEST

START_TEST(an_empty_file_gives_the_defaults)
{
    ck_assert_int_eq(LOAD(""), ST_OK);
    ck_assert_int_eq(cfg.worker.max_attempts, 6);
    ck_assert_int_eq(cfg.worker.retry_max_ms, 3600000);
    ck_assert_str_eq(cfg.worker.metrics_listen, "127.0.0.1:9464");
    ck_assert_uint_eq(cfg.rate_limit.n_tiers, 3);
    ck_assert_uint_eq(cfg.n_providers, 0);
    ck_assert(!cfg.platform[PF_SMS].enabled);
    forget();
}
END_TEST

START_TEST(comments_blank_lines_bom_and_crlf_say_nothing)
{
    EXPECT({ "\xEF\xBB\xBF[log]\r\n# one\r\n  ; two\n\t# three\n\n \t\nlevel = warn ; four\r\n" },
           { "[log] ; a comment\nlevel = debug\n[server]\nthreads=3" });
    ck_assert_int_eq(LOAD("[database]\npassword = a;b#c ;d\nname = x # y\n"), ST_OK);
    ck_assert_str_eq(cfg.database.password, "a;b#c");
    ck_assert_str_eq(cfg.database.name, "x # y");
    forget();
}
END_TEST

START_TEST(a_section_may_be_opened_again)
{
    ck_assert_int_eq(LOAD("[server]\nthreads=3\n[log]\n[server]\nrequest_timeout_ms=900\n"), ST_OK);
    ck_assert_int_eq(cfg.server.threads, 3);
    ck_assert_int_eq(cfg.server.request_timeout_ms, 900);
    forget();
}
END_TEST

START_TEST(further_tiers_are_named_by_their_keys)
{
    ck_assert_int_eq(LOAD("[rate_limit]\ngold-plus = 5000\nbasic = 0\nfree = 9\n",
                          "NOTIFY_RATE_LIMIT_GOLD_PLUS=6000", "NOTIFY_RATE_LIMIT_TINY=1"),
                     ST_OK);
    ck_assert_uint_eq(cfg.rate_limit.n_tiers, 5);
    ck_assert_str_eq(cfg.rate_limit.tiers[0].name, "free");
    ck_assert_str_eq(cfg.rate_limit.tiers[3].name, "gold-plus");
    ck_assert_int_eq(config_tier_limit(&cfg, "gold-plus"), 6000);
    ck_assert_int_eq(config_tier_limit(&cfg, "tiny"), 1);
    ck_assert_int_eq(config_tier_limit(&cfg, "basic"), 0);
    ck_assert_int_eq(config_tier_limit(&cfg, "premium"), 1000);
    ck_assert_int_eq(config_tier_limit(&cfg, "nobody-named-it"), 9);
    forget();
    EXPECT({ "[rate_limit]\ngold = lots\n", NULL,
             "t.conf:2: [rate_limit] gold: \"lots\" is not a whole number from 0 to 1000000000, "
             "which every further tier needs" },
           { "[rate_limit]\nGold = 5\n", NULL,
             "t.conf:2: [rate_limit] Gold: is not a key of this section; its keys are enabled, "
             "free, basic, premium and names of further tiers" });
}
END_TEST

START_TEST(urls_lose_their_trailing_slashes)
{
    ck_assert_int_eq(LOAD("[server]\npublic_url = https://n.example/base//\n"
                          "[provider.telegram]\nbot_token = 1:t\nbase_url = http://127.0.0.1:1/\n"),
                     ST_OK);
    ck_assert_str_eq(cfg.server.public_url, "https://n.example/base");
    ck_assert_str_eq(cfg.providers[0].base_url, "http://127.0.0.1:1");
    forget();
}
END_TEST

START_TEST(an_enabled_platform_without_providers_is_off)
{
    ck_assert_int_eq(LOAD("[platform.sms]\nenabled = true\n[platform.email]\nproviders = mock\n"
                          "[platform.telegram]\nenabled = off\nproviders = nobody\n"),
                     ST_OK);
    ck_assert(!cfg.platform[PF_SMS].enabled);
    ck_assert(cfg.platform[PF_EMAIL].enabled);
    ck_assert(!cfg.platform[PF_TELEGRAM].enabled);
    forget();
}
END_TEST

START_TEST(providers_are_found_by_name)
{
    ck_assert_int_eq(LOAD("[provider.a]\nkind = mock\n[provider.b]\nkind = mock\n"), ST_OK);
    ck_assert_ptr_eq(config_find_provider(&cfg, "b"), &cfg.providers[1]);
    ck_assert_ptr_null(config_find_provider(&cfg, "c"));
    forget();
}
END_TEST

START_TEST(a_file_is_read_from_disk)
{
    const char *path = value_file("[server]\nthreads = 5\n", 21);
    char *env[] = { "NOTIFY_LOG_LEVEL=error", NULL };

    ck_assert_int_eq(config_load(path, env, &cfg, &faults), ST_OK);
    ck_assert_int_eq(cfg.server.threads, 5);
    ck_assert_int_eq(cfg.log_level, LEVEL_ERROR);
    ck_assert_str_eq(cfg.path, path);
    forget();
}
END_TEST

START_TEST(no_file_at_all_leaves_defaults_and_environment)
{
    char *env[] = { "NOTIFY_WORKER_THREADS=9", "PATH=/bin", NULL };

    ck_assert_int_eq(config_load(NULL, env, &cfg, &faults), ST_OK);
    ck_assert_int_eq(cfg.worker.threads, 9);
    ck_assert_str_eq(cfg.path, "");
    forget();
    setenv("NOTIFY_WORKER_THREADS", "11", 1);
    ck_assert_int_eq(config_load("", NULL, &cfg, &faults), ST_OK);
    ck_assert_int_eq(cfg.worker.threads, 11);
    forget();
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_a_fault)
{
    char *env[] = { NULL };

    ck_assert_int_eq(config_load("/nonexistent/n.conf", env, &cfg, &faults), ST_INVALID);
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_str_eq(fault(0), "/nonexistent/n.conf: cannot be read: No such file or directory");
    forget();
    ck_assert_int_eq(config_load("/tmp", env, &cfg, &faults), ST_INVALID);
    ck_assert_str_eq(fault(0), "/tmp: cannot be read: Is a directory");
    forget();
}
END_TEST

/* ---- the form of the file ---- */

START_TEST(a_line_longer_than_inih_reads_is_a_fault_and_never_cut)
{
    char line[400] = "[database]\nname = ";

    memset(line + strlen(line), 'n', 198 - strlen("name = "));
    expect_fine(line, NULL);
    strcat(line, "\n[log]\nlevel = info\n");
    expect_fine(line, NULL);
    memset(strchr(line, '=') + 1, 'n', 199 - strlen("name ="));
    strcpy(line + strlen("[database]\n") + 199, "\n[log]\nlevel = info\n");
    expect_fault(line, NULL,
                 "t.conf:2: the line has 199 bytes, and at most 198 are read; a long value can "
                 "stand in a file of its own, named by KEY_file");
    memset(line, 0, sizeof line);
    line[0] = '#';
    memset(line + 1, 'c', 250);
    expect_fault(line, NULL, "t.conf:1: the line has 251 bytes");
}
END_TEST

START_TEST(the_rest_of_a_long_line_never_becomes_a_key)
{
    char text[600] = "[database]\nurl = postgresql://h/d?options=";

    memset(text + strlen(text), 'o', 199 - strlen("url = postgresql://h/d?options="));
    strcat(text, "sslmode=verify-full\nport = 5433\n");
    ck_assert_int_eq(LOAD(text), ST_INVALID);
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_str_eq(cfg.database.url, "");
    ck_assert_str_eq(cfg.database.port, "5433");
    forget();
}
END_TEST

START_TEST(lines_of_a_wrong_form_are_faults)
{
    EXPECT({ "[server]\nthreads = 2\n  3\n", NULL,
             "t.conf:3: the line is indented, and values can't go on in a further line" },
           { "[server]\n threads = 2\n", NULL, "t.conf:2: the line is indented" },
           { "[server]\nthreads 2\n", NULL, "t.conf:2: the line is neither [SECTION] nor KEY = " },
           { "[server]\nthreads", NULL, "t.conf:2: the line is neither [SECTION] nor KEY = " },
           { "[server]\n= 2\n", NULL, "t.conf:2: there is no key before the =" },
           { "threads = 2\n", NULL, "t.conf:1: threads: stands before the first [SECTION]" },
           { "[server\nthreads = 2\n", NULL, "t.conf:1: a section's line is [NAME]; the ] is" },
           { "[server] threads = 2\n", NULL, "t.conf:1: there is more behind the ];" },
           { "[server];x\n", NULL, "t.conf:1: there is more behind the ];" },
           { "[log]\nlevel = in\033fo\n", NULL, "t.conf:2: a control byte stands in the line" },
           { "[log]\nlevel = in\rfo\n", NULL, "t.conf:2: a control byte stands in the line" },
           { "[log]\nlevel = info\177\n", NULL, "t.conf:2: a control byte stands in the line" });
    ck_assert_int_eq(load_bytes("[log]\nlevel=in\0fo\n", 18, (char *[]){ NULL }), ST_INVALID);
    ck_assert_str_eq(fault(0), "t.conf:2: a control byte stands in the line; only tabs may");
    forget();
}
END_TEST

START_TEST(a_line_that_is_no_line_is_not_shown)
{
    ck_assert_int_eq(LOAD("[database]\nhunter2\n"), ST_INVALID);
    ck_assert_ptr_null(strstr(fault(0), "hunter2"));
    forget();
}
END_TEST

START_TEST(a_file_above_one_mebibyte_is_a_fault)
{
    struct buf text = BUF_INIT(2 * 1024 * 1024);

    while (text.len < 1024 * 1024)
        buf_adds(&text, "#\n");
    ck_assert_int_eq(load_bytes(buf_str(&text), text.len, (char *[]){ NULL }), ST_OK);
    forget();
    buf_adds(&text, "\n");
    ck_assert_int_eq(load_bytes(buf_str(&text), text.len, (char *[]){ NULL }), ST_INVALID);
    ck_assert_str_eq(fault(0), "t.conf: the file is longer than 1 MiB");
    forget();
    ck_assert_int_eq(config_load(value_file(buf_str(&text), text.len), (char *[]){ NULL }, &cfg,
                                 &faults),
                     ST_INVALID);
    ck_assert_uint_eq(faults.count, 1);
    buf_free(&text);
    forget();
}
END_TEST

START_TEST(unknown_sections_and_keys_are_faults)
{
    EXPECT({ "[sever]\nthreads = 2\nx = 1\n", NULL, "t.conf:1: there is no section [sever];" },
           { "[platform.fax]\n", NULL, "t.conf:1: there is no section [platform.fax];" },
           { "[provider]\n", NULL, "t.conf:1: there is no section [provider];" },
           { "[Server]\n", NULL, "t.conf:1: there is no section [Server];" },
           { "[]\n", NULL, "t.conf:1: there is no section [];" },
           { "[log]\nlevle = info\n", NULL,
             "t.conf:2: [log] levle: is not a key of this section; its keys are level, format" },
           { "[platform.sms]\nprovider = mock\n", NULL,
             "t.conf:2: [platform.sms] provider: is not a key of this section; its keys are "
             "enabled, providers, rate_limit, from" },
           { "[log]\n_file = x\n", NULL, "t.conf:2: [log] _file: is not a key" },
           { "[log]\nlevle_file = x\n", NULL, "t.conf:2: [log] levle_file: is not a key" });
}
END_TEST

START_TEST(a_repeated_key_is_a_fault)
{
    EXPECT({ "[server]\nthreads = 2\n[log]\n[server]\nthreads = 2\n", NULL,
             "t.conf:5: [server] threads: is given again; it stands in line 2 already" },
           { "[rate_limit]\ngold_a = 2\ngold-a = 2\n", NULL,
             "t.conf:3: [rate_limit] gold-a: is given again; it stands in line 2 already" });
}
END_TEST

START_TEST(names_of_providers_have_a_form)
{
    EXPECT({ "[provider.]\n", NULL, "t.conf:1: a provider's name is 1 to 40 letters" },
           { "[provider.a b]\n", NULL, "t.conf:1: a provider's name is 1 to 40 letters" },
           { "[provider.-]\n", NULL, "t.conf:1: a provider's name is 1 to 40 letters" },
           { "[provider.a1234567890123456789012345678901234567890]\n", NULL,
             "t.conf:1: a provider's name is 1 to 40 letters" },
           { "[provider.a123456789012345678901234567890123456789]\nkind = mock\n" },
           { "[provider.a.b]\nkind=mock\n[provider.a_b]\nkind=mock\n", NULL,
             "t.conf:3: [provider.a_b] can't be told from [provider.a.b] in the environment" });
}
END_TEST

/* ---- values ---- */

START_TEST(values_of_the_wrong_type_or_out_of_range_are_faults)
{
    EXPECT({ "[server]\nthreads = many\n", NULL,
             "t.conf:2: [server] threads: \"many\" is not a whole number from 1 to 256" },
           { "[server]\nthreads =\n", NULL, "t.conf:2: [server] threads: \"\" is not a whole" },
           { "[server]\nthreads = 0\n", NULL, "t.conf:2: [server] threads: \"0\" is not a whole" },
           { "[server]\nthreads = 257\n", NULL, "t.conf:2: [server] threads: \"257\" is not" },
           { "[server]\nthreads = 2x\n", NULL, "t.conf:2: [server] threads: \"2x\" is not" },
           { "[server]\nthreads = 0x2\n", NULL, "t.conf:2: [server] threads: \"0x2\" is not" },
           { "[server]\nthreads = +2\n", NULL, "t.conf:2: [server] threads: \"+2\" is not" },
           { "[server]\nthreads = 2 # two\n", NULL, "t.conf:2: [server] threads: \"2 # two\"" },
           { "[server]\nthreads = 99999999999999999999\n", NULL, "t.conf:2: [server] threads: " },
           { "[server]\nthreads = 256\n" },
           { "[redis]\ndb = -1\n", NULL, "t.conf:2: [redis] db: \"-1\" is not a whole number" },
           { "[worker]\nretry_max_ms = 604800001\n", NULL, "t.conf:2: [worker] retry_max_ms: " },
           { "[scheduler]\nenabled = maybe\n", NULL,
             "t.conf:2: [scheduler] enabled: \"maybe\" is not true (yes, on, 1) or false (no, off, 0)" },
           { "[redis]\ntls = yes\n", NULL,
             "t.conf:2: [redis] tls: TLS to Redis is not spoken yet; set it to false, and reach Redis by a "
             "unix socket or through a tunnel" },
           { "[scheduler]\nenabled = ON\n" }, { "[redis]\ntls = False\n" },
           { "[log]\nlevel = inf\n", NULL,
             "t.conf:2: [log] level: \"inf\" is not one of debug|info|warn|error" },
           { "[rabbitmq]\nqueue_type = quorum|classic\n", NULL, "t.conf:2: [rabbitmq] queue_type" },
           { "[platform.sms]\nproviders = mock,,mock\n", NULL,
             "t.conf:2: [platform.sms] providers: \"mock,,mock\" is not a list of names" },
           { "[platform.sms]\nproviders = mock,\n", NULL, "t.conf:2: [platform.sms] providers: " });
}
END_TEST

START_TEST(addresses_have_a_form)
{
    EXPECT({ "[server]\npublic_url = n.example\n", NULL,
             "t.conf:2: [server] public_url: must be http://HOST or https://HOST" },
           { "[server]\npublic_url = https://\n", NULL, "t.conf:2: [server] public_url: must be" },
           { "[server]\npublic_url = http://h?x\n", NULL, "t.conf:2: [server] public_url: must" },
           { "[server]\npublic_url = http://[::1]:80/x\n" }, { "[server]\npublic_url =\n" },
           { "[database]\nurl = mysql://h\n", NULL, "t.conf:2: [database] url: must begin with p" },
           { "[database]\nurl = postgresql:///db?host=/run/pg\n" },
           { "[database]\nport = 5432,5433\n" },
           { "[database]\nport = pg\n", NULL, "t.conf:2: [database] port: must be a number" },
           { "[database]\nport = 70000\n", NULL, "t.conf:2: [database] port: must be a number" },
           { "[rabbitmq]\nurl = http://h\n", NULL, "t.conf:2: [rabbitmq] url: must begin with am" },
           { "[rabbitmq]\nurl =\n", NULL, "t.conf:2: [rabbitmq] url: must not be empty" },
           { "[rabbitmq]\nurl = amqps://u:p@h/v\n" },
           { "[worker]\nmetrics_listen = 9464\n", NULL, "t.conf:2: [worker] metrics_listen: must" },
           { "[worker]\nmetrics_listen = [::1]:9464\n" }, { "[worker]\nmetrics_listen =\n" },
           { "[provider.smtp]\nurl = mail.example\n", NULL,
             "t.conf:2: [provider.smtp] url: must be smtp://HOST or smtps://HOST" },
           { "[provider.smtp]\nurl = smtp://u:p@h\n", NULL, "t.conf:2: [provider.smtp] url: must" },
           { "[provider.smtp]\nurl = smtps://h:465\n" },
           { "[provider.smtp]\nurl = smtp://h\nlist_unsubscribe = https://h/x\n", NULL,
             "t.conf:3: [provider.smtp] list_unsubscribe: must be <https://...>, <mailto:...> or" },
           { "[provider.sendgrid]\napi_key = k\nlist_unsubscribe = <https://h/{id}> <x>\n", NULL,
             "t.conf:3: [provider.sendgrid] list_unsubscribe: must be <https://...>, <mailto:.." },
           { "[provider.smtp]\nurl = smtp://h\nlist_unsubscribe = <https://h/{id}>, <mailto:a@b>\n" },
           { "[provider.smtp]\nurl = smtp://h\nlist_unsubscribe =\n" },
           { "[provider.http]\nurl = smtp://h\n", NULL, "t.conf:2: [provider.http] url: must be" },
           { "[provider.http]\nurl = https://h/x?y\naccepted = 200 , 202-204\nretry = 500-599\n" },
           { "[provider.http]\nurl = https://h/\nrefused = 4xx\n", NULL,
             "t.conf:3: [provider.http] refused: must be statuses" },
           { "[provider.mock]\nbase_url = ftp://h\n", NULL, "t.conf:2: [provider.mock] base_url" },
           { "[provider.whatsapp_cloud]\naccess_token=t\nphone_number_id=1\napi_version=23\n", NULL,
             "t.conf:4: [provider.whatsapp_cloud] api_version: must be like v23.0" });
}
END_TEST

#define WITH_NUMBER_ID(id) "[provider.whatsapp_cloud]\naccess_token=t\nphone_number_id = " id "\n"
#define NUMBER_ID_FAULT "t.conf:3: [provider.whatsapp_cloud] phone_number_id: must be the id of a "  \
                        "number, 1 to 32 digits"

START_TEST(the_id_of_a_number_is_1_to_32_digits)
{
    EXPECT({ WITH_NUMBER_ID("1") }, { WITH_NUMBER_ID("12345678901234567890123456789012") },
           { WITH_NUMBER_ID("123456789012345678901234567890123"), NULL, NUMBER_ID_FAULT },
           { WITH_NUMBER_ID("+15551234567"), NULL, NUMBER_ID_FAULT },
           { WITH_NUMBER_ID("1a"), NULL, NUMBER_ID_FAULT },
           { WITH_NUMBER_ID("1/2"), NULL, NUMBER_ID_FAULT },
           { WITH_NUMBER_ID(""), NULL,
             "t.conf:3: [provider.whatsapp_cloud] phone_number_id: is missing" });
}
END_TEST

#define EVENT_KEY_HEAD "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
#define EVENT_KEY                                                                                  \
    EVENT_KEY_HEAD "83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNE" \
                   "c6wEA3F+g=="
#define WITH_EVENT_KEY(key) "[provider.sendgrid]\napi_key = k\nwebhook_public_key = " key "\n"
#define EVENT_KEY_FAULT "t.conf:3: [provider.sendgrid] webhook_public_key: must be the public key " \
                        "that SendGrid shows, 124 characters from MFkw to ==, or several, "

START_TEST(the_key_of_events_is_one_of_p_256)
{
    EXPECT({ WITH_EVENT_KEY(EVENT_KEY) }, { WITH_EVENT_KEY("") },
           { WITH_EVENT_KEY(""), "NOTIFY_PROVIDER_SENDGRID_WEBHOOK_PUBLIC_KEY=" EVENT_KEY ", "
                                 EVENT_KEY },
           { WITH_EVENT_KEY(""), "NOTIFY_PROVIDER_SENDGRID_WEBHOOK_PUBLIC_KEY=" EVENT_KEY ",x",
             "NOTIFY_PROVIDER_SENDGRID_WEBHOOK_PUBLIC_KEY: [provider.sendgrid] webhook_public_key" },
           { WITH_EVENT_KEY("x"), NULL, EVENT_KEY_FAULT },
           { WITH_EVENT_KEY(EVENT_KEY_HEAD), NULL, EVENT_KEY_FAULT },
           { WITH_EVENT_KEY("A" EVENT_KEY), NULL, EVENT_KEY_FAULT },
           { WITH_EVENT_KEY("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQdDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8k"
                            "F9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="),
             NULL, EVENT_KEY_FAULT },
           { WITH_EVENT_KEY(EVENT_KEY "A"), NULL, EVENT_KEY_FAULT },
           { WITH_EVENT_KEY("-----BEGIN PUBLIC KEY-----"), NULL, EVENT_KEY_FAULT });
}
END_TEST

#define WITH_SECRET_TOKEN(token) "[provider.telegram]\nbot_token=1:x\nsecret_token = " token "\n"
#define SECRET_TOKEN_FAULT "t.conf:3: [provider.telegram] secret_token: must be up to 256 of letters"

START_TEST(the_token_of_updates_is_one_that_telegram_takes)
{
    EXPECT({ WITH_SECRET_TOKEN("a-Z_0") }, { WITH_SECRET_TOKEN("") },
           { WITH_SECRET_TOKEN("old , new") },
           { WITH_SECRET_TOKEN("a.b"), NULL, SECRET_TOKEN_FAULT },
           { WITH_SECRET_TOKEN("a b"), NULL, SECRET_TOKEN_FAULT },
           { WITH_SECRET_TOKEN("old,n=w"), NULL, SECRET_TOKEN_FAULT });
}
END_TEST

START_TEST(only_kinds_that_call_back_verify_it)
{
    EXPECT({ "[provider.telegram]\nbot_token = 1:x\nverify = off\n" },
           { "[provider.telegram]\nbot_token = 1:x\nverify = on\n" },
           { "[provider.telegram]\nbot_token = 1:x\nverify = maybe\n", NULL,
             "t.conf:3: [provider.telegram] verify: \"maybe\" is not one of on|off" },
           { "[provider.smtp]\nurl = smtp://h\nverify = off\n", NULL,
             "t.conf:3: [provider.smtp] verify: is used by the kinds twilio sendgrid "
             "whatsapp_cloud telegram http only" });
}
END_TEST

#define WITH_BOT_TOKEN(token) "[provider.telegram]\nbot_token = " token "\n"
#define BOT_TOKEN_FAULT "t.conf:2: [provider.telegram] bot_token: must be a bot's token, digits, a " \
                        "colon and letters, digits, - and _"
#define TEN_LETTERS "xxxxxxxxxx"
#define SEVENTY_LETTERS                                                                            \
    TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS

START_TEST(a_bots_token_is_digits_a_colon_and_base64url)
{
    EXPECT({ WITH_BOT_TOKEN("1:x") },
           { WITH_BOT_TOKEN("123456789:AAF-test_0123456789abcdefghijklmno") },
           { WITH_BOT_TOKEN("123456789:" SEVENTY_LETTERS) },
           { WITH_BOT_TOKEN("1234567890:" SEVENTY_LETTERS), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("x"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("1"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("1:"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN(":x"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("x:x"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("01:x"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("-1:x"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("1:x/y"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("1:x="), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("1:x:y"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN("1: x"), NULL, BOT_TOKEN_FAULT },
           { WITH_BOT_TOKEN(""), NULL, "t.conf:2: [provider.telegram] bot_token: is missing" });
}
END_TEST

START_TEST(a_secret_is_never_shown)
{
    EXPECT({ "[database]\nurl = mysql://u:hunter2@h\n", NULL,
             "t.conf:2: [database] url: must begin with postgresql:// or postgres://" },
           { "[rabbitmq]\nurl = amq://u:hunter2@h\n", NULL,
             "t.conf:2: [rabbitmq] url: must begin with amqp:// or amqps://" });
    ck_assert_int_eq(LOAD("[redis]\npassword = hunter2\npassword = hunter2\n"
                          "password_file = hunter2\n[server]\napi_key = hunter2\n"
                          "[provider.mock]\napi_key = hunter2\n[provider.smtp]\nurl = hunter2\n"
                          "[rabbitmq]\nurl_file = /nonexistent/hunter2\n"
                          "[provider.telegram]\nbot_token = hunter2 ; x\nbot_tokn = hunter2\n",
                          "NOTIFY_PROVIDER_MOCK_BOT_TOKEN=hunter2"),
                     ST_INVALID);
    ck_assert_uint_eq(faults.count, 9);
    for (size_t i = 0; i < faults.count; i++)
        ck_assert_msg(strstr(fault(i), "hunter2") == NULL, "%s", fault(i));
    forget();
}
END_TEST

/* ---- values from files ---- */

START_TEST(the_brokers_address_may_come_later_only_for_who_makes_it)
{
    static const char missing[] = "[rabbitmq]\nurl_file = /nonexistent/rabbitmq.url\n";
    char *const none[] = { NULL };
    char *const other[] = { (char[]){ "NOTIFY_DATABASE_PASSWORD_FILE=/nonexistent/password" }, NULL };
    const char *path = value_file(missing, sizeof missing - 1);

    ck_assert_int_eq(config_load(path, none, &cfg, &faults), ST_INVALID);
    forget();
    ck_assert_int_eq(config_load_early(path, none, &cfg, &faults), ST_OK);
    ck_assert_str_eq(cfg.rabbitmq.url_file, "/nonexistent/rabbitmq.url");
    ck_assert_str_eq(cfg.rabbitmq.url, options_find("rabbitmq", "url")->fallback);
    forget();
    ck_assert_int_eq(config_load_early(path, other, &cfg, &faults), ST_INVALID);
    ck_assert_uint_eq(faults.count, 1);
    ck_assert_ptr_nonnull(strstr(fault(0), "NOTIFY_DATABASE_PASSWORD_FILE"));
    forget();
    ck_assert_int_eq(LOAD("[rabbitmq]\nurl = amqp://h/\n"), ST_OK);
    ck_assert_str_eq(cfg.rabbitmq.url_file, "");
    forget();
}
END_TEST

START_TEST(a_value_can_stand_in_a_file)
{
    char text[300], variable[300];
    const char *path = value_file("two\nlines ;x\r\n\n", 15);

    ck_assert_int_eq(LOAD(format(text, "[redis]\npassword_file = @\n", path)), ST_OK);
    ck_assert_str_eq(cfg.redis.password, "two\nlines ;x");
    forget();
    ck_assert_int_eq(LOAD("[redis]\npassword = x\n",
                          format(variable, "NOTIFY_REDIS_PASSWORD_FILE=@", path)),
                     ST_OK);
    ck_assert_str_eq(cfg.redis.password, "two\nlines ;x");
    forget();
    ck_assert_int_eq(LOAD(text, "NOTIFY_REDIS_PASSWORD=y"), ST_OK);
    ck_assert_str_eq(cfg.redis.password, "y");
    forget();
}
END_TEST

START_TEST(a_value_from_a_file_is_judged_but_not_shown)
{
    char text[300];

    format(text, "[server]\nthreads_file = @\n", value_file("hunter2\n", 8));
    expect_fault(text, NULL,
                 "t.conf:2: [server] threads: what that file holds is not a whole number from 1 "
                 "to 256");
}
END_TEST

START_TEST(a_value_file_that_cannot_be_used_is_a_fault)
{
    char text[300], *big = calloc(1, 65537);

    EXPECT({ "[redis]\npassword_file = /nonexistent\n", NULL,
             "t.conf:2: [redis] password_file: the file it names can't be used: No such file or" },
           { "[redis]\npassword_file =\n", NULL, "t.conf:2: [redis] password_file: the file it" },
           { "[redis]\npassword_file = /tmp\n", NULL,
             "t.conf:2: [redis] password_file: the file it names can't be used: not a regular" },
           { "[redis]\npassword_file = /dev/zero\n", NULL,
             "t.conf:2: [redis] password_file: the file it names can't be used: not a regular" },
           { "", "NOTIFY_REDIS_PASSWORD_FILE=/nonexistent",
             "NOTIFY_REDIS_PASSWORD_FILE: [redis] password_file: the file it names can't be used" },
           { "[provider.telegram]\nbot_token_file = /nonexistent\n", NULL,
             "t.conf:2: [provider.telegram] bot_token_file: the file it names can't be used" });
    memset(big, 'x', 65537);
    format(text, "[redis]\npassword_file = @\n", value_file(big, 65537));
    expect_fault(text, NULL,
                 "t.conf:2: [redis] password_file: the file it names can't be used: longer than "
                 "64 KiB");
    ck_assert_int_eq(truncate(temporary, 65536), 0);
    ck_assert_int_eq(LOAD(text), ST_OK);
    ck_assert_uint_eq(strlen(cfg.redis.password), 65536);
    forget();
    ck_assert_int_eq(truncate(temporary, 3), 0);
    ck_assert_int_eq(truncate(temporary, 4), 0);
    expect_fault(text, NULL,
                 "t.conf:2: [redis] password_file: the file it names can't be used: a NUL byte");
    free(big);
}
END_TEST

START_TEST(a_value_and_its_file_together_are_a_fault)
{
    EXPECT({ "[redis]\npassword = a\npassword_file = /dev/null\n", NULL,
             "t.conf:3: [redis] password: is given both by itself and as password_file (see line "
             "2); give one of the two" });
    ck_assert_int_eq(LOAD("", "NOTIFY_REDIS_PASSWORD_FILE=/x", "NOTIFY_REDIS_PASSWORD=a"),
                     ST_INVALID);
    ck_assert_str_eq(fault(0), "NOTIFY_REDIS_PASSWORD: [redis] password: is given both by itself "
                               "and as password_file (see NOTIFY_REDIS_PASSWORD_FILE); give one "
                               "of the two");
    ck_assert_uint_eq(faults.count, 1);
    forget();
}
END_TEST

/* ---- the environment ---- */

START_TEST(a_variable_overrides_the_file)
{
    ck_assert_int_eq(LOAD("[provider.my-sms.2]\nkind = twilio\naccount_sid = AC1\n"
                          "auth_token = old\n[server]\nthreads = oops\ncors_origins = *\n",
                          "NOTIFY_PROVIDER_MY_SMS_2_AUTH_TOKEN=a,b=c", "NOTIFY_SERVER_THREADS=4",
                          "NOTIFY_PLATFORM_SMS_PROVIDERS=my-sms.2",
                          "NOTIFY_PLATFORM_SMS_RATE_LIMIT=7", "NOTIFY_SERVER_CORS_ORIGINS="),
                     ST_OK);
    ck_assert_str_eq(cfg.providers[0].auth_token, "a,b=c");
    ck_assert_int_eq(cfg.server.threads, 4);
    ck_assert_str_eq(cfg.server.cors_origins, "");
    ck_assert_str_eq(cfg.platform[PF_SMS].providers[0], "my-sms.2");
    ck_assert_int_eq(cfg.platform[PF_SMS].rate_limit, 7);
    forget();
}
END_TEST

START_TEST(a_provider_can_come_from_the_environment_alone)
{
    ck_assert_int_eq(LOAD("[platform.whatsapp]\nproviders = meta-eu\n",
                          "NOTIFY_PROVIDER_SMTP_URL=smtp://h", "NOTIFY_PROVIDER_META_EU_KIND=mock",
                          "NOTIFY_PROVIDER_WHATSAPP_CLOUD_ACCESS_TOKEN=t",
                          "NOTIFY_PROVIDER_WHATSAPP_CLOUD_PHONE_NUMBER_ID=1"),
                     ST_OK);
    ck_assert_uint_eq(cfg.n_providers, 3);
    ck_assert_str_eq(config_find_provider(&cfg, "meta-eu")->kind, "mock");
    ck_assert_str_eq(config_find_provider(&cfg, "smtp")->url, "smtp://h");
    ck_assert_str_eq(config_find_provider(&cfg, "whatsapp_cloud")->access_token, "t");
    forget();
}
END_TEST

START_TEST(of_two_names_that_fit_a_variable_the_one_that_knows_its_key_is_meant)
{
    ck_assert_int_eq(LOAD("[provider.whatsapp]\nkind = mock\n[provider.a]\nkind = mock\n"
                          "[provider.a_rate]\nkind = mock\n",
                          "NOTIFY_PROVIDER_WHATSAPP_CLOUD_ACCESS_TOKEN=t",
                          "NOTIFY_PROVIDER_WHATSAPP_CLOUD_PHONE_NUMBER_ID=1",
                          "NOTIFY_PROVIDER_A_RATE_LIMIT=3", "NOTIFY_PROVIDER_A_RATE_TIMEOUT_MS=77"),
                     ST_OK);
    ck_assert_uint_eq(cfg.n_providers, 4);
    ck_assert_int_eq(config_find_provider(&cfg, "a")->rate_limit, 3);
    ck_assert_int_eq(config_find_provider(&cfg, "a_rate")->timeout_ms, 77);
    forget();
}
END_TEST

START_TEST(faults_of_the_environment_name_the_variable)
{
    EXPECT({ "", "NOTIFY_SERVER_THREADS=none",
             "NOTIFY_SERVER_THREADS: [server] threads: \"none\" is not a whole number" },
           { "", "NOTIFY_SERVER_THREDS=2",
             "NOTIFY_SERVER_THREDS: [server] threds: is not a key of this section; its keys are "
             "threads, max_body_bytes, " },
           { "", "NOTIFY_SERVER_=2", "NOTIFY_SERVER_: [server] : is not a key" },
           { "", "NOTIFY_PLATFORM_FAX_FROM=1", "NOTIFY_PLATFORM_FAX_FROM: names no platform" },
           { "", "NOTIFY_PROVIDER_GW_URL=1", "NOTIFY_PROVIDER_GW_URL: names no provider's key; " },
           { "", "NOTIFY_PROVIDER_SMTP_URI=1", "NOTIFY_PROVIDER_SMTP_URI: names no provider" },
           { "[provider.mock]\n", "NOTIFY_PROVIDER_MOCK_URI=1",
             "NOTIFY_PROVIDER_MOCK_URI: [provider.mock] uri: is not a key" },
           { "[provider.a]\nkind = mock\n[provider.a_b]\nkind = mock\n", "NOTIFY_PROVIDER_A_B_C=1",
             "NOTIFY_PROVIDER_A_B_C: [provider.a_b] c: is not a key" },
           { "", "NOTIFY_PROVIDER_SMTP_URL=h", "NOTIFY_PROVIDER_SMTP_URL: [provider.smtp] url: m" },
           { "", "NOTIFY_PROVIDER_SMTP_USERNAME=u",
             "NOTIFY_PROVIDER_SMTP_USERNAME: [provider.smtp] url: is missing" },
           { "", "NOTIFY_PLATFORM_SMS_PROVIDERS=x",
             "NOTIFY_PLATFORM_SMS_PROVIDERS: [platform.sms] providers: names x, but" });
}
END_TEST

START_TEST(variables_of_others_are_left_alone)
{
    EXPECT({ "", "NOTIFY_URL=http://h" }, { "", "NOTIFY_API_KEY=k" }, { "", "NOTIFY_ADMIN_KEY=k" },
           { "", "NOTIFY_CONFIG=/x" }, { "", "NOTIFY_BIN=/x" }, { "", "NOTIFY_FAILPOINTS=x=kill" },
           { "", "NOTIFY_SQL_DIR=/x" }, { "", "NOTIFY_SOCKET=/x" }, { "", "SERVER_THREADS=x" },
           { "", "NOTIFY_SERVER" });
}
END_TEST

/* ---- what must fit together ---- */

START_TEST(platforms_list_providers_that_exist_and_can_serve_them)
{
    EXPECT({ "[platform.sms]\n\nproviders = twillio\n[provider.mock]\n", NULL,
             "t.conf:3: [platform.sms] providers: names twillio, but there is no section "
             "[provider.twillio]; add it, or take the name out" },
           { "[platform.sms]\nproviders = smtp\n[provider.smtp]\nurl = smtp://h\n", NULL,
             "t.conf:2: [platform.sms] providers: names smtp, whose kind smtp can't serve sms; it "
             "serves email" },
           { "[platform.email]\nproviders = t\n[provider.t]\nkind=twilio\naccount_sid=a\n"
             "auth_token=b\n", NULL,
             "t.conf:2: [platform.email] providers: names t, whose kind twilio can't serve email; "
             "it serves sms, whatsapp" },
           { "[platform.sms]\nproviders = mock, mock\n[provider.mock]\n", NULL,
             "t.conf:2: [platform.sms] providers: names mock twice" },
           { "[platform.sms]\nenabled = no\nproviders = twillio\n" },
           { "[platform.sms]\nproviders = twilio\n[provider.twilio]\naccount_sid=a\n", NULL,
             "t.conf:3: [provider.twilio] auth_token: is missing" });
}
END_TEST

START_TEST(each_kind_serves_its_platforms_and_no_other)
{
    static const struct {
        const char *kind, *credentials;
        unsigned platforms;
    } rows[] = {
        { "twilio", "account_sid=a\nauth_token=b\n", 1 << PF_SMS | 1 << PF_WHATSAPP },
        { "sendgrid", "api_key=a\n", 1 << PF_EMAIL },
        { "smtp", "url=smtp://h\n", 1 << PF_EMAIL },
        { "whatsapp_cloud", "access_token=a\nphone_number_id=1\n", 1 << PF_WHATSAPP },
        { "telegram", "bot_token=1:a\n", 1 << PF_TELEGRAM },
        { "http", "url=http://h\n", (1 << PF_COUNT) - 1 },
        { "mock", "", (1 << PF_COUNT) - 1 },
    };
    size_t n_kinds = 1;

    for (const char *c = options_find("provider.*", "kind")->choices; *c != '\0'; c++)
        n_kinds += *c == '|';
    ck_assert_uint_eq(n_kinds, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < n_kinds; i++) {
        for (int p = 0; p < PF_COUNT; p++) {
            char text[300];
            bool serves = rows[i].platforms & 1u << p;

            snprintf(text, sizeof text, "[platform.%s]\nproviders=x\n[provider.x]\nkind=%s\n%s",
                     platform_name((enum platform)p), rows[i].kind, rows[i].credentials);
            ck_assert_msg((LOAD(text) == ST_OK) == serves, "%s%s", text, fault(0));
            ck_assert_uint_eq(faults.count, serves ? 0 : 1);
            forget();
        }
    }
}
END_TEST

START_TEST(a_provider_has_a_known_kind_and_what_it_needs)
{
    EXPECT({ "[provider.x]\nkind = pigeon\n", NULL,
             "t.conf:2: [provider.x] kind: \"pigeon\" is not one of twilio|sendgrid|" },
           { "[provider.gateway]\nurl = http://h\n", NULL,
             "t.conf:1: [provider.gateway] kind: is missing, and the section is not named after a "
             "kind; it is one of twilio|sendgrid|smtp|whatsapp_cloud|telegram|http|mock" },
           { "[provider.twilio]\nauth_token = a\n", NULL,
             "t.conf:1: [provider.twilio] account_sid: is missing; the kind twilio needs it (or "
             "account_sid_file, a file that holds it)" },
           { "[provider.twilio]\nauth_token =\naccount_sid = a\n", NULL,
             "t.conf:2: [provider.twilio] auth_token: is missing" },
           { "[provider.sendgrid]\n", NULL, "t.conf:1: [provider.sendgrid] api_key: is missing" },
           { "[provider.smtp]\n", NULL, "t.conf:1: [provider.smtp] url: is missing" },
           { "[provider.telegram]\n", NULL, "t.conf:1: [provider.telegram] bot_token: is missing" },
           { "[provider.http]\n", NULL, "t.conf:1: [provider.http] url: is missing" },
           { "[provider.whatsapp_cloud]\naccess_token = a\n", NULL,
             "t.conf:1: [provider.whatsapp_cloud] phone_number_id: is missing" });
}
END_TEST

START_TEST(a_key_that_the_kind_does_not_use_is_a_fault)
{
    EXPECT({ "[provider.x]\napi_key = k\nkind = mock\n", NULL,
             "t.conf:2: [provider.x] api_key: is used by the kind sendgrid only, and this "
             "provider's kind is mock" },
           { "[provider.mock]\nurl = http://h\n", NULL,
             "t.conf:2: [provider.mock] url: is used by the kinds smtp http only, and this" });
}
END_TEST

START_TEST(the_first_retry_is_not_later_than_the_last)
{
    EXPECT({ "[worker]\nretry_base_ms = 5\nretry_max_ms = 5\n" },
           { "[worker]\nretry_max_ms = 999\n", NULL,
             "t.conf:2: [worker] retry_max_ms: retry_base_ms (1000) must not be above retry_max_ms "
             "(999)" },
           { "[worker]\nretry_max_ms = 5\nretry_base_ms = 6\n", NULL,
             "t.conf:3: [worker] retry_base_ms: retry_base_ms (6) must not be above" },
           { "[worker]\nretry_max_ms = 5\nretry_base_ms = x\n", NULL,
             "t.conf:3: [worker] retry_base_ms: \"x\" is not a whole number" });
}
END_TEST

#define TWILIO_SMS                                                                                 \
    "[platform.sms]\nproviders = twilio\nfrom = +15550001111\n[provider.twilio]\n"                  \
    "account_sid = AC0123456789abcdef0123456789abcdef\nauth_token = a\n"

START_TEST(a_call_that_may_outlast_its_claim_is_refused)
{
    EXPECT({ TWILIO_SMS "[worker]\nlease_seconds = 11\n" },
           { TWILIO_SMS "timeout_ms = 59000\n" },
           { "[worker]\nlease_seconds = 2\n[platform.sms]\nproviders = mock\n[provider.mock]\n" },
           { TWILIO_SMS "timeout_ms = 59001\n", NULL,
             "t.conf:7: [provider.twilio] timeout_ms: 59001 must be at least 1000 less than [worker] "
             "lease_seconds (60)" },
           { TWILIO_SMS "[worker]\nlease_seconds = 10\n", NULL,
             "t.conf:4: [provider.twilio] timeout_ms: 10000 must be at least 1000 less" });
}
END_TEST

START_TEST(a_telegram_chat_gets_one_call_a_second_unless_another_rate_is_given)
{
    static const struct {
        const char *text;
        char *variable;
        int rate;
    } rows[] = {
        { "[provider.telegram]\nbot_token = 1:a\n", NULL, 1 },
        { "[provider.bot]\nkind = telegram\nbot_token = 1:a\n", NULL, 1 },
        { "[provider.telegram]\nbot_token = 1:a\nrate_limit_per_recipient = 0\n", NULL, 0 },
        { "[provider.telegram]\nbot_token = 1:a\n", "NOTIFY_PROVIDER_TELEGRAM_RATE_LIMIT_PER_RECIPIENT=3", 3 },
        { "[provider.mock]\nrate_limit = 5\n", NULL, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_msg(LOAD(rows[i].text, rows[i].variable) == ST_OK, "%s", fault(0));
        ck_assert_int_eq(cfg.providers[0].rate_limit_per_recipient, rows[i].rate);
        forget();
    }
}
END_TEST

START_TEST(a_platforms_rate_is_its_own_or_its_first_providers_whichever_is_less)
{
    static const struct {
        int platform, first, rate;
    } rows[] = { { 0, 0, 0 }, { 10, 0, 10 }, { 0, 20, 20 }, { 10, 20, 10 }, { 30, 20, 20 } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = BUF_INIT(500);

        buf_addf(&text,
                 "[platform.sms]\nproviders = a, b\nrate_limit = %d\n[provider.a]\nkind = mock\n"
                 "rate_limit = %d\n[provider.b]\nkind = mock\nrate_limit = 1\n",
                 rows[i].platform, rows[i].first);
        ck_assert_msg(LOAD(buf_str(&text)) == ST_OK, "%s", fault(0));
        ck_assert_int_eq(config_rate_of(&cfg, PF_SMS), rows[i].rate);
        ck_assert_int_eq(config_rate_of(&cfg, PF_EMAIL), 0);
        forget();
        buf_free(&text);
    }
}
END_TEST

START_TEST(all_faults_come_at_once_by_line_and_then_the_environments)
{
    static const char *const wanted[] = {
        "t.conf:1: threads: stands before",
        "t.conf:3: [platform.sms] providers: names nobody",
        "t.conf:4: [provider.x] kind: is missing",
        "t.conf:5: [provider.x] timeout_ms: ",
        "t.conf:6: the line is neither",
        "t.conf:8: [log] level: ",
        "NOTIFY_SERVER_THREADS: ",
        "NOTIFY_LOG_FORMT: ",
    };

    ck_assert_int_eq(LOAD("threads = 1\n[platform.sms]\nproviders = nobody\n[provider.x]\n"
                          "timeout_ms = x\nrubbish\n[log]\nlevel = loud\n",
                          "NOTIFY_SERVER_THREADS=x", "NOTIFY_LOG_FORMT=x"),
                     ST_INVALID);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(strncmp(fault(i), wanted[i], strlen(wanted[i])) == 0, "%s", fault(i));
    ck_assert_uint_eq(faults.count, sizeof wanted / sizeof *wanted);
    forget();
}
END_TEST

START_TEST(there_is_a_bound_to_tiers_and_providers)
{
    struct buf tiers = BUF_INIT(100000), providers = BUF_INIT(100000);

    buf_adds(&tiers, "[rate_limit]\n");
    for (int i = 0; i < 101; i++) {
        buf_addf(&tiers, "t%d = 1\n", i);
        buf_addf(&providers, "[provider.p%d]\nkind = mock\n", i);
    }
    expect_fault(buf_str(&tiers), NULL, "t.conf:102: [rate_limit] t100: is one too many");
    expect_fault(buf_str(&providers), NULL, "t.conf:201: [provider.p100] is one too many");
    buf_free(&tiers);
    buf_free(&providers);
}
END_TEST

SUITE("config", the_brokers_address_may_come_later_only_for_who_makes_it, every_type_is_read, an_empty_file_gives_the_defaults,
      comments_blank_lines_bom_and_crlf_say_nothing, a_section_may_be_opened_again,
      further_tiers_are_named_by_their_keys, urls_lose_their_trailing_slashes,
      an_enabled_platform_without_providers_is_off, providers_are_found_by_name,
      a_file_is_read_from_disk, no_file_at_all_leaves_defaults_and_environment,
      a_file_that_cannot_be_read_is_a_fault,
      a_line_longer_than_inih_reads_is_a_fault_and_never_cut,
      the_rest_of_a_long_line_never_becomes_a_key, lines_of_a_wrong_form_are_faults,
      a_line_that_is_no_line_is_not_shown, a_file_above_one_mebibyte_is_a_fault,
      unknown_sections_and_keys_are_faults, a_repeated_key_is_a_fault,
      names_of_providers_have_a_form, values_of_the_wrong_type_or_out_of_range_are_faults,
      addresses_have_a_form, the_id_of_a_number_is_1_to_32_digits,
      the_key_of_events_is_one_of_p_256, the_token_of_updates_is_one_that_telegram_takes,
      only_kinds_that_call_back_verify_it,
      a_bots_token_is_digits_a_colon_and_base64url, a_secret_is_never_shown, a_value_can_stand_in_a_file,
      a_value_from_a_file_is_judged_but_not_shown, a_value_file_that_cannot_be_used_is_a_fault,
      a_value_and_its_file_together_are_a_fault, a_variable_overrides_the_file,
      a_provider_can_come_from_the_environment_alone,
      of_two_names_that_fit_a_variable_the_one_that_knows_its_key_is_meant,
      faults_of_the_environment_name_the_variable, variables_of_others_are_left_alone,
      platforms_list_providers_that_exist_and_can_serve_them,
      each_kind_serves_its_platforms_and_no_other,
      a_provider_has_a_known_kind_and_what_it_needs,
      a_key_that_the_kind_does_not_use_is_a_fault, the_first_retry_is_not_later_than_the_last,
      a_call_that_may_outlast_its_claim_is_refused,
      a_telegram_chat_gets_one_call_a_second_unless_another_rate_is_given,
      a_platforms_rate_is_its_own_or_its_first_providers_whichever_is_less,
      all_faults_come_at_once_by_line_and_then_the_environments,
      there_is_a_bound_to_tiers_and_providers)
