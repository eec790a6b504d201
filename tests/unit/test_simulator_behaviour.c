/* test_simulator_behaviour - which requests fail, which may come again, and how messages end. */
#include "tests/simulator/behaviour.h"

#include <getopt.h>

#include "tests/simulator/sendgrid.h"
#include "tests/simulator/settings.h"
#include "tests/simulator/smtp.h"
#include "tests/simulator/telegram.h"
#include "tests/simulator/twilio.h"
#include "tests/simulator/whatsapp.h"
#include "tests/unit/simulator.h"
#include "tests/unit/suite.h"

static const struct draw nobody = { .ways = "all" };

static const struct behaviour *find_name(const struct provider *p, const char *name)
{
    for (const struct behaviour *b = p->repertoire.own; b != NULL && b->pattern != NULL; b++)
        if (strcmp(b->name, name) == 0)
            return b;
    for (const struct behaviour *b = behaviours; b->pattern != NULL; b++)
        if (strcmp(b->name, name) == 0)
            return b;
    ck_abort_msg("no behaviour %s", name);
    return NULL;
}

static bool is_own(const struct provider *p, const struct behaviour *row)
{
    for (const struct behaviour *b = p->repertoire.own; b != NULL && b->pattern != NULL; b++)
        if (b == row)
            return true;
    return false;
}

/* The table of the manual's section on judging a run: what each row allows and leads to. */
START_TEST(each_row_says_whether_to_ask_again_and_how_it_ends)
{
    static const struct {
        const struct provider *provider;
        const char *name;
        bool again;
        const char *with_callbacks, *without; /* NULL: open */
    } rows[] = {
        { &twilio_provider, "limited_always", true, "pending", "pending" },
        { &twilio_provider, "limited_once", true, "delivered", "sent" },
        { &twilio_provider, "bad_address", false, "failed", "failed" },
        { &twilio_provider, "unsubscribed", false, "failed", "failed" },
        { &twilio_provider, "bad_credentials", true, "pending", "pending" },
        { &twilio_provider, "server_error_once", true, "delivered", "sent" },
        { &twilio_provider, "server_error_always", true, "failed", "failed" },
        { &twilio_provider, "unavailable_once", true, "delivered", "sent" },
        { &twilio_provider, "hang_always", true, "failed", "failed" },
        { &twilio_provider, "hang_once", true, "delivered", "sent" },
        { &twilio_provider, "reset_always", true, "failed", "failed" },
        { &twilio_provider, "reset_once", true, "delivered", "sent" },
        { &twilio_provider, "cut_once", true, "delivered", "sent" },
        { &twilio_provider, "close_reused_once", true, "delivered", "sent" },
        { &twilio_provider, "close_reused_always", true, NULL, NULL },
        { &twilio_provider, "close_after_answer", false, "delivered", "sent" },
        { &twilio_provider, "close_once", true, "delivered", "sent" },
        { &twilio_provider, "broken_json", true, "delivered", NULL },
        { &twilio_provider, "html", true, "delivered", NULL },
        { &twilio_provider, "drip", true, "delivered", NULL },
        { &twilio_provider, "huge", true, "delivered", NULL },
        { &twilio_provider, "huge_100mb", true, "delivered", NULL },
        { &twilio_provider, "undelivered", false, "failed", "sent" },
        { &twilio_provider, "failed", false, "failed", "sent" },
        { &twilio_provider, "callbacks_doubled", false, "delivered", "sent" },
        { &twilio_provider, "callbacks_reversed", false, "delivered", "sent" },
        { &twilio_provider, "callback_before_answer", false, "delivered", "sent" },
        { &twilio_provider, "no_callback", false, "sent", "sent" },
        { &twilio_provider, "callback_forged_first", false, "delivered", "sent" },
        { &twilio_provider, "read", false, "read", "sent" },
        { &twilio_provider, "late", true, "delivered", NULL },
        { &twilio_provider, "delivered", false, "delivered", "sent" },
        { &twilio_provider, "foreign_sender", false, "failed", "failed" },
        { &twilio_provider, "region_off", false, "failed", "failed" },
        { &whatsapp_provider, "pair_limited_once", true, "delivered", "sent" },
        { &whatsapp_provider, "account_limited_once", true, "delivered", "sent" },
        { &whatsapp_provider, "spam_limited_once", true, "delivered", "sent" },
        { &whatsapp_provider, "forbidden", true, "pending", "pending" },
        { &whatsapp_provider, "policy", true, "pending", "pending" },
        { &whatsapp_provider, "no_account", false, "failed", "failed" },
        { &whatsapp_provider, "not_on_trial", false, "failed", "failed" },
        { &whatsapp_provider, "country_closed", false, "failed", "failed" },
        { &whatsapp_provider, "maintenance_once", true, "delivered", "sent" },
        { &whatsapp_provider, "maintenance_always", true, "failed", "failed" },
        { &whatsapp_provider, "window_closed", true, "failed", NULL },
        { &telegram_provider, "migrated_once", true, "delivered", "sent" },
        { &telegram_provider, "migrated_always", true, NULL, NULL },
        { &telegram_provider, "limited_longer_once", true, "delivered", "sent" },
        { &telegram_provider, "deactivated", false, "failed", "failed" },
        { &telegram_provider, "kicked", false, "failed", "failed" },
        { &telegram_provider, "not_a_member", false, "failed", "failed" },
        { &telegram_provider, "no_conversation", false, "failed", "failed" },
        /* Whoever is told too often to come back later gives up, as mail names no time. */
        { &smtp_provider, "limited_always", true, "failed", "failed" },
        { &smtp_provider, "busy_once", true, "delivered", "sent" },
        { &smtp_provider, "busy_always", true, "failed", "failed" },
        { &smtp_provider, "storage_full_once", true, "delivered", "sent" },
        { &smtp_provider, "mailbox_full", false, "failed", "failed" },
        { &smtp_provider, "refused", false, "failed", "failed" },
        { &smtp_provider, "data_refused", false, "failed", "failed" },
        { &smtp_provider, "broken_reply", true, "delivered", NULL },
        { &smtp_provider, "huge_reply", true, "delivered", NULL },
        { &sendgrid_provider, "forbidden", false, "failed", "failed" },
        { &sendgrid_provider, "too_large", false, "failed", "failed" },
        { &sendgrid_provider, "suppressed", false, "failed", "sent" },
        { &sendgrid_provider, "limited_longer_once", true, "delivered", "sent" },
        { &sendgrid_provider, "blocked", false, "failed", "sent" },
        { &sendgrid_provider, "deferred", false, "delivered", "sent" },
        { &sendgrid_provider, "late_bounce", false, "delivered", "sent" },
        { &sendgrid_provider, "spam_report", false, "delivered", "sent" },
    };
    size_t own = 0;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct behaviour *b = find_name(rows[i].provider, rows[i].name);
        const char *with = behaviour_ends(b, true), *without = behaviour_ends(b, false);

        ck_assert_msg(b->again == rows[i].again, "%s", rows[i].name);
        ck_assert_msg((with == NULL) == (rows[i].with_callbacks == NULL) &&
                          (with == NULL || strcmp(with, rows[i].with_callbacks) == 0),
                      "%s: %s", rows[i].name, with);
        ck_assert_msg((without == NULL) == (rows[i].without == NULL) &&
                          (without == NULL || strcmp(without, rows[i].without) == 0),
                      "%s without callbacks: %s", rows[i].name, without);
        own += is_own(rows[i].provider, b);
    }
    for (size_t p = 0; providers[p] != NULL; p++)
        for (const struct behaviour *b = providers[p]->repertoire.own;
             b != NULL && b->pattern != NULL; b++)
            own--;
    ck_assert_msg(own == 0, "a row of a provider is missing here");
}
END_TEST

START_TEST(a_row_of_reused_connections_meets_no_other)
{
    int number = 4993;
    const struct repertoire *r = &twilio_provider.repertoire;

    ck_assert_str_eq(behaviour_choose(r, &nobody, "a", false, &number)->name, "delivered");
    ck_assert_str_eq(behaviour_choose(r, &nobody, "a", true, &number)->name, "close_reused_once");
    ck_assert_str_eq(behaviour_choose(r, &nobody, "a", true, &number)->name, "delivered");
    number = 4994;
    ck_assert_str_eq(behaviour_choose(r, &nobody, "b", false, &number)->name, "delivered");
    ck_assert_str_eq(behaviour_choose(r, &nobody, "b", true, &number)->name, "close_reused_always");
    ck_assert_str_eq(behaviour_choose(r, &nobody, "b", true, &number)->name, "close_reused_always");
}
END_TEST

START_TEST(a_list_of_ways_is_read_from_the_left)
{
    static const struct {
        const char *ways;
        bool drip, drip_too, limited, huge, ordinary; /* ..., limited_always, huge_100mb, delivered */
    } rows[] = {
        { "all", true, true, false, false, false },
        { "", false, false, false, false, false },
        { "drip", true, false, false, false, false },
        { "all,-drip", false, true, false, false, false },
        { "-drip,all", true, true, false, false, false },
        { "all,limited_always,huge_100mb", true, true, true, true, false },
        { "delivered,dri,dripp", false, false, false, false, false },
    };
    const struct provider *p = &twilio_provider;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *ways = rows[i].ways;

        ck_assert_int_eq(behaviour_is_drawn(find_name(p, "drip"), ways), rows[i].drip);
        ck_assert_int_eq(behaviour_is_drawn(find_name(p, "html"), ways), rows[i].drip_too);
        ck_assert_int_eq(behaviour_is_drawn(find_name(p, "limited_always"), ways), rows[i].limited);
        ck_assert_int_eq(behaviour_is_drawn(find_name(p, "huge_100mb"), ways), rows[i].huge);
        ck_assert_int_eq(behaviour_is_drawn(find_name(p, "delivered"), ways), rows[i].ordinary);
    }
    ck_assert(provider_ways_are_good("all,-drip,window_closed,blocked"));
    ck_assert(!provider_ways_are_good("all,-dripp"));
    ck_assert(!provider_ways_are_good("all,,drip"));
}
END_TEST

/* What a recipient meets, the first time in this process. */
static const char *drawn(const struct provider *p, const struct draw *d, int i)
{
    struct seen seen = SEEN_INIT;
    struct repertoire r = p->repertoire;
    char name[32];
    int number = -1;
    const char *row;

    r.seen = &seen;
    snprintf(name, sizeof name, "+4930%06d", i);
    row = behaviour_choose(&r, d, name, true, &number)->name;
    seen_forget(&seen);
    return row;
}

START_TEST(a_share_of_the_ordinary_recipients_fails)
{
    static const int shares[] = { 0, 250, 5000, 10000 };
    const int count = 20000;

    for (size_t i = 0; i < COUNT(shares); i++) {
        const struct draw d = { .share = shares[i], .seed = 7, .ways = "drip" };
        int failed = 0, wanted = count / 100 * shares[i] / 100;

        for (int k = 0; k < count; k++)
            failed += strcmp(drawn(&twilio_provider, &d, k), "drip") == 0;
        ck_assert_msg(failed >= wanted - wanted / 5 && failed <= wanted + wanted / 5,
                      "%d of %d", failed, wanted);
    }
}
END_TEST

START_TEST(the_same_seed_draws_the_same)
{
    const struct draw one = { .share = 5000, .seed = 1, .ways = "all" };
    const struct draw two = { .share = 5000, .seed = 2, .ways = "all" };
    int differ = 0;

    for (int i = 0; i < 1000; i++) {
        ck_assert_str_eq(drawn(&twilio_provider, &one, i), drawn(&twilio_provider, &one, i));
        differ += strcmp(drawn(&twilio_provider, &one, i), drawn(&twilio_provider, &two, i)) != 0;
    }
    ck_assert_int_gt(differ, 300);
}
END_TEST

/* One of the provider's own rows stands in its place. */
static bool is_covered(const struct provider *p, const struct behaviour *row)
{
    for (const struct behaviour *b = p->repertoire.own; b != NULL && b->pattern != NULL; b++)
        if (strcmp(b->pattern, row->pattern) == 0)
            return true;
    return false;
}

START_TEST(every_way_to_fail_is_drawn_and_no_other)
{
    const struct draw d = { .share = 10000, .seed = 1, .ways = "all" };

    for (size_t p = 0; providers[p] != NULL; p++) {
        struct seen met = SEEN_INIT;

        for (int i = 0; i < 5000; i++)
            seen_count(&met, drawn(providers[p], &d, i));
        for (const struct behaviour *b = behaviours; b->pattern != NULL; b++) {
            bool wanted = behaviour_is_drawn(b, "all") &&
                          (b->needs & ~providers[p]->repertoire.traits) == 0;

            ck_assert_msg(is_covered(providers[p], b) ||
                              (seen_count(&met, b->name) > 0) == wanted, "%s: %s", providers[p]->name,
                          b->name);
        }
        for (const struct behaviour *b = providers[p]->repertoire.own;
             b != NULL && b->pattern != NULL; b++)
            ck_assert_msg((seen_count(&met, b->name) > 0) == behaviour_is_drawn(b, "all"), "%s: %s",
                          providers[p]->name, b->name);
        seen_forget(&met);
    }
}
END_TEST

START_TEST(who_is_drawn_to_fail_once_is_ordinary_then)
{
    const struct draw d = { .share = 10000, .ways = "server_error_once" };
    struct seen seen = SEEN_INIT;
    struct repertoire r = twilio_provider.repertoire;

    r.seen = &seen;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 100; i++) {
            char name[32];
            int number = -1;

            snprintf(name, sizeof name, "+4930%06d", i);
            ck_assert_str_eq(behaviour_choose(&r, &d, name, false, &number)->name,
                             round == 0 ? "server_error_once" : "delivered");
        }
    seen_forget(&seen);
}
END_TEST

START_TEST(a_number_is_never_drawn_over)
{
    const struct draw d = { .share = 10000, .ways = "drip" };
    int number = 1234;

    ck_assert_str_eq(
        behaviour_choose(&twilio_provider.repertoire, &d, "+15550001234", false, &number)->name,
        "delivered");
    ck_assert_int_eq(number, 1234);
}
END_TEST

START_TEST(who_is_drawn_to_be_late_has_a_lateness)
{
    const struct draw d = { .share = 10000, .ways = "late" };
    int number = -1;
    const struct behaviour *b =
        behaviour_choose(&twilio_provider.repertoire, &d, "+4930123456", false, &number);

    ck_assert_int_eq(number / 1000, 8);
    ck_assert_int_eq(behaviour_latency_ms(b, number), number % 1000 * 10);
}
END_TEST

static enum settings_outcome read_options(struct settings *s, const char *name, const char *value)
{
    char *argv[] = { (char *)"simulator", (char *)(uintptr_t)name, (char *)(uintptr_t)value, NULL };

    optind = 0;
    return settings_read(s, 3, argv);
}

START_TEST(a_share_is_a_percentage_of_two_digits)
{
    static const struct {
        const char *text;
        int share; /* -1: refused */
    } rows[] = {
        { "0", 0 },     { "5", 500 },   { "2.5", 250 },   { "0.01", 1 },  { "100", 10000 },
        { "100.01", -1 }, { "-1", -1 }, { "1.234", -1 }, { "1.", 100 }, { "x", -1 },
        { "", -1 },     { ".5", -1 },   { "1e1", -1 },    { "1000", -1 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct settings s;
        enum settings_outcome outcome = read_options(&s, "--fail-share", rows[i].text);

        ck_assert_msg((outcome == SETTINGS_RUN) == (rows[i].share >= 0), "%s", rows[i].text);
        if (outcome == SETTINGS_RUN)
            ck_assert_int_eq(s.draw.share, rows[i].share);
    }
}
END_TEST

START_TEST(options_of_drawing_are_checked)
{
    struct settings s;

    ck_assert_int_eq(read_options(&s, "--fail-seed", "18446744073709551615"), SETTINGS_RUN);
    ck_assert_uint_eq(s.draw.seed, UINT64_MAX);
    ck_assert_str_eq(s.draw.ways, "all");
    ck_assert_int_eq(read_options(&s, "--fail-seed", "-1"), SETTINGS_WRONG);
    ck_assert_int_eq(read_options(&s, "--fail-ways", "all,-drip"), SETTINGS_RUN);
    ck_assert_int_eq(read_options(&s, "--fail-ways", "everything"), SETTINGS_WRONG);
    ck_assert_int_eq(read_options(&s, "--whatsapp-webhook", "not a URL"), SETTINGS_WRONG);
}
END_TEST

START_TEST(the_documentation_names_each_common_behaviour)
{
    for (const struct behaviour *b = behaviours; b->pattern != NULL; b++) {
        char quoted[64];

        snprintf(quoted, sizeof quoted, "`%s`", b->name);
        ck_assert_msg(strcmp(b->pattern, "xxxx") == 0 || sample_documented(quoted), "%s", quoted);
    }
}
END_TEST

SUITE("simulator_behaviour", each_row_says_whether_to_ask_again_and_how_it_ends,
      a_row_of_reused_connections_meets_no_other, a_list_of_ways_is_read_from_the_left,
      a_share_of_the_ordinary_recipients_fails, the_same_seed_draws_the_same,
      every_way_to_fail_is_drawn_and_no_other, who_is_drawn_to_fail_once_is_ordinary_then,
      a_number_is_never_drawn_over, who_is_drawn_to_be_late_has_a_lateness,
      a_share_is_a_percentage_of_two_digits, options_of_drawing_are_checked,
      the_documentation_names_each_common_behaviour)
