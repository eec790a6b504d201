/* Tests of workerd/attempt: from a claim to an outcome, with providers that answer as told. */
#include "workerd/attempt.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/suite.h"

#define MESSAGE "01900000-0000-7000-8000-000000000001"

static struct config config;
static struct providers *providers;
static struct attempt attempt;

static const char settings[] =
    "[worker]\nmax_attempts = 3\nretry_base_ms = 1000\nretry_max_ms = 60000\nlease_seconds = 60\n"
    "[platform.sms]\nproviders = trial\n"
    "[platform.whatsapp]\nproviders = careful\n"
    "[platform.email]\nproviders = mail, other\nfrom = Notices <notices@example.com>\n"
    "[provider.trial]\nkind = mock\n"
    "[provider.careful]\nkind = mock\non_unclear = hold\n"
    "[provider.other]\nkind = mock\n"
    "[provider.mail]\nkind = smtp\nurl = smtp://mail.example.com\n";

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
}

static void done(void)
{
    arena_done(&attempt.mem);
    providers_close(providers);
    config_free(&config);
}

/* A claim of this moment, for the first attempt. */
static void claim(enum platform platform, const char *address)
{
    arena_reset(&attempt.mem);
    attempt = (struct attempt){ .mem = attempt.mem };
    attempt.claim = (struct claim){ .ref = { MESSAGE, 7, 4 },
                                    .attempt = 1,
                                    .platform = platform,
                                    .address = address,
                                    .content = "Hello",
                                    .created_ms = 1796115600000,
                                    .expires_ms = -1 };
}

static bool begin_claimed(int64_t ago_ms)
{
    struct attempt_context ctx = { &config, providers };
    struct gate_choice first = { .provider = providers_at(providers, attempt.claim.platform, 0) };

    return attempt_begin(&attempt, &ctx, clock_mono_ms() - ago_ms) &&
           attempt_build(&attempt, &ctx, &first);
}

static bool begin(void)
{
    return begin_claimed(0);
}

/* What the transport makes of a transfer that stays inside the program. */
static const struct outcome *end_as_built(double jitter)
{
    struct reply reply = { .reach = REACH_ANSWERED,
                           .status = 200,
                           .body = attempt.transfer.body,
                           .body_len = attempt.transfer.body_len,
                           .retry_after_ms = -1 };

    attempt_end(&attempt, &reply, jitter);
    return &attempt.outcome;
}

static const struct outcome *end_with(enum reach reach, int status, const char *body)
{
    struct reply reply = { .reach = reach,
                           .status = status,
                           .body = body,
                           .body_len = strlen(body),
                           .retry_after_ms = -1 };

    attempt_end(&attempt, &reply, 0.5);
    return &attempt.outcome;
}

/* ---- the beginning ---- */

START_TEST(a_claim_becomes_a_transfer_that_names_the_recipient)
{
    setup();
    claim(PF_SMS, "+15551234567");
    ck_assert(begin());
    ck_assert_str_eq(attempt.recipient_id, MESSAGE ".7");
    ck_assert_str_eq(attempt.provider->config->name, "trial");
    ck_assert_int_eq(attempt.transfer.kind, TRANSFER_NONE);
    ck_assert_ptr_eq(attempt.transfer.limits, &attempt.provider->limits);
    ck_assert_ptr_nonnull(strstr(attempt.transfer.body, "\"id\":\"" MESSAGE ".7\""));
    done();
}
END_TEST

static const char *sender_for(const char *senders)
{
    claim(PF_EMAIL, "ada@example.com");
    attempt.claim.senders = senders;
    ck_assert(begin());
    ck_assert_int_eq(attempt.transfer.kind, TRANSFER_SMTP);
    return attempt.transfer.mail_from;
}

START_TEST(the_messages_own_sender_counts_before_the_platforms)
{
    setup();
    ck_assert_str_eq(sender_for(NULL), "notices@example.com");
    ck_assert_str_eq(sender_for("{\"email\": \"Shop <shop@example.com>\"}"), "shop@example.com");
    ck_assert_str_eq(sender_for("{\"sms\": \"+15550001111\"}"), "notices@example.com");
    ck_assert_str_eq(sender_for("{}"), "notices@example.com");
    done();
}
END_TEST

START_TEST(what_cannot_be_built_fails_at_once_with_the_adapters_code)
{
    setup();
    config.platform[PF_EMAIL].from = "";
    claim(PF_EMAIL, "ada@example.com");
    attempt.claim.attempt = 2;
    ck_assert(!begin());
    ck_assert_int_eq(attempt.outcome.status, DS_FAILED);
    ck_assert_str_eq(attempt.outcome.code, "no_sender");
    ck_assert_str_eq(attempt.outcome.message, "no sender is configured for mail");
    ck_assert_str_eq(attempt.outcome.provider, "mail");
    ck_assert_ptr_null(attempt.outcome.provider_id);
    ck_assert(!attempt.outcome.give_back);
    ck_assert_int_eq(attempt.outcome.attempt, 2);
    ck_assert_int_eq(attempt.outcome.ref.n, 7);
    ck_assert_int_eq(attempt.outcome.ref.fence, 4);
    done();
}
END_TEST

START_TEST(a_platform_without_a_provider_fails_its_recipients)
{
    setup();
    claim(PF_TELEGRAM, "@channel");
    ck_assert(!begin());
    ck_assert_int_eq(attempt.outcome.status, DS_FAILED);
    ck_assert_str_eq(attempt.outcome.code, "no_provider");
    ck_assert_ptr_null(attempt.outcome.provider);
    done();
}
END_TEST

START_TEST(a_claim_older_than_a_third_of_its_lease_is_let_go)
{
    setup();
    claim(PF_SMS, "+15551234567");
    ck_assert(begin_claimed(19000));
    claim(PF_SMS, "+15551234567");
    ck_assert(!begin_claimed(20001));
    ck_assert_int_eq(attempt.outcome.status, DS_PENDING);
    ck_assert_str_eq(attempt.outcome.code, "claim_too_old");
    ck_assert(attempt.outcome.give_back); /* nothing was sent: it does not count */
    ck_assert(attempt.outcome.untried);
    ck_assert(!attempt.outcome.possible_duplicate);
    ck_assert_int_eq(attempt.outcome.delay_ms, 0);
    done();
}
END_TEST

START_TEST(what_has_expired_does_not_leave)
{
    setup();
    claim(PF_SMS, "+15551234567");
    attempt.claim.expires_ms = clock_wall_ms() + 60000;
    ck_assert(begin());
    claim(PF_SMS, "+15551234567");
    attempt.claim.expires_ms = clock_wall_ms();
    ck_assert(!begin());
    ck_assert_int_eq(attempt.outcome.status, DS_EXPIRED);
    ck_assert_str_eq(attempt.outcome.code, "expired");
    done();
}
END_TEST

START_TEST(what_the_gate_holds_back_is_let_go_untried_until_it_may_come_again)
{
    struct attempt_context ctx = { &config, providers };
    struct gate_choice none = { .why = "rate_limited", .wait_ms = 700 };

    setup();
    claim(PF_SMS, "+15551234567");
    attempt.claim.place = 1;
    ck_assert(attempt_begin(&attempt, &ctx, clock_mono_ms()));
    ck_assert(!attempt_build(&attempt, &(struct attempt_context){ &config, providers }, &none));
    ck_assert_int_eq(attempt.outcome.status, DS_PENDING);
    ck_assert_str_eq(attempt.outcome.code, "rate_limited");
    ck_assert_int_eq(attempt.outcome.delay_ms, 700);
    ck_assert(attempt.outcome.untried && attempt.outcome.give_back);
    ck_assert_int_eq(attempt.outcome.place, 1);
    ck_assert_ptr_null(attempt.outcome.provider);
    done();
}
END_TEST

/* ---- the end ---- */

START_TEST(an_accepted_one_is_sent_under_the_providers_id)
{
    const struct outcome *o;

    setup();
    claim(PF_SMS, "+15551234567");
    ck_assert(begin());
    o = end_as_built(0.5);
    ck_assert_int_eq(o->status, DS_SENT);
    ck_assert_str_eq(o->ref.message_id, MESSAGE);
    ck_assert_int_eq(o->ref.n, 7);
    ck_assert_int_eq(o->ref.fence, 4);
    ck_assert_str_eq(o->provider, "trial");
    ck_assert_str_eq(o->provider_id, "mock-" MESSAGE ".7");
    ck_assert(o->code == NULL && o->message == NULL);
    ck_assert(!o->give_back && !o->possible_duplicate);
    ck_assert_int_eq(o->attempt, 1);
    ck_assert_int_eq(o->delay_ms, 0);
    ck_assert_int_ge(o->latency_ms, 0);
    done();
}
END_TEST

START_TEST(each_verdict_has_what_follows)
{
    static const struct {
        enum platform platform;
        const char *address;
        int attempt;
        enum delivery_state status;
        const char *code;
        int64_t delay_ms; /* with a jitter of a half */
        bool give_back, possible_duplicate;
    } rows[] = {
        { PF_SMS, "+15550004000", 1, DS_FAILED, "refused", 0, false, false },
        { PF_SMS, "+15550005030", 1, DS_PENDING, "unsent", 500, false, false },
        { PF_SMS, "+15550005030", 2, DS_PENDING, "unsent", 1000, false, false },
        { PF_SMS, "+15550005030", 3, DS_FAILED, "unsent", 0, false, false },
        { PF_SMS, "+15550005000", 1, DS_PENDING, "unclear", 500, false, true },
        { PF_SMS, "+15550005000", 3, DS_FAILED, "unclear", 0, false, false },
        { PF_WHATSAPP, "+15550005000", 1, DS_SENDING, "unclear", 60000, false, false },
        { PF_WHATSAPP, "+15550005030", 1, DS_PENDING, "unsent", 500, false, false },
        { PF_SMS, "+15550004290", 1, DS_PENDING, "throttled", 1000, true, false },
        { PF_SMS, "+15550004290", 3, DS_PENDING, "throttled", 1000, true, false },
    };

    setup();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct outcome *o;

        claim(rows[i].platform, rows[i].address);
        attempt.claim.attempt = rows[i].attempt;
        ck_assert(begin());
        o = end_as_built(0.5);
        ck_assert_msg(o->status == rows[i].status, "%s, attempt %d: %s", rows[i].address,
                      rows[i].attempt, delivery_name(o->status));
        ck_assert_str_eq(o->code, rows[i].code);
        ck_assert_int_eq(o->delay_ms, rows[i].delay_ms);
        ck_assert_int_eq(o->give_back, rows[i].give_back);
        ck_assert_int_eq(o->possible_duplicate, rows[i].possible_duplicate);
        ck_assert_ptr_null(o->provider_id);
        ck_assert_int_eq(o->attempt, rows[i].attempt);
    }
    done();
}
END_TEST

/* Its number does not grow where it is given back: each claim makes the wait longer instead. */
START_TEST(refused_credentials_burn_no_attempt_and_wait_longer_each_time)
{
    static const struct {
        int fence;
        int64_t delay_ms;
    } rows[] = { { 1, 500 }, { 2, 1000 }, { 3, 2000 }, { 4, 4000 }, { 7, 30000 }, { 1000, 30000 } };

    setup();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct outcome *o;

        claim(PF_SMS, "+15550004010");
        attempt.claim.attempt = 3;
        attempt.claim.ref.fence = rows[i].fence;
        ck_assert(begin());
        o = end_as_built(0.5);
        ck_assert_int_eq(o->status, DS_PENDING);
        ck_assert_str_eq(o->code, "credentials");
        ck_assert_int_eq(o->delay_ms, rows[i].delay_ms);
        ck_assert(o->give_back);
    }
    done();
}
END_TEST

/* By the provider in that place of the platform's list. */
static const struct outcome *try_at(int place, const char *address)
{
    struct attempt_context ctx = { &config, providers };
    struct gate_choice choice = { .provider = providers_at(providers, PF_SMS, (size_t)place),
                                  .place = place,
                                  .others = place == 0 ? OTHERS_OPEN : OTHERS_NONE };

    claim(PF_SMS, address);
    attempt.claim.place = place;
    ck_assert(attempt_begin(&attempt, &ctx, clock_mono_ms()) &&
              attempt_build(&attempt, &ctx, &choice));
    return end_as_built(0.5);
}

START_TEST(the_next_attempt_begins_at_the_next_provider_or_anew)
{
    static const struct {
        const char *address;
        int place, next;
        int64_t delay_ms;
        enum delivery_state status;
    } rows[] = {
        { "+15550005030", 0, 1, 0, DS_PENDING },    /* not sent: over to the second, at once */
        { "+15550005030", 1, 0, 500, DS_PENDING },  /* nor there: anew, later */
        { "+15550004030", 0, 1, 0, DS_PENDING },    /* refused here */
        { "+15550004030", 1, 1, 0, DS_FAILED },     /* nobody else could take it */
        { "+15550004010", 0, 1, 0, DS_PENDING },    /* credentials */
        { "+15550004010", 1, 0, 1000 * 4, DS_PENDING },
        { "+15550005000", 1, 1, 500, DS_PENDING },  /* unclear: by the same one */
        { "+15550004290", 1, 1, 1000, DS_PENDING }, /* throttled: by the same one */
    };
    const char *two[] = { "trial", "other" };

    setup();
    config.platform[PF_SMS].providers = two;
    config.platform[PF_SMS].n_providers = 2;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct outcome *o = try_at(rows[i].place, rows[i].address);

        ck_assert_msg(o->place == rows[i].next && o->status == rows[i].status &&
                          o->delay_ms == rows[i].delay_ms,
                      "row %zu: place %d, %s, %lld ms", i, o->place, delivery_name(o->status),
                      (long long)o->delay_ms);
    }
    done();
}
END_TEST

static void begin_mail(void)
{
    claim(PF_EMAIL, "ada@example.com");
    ck_assert(begin());
}

START_TEST(an_accepted_mail_has_the_servers_id_or_else_our_own)
{
    const struct outcome *o;

    setup();
    begin_mail();
    o = end_with(REACH_ANSWERED, 250, "250 2.0.0 Ok: queued as 4ZxYw1");
    ck_assert_int_eq(o->status, DS_SENT);
    ck_assert_str_eq(o->provider_id, "4ZxYw1");
    begin_mail();
    o = end_with(REACH_ANSWERED, 250, "250 OK");
    ck_assert_int_eq(o->status, DS_SENT);
    ck_assert_str_eq(o->provider_id, "<" MESSAGE ".7@example.com>");
    done();
}
END_TEST

START_TEST(a_mail_that_was_not_accepted_has_no_id)
{
    const struct outcome *o;

    setup();
    begin_mail();
    o = end_with(REACH_ANSWERED, 550, "550 5.1.1 no such user");
    ck_assert_int_eq(o->status, DS_FAILED);
    ck_assert_str_eq(o->code, "5.1.1");
    ck_assert_ptr_null(o->provider_id);
    begin_mail();
    o = end_with(REACH_NOT_SENT, 0, "");
    ck_assert_int_eq(o->status, DS_PENDING);
    ck_assert_ptr_null(o->provider_id);
    ck_assert(!o->possible_duplicate);
    begin_mail();
    o = end_with(REACH_UNCLEAR, 0, "");
    ck_assert_int_eq(o->status, DS_PENDING);
    ck_assert(o->possible_duplicate);
    done();
}
END_TEST

START_TEST(an_outcome_needs_nothing_of_the_reply)
{
    char body[] = "550 5.7.1 not wanted here";
    const struct outcome *o;

    setup();
    begin_mail();
    o = end_with(REACH_ANSWERED, 550, body);
    memset(body, 'x', sizeof body - 1);
    ck_assert_str_eq(o->code, "5.7.1");
    ck_assert_str_eq(o->message, "not wanted here");
    done();
}
END_TEST

SUITE("attempt", a_claim_becomes_a_transfer_that_names_the_recipient,
      the_messages_own_sender_counts_before_the_platforms,
      what_cannot_be_built_fails_at_once_with_the_adapters_code,
      a_platform_without_a_provider_fails_its_recipients,
      a_claim_older_than_a_third_of_its_lease_is_let_go, what_has_expired_does_not_leave,
      an_accepted_one_is_sent_under_the_providers_id, each_verdict_has_what_follows,
      what_the_gate_holds_back_is_let_go_untried_until_it_may_come_again,
      the_next_attempt_begins_at_the_next_provider_or_anew,
      refused_credentials_burn_no_attempt_and_wait_longer_each_time,
      an_accepted_mail_has_the_servers_id_or_else_our_own, a_mail_that_was_not_accepted_has_no_id,
      an_outcome_needs_nothing_of_the_reply)
