/* The command line of notifyctl and its tables for people. */
#include "ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/help.h"
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

static const struct {
    const char *words[7], *told;
} wrong[] = {
    { { "notifyctl" }, "a command is needed" },
    { { "notifyctl", "users" }, "no command users" },
    { { "notifyctl", "user" }, "add, list, disable or enable" },
    { { "notifyctl", "user", "remove" }, "knows no remove" },
    { { "notifyctl", "user", "add" }, "EMAIL is missing" },
    { { "notifyctl", "user", "list", "a@b.co" }, "unexpected word a@b.co" },
    { { "notifyctl", "seed", "x" }, "unexpected word x" },
    { { "notifyctl", "user", "add", "a@b.co", "--owner=x" }, "unknown option --owner" },
    { { "notifyctl", "user", "list", "--role", "user" }, "unknown option --role" },
    { { "notifyctl", "--role", "user", "user", "add", "a@b.co" }, "unknown option --role" },
    { { "notifyctl", "user", "list", "-x" }, "unknown option -x" },
    { { "notifyctl", "user", "list", "--jso" }, "unknown option --jso" },
    { { "notifyctl", "user", "list", "--json=yes" }, "--json takes no value" },
    { { "notifyctl", "user", "add", "a@b.co", "--role" }, "--role needs a value" },
    { { "notifyctl", "-ca", "seed", "-cb" }, "--config is given twice" },
};

START_TEST(wrong_lines_are_refused_with_what_is_wrong)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(read_words(wrong[i].words) == ST_INVALID, "row %zu", i);
        ck_assert_msg(strstr(err.text, wrong[i].told) != NULL, "row %zu: %s", i, err.text);
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
      wrong_lines_are_refused_with_what_is_wrong, a_wrong_line_still_says_its_command_and_json,
      help_version_and_check_need_no_command, numbers_are_digits_within_their_bounds,
      the_usage_line_names_words_and_options, help_lists_every_command_and_option,
      every_example_is_a_right_line, the_manual_knows_every_command_and_option,
      columns_are_as_wide_as_their_widest_cell, a_table_without_rows_is_its_header,
      lines_fit_where_a_column_may_be_cut, no_cell_steers_the_terminal,
      the_place_of_the_database_never_holds_its_password)
