/* Tests of workerd/providers: what is opened, in which order it is used, and what is refused. */
#include "workerd/providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static struct config config;
static struct providers *providers;
static struct error err;

static void load(const char *text)
{
    struct config_faults faults;
    char *no_env[] = { NULL };

    ck_assert_msg(config_load_text("t.conf", text, strlen(text), no_env, &config, &faults) == ST_OK,
                  "%s", faults.count > 0 ? faults.lines[0] : "");
    config_faults_free(&faults);
}

static void done(void)
{
    providers_close(providers);
    providers = NULL;
    config_free(&config);
}

static const char *name_at(enum platform platform, size_t place)
{
    const struct open_provider *p = providers_at(providers, platform, place);

    return p == NULL ? "(none)" : p->config->name;
}

static const char three[] = "[worker]\nmax_attempts = 4\nretry_base_ms = 200\nretry_max_ms = 5000\n"
                            "[platform.sms]\nproviders = second, first\n"
                            "[platform.email]\nproviders = third\n"
                            "[platform.whatsapp]\nenabled = false\nproviders = first\n"
                            "[provider.first]\nkind = mock\non_unclear = hold\n"
                            "[provider.second]\nkind = mock\n"
                            "[provider.third]\nkind = mock\n";

START_TEST(each_platform_has_its_providers_in_its_own_order)
{
    load(three);
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    ck_assert_str_eq(name_at(PF_SMS, 0), "second");
    ck_assert_str_eq(name_at(PF_SMS, 1), "first");
    ck_assert_str_eq(name_at(PF_SMS, 2), "(none)");
    ck_assert_str_eq(name_at(PF_EMAIL, 0), "third");
    ck_assert_str_eq(name_at(PF_EMAIL, 1), "(none)");
    done();
}
END_TEST

START_TEST(a_platform_that_is_off_or_has_none_has_no_provider)
{
    load(three);
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    ck_assert_str_eq(name_at(PF_WHATSAPP, 0), "(none)");
    ck_assert_str_eq(name_at(PF_TELEGRAM, 0), "(none)");
    done();
}
END_TEST

START_TEST(each_brings_its_adapter_and_the_policy_of_its_retries)
{
    const struct open_provider *p;

    load(three);
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    p = providers_at(providers, PF_SMS, 1);
    ck_assert_str_eq(p->adapter->kind, "mock");
    ck_assert_ptr_nonnull(p->handle);
    ck_assert_int_eq(p->retry.max_attempts, 4);
    ck_assert_int_eq(p->retry.base_ms, 200);
    ck_assert_int_eq(p->retry.max_ms, 5000);
    ck_assert_int_eq(p->retry.on_unclear, UNCLEAR_HOLD);
    ck_assert_int_eq(providers_at(providers, PF_SMS, 0)->retry.on_unclear, UNCLEAR_RESEND);
    done();
}
END_TEST

START_TEST(each_brings_the_limits_of_its_calls)
{
    const struct transfer_limits *l;

    load("[platform.sms]\nproviders = own, usual\n"
         "[provider.own]\nkind = mock\nconnect_timeout_ms = 1500\nlow_speed_bytes = 100\n"
         "low_speed_seconds = 7\n[provider.usual]\nkind = mock\n"
         "[platform.email]\nproviders = post\n[provider.post]\nkind = smtp\nconnections = 5\n"
         "url = smtp://mail.example.com\n");
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    l = &providers_at(providers, PF_SMS, 0)->limits;
    ck_assert_int_eq(l->connect_ms, 1500);
    ck_assert_int_eq(l->low_speed_bytes, 100);
    ck_assert_int_eq(l->low_speed_seconds, 7);
    ck_assert_str_eq(l->ca_bundle, "");
    l = &providers_at(providers, PF_SMS, 1)->limits;
    ck_assert_int_eq(l->connect_ms, 5000);
    ck_assert_int_eq(l->low_speed_seconds, 0);
    l = &providers_at(providers, PF_EMAIL, 0)->limits;
    ck_assert_int_eq(l->connections, 5);
    done();
}
END_TEST

/* What a ca_bundle may hold, and what is said of it; NULL: it is taken. */
static const struct {
    const char *text, *fault;
} bundles[] = {
    { "Our own authority\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", NULL },
    { "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "holds no PEM certificate" },
    { "", "holds no PEM certificate" },
};

static void load_with_bundle(const char *path)
{
    char text[256];

    snprintf(text, sizeof text,
             "[platform.sms]\nproviders = own\n[provider.own]\nkind = mock\nca_bundle = %s\n", path);
    load(text);
}

START_TEST(a_ca_bundle_is_read_at_the_start)
{
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
        char path[] = "/tmp/test_providers-XXXXXX", words[128];
        int fd = mkstemp(path);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, bundles[i].text, strlen(bundles[i].text)),
                         (ssize_t)strlen(bundles[i].text));
        close(fd);
        load_with_bundle(path);
        snprintf(words, sizeof words, "[provider.own] ca_bundle: %s %s", path, bundles[i].fault);
        if (providers_open(&providers, &config, &err) == ST_OK)
            ck_assert_str_eq(providers_at(providers, PF_SMS, 0)->limits.ca_bundle, path);
        else
            ck_assert_str_eq(err.text, words);
        ck_assert_int_eq(providers != NULL, bundles[i].fault == NULL);
        done();
        unlink(path);
    }
}
END_TEST

START_TEST(a_ca_bundle_that_cannot_be_read_ends_the_start)
{
    load_with_bundle("/nowhere/authorities.pem");
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_INVALID);
    ck_assert_str_eq(err.text, "[provider.own] ca_bundle: cannot read /nowhere/authorities.pem:"
                               " No such file or directory");
    done();
    load_with_bundle("/tmp"); /* a folder */
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_INVALID);
    done();
}
END_TEST

START_TEST(a_provider_of_two_platforms_is_opened_once)
{
    load("[platform.sms]\nproviders = one\n[platform.email]\nproviders = one\n"
         "[provider.one]\nkind = mock\n");
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    ck_assert_ptr_eq(providers_at(providers, PF_SMS, 0), providers_at(providers, PF_EMAIL, 0));
    done();
}
END_TEST

START_TEST(a_kind_that_cannot_send_is_refused_only_where_it_is_used)
{
    load(three);
    config.providers[0].kind = "pigeon"; /* first: used by sms, and by whatsapp, which is off */
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_INVALID);
    ck_assert_str_eq(err.text, "[provider.first] kind pigeon cannot send yet");
    config.platform[PF_SMS].n_providers = 1;
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    ck_assert_str_eq(name_at(PF_SMS, 0), "second");
    done();
}
END_TEST

START_TEST(what_an_adapter_refuses_names_its_section_and_closes_the_others)
{
    load("[platform.sms]\nproviders = good, bad\n[provider.good]\nkind = mock\n"
         "[provider.bad]\nkind = twilio\naccount_sid = AC00000000000000000000000000000000\n"
         "auth_token = x\n");
    config.providers[1].auth_token = "";
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_INVALID);
    ck_assert_msg(strncmp(err.text, "[provider.bad]: ", 16) == 0, "%s", err.text);
    ck_assert_ptr_null(providers); /* nothing to close: a leak would show here */
    done();
}
END_TEST

START_TEST(without_any_provider_there_is_nothing_to_open)
{
    load("");
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    for (int pf = 0; pf < PF_COUNT; pf++)
        ck_assert_ptr_null(providers_at(providers, (enum platform)pf, 0));
    providers_close(NULL);
    done();
}
END_TEST

SUITE("providers", each_platform_has_its_providers_in_its_own_order,
      a_platform_that_is_off_or_has_none_has_no_provider,
      each_brings_its_adapter_and_the_policy_of_its_retries, each_brings_the_limits_of_its_calls,
      a_ca_bundle_is_read_at_the_start, a_ca_bundle_that_cannot_be_read_ends_the_start,
      a_provider_of_two_platforms_is_opened_once,
      a_kind_that_cannot_send_is_refused_only_where_it_is_used,
      what_an_adapter_refuses_names_its_section_and_closes_the_others,
      without_any_provider_there_is_nothing_to_open)
