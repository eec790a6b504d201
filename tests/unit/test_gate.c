/* Tests of workerd/gate without Redis: breakers, pauses, rates and fail-over of one process. */
#include "workerd/gate.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/suite.h"

static struct config config;
static struct providers *providers;
static struct gate_shared *shared;
static struct gate *gate;
static size_t room = SIZE_MAX; /* at every provider */

static size_t room_at(void *arg, const struct open_provider *p)
{
    return room;
}

/* Nobody listens at that socket. */
static const char settings[] =
    "[redis]\nsocket = /nonexistent/redis.sock\n"
    "[worker]\nretry_base_ms = 10\nretry_max_ms = 60000\n"
    "[platform.sms]\nproviders = first, second\n"
    "[platform.email]\nproviders = slow\n"
    "[platform.whatsapp]\nproviders = first\nrate_limit = 50\n"
    "[platform.telegram]\nproviders = chat\n"
    "[provider.first]\nkind = mock\n"
    "[provider.second]\nkind = mock\n"
    "[provider.slow]\nkind = mock\nrate_limit = 5\n"
    "[provider.chat]\nkind = mock\nrate_limit_per_recipient = 1\n";

static void setup(void)
{
    struct config_faults faults;
    struct error err;
    char *no_env[] = { NULL };

    log_set_fd(-1);
    ck_assert_int_eq(
        config_load_text("t.conf", settings, strlen(settings), no_env, &config, &faults), ST_OK);
    config_faults_free(&faults);
    ck_assert_int_eq(providers_open(&providers, &config, &err), ST_OK);
    shared = gate_shared_new(&config, providers);
    gate = gate_new(shared, room_at, NULL);
    gate_look(gate);
}

static void done(void)
{
    gate_free(gate);
    gate_shared_free(shared);
    providers_close(providers);
    config_free(&config);
}

static const struct open_provider *sms_provider(size_t place)
{
    return providers_at(providers, PF_SMS, place);
}

static void report(const struct open_provider *p, enum verdict_class class, int64_t retry_after_ms)
{
    struct reply reply = { .reach = REACH_ANSWERED, .status = 200 };
    struct verdict v = { .class = class, .code = "x", .retry_after_ms = retry_after_ms };

    gate_report(gate, p, TRANSFER_NONE, false, &reply, &v);
}

static size_t permits(enum platform pf, size_t n)
{
    size_t want[PF_COUNT] = { 0 }, got[PF_COUNT];

    want[pf] = n;
    gate_permits(gate, want, got);
    return got[pf];
}

static const char *chosen(enum platform pf, int place)
{
    struct gate_choice c = gate_choose(gate, pf, place, "+15551234567");

    return c.provider != NULL ? c.provider->config->name : c.why;
}

START_TEST(without_limits_everything_may_begin_by_the_first_provider)
{
    setup();
    ck_assert_uint_eq(permits(PF_SMS, 1234), 1234);
    ck_assert_uint_eq(permits(PF_SMS, 0), 0);
    ck_assert_str_eq(chosen(PF_SMS, 0), "first");
    ck_assert(gate_next_ms(gate) == INT64_MAX);
    done();
}
END_TEST

START_TEST(a_recipient_that_has_failed_over_goes_by_its_place)
{
    setup();
    ck_assert_str_eq(chosen(PF_SMS, 1), "second");
    ck_assert_str_eq(chosen(PF_SMS, 2), "first"); /* the list has become shorter */
    done();
}
END_TEST

START_TEST(a_provider_whose_breaker_is_open_is_passed_over)
{
    setup();
    for (int i = 0; i < 10; i++)
        report(sms_provider(0), VERDICT_NOT_SENT, -1);
    ck_assert_str_eq(chosen(PF_SMS, 0), "second");
    ck_assert_uint_eq(permits(PF_SMS, 100), 100);
    report(sms_provider(1), VERDICT_CREDENTIALS, -1); /* at once */
    ck_assert_str_eq(chosen(PF_SMS, 0), "breaker_open");
    ck_assert_uint_eq(permits(PF_SMS, 100), 0);
    ck_assert(gate_next_ms(gate) <= clock_mono_ms() + 50);
    done();
}
END_TEST

START_TEST(a_choice_tells_whether_others_could_take_over)
{
    setup();
    ck_assert_int_eq(gate_choose(gate, PF_SMS, 0, "x").others, OTHERS_OPEN);
    ck_assert_int_eq(gate_choose(gate, PF_SMS, 1, "x").others, OTHERS_NONE);
    report(sms_provider(1), VERDICT_CREDENTIALS, -1);
    ck_assert_int_eq(gate_choose(gate, PF_SMS, 0, "x").others, OTHERS_SHUT);
    done();
}
END_TEST

START_TEST(a_half_open_breaker_lets_one_call_through_and_its_success_closes_it)
{
    setup();
    for (int i = 0; i < 10; i++)
        report(sms_provider(0), VERDICT_UNCLEAR, -1);
    clock_sleep_ms(60); /* 5 times retry_base_ms and a little */
    ck_assert_uint_eq(permits(PF_WHATSAPP, 100), 1);
    ck_assert_str_eq(chosen(PF_WHATSAPP, 0), "first");
    ck_assert_uint_eq(permits(PF_WHATSAPP, 100), 0);
    ck_assert_str_eq(chosen(PF_SMS, 0), "second");
    report(sms_provider(0), VERDICT_REFUSED, -1); /* it works, whatever it says of the recipient */
    ck_assert_str_eq(chosen(PF_SMS, 0), "first");
    done();
}
END_TEST

static void open_and_wait(const struct open_provider *p)
{
    for (int i = 0; i < 10; i++)
        report(p, VERDICT_UNCLEAR, -1);
    clock_sleep_ms(60); /* 5 times retry_base_ms and a little */
}

START_TEST(platforms_that_share_a_provider_share_its_probe)
{
    size_t want[PF_COUNT] = { [PF_SMS] = 10, [PF_WHATSAPP] = 10 }, got[PF_COUNT];

    setup();
    report(sms_provider(1), VERDICT_CREDENTIALS, -1);
    open_and_wait(sms_provider(0));
    for (int i = 0; i < PF_COUNT; i++) { /* asked again, it is the same one */
        gate_permits(gate, want, got);
        ck_assert_uint_eq(got[PF_SMS] + got[PF_WHATSAPP], 1);
    }
    done();
}
END_TEST

START_TEST(platforms_that_share_a_provider_share_its_rate_and_take_turns)
{
    size_t want[PF_COUNT] = { [PF_SMS] = 10, [PF_EMAIL] = 10 }, got[PF_COUNT];
    const char *slow[] = { "slow" };
    int sms = 0;

    setup();
    config.platform[PF_SMS].providers = slow;
    for (int i = 0; i < PF_COUNT; i++) {
        gate_permits(gate, want, got); /* 5 a second: one */
        ck_assert_uint_eq(got[PF_SMS] + got[PF_EMAIL], 1);
        sms += (int)got[PF_SMS];
    }
    ck_assert_int_gt(sms, 0);
    ck_assert_int_lt(sms, PF_COUNT);
    done();
}
END_TEST

/* Its thread had nothing to send; by now another one has the right. */
START_TEST(a_probe_that_was_not_used_in_its_time_is_no_longer_in_hand)
{
    struct gate *other;

    setup();
    config.providers[0].timeout_ms = -960; /* a life of 40 ms */
    other = gate_new(shared, NULL, NULL);
    open_and_wait(sms_provider(0));
    ck_assert_uint_eq(permits(PF_WHATSAPP, 10), 1);
    clock_sleep_ms(50);
    ck_assert_ptr_nonnull(gate_choose(other, PF_WHATSAPP, 0, "x").provider);
    ck_assert_ptr_null(gate_choose(gate, PF_WHATSAPP, 0, "x").provider);
    gate_free(other);
    done();
}
END_TEST

START_TEST(a_temporary_refusal_of_one_mail_says_nothing_about_the_server)
{
    static const struct {
        enum transfer_kind kind;
        enum reach reach;
        int status;
        enum verdict_class class;
        bool opens;
    } rows[] = {
        { TRANSFER_SMTP, REACH_REFUSED, 450, VERDICT_NOT_SENT, false },
        { TRANSFER_SMTP, REACH_ANSWERED, 452, VERDICT_NOT_SENT, false },
        { TRANSFER_SMTP, REACH_REFUSED, 421, VERDICT_NOT_SENT, true },
        { TRANSFER_SMTP, REACH_NOT_SENT, 0, VERDICT_NOT_SENT, true },
        { TRANSFER_HTTP, REACH_ANSWERED, 400, VERDICT_REFUSED, false },
        { TRANSFER_HTTP, REACH_ANSWERED, 400, VERDICT_NOT_SENT, false },
        { TRANSFER_HTTP, REACH_ANSWERED, 429, VERDICT_THROTTLED, false },
        { TRANSFER_HTTP, REACH_ANSWERED, 200, VERDICT_UNCLEAR, false },
        { TRANSFER_HTTP, REACH_ANSWERED, 503, VERDICT_UNCLEAR, true },
        { TRANSFER_HTTP, REACH_UNCLEAR, 0, VERDICT_UNCLEAR, true },
        { TRANSFER_HTTP, REACH_NOT_SENT, 0, VERDICT_NOT_SENT, true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply reply = { .reach = rows[i].reach, .status = rows[i].status };
        struct verdict v = { .class = rows[i].class, .code = "x", .retry_after_ms = 0 };

        setup();
        for (int k = 0; k < 20; k++)
            gate_report(gate, sms_provider(0), rows[i].kind, false, &reply, &v);
        ck_assert_msg((gate_breaker_state(shared, 0) != BREAKER_CLOSED) == rows[i].opens, "row %zu", i);
        done();
    }
}
END_TEST

START_TEST(a_throttled_provider_pauses_and_nobody_goes_elsewhere)
{
    setup();
    report(sms_provider(0), VERDICT_THROTTLED, 30000);
    ck_assert_uint_eq(permits(PF_SMS, 100), 0);
    ck_assert_str_eq(chosen(PF_SMS, 0), "rate_limited");
    ck_assert_int_gt(gate_choose(gate, PF_SMS, 0, "x").wait_ms, 20000);
    ck_assert_str_eq(chosen(PF_SMS, 1), "second");
    done();
}
END_TEST

START_TEST(a_throttle_of_one_recipient_pauses_nobody_else)
{
    struct reply reply = { .reach = REACH_ANSWERED, .status = 400 };
    struct verdict v = { .class = VERDICT_THROTTLED, .code = "x", .retry_after_ms = 30000,
                         .recipient_only = true };

    setup();
    gate_report(gate, sms_provider(0), TRANSFER_HTTP, false, &reply, &v);
    ck_assert_uint_eq(permits(PF_SMS, 100), 100);
    done();
}
END_TEST

START_TEST(a_rate_lets_through_a_twentieth_of_a_second_at_once_and_the_rest_later)
{
    setup();
    ck_assert_uint_eq(permits(PF_WHATSAPP, 100), 2); /* of 50 a second */
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(chosen(PF_WHATSAPP, 0), "first");
    ck_assert_str_eq(chosen(PF_WHATSAPP, 0), "rate_limited");
    ck_assert(gate_next_ms(gate) <= clock_mono_ms() + 21);
    ck_assert_uint_eq(permits(PF_EMAIL, 100), 1); /* the provider's 5 a second */
    ck_assert_str_eq(chosen(PF_EMAIL, 0), "slow");
    ck_assert_str_eq(chosen(PF_EMAIL, 0), "rate_limited");
    done();
}
END_TEST

START_TEST(a_recipients_own_pace_spreads_its_messages_a_second_apart)
{
    struct gate_choice c;

    setup();
    ck_assert_ptr_nonnull(gate_choose(gate, PF_TELEGRAM, 0, "42").provider);
    ck_assert_ptr_nonnull(gate_choose(gate, PF_TELEGRAM, 0, "43").provider);
    for (int i = 1; i <= 3; i++) {
        c = gate_choose(gate, PF_TELEGRAM, 0, "42");
        ck_assert_ptr_null(c.provider);
        ck_assert_str_eq(c.why, "rate_limited");
        ck_assert_int_gt(c.wait_ms, (i - 1) * 1000);
        ck_assert_int_le(c.wait_ms, i * 1000);
    }
    done();
}
END_TEST

START_TEST(no_more_may_begin_than_there_is_room_for)
{
    setup();
    room = 3;
    ck_assert_uint_eq(permits(PF_SMS, 100), 3);
    ck_assert_uint_eq(permits(PF_SMS, 2), 2);
    room = 0;
    ck_assert_uint_eq(permits(PF_SMS, 100), 0); /* nor by the next provider: this one is well */
    ck_assert(gate_next_ms(gate) == INT64_MAX); /* the end of a call will tell */
    done();
}
END_TEST

START_TEST(platforms_that_share_a_provider_share_its_room)
{
    size_t want[PF_COUNT] = { [PF_SMS] = 10, [PF_WHATSAPP] = 10 }, got[PF_COUNT];

    setup();
    config.platform[PF_WHATSAPP].rate_limit = 0;
    room = 4;
    for (int i = 0; i < PF_COUNT; i++) { /* asked again, it is the same room */
        gate_permits(gate, want, got);
        ck_assert_uint_eq(got[PF_SMS] + got[PF_WHATSAPP], 4);
    }
    done();
}
END_TEST

START_TEST(a_half_open_breaker_is_not_probed_where_there_is_no_room)
{
    struct gate *other;

    setup();
    config.platform[PF_WHATSAPP].rate_limit = 0;
    other = gate_new(shared, NULL, NULL);
    open_and_wait(sms_provider(0));
    room = 0;
    ck_assert_uint_eq(permits(PF_WHATSAPP, 10), 0);
    ck_assert_ptr_nonnull(gate_choose(other, PF_WHATSAPP, 0, "x").provider); /* nobody has it */
    gate_free(other);
    done();
}
END_TEST

START_TEST(those_who_have_failed_over_to_where_no_room_is_come_back_one_by_one)
{
    struct gate_choice c;

    setup();
    room = 0;
    for (int i = 1; i <= 10; i++) {
        c = gate_choose(gate, PF_SMS, 1, "x");
        ck_assert_ptr_null(c.provider);
        ck_assert_str_eq(c.why, "busy");
        ck_assert_int_gt(c.wait_ms, (i - 1) * 20);
        ck_assert_int_le(c.wait_ms, i * 20 + 1);
    }
    room = 1;
    ck_assert_str_eq(chosen(PF_SMS, 1), "second");
    done();
}
END_TEST

SUITE("gate", without_limits_everything_may_begin_by_the_first_provider,
      a_recipient_that_has_failed_over_goes_by_its_place,
      a_provider_whose_breaker_is_open_is_passed_over,
      a_choice_tells_whether_others_could_take_over,
      a_half_open_breaker_lets_one_call_through_and_its_success_closes_it,
      platforms_that_share_a_provider_share_its_probe,
      platforms_that_share_a_provider_share_its_rate_and_take_turns,
      a_probe_that_was_not_used_in_its_time_is_no_longer_in_hand,
      a_temporary_refusal_of_one_mail_says_nothing_about_the_server,
      a_throttled_provider_pauses_and_nobody_goes_elsewhere,
      a_throttle_of_one_recipient_pauses_nobody_else,
      a_rate_lets_through_a_twentieth_of_a_second_at_once_and_the_rest_later,
      a_recipients_own_pace_spreads_its_messages_a_second_apart,
      no_more_may_begin_than_there_is_room_for, platforms_that_share_a_provider_share_its_room,
      a_half_open_breaker_is_not_probed_where_there_is_no_room,
      those_who_have_failed_over_to_where_no_room_is_come_back_one_by_one)
