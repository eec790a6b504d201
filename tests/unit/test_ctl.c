/* The command line of notifyctl and its tables for people. */
#include "ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/help.h"
#include "ctl/letters.h"
#include "ctl/when.h"
#include "ctl/progress.h"
#include "tests/unit/suite.h"

static struct arena mem;
static struct error err;
static struct call call;

static enum status read_words(const char *const words[])
{
    int argc = 0;

    while (words[argc] != NULL)
        argc++;
    return call_read(argc, (char *const *)words, &mem, &call, &err);
}
#define READ(...) read_words((const char *const[]){ "notifyctl", __VA_ARGS__, NULL })

/* ---- the command line ---- */

START_TEST(a_command_is_found_with_its_words_and_options)
{
    ck_assert_int_eq(READ("user", "add", "a@b.co", "--role", "admin", "--tier=basic"), ST_OK);
    ck_assert_str_eq(call.command->group, "user");
    ck_assert_str_eq(call.command->verb, "add");
    ck_assert_uint_eq(call.n_args, 1);
    ck_assert_str_eq(call.args[0], "a@b.co");
    ck_assert_str_eq(call_option(&call, "--role"), "admin");
    ck_assert_str_eq(call_option(&call, "--tier"), "basic");
    ck_assert_ptr_null(call_option(&call, "--json"));
}
END_TEST

START_TEST(a_command_may_be_one_word)
{
    ck_assert_int_eq(READ("seed"), ST_OK);
    ck_assert_ptr_null(call.command->verb);
}
END_TEST

START_TEST(options_of_all_commands_stand_anywhere)
{
    ck_assert_int_eq(READ("--json", "-c", "x.conf", "user", "list"), ST_OK);
    ck_assert_ptr_nonnull(call_option(&call, "--json"));
    ck_assert_str_eq(call_option(&call, "--config"), "x.conf");
    ck_assert_int_eq(READ("user", "-cx.conf", "list", "--json"), ST_OK);
    ck_assert_ptr_nonnull(call_option(&call, "--json"));
    ck_assert_str_eq(call_option(&call, "--config"), "x.conf");
    ck_assert_int_eq(READ("user", "list", "--config="), ST_OK);
    ck_assert_str_eq(call_option(&call, "--config"), "");
}
END_TEST

START_TEST(what_follows_two_dashes_is_a_word)
{
    ck_assert_int_eq(READ("user", "add", "--", "--json"), ST_OK);
    ck_assert_str_eq(call.args[0], "--json");
    ck_assert_ptr_null(call_option(&call, "--json"));
    ck_assert_int_eq(READ("user", "add", "-"), ST_OK);
    ck_assert_str_eq(call.args[0], "-");
}
END_TEST

START_TEST(an_option_that_repeats_keeps_the_order_of_the_line)
{
    ck_assert_int_eq(READ("send", "--platform", "sms", "--to", "1", "--platform=email", "--to", "2"), ST_OK);
    ck_assert_uint_eq(call.n_given, 4);
    ck_assert_str_eq(call.given[0].value, "sms");
    ck_assert_str_eq(call.given[1].value, "1");
    ck_assert_str_eq(call.given[2].value, "email");
    ck_assert_str_eq(call.given[3].value, "2");
    ck_assert_str_eq(call_option(&call, "--to"), "1");
    ck_assert_int_eq(READ("send", "--subject", "a", "--subject", "b"), ST_INVALID);
}
END_TEST

static const struct {
    const char *words[8], *told;
} wrong[] = {
    { { "notifyctl" }, "a command is needed" },
    { { "notifyctl", "users" }, "no command users" },
    { { "notifyctl", "user" }, "add, list, disable, enable or erase" },
    { { "notifyctl", "user", "remove" }, "knows no remove" },
    { { "notifyctl", "user", "add" }, "EMAIL is missing" },
    { { "notifyctl", "user", "list", "a@b.co" }, "unexpected word a@b.co" },
    { { "notifyctl", "seed", "x" }, "unexpected word x" },
    { { "notifyctl", "init", "x" }, "unexpected word x" },
    { { "notifyctl", "init", "--dry-run=no" }, "--dry-run takes no value" },
    { { "notifyctl", "user", "add", "a@b.co", "--owner=x" }, "unknown option --owner" },
    { { "notifyctl", "user", "list", "--role", "user" }, "unknown option --role" },
    { { "notifyctl", "--role", "user", "user", "add", "a@b.co" }, "unknown option --role" },
    { { "notifyctl", "user", "list", "-x" }, "unknown option -x" },
    { { "notifyctl", "user", "list", "--jso" }, "unknown option --jso" },
    { { "notifyctl", "user", "list", "--json=yes" }, "--json takes no value" },
    { { "notifyctl", "user", "add", "a@b.co", "--role" }, "--role needs a value" },
    { { "notifyctl", "-ca", "seed", "-cb" }, "--config is given twice" },
    { { "notifyctl", "queue" }, "needs one of status" },
    { { "notifyctl", "queue", "status", "sms" }, "unexpected word sms" },
    { { "notifyctl", "queue", "status", "--interval" }, "--interval needs a value" },
    { { "notifyctl", "queue", "list" }, "knows no list" },
    { { "notifyctl", "doctor", "redis" }, "unexpected word redis" },
    { { "notifyctl", "doctor", "--all" }, "unknown option --all" },
    { { "notifyctl", "tail", "sms" }, "unexpected word sms" },
    { { "notifyctl", "tail", "--since" }, "--since needs a value" },
    { { "notifyctl", "tail", "--errors=1" }, "--errors takes no value" },
    { { "notifyctl", "tail", "--until", "1h" }, "unknown option --until" },
    { { "notifyctl", "completion" }, "bash|zsh is missing" },
    { { "notifyctl", "completion", "bash", "zsh" }, "unexpected word zsh" },
    { { "notifyctl", "dead" }, "list, show, replay or purge" },
    { { "notifyctl", "dead", "list", "x" }, "unexpected word x" },
    { { "notifyctl", "dead", "list", "--all" }, "unknown option --all" },
    { { "notifyctl", "dead", "list", "--dry-run" }, "unknown option --dry-run" },
    { { "notifyctl", "dead", "show" }, "ID is missing" },
    { { "notifyctl", "dead", "show", "1", "2" }, "unexpected word 2" },
    { { "notifyctl", "dead", "show", "1", "--queue" }, "unknown option --queue" },
    { { "notifyctl", "dead", "replay", "--yes" }, "unknown option --yes" },
    { { "notifyctl", "dead", "replay", "--all=1" }, "--all takes no value" },
    { { "notifyctl", "dead", "purge", "--limit", "1", "--limit", "2" }, "--limit is given twice" },
    { { "notifyctl", "send", "-", "+15551234567" }, "unexpected word +15551234567" },
    { { "notifyctl", "send", "--to" }, "--to needs a value: RECIPIENT" },
    { { "notifyctl", "send", "--content", "a", "--content", "b" }, "--content is given twice" },
    { { "notifyctl", "send", "--all-or-nothing=no" }, "--all-or-nothing takes no value" },
    { { "notifyctl", "message" }, "show, list or cancel" },
    { { "notifyctl", "message", "show" }, "ID is missing" },
    { { "notifyctl", "message", "cancel" }, "ID is missing" },
    { { "notifyctl", "message", "cancel", "1", "2" }, "unexpected word 2" },
    { { "notifyctl", "message", "list", "1" }, "unexpected word 1" },
    { { "notifyctl", "message", "show", "1", "--limit", "2" }, "unknown option --limit" },
};

START_TEST(wrong_lines_are_refused_with_what_is_wrong)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(read_words(wrong[i].words) == ST_INVALID, "row %zu", i);
        ck_assert_msg(strstr(err.text, wrong[i].told) != NULL, "row %zu: %s", i, err.text);
    }
}
END_TEST

/* The words of a command with so many arguments, and this behind them. */
static enum status read_with(const struct command *c, size_t n_args, const char *more)
{
    static const char *words[1200];
    size_t n = 0;

    words[n++] = "notifyctl";
    words[n++] = c->group;
    if (c->verb != NULL)
        words[n++] = c->verb;
    for (size_t i = 0; i < n_args; i++)
        words[n++] = "x";
    words[n++] = more;
    words[n] = NULL;
    return read_words(words);
}

START_TEST(no_command_takes_too_many_or_too_few_words_or_half_an_option)
{
    for (size_t i = 0; i < n_commands; i++) {
        const struct command *c = &commands[i];
        const char *name = c->verb == NULL ? c->group : c->verb;

        ck_assert_msg(read_with(c, c->min_args, NULL) == ST_OK, "%s: %s", name, err.text);
        ck_assert_msg(read_with(c, c->max_args + 1, NULL) == ST_INVALID, "%s, one word more", name);
        if (c->min_args > 0)
            ck_assert_msg(read_with(c, c->min_args - 1, NULL) == ST_INVALID, "%s, one less", name);
        ck_assert_msg(read_with(c, c->min_args, "--no-such") == ST_INVALID, "%s --no-such", name);
        for (const struct command_option *o = c->options; o != NULL && o->name != NULL; o++) {
            char glued[60];

            snprintf(glued, sizeof glued, "%s=x", o->name);
            if (o->value != NULL)
                ck_assert_msg(read_with(c, c->min_args, o->name) == ST_INVALID, "%s %s", name, o->name);
            else
                ck_assert_msg(read_with(c, c->min_args, glued) == ST_INVALID, "%s %s", name, glued);
        }
    }
}
END_TEST

START_TEST(a_wrong_line_still_says_its_command_and_json)
{
    ck_assert_int_eq(READ("user", "add", "--bogus", "a@b.co", "--json"), ST_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "--bogus"));
    ck_assert_str_eq(call.command->verb, "add");
    ck_assert_ptr_nonnull(call_option(&call, "--json"));
}
END_TEST

START_TEST(help_version_and_check_need_no_command)
{
    ck_assert_int_eq(READ("--help"), ST_OK);
    ck_assert_int_eq(READ("-h"), ST_OK);
    ck_assert_int_eq(READ("--version"), ST_OK);
    ck_assert_int_eq(READ("--check-config"), ST_OK);
    ck_assert_int_eq(READ("user", "--help"), ST_OK);
    ck_assert_str_eq(call.group, "user");
    ck_assert_int_eq(READ("user", "add", "--help"), ST_OK);
}
END_TEST

START_TEST(numbers_are_digits_within_their_bounds)
{
    int n = -7;

    ck_assert(ctl_read_number("0", 0, 9, &n) && n == 0);
    ck_assert(ctl_read_number("0042", 1, 99, &n) && n == 42);
    ck_assert(!ctl_read_number("", 0, 9, &n));
    ck_assert(!ctl_read_number("-1", -9, 9, &n));
    ck_assert(!ctl_read_number("1x", 0, 9, &n));
    ck_assert(!ctl_read_number(" 1", 0, 9, &n));
    ck_assert(!ctl_read_number("10", 0, 9, &n));
    ck_assert(!ctl_read_number("0", 1, 9, &n));
    ck_assert(!ctl_read_number("99999999999999999999", 0, 9, &n));
    ck_assert_int_eq(n, 42);
}
END_TEST

/* ---- help ---- */

START_TEST(the_usage_line_names_words_and_options)
{
    struct buf out = BUF_INIT(4096);

    READ("user", "add");
    help_usage(&out, &call);
    ck_assert_str_eq(buf_str(&out),
                     "usage: notifyctl user add EMAIL [--role user|admin] [--tier TIER]\n");
    buf_free(&out);
}
END_TEST

START_TEST(help_lists_every_command_and_option)
{
    struct buf all = BUF_INIT(1u << 16);

    READ("--help");
    help_write(&all, &call);
    for (size_t i = 0; i < n_commands; i++)
        ck_assert_ptr_nonnull(strstr(buf_str(&all), commands[i].summary));
    for (const struct command_option *o = global_options; o->name != NULL; o++)
        ck_assert_ptr_nonnull(strstr(buf_str(&all), o->name));
    buf_free(&all);
}
END_TEST

/* An example must at least be read by the table that it explains. */
START_TEST(every_example_is_a_right_line)
{
    for (size_t i = 0; i < n_commands; i++) {
        const char *words[16] = { NULL };
        char *line = arena_strdup(&mem, commands[i].example), *rest = line;
        size_t n = 0;

        while (n < 15 && (words[n] = strsep(&rest, " ")) != NULL)
            n++;
        ck_assert_str_eq(words[0], "notifyctl");
        ck_assert_msg(read_words(words) == ST_OK, "%s: %s", commands[i].example, err.text);
        ck_assert_ptr_eq(call.command, &commands[i]);
    }
}
END_TEST

/* ---- what the commands themselves find wrong ---- */

#define RECIPIENT "01890a5d-ac96-774b-bcce-b302099a8057.0"

#define MESSAGE "01890a5d-ac96-774b-bcce-b302099a8057"
#define SEND "notifyctl", "send", "--content", "x"
#define LONG_KEY                                                                                      \
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" \
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" \
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" /* 241 */

static const struct {
    const char *words[14], *told; /* told NULL: right */
} checked[] = {
    { { "notifyctl", "send" }, "--content is missing" },
    { { "notifyctl", "send", "x" }, "unexpected word x" },
    { { SEND }, "--to is missing, or --to-file" },
    { { SEND, "-" }, "one of --content and -" },
    { { SEND, "--to", "1" }, "--platform is missing" },
    { { SEND, "--to", "1", "--platform", "sms" }, NULL },
    { { "notifyctl", "send", "-", "--to", "1", "--platform", "sms" }, NULL },
    { { "notifyctl", "send", "--content", "-", "--to", "1", "--platform", "sms" }, NULL },
    { { SEND, "--to", "1", "--platform", "sms", "--platform", "email", "--to", "2" },
      "--to stands before the first of several --platform" },
    { { SEND, "--platform", "sms", "--to", "1", "--platform", "email" }, "--platform email has no --to" },
    { { SEND, "--platform", "sms", "--platform", "email", "--to", "1" }, "--platform sms has no --to" },
    { { SEND, "--platform", "sms", "--to", "1", "--platform", "email", "--to", "2" }, NULL },
    { { SEND, "--platform", "sms", "--to", "1", "--to-file", "f" }, "one of --to and --to-file" },
    { { SEND, "--to-file", "f" }, NULL },
    { { SEND, "--to-file", "f", "--platform", "sms", "--platform", "email" }, "--platform is given twice" },
    { { SEND, "--to-file", "f", "--wait", "1" }, "--wait does not go with --to-file" },
    { { "notifyctl", "send", "-", "--to-file", "-" }, "the standard input can only be one" },
    { { "notifyctl", "send", "--content", "-", "--to-file", "-" }, "the standard input can only be one" },
    { { SEND, "--to-file", "-" }, NULL },
    { { SEND, "--to", "1", "--platform", "sms", "--all-or-nothing" }, "goes with --to-file only" },
    { { SEND, "--to", "1", "--platform", "sms", "--skip-lines", "1" }, "goes with --to-file only" },
    { { SEND, "--to-file", "f", "--skip-lines", "-1" }, "--skip-lines takes a number" },
    { { SEND, "--to-file", "f", "--skip-lines", "1999", "--idempotency-key", "k" }, "a multiple of 1000" },
    { { SEND, "--to-file", "f", "--skip-lines", "2000", "--idempotency-key", "k" }, NULL },
    { { SEND, "--to-file", "f", "--as", "ada" }, "--as: an address is written as" },
    { { SEND, "--to-file", "f", "--idempotency-key", "" }, "--idempotency-key takes 1 to 255" },
    { { SEND, "--to-file", "f", "--idempotency-key", "\xc3\xa9" }, "--idempotency-key takes 1 to 255" },
    { { SEND, "--to-file", "f", "--idempotency-key", LONG_KEY }, "at most 240 characters" },
    { { SEND, "--to", "1", "--platform", "sms", "--idempotency-key", LONG_KEY }, NULL },
    { { SEND, "--to", "1", "--platform", "sms", "--wait", "0" }, "--wait takes a number" },
    { { SEND, "--to", "1", "--platform", "sms", "--wait", "86401" }, "1 to 86400" },
    { { "notifyctl", "message", "show", "17" }, "ID must be that of a message" },
    { { "notifyctl", "message", "show", MESSAGE ".0" }, "ID must be that of a message" },
    { { "notifyctl", "message", "show", MESSAGE }, NULL },
    { { "notifyctl", "message", "cancel", "17" }, "ID must be that of a message" },
    { { "notifyctl", "message", "list" }, NULL },
    { { "notifyctl", "message", "list", "--status", "sent" }, "--status must be" },
    { { "notifyctl", "message", "list", "--platform", "fax" }, "--platform must be" },
    { { "notifyctl", "message", "list", "--recipient", "" }, "--recipient is empty" },
    { { "notifyctl", "message", "list", "--user", "ada" }, "--user: " },
    { { "notifyctl", "message", "list", "--since", "soon" }, "--since takes a time" },
    { { "notifyctl", "message", "list", "--since", "1h", "--until", "2h" }, "before --until" },
    { { "notifyctl", "message", "list", "--limit", "0" }, "--limit takes a number" },
    { { "notifyctl", "message", "list", "--limit", "1001" }, "1 to 1000" },
    { { "notifyctl", "queue", "status" }, NULL },
    { { "notifyctl", "queue", "status", "--interval", "0" }, NULL },
    { { "notifyctl", "queue", "status", "--interval", "1.5" }, "--interval takes a number" },
    { { "notifyctl", "queue", "status", "--interval", "3601" }, "0 to 3600" },
    { { "notifyctl", "tail" }, NULL },
    { { "notifyctl", "tail", "--since", "10m", "--for", "0", "--count", "1" }, NULL },
    { { "notifyctl", "tail", "--platform", "fax" }, "--platform must be" },
    { { "notifyctl", "tail", "--status", "lost" }, "--status must be" },
    { { "notifyctl", "tail", "--provider", "" }, "--provider is empty" },
    { { "notifyctl", "tail", "--message", "4711" }, "--message takes the id" },
    { { "notifyctl", "tail", "--user", "ada" }, "--user: " },
    { { "notifyctl", "tail", "--since", "yesterday" }, "--since takes a time" },
    { { "notifyctl", "tail", "--count", "0" }, "--count takes a number" },
    { { "notifyctl", "tail", "--for", "-1" }, "--for takes a number" },
    { { "notifyctl", "completion", "zsh" }, NULL },
    { { "notifyctl", "completion", "fish" }, "only for bash and zsh" },
    { { "notifyctl", "audit" }, NULL },
    { { "notifyctl", "audit", "--grace", "0s", "--since", "2026-01-01T00:00:00Z" }, NULL },
    { { "notifyctl", "audit", "--grace", "2026-01-01T00:00:00Z" }, "--grace takes how long" },
    { { "notifyctl", "audit", "--since", "soon" }, "--since takes a time" },
    { { "notifyctl", "audit", "--limit", "-1" }, "0 to 1000" },
    { { "notifyctl", "prune", "--older-than", "1d", "--yes" }, NULL },
    { { "notifyctl", "prune", "--older-than", "2020-01-01T00:00:00Z", "--dry-run" }, NULL },
    { { "notifyctl", "prune", "--dry-run" }, "--older-than is needed" },
    { { "notifyctl", "prune", "--older-than", "1439m", "--yes" }, "a day ago at least" },
    { { "notifyctl", "prune", "--older-than", "1d" }, "--dry-run" },
    { { "notifyctl", "user", "erase", "+1 (555) 123-4567", "--yes" }, NULL },
    { { "notifyctl", "user", "erase", "-", "--yes" }, NULL },
    { { "notifyctl", "user", "erase", "@a_channel", "--dry-run" }, NULL },
    { { "notifyctl", "user", "erase", "@a_channel", "--platform", "sms", "--yes" }, "ADDRESS: " },
    { { "notifyctl", "user", "erase", "nobody", "--yes" }, "ADDRESS must be" },
    { { "notifyctl", "user", "erase", "ada@example.com" }, "--dry-run" },
    { { "notifyctl", "dead", "list" }, NULL },
    { { "notifyctl", "dead", "list", "--limit", "0" }, "--limit takes a number" },
    { { "notifyctl", "dead", "list", "--limit", "10001" }, "1 to 10000" },
    { { "notifyctl", "dead", "list", "--platform", "fax" }, "--platform must be" },
    { { "notifyctl", "dead", "list", "--provider", "" }, "--provider is empty" },
    { { "notifyctl", "dead", "list", "--code", "" }, "--code is empty" },
    { { "notifyctl", "dead", "list", "--user", "ada" }, "--user: " },
    { { "notifyctl", "dead", "list", "--message", "4711" }, "--message takes the id" },
    { { "notifyctl", "dead", "list", "--since", "yesterday" }, "--since takes a time" },
    { { "notifyctl", "dead", "list", "--until", "2026-13-01T00:00:00Z" }, "--until takes a time" },
    { { "notifyctl", "dead", "list", "--since", "1h", "--until", "2h" }, "before --until" },
    { { "notifyctl", "dead", "list", "--since", "2h", "--until", "1h" }, NULL },
    { { "notifyctl", "dead", "list", "--queue", "--failed" }, "one of --queue and --failed" },
    { { "notifyctl", "dead", "list", "--queue", "--code", "1" }, "no provider, code or user" },
    { { "notifyctl", "dead", "list", "--failed", "--code", "1" }, NULL },
    { { "notifyctl", "dead", "show", RECIPIENT }, NULL },
    { { "notifyctl", "dead", "show", "9f86d081884c" }, NULL },
    { { "notifyctl", "dead", "show", "17" }, NULL },
    { { "notifyctl", "dead", "show", "0" }, "ID must be" },
    { { "notifyctl", "dead", "show", "9f86d081884" }, "ID must be" },
    { { "notifyctl", "dead", "show", "01890a5d-ac96-774b-bcce-b302099a8057" }, "ID must be" },
    { { "notifyctl", "dead", "replay" }, "Give IDs, a filter, or --all" },
    { { "notifyctl", "dead", "replay", "--queue" }, "Give IDs, a filter, or --all" },
    { { "notifyctl", "dead", "replay", "--failed", "--limit", "9", "--dry-run" },
      "Give IDs, a filter, or --all" },
    { { "notifyctl", "dead", "replay", "--all" }, NULL },
    { { "notifyctl", "dead", "replay", "--queue", "--all" }, NULL },
    { { "notifyctl", "dead", "replay", "--all", "--code", "1" }, "no filter goes with it" },
    { { "notifyctl", "dead", "replay", RECIPIENT }, NULL },
    { { "notifyctl", "dead", "replay", RECIPIENT, "9f86d081884c" }, NULL },
    { { "notifyctl", "dead", "replay", RECIPIENT, "--all" }, "no filter goes with them" },
    { { "notifyctl", "dead", "replay", RECIPIENT, "--since", "1h" }, "no filter goes with them" },
    { { "notifyctl", "dead", "replay", RECIPIENT, "--failed" }, "no filter goes with them" },
    { { "notifyctl", "dead", "replay", "3" }, "3 is a position" },
    { { "notifyctl", "dead", "replay", "everything" }, "ID must be" },
    { { "notifyctl", "dead", "replay", "--since", "0s" }, NULL },
    { { "notifyctl", "dead", "purge", "--yes" }, "Give IDs, a filter, or --all" },
    { { "notifyctl", "dead", "purge", "--all" }, "one of --dry-run" },
    { { "notifyctl", "dead", "purge", "--all", "--yes", "--dry-run" }, "one of --dry-run" },
    { { "notifyctl", "dead", "purge", "--all", "--yes" }, NULL },
    { { "notifyctl", "dead", "purge", RECIPIENT, "--dry-run" }, NULL },
};

START_TEST(what_a_command_finds_wrong_is_told_before_anything_is_opened)
{
    struct ctl ctl = CTL_INIT;

    for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
        enum status s = read_words(checked[i].words);

        ck_assert_msg(s == ST_OK, "row %zu: %s", i, err.text);
        s = call.command->check(&ctl, &call, &err);
        ck_assert_msg(s == (checked[i].told == NULL ? ST_OK : ST_INVALID), "row %zu: %s", i,
                      s == ST_OK ? "right" : err.text);
        if (checked[i].told != NULL)
            ck_assert_msg(strstr(err.text, checked[i].told) != NULL, "row %zu: %s", i, err.text);
    }
    ck_assert_ptr_null(ctl.db);
    ctl_done(&ctl);
}
END_TEST

START_TEST(every_example_is_found_right_by_its_command)
{
    struct ctl ctl = CTL_INIT;

    ctl.config.rate_limit.tiers = (struct config_tier[]){ { "basic", 1 } };
    ctl.config.rate_limit.n_tiers = 1;
    for (size_t i = 0; i < n_commands; i++) {
        const char *words[16] = { NULL };
        char *rest = arena_strdup(&mem, commands[i].example);

        for (size_t n = 0; n < 15 && (words[n] = strsep(&rest, " ")) != NULL; n++)
            continue;
        ck_assert_int_eq(read_words(words), ST_OK);
        if (call.command->check != NULL)
            ck_assert_msg(call.command->check(&ctl, &call, &err) == ST_OK, "%s: %s",
                          commands[i].example, err.text);
    }
}
END_TEST

/* ---- dead letters ---- */

START_TEST(ids_are_told_apart_and_kept_once_each)
{
    struct letters l;

    READ("dead", "replay", "01890A5D-AC96-774B-BCCE-B302099A8057.7", "9F86D081884C",
         "01890a5d-ac96-774b-bcce-b302099a8057.10", "9f86d081884c", "000000000123",
         "01890a5d-ac96-774b-bcce-b302099a8057.7");
    ck_assert_int_eq(letters_read(&call, true, 0, &mem, &l, &err), ST_OK);
    ck_assert_uint_eq(l.n_refs, 2);
    ck_assert_str_eq(l.refs[0].message_id, "01890a5d-ac96-774b-bcce-b302099a8057");
    ck_assert_int_eq(l.refs[0].n, 7);
    ck_assert_int_eq(l.refs[1].n, 10);
    ck_assert_uint_eq(l.n_names, 2);
    ck_assert_str_eq(l.names[0], "000000000123"); /* twelve digits are a name */
    ck_assert_str_eq(l.names[1], "9f86d081884c");
}
END_TEST

START_TEST(filters_are_read_as_they_are_meant)
{
    struct letters l;

    READ("dead", "list", "--platform", "whatsapp", "--provider", "twilio", "--code", "63016", "--message",
         "01890A5D-AC96-774B-BCCE-B302099A8057", "--since", "2026-12-01T09:00:00Z", "--limit", "7");
    ck_assert_int_eq(letters_read(&call, false, 0, &mem, &l, &err), ST_OK);
    ck_assert(l.filter.by_platform && l.filter.platform == PF_WHATSAPP);
    ck_assert_str_eq(l.filter.provider, "twilio");
    ck_assert_str_eq(l.filter.code, "63016");
    ck_assert_str_eq(l.filter.message_id, "01890a5d-ac96-774b-bcce-b302099a8057");
    ck_assert_int_eq(l.filter.since_ms, 1796115600000);
    ck_assert_int_eq(l.filter.until_ms, -1);
    ck_assert_int_eq(l.limit, 7);
    ck_assert(l.failed && !l.queue); /* a provider is given: the broker need not be asked */
    READ("dead", "list", "--provider", "twilio");
    ck_assert_int_eq(letters_read(&call, false, 0, &mem, &l, &err), ST_OK);
    ck_assert(l.failed && !l.queue);
    READ("dead", "list");
    ck_assert_int_eq(letters_read(&call, false, 0, &mem, &l, &err), ST_OK);
    ck_assert(l.failed && l.queue && l.limit == 0 && l.filter.since_ms == -1);
    READ("dead", "list", "--queue", "--platform", "sms");
    ck_assert_int_eq(letters_read(&call, false, 0, &mem, &l, &err), ST_OK);
    ck_assert(!l.failed && l.queue);
}
END_TEST

START_TEST(a_time_is_a_date_or_so_long_ago)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: none */
    } rows[] = {
        { "2026-12-01T09:00:00.5Z", 1796115600500 }, { "0s", 5000000 },      { "90s", 4910000 },
        { "15m", 4100000 },                          { "1h", 1400000 },      { "2h", 0 },
        { "9999999d", 0 },                           { "", -1 },             { "s", -1 },
        { "5", -1 },                                 { "5w", -1 },           { "5 m", -1 },
        { "-5m", -1 },                               { "5mm", -1 },          { "99999999999999s", -1 },
        { "1.5h", -1 },                              { "2026-12-01", -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -1;

        ck_assert_msg(when_time(rows[i].text, 5000000, &ms) == (rows[i].ms >= 0), "%s", rows[i].text);
        ck_assert_msg(ms == rows[i].ms, "%s: %lld", rows[i].text, (long long)ms);
    }
}
END_TEST

/* ---- progress ---- */

static const char *bar(size_t done, size_t total, size_t width)
{
    struct buf out = BUF_INIT(4096);
    const char *text;

    progress_line(&out, "replaying", done, total, width);
    text = arena_strdup(&mem, buf_str(&out));
    buf_free(&out);
    return text;
}

START_TEST(a_bar_shows_how_far_it_is_and_fits_its_line)
{
    ck_assert_str_eq(bar(0, 10, 37), "replaying  [...............]  0 of 10");
    ck_assert_str_eq(bar(5, 10, 37), "replaying  [#######........]  5 of 10");
    ck_assert_str_eq(bar(10, 10, 37), "replaying  [##############]  10 of 10");
    ck_assert_str_eq(bar(12, 10, 37), bar(10, 10, 37)); /* more came meanwhile */
    ck_assert_str_eq(bar(7, 0, 80), "replaying  7");    /* of an unknown number */
    ck_assert_str_eq(bar(5, 10, 3), "replaying  []  5 of 10");
    ck_assert_uint_eq(strlen(bar(5, 10, 200)), strlen("replaying  []  5 of 10") + 40);
}
END_TEST

START_TEST(a_bar_shows_its_rate_where_there_is_room)
{
    const struct progress p = { .what = "sending", .done = 500, .total = 1000, .began_ms = 1000 };
    struct buf out = BUF_INIT(4096);

    progress_rate_line(&out, &p, 3000, 80);
    ck_assert_ptr_nonnull(strstr(buf_str(&out), "]  500 of 1000  250/s"));
    buf_clear(&out);
    progress_rate_line(&out, &p, 1500, 80); /* too soon to tell */
    ck_assert_ptr_null(strstr(buf_str(&out), "/s"));
    buf_clear(&out);
    progress_rate_line(&out, &p, 3000, 45);
    ck_assert_ptr_null(strstr(buf_str(&out), "/s"));
    ck_assert_uint_le(out.len, 45);
    buf_free(&out);
}
END_TEST

static const char *read_manual(void)
{
    const char *top = getenv("top_srcdir");
    FILE *file = fopen(arena_printf(&mem, "%s/man/notifyctl.1", top ? top : "."), "r");
    char *text = arena_zero(&mem, 1u << 16);
    size_t n = 0;

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, (1u << 16) - 1, file), 0);
    fclose(file);
    /* man(7) writes a hyphen that is a minus sign as "\-". */
    for (const char *c = text; *c != '\0'; c++) {
        if (c[0] != '\\' || c[1] != '-')
            text[n++] = *c;
    }
    text[n] = '\0';
    return text;
}

START_TEST(the_manual_knows_every_command_and_option)
{
    const char *manual = read_manual();

    for (size_t i = 0; i < n_commands; i++) {
        const struct command *c = &commands[i];
        const char *name = arena_printf(&mem, "\n.B %s%s%s\n", c->group, c->verb ? " " : "",
                                        c->verb ? c->verb : "");

        ck_assert_msg(strstr(manual, name) != NULL, "%s is missing", name + 4);
        for (const struct command_option *o = c->options; o != NULL && o->name != NULL; o++)
            ck_assert_msg(strstr(manual, o->name) != NULL, "%s is missing", o->name);
    }
    for (const struct command_option *o = global_options; o->name != NULL; o++)
        ck_assert_msg(strstr(manual, o->name) != NULL, "%s is missing", o->name);
}
END_TEST

/* ---- tables ---- */

static const struct table_column people[] = {
    { "NAME", .may_cut = true }, { "N", .right = true }, { "WHERE" }
};
static const char *const rows[] = { "ada", "7", "here", "Zoë Longname", "1234", NULL };

static const char *table(const char *const *cells, size_t n, size_t width)
{
    struct buf out = BUF_INIT(4096);
    const char *text;

    table_write(&out, people, 3, cells, n, width);
    text = arena_strdup(&mem, buf_str(&out));
    buf_free(&out);
    return text;
}

START_TEST(columns_are_as_wide_as_their_widest_cell)
{
    ck_assert_str_eq(table(rows, 2, 0), "NAME             N  WHERE\n"
                                        "ada              7  here\n"
                                        "Zoë Longname  1234  -\n");
}
END_TEST

START_TEST(a_table_without_rows_is_its_header)
{
    ck_assert_str_eq(table(NULL, 0, 80), "NAME  N  WHERE\n");
}
END_TEST

START_TEST(lines_fit_where_a_column_may_be_cut)
{
    ck_assert_str_eq(table(rows, 2, 23), "NAME           N  WHERE\n"
                                         "ada            7  here\n"
                                         "Zoë Longn…  1234  -\n");
    ck_assert_str_eq(table(rows, 2, 25), table(rows, 2, 0));
    /* Not below 8 places, however small the terminal is. */
    ck_assert_str_eq(table(rows, 2, 5), "NAME         N  WHERE\n"
                                        "ada          7  here\n"
                                        "Zoë Lon…  1234  -\n");
}
END_TEST

START_TEST(what_still_does_not_fit_is_left_out_from_the_end_where_it_may_be)
{
    static const struct table_column columns[] = {
        { "ID" }, { "AT", .may_drop = true }, { "WHO", .may_cut = true }, { "WHY", .may_drop = true },
    };
    static const char *const cells[] = { "0123456789", "2026-12-01", "somebody far away", "because" };
    static const struct {
        size_t width;
        const char *line;
    } lines[] = {
        { 0, "0123456789  2026-12-01  somebody far away  because\n" },
        { 50, "0123456789  2026-12-01  somebody far away  because\n" },
        { 49, "0123456789  2026-12-01  somebody far aw…  because\n" },
        { 41, "0123456789  2026-12-01  somebod…  because\n" },
        { 40, "0123456789  2026-12-01  somebody far aw…\n" }, /* WHY is left out, WHO may be wider */
        { 32, "0123456789  2026-12-01  somebod…\n" },
        { 31, "0123456789  somebody far away\n" },
        { 5, "0123456789  somebod…\n" },
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct buf out = BUF_INIT(4096);
        const char *line;

        table_write(&out, columns, 4, cells, 1, lines[i].width);
        line = strchr(buf_str(&out), '\n') + 1;
        ck_assert_msg(strcmp(line, lines[i].line) == 0, "%zu: %s", lines[i].width, line);
        buf_free(&out);
    }
}
END_TEST

START_TEST(no_cell_steers_the_terminal)
{
    static const char *const evil[] = { "a\x1b[2Jb\x7f", "\n", "x\xc2\x9bKy" };

    ck_assert_str_eq(table(evil, 1, 0), "NAME     N  WHERE\na?[2Jb?  ?  x?Ky\n");
}
END_TEST

/* ---- the place of the database ---- */

static const struct {
    struct config_database config;
    const char *place;
} places[] = {
    { { .host = "db.example.com", .port = "6432" }, "db.example.com:6432" },
    { { .host = "db.example.com", .port = "" }, "db.example.com:5432" },
    { { .host = "/run/pg", .port = "5433" }, "socket /run/pg/.s.PGSQL.5433" },
    { { .host = "" }, "the local socket" },
    { { .url = "postgresql://u:secret@h.example:99/x?sslmode=require" }, "h.example:99" },
    { { .url = "postgresql://h/x" }, "h" },
    { { .url = "postgresql://u:sec/ret@h/x" }, "h" },
    { { .url = "postgresql://u:sec@ret@h/x" }, "the host of [database] url" },
    { { .url = "postgresql://u:sec@ret/s@h/x" }, "the host of [database] url" },
    { { .url = "postgresql://u:secret/x" }, "the host of [database] url" },
    { { .url = "postgresql:///x?password=a@b" }, "the host of [database] url" },
    { { .url = "postgresql:///x?host=/tmp/s" }, "the host of [database] url" },
    { { .url = "password=secret" }, "the host of [database] url" },
};

START_TEST(the_place_of_the_database_never_holds_its_password)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        ck_assert_str_eq(ctl_database_place(&places[i].config, &mem), places[i].place);
}
END_TEST

SUITE("ctl", a_command_is_found_with_its_words_and_options, a_command_may_be_one_word,
      options_of_all_commands_stand_anywhere, what_follows_two_dashes_is_a_word,
      an_option_that_repeats_keeps_the_order_of_the_line, wrong_lines_are_refused_with_what_is_wrong,
      no_command_takes_too_many_or_too_few_words_or_half_an_option, a_wrong_line_still_says_its_command_and_json,
      help_version_and_check_need_no_command, numbers_are_digits_within_their_bounds,
      the_usage_line_names_words_and_options, help_lists_every_command_and_option,
      every_example_is_a_right_line, what_a_command_finds_wrong_is_told_before_anything_is_opened,
      every_example_is_found_right_by_its_command, ids_are_told_apart_and_kept_once_each,
      filters_are_read_as_they_are_meant, a_time_is_a_date_or_so_long_ago,
      a_bar_shows_how_far_it_is_and_fits_its_line, a_bar_shows_its_rate_where_there_is_room, the_manual_knows_every_command_and_option,
      columns_are_as_wide_as_their_widest_cell, a_table_without_rows_is_its_header,
      lines_fit_where_a_column_may_be_cut,
      what_still_does_not_fit_is_left_out_from_the_end_where_it_may_be, no_cell_steers_the_terminal,
      the_place_of_the_database_never_holds_its_password)
