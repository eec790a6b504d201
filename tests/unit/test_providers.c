/* Tests of workerd/providers: what is opened, in which order it is used, and what is refused. */
#include "workerd/providers.h"

#include <string.h>

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
      each_brings_its_adapter_and_the_policy_of_its_retries,
      a_provider_of_two_platforms_is_opened_once,
      a_kind_that_cannot_send_is_refused_only_where_it_is_used,
      what_an_adapter_refuses_names_its_section_and_closes_the_others,
      without_any_provider_there_is_nothing_to_open)
