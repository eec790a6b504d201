/* The promises of common/config/reload.h. */
#include "common/config/reload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/unit/suite.h"

static char *no_env[] = { NULL };
static char path[100], log_path[100], logged[20000];
static struct config start;
static struct live_config *live;

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void begin(const char *text)
{
    struct config_faults faults;
    int fd;

    snprintf(path, sizeof path, "/tmp/reload-%d.conf", (int)getpid());
    snprintf(log_path, sizeof log_path, "/tmp/reload-%d.log", (int)getpid());
    write_file(text);
    ck_assert_int_eq(config_load(path, no_env, &start, &faults), ST_OK);
    config_faults_free(&faults);
    fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    log_set_fd(fd);
    log_open("test", LEVEL_INFO, LOG_TEXT);
    live = live_config_new(&start);
}

static enum status reload(const char *text)
{
    write_file(text);
    return live_config_reload(live, no_env);
}

static const char *told(void)
{
    FILE *f = fopen(log_path, "r");
    size_t n = fread(logged, 1, sizeof logged - 1, f);

    fclose(f);
    logged[n] = '\0';
    return logged;
}

static void end(void)
{
    live_config_free(live);
    config_free(&start);
    unlink(path);
    unlink(log_path);
}

#define FILE_1                                                                                   \
    "[rate_limit]\nfree = 10\nteam = 50\n[worker]\nthreads = 3\n[platform.sms]\nrate_limit = 5\n" \
    "providers = main\nfrom = +15550001111\n[provider.main]\nkind = twilio\naccount_sid = AC1\n" \
    "auth_token = first\nrate_limit = 7\ntimeout_ms = 2000\n[log]\nlevel = info\n"
#define FILE_2                                                                                    \
    "[rate_limit]\nfree = 20\nteam = 70\n[worker]\nthreads = 3\n[platform.sms]\nrate_limit = 15\n" \
    "providers = main\nfrom = +15550001111\n[provider.main]\nkind = twilio\naccount_sid = AC2\n"  \
    "auth_token = second,first\nrate_limit = 17\ntimeout_ms = 2000\n[log]\nlevel = warn\n"

START_TEST(keys_rates_and_the_level_take_effect)
{
    const struct config *c;

    begin(FILE_1);
    ck_assert_ptr_eq(live_config(live), &start);
    ck_assert_int_eq(reload(FILE_2), ST_OK);
    c = live_config(live);
    ck_assert_ptr_ne(c, &start);
    ck_assert_int_eq(config_tier_limit(c, "free"), 20);
    ck_assert_int_eq(config_tier_limit(c, "team"), 70);
    ck_assert_int_eq(config_tier_limit(c, "premium"), 1000);
    ck_assert_int_eq(c->platform[PF_SMS].rate_limit, 15);
    ck_assert_str_eq(config_find_provider(c, "main")->auth_token, "second,first");
    ck_assert_str_eq(config_find_provider(c, "main")->account_sid, "AC2");
    ck_assert_int_eq(config_find_provider(c, "main")->rate_limit, 17);
    ck_assert(!log_enabled(LEVEL_INFO) && log_enabled(LEVEL_WARN));
    ck_assert_ptr_nonnull(strstr(told(), "config.reloaded changed=7"));
    ck_assert_ptr_null(strstr(told(), "needs_restart"));
    end();
}
END_TEST

START_TEST(what_was_read_before_stays_as_it_was)
{
    const struct config *first, *second;

    begin(FILE_1);
    ck_assert_int_eq(reload(FILE_2), ST_OK);
    first = live_config(live);
    ck_assert_int_eq(reload(FILE_1), ST_OK);
    second = live_config(live);
    ck_assert_str_eq(config_find_provider(&start, "main")->auth_token, "first");
    ck_assert_str_eq(config_find_provider(first, "main")->auth_token, "second,first");
    ck_assert_str_eq(config_find_provider(second, "main")->auth_token, "first");
    ck_assert_int_eq(start.platform[PF_SMS].rate_limit, 5);
    ck_assert_int_eq(config_tier_limit(&start, "team"), 50);
    end();
}
END_TEST

START_TEST(where_nothing_changed_nothing_is_new)
{
    begin(FILE_1);
    ck_assert_int_eq(reload(FILE_1), ST_OK);
    ck_assert_ptr_eq(live_config(live), &start);
    ck_assert_ptr_nonnull(strstr(told(), "config.reloaded changed=0"));
    end();
}
END_TEST

START_TEST(every_other_change_waits_for_a_restart_and_is_told)
{
    static const char *const told_of[] = {
        "section=worker key=threads", "section=provider.main key=timeout_ms",
        "section=platform.sms key=providers", "section=platform.sms key=from",
        "section=provider.other key=kind", "section=rate_limit key=team",
        "section=rate_limit key=staff", "section=log key=format",
    };
    const struct config *c;

    begin(FILE_1);
    ck_assert_int_eq(
        reload("[rate_limit]\nfree = 10\nstaff = 9\n[worker]\nthreads = 4\n[platform.sms]\n"
               "rate_limit = 6\nproviders = main, other\nfrom = +15550002222\n[provider.main]\n"
               "kind = twilio\naccount_sid = AC1\nauth_token = first\nrate_limit = 7\n"
               "timeout_ms = 9000\n[provider.other]\nkind = mock\n[log]\nformat = text\n"),
        ST_OK);
    c = live_config(live);
    for (size_t i = 0; i < sizeof told_of / sizeof *told_of; i++)
        ck_assert_msg(strstr(told(), told_of[i]) != NULL, "%s is not told of", told_of[i]);
    ck_assert_int_eq(c->platform[PF_SMS].rate_limit, 6);
    ck_assert_int_eq(c->worker.threads, 3);
    ck_assert_int_eq(config_find_provider(c, "main")->timeout_ms, 2000);
    ck_assert_uint_eq(c->platform[PF_SMS].n_providers, 1);
    ck_assert_str_eq(c->platform[PF_SMS].from, "+15550001111");
    ck_assert_uint_eq(c->n_providers, 1);
    ck_assert_int_eq(config_tier_limit(c, "team"), 50);
    ck_assert_str_eq(config_tier_name(c, "staff"), "free");
    end();
}
END_TEST

START_TEST(a_provider_that_is_gone_or_of_another_kind_stays_what_it_was)
{
    begin(FILE_1);
    ck_assert_int_eq(reload("[rate_limit]\nfree = 10\nteam = 50\n[worker]\nthreads = 3\n"
                            "[platform.sms]\nrate_limit = 5\nproviders = main\nfrom = +15550001111\n"
                            "[provider.main]\nkind = mock\nrate_limit = 99\n"),
                     ST_OK);
    ck_assert_ptr_eq(live_config(live), &start);
    ck_assert_ptr_nonnull(strstr(told(), "section=provider.main key=kind"));
    end();
}
END_TEST

START_TEST(a_file_at_fault_changes_nothing_and_each_fault_is_told)
{
    begin(FILE_1);
    ck_assert_int_eq(reload("[rate_limit]\nfree = many\n[log]\nlevel = loud\n"), ST_INVALID);
    ck_assert_ptr_eq(live_config(live), &start);
    ck_assert(log_enabled(LEVEL_INFO));
    ck_assert_ptr_nonnull(strstr(told(), "[rate_limit] free"));
    ck_assert_ptr_nonnull(strstr(told(), "[log] level"));
    unlink(path);
    ck_assert_int_eq(live_config_reload(live, no_env), ST_INVALID);
    ck_assert_ptr_nonnull(strstr(told(), "cannot be read"));
    ck_assert_int_eq(reload(FILE_2), ST_OK);
    ck_assert_int_eq(live_config(live)->platform[PF_SMS].rate_limit, 15);
    end();
}
END_TEST

START_TEST(no_secret_is_told)
{
    begin(FILE_1);
    ck_assert_int_eq(reload(FILE_2), ST_OK);
    ck_assert_ptr_null(strstr(told(), "second"));
    ck_assert_ptr_null(strstr(told(), "first"));
    end();
}
END_TEST

SUITE("reload", keys_rates_and_the_level_take_effect, what_was_read_before_stays_as_it_was,
      where_nothing_changed_nothing_is_new, every_other_change_waits_for_a_restart_and_is_told,
      a_provider_that_is_gone_or_of_another_kind_stays_what_it_was,
      a_file_at_fault_changes_nothing_and_each_fault_is_told, no_secret_is_told)
