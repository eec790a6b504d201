/* Tests of ctl/recipient_lines and ctl/seen: a list of recipients, a line at a time. */
#include "ctl/recipient_lines.h"

#include <string.h>

#include "common/base/arena.h"
#include "ctl/seen.h"
#include "tests/unit/suite.h"

static const struct message_rules rules = { .enabled = { true, true, true, false } };
static struct arena mem;

static struct recipient_lines open_text(const char *text, size_t len)
{
    return (struct recipient_lines){ .file = fmemopen((void *)(uintptr_t)text, len, "r"), .rules = &rules };
}

/* "sms:+1555…", "-" for nothing, "! " and why for a bad one: each line, with '|' between them. */
static const char *told(struct recipient_lines l)
{
    const char *all = "";
    struct recipient_line line;
    enum line_kind kind;

    ck_assert_ptr_nonnull(l.file);
    while ((kind = recipient_lines_next(&l, &line)) != LINE_END) {
        const char *one = "-";

        ck_assert_int_ne(kind, LINE_UNREADABLE);
        if (kind == LINE_RECIPIENT)
            one = arena_printf(&mem, "%s:%s", platform_name(line.recipient.platform), line.recipient.address);
        else if (kind == LINE_BAD)
            one = arena_printf(&mem, "! %s%s", line.part, line.why);
        all = arena_printf(&mem, "%s%s%s", all, *all == '\0' ? "" : "|", one);
    }
    fclose(l.file);
    return all;
}

static const char *read_list(const char *text)
{
    return told(open_text(text, strlen(text)));
}

static const char *read_sms(const char *text)
{
    struct recipient_lines l = open_text(text, strlen(text));

    l.one_platform = true;
    l.platform = PF_SMS;
    return told(l);
}

START_TEST(a_line_is_a_platform_and_an_address)
{
    ck_assert_str_eq(read_list("sms,+15551234567\nemail,ada@example.com\n"),
                     "sms:+15551234567|email:ada@example.com");
}
END_TEST

START_TEST(with_a_platform_given_a_line_is_an_address)
{
    ck_assert_str_eq(read_sms("+15551234567\n+15551234568"), "sms:+15551234567|sms:+15551234568");
    ck_assert_ptr_nonnull(strstr(read_sms("sms,+15551234567\n"), "! a phone number"));
}
END_TEST

START_TEST(blanks_empty_lines_and_comments_count_for_nothing)
{
    ck_assert_str_eq(read_list("# whom\n\n \t\n  # indented\n \tsms\t ,  +15551234567 \t\n"),
                     "-|-|-|-|sms:+15551234567");
}
END_TEST

START_TEST(ends_of_other_systems_and_a_mark_are_taken)
{
    ck_assert_str_eq(read_list("\xef\xbb\xbfsms,+15551234567\r\n\r\nemail,a@b.co\r\n"),
                     "sms:+15551234567|-|email:a@b.co");
    ck_assert_str_eq(read_list("\xef\xbb\xbf"), "-");
    ck_assert_str_eq(read_list("sms,+15551234567\r"), "sms:+15551234567"); /* the last line has no end */
    /* Anywhere else they belong to what they stand in. */
    ck_assert_ptr_nonnull(strstr(read_list("\n\xef\xbb\xbfsms,+15551234567\n"), "! the platform "));
    ck_assert_ptr_nonnull(strstr(read_list("sms,+1555\r1234567\n"), "! a phone number"));
}
END_TEST

START_TEST(bad_lines_say_what_is_wrong_and_the_next_one_is_read)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        { "+15551234567", "! is not PLATFORM,ADDRESS" },
        { "fax,+15551234567", "! the platform must be sms, email, whatsapp or telegram" },
        { ",+15551234567", "! the platform must be" },
        { "telegram,@channel", "! the platform is not set up on this server" },
        { "sms,", "! a phone number" },
        { "sms,+1555,1234567", "! a phone number" },
        { "email,ada", "! an address is written as" },
        { "email,\xff@example.com", "! the part before the '@'" },
        { "SMS,+15551234567", "! the platform must be" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = read_list(arena_printf(&mem, "%s\nsms,+15551234567\n", rows[i].line));

        ck_assert_msg(strncmp(got, rows[i].why, strlen(rows[i].why)) == 0, "row %zu: %s", i, got);
        ck_assert_msg(strstr(got, "|sms:+15551234567") != NULL, "row %zu: %s", i, got);
        ck_assert_ptr_null(strstr(rows[i].why, "ada@")); /* no address in the words */
    }
}
END_TEST

START_TEST(a_line_has_a_ceiling_and_costs_only_itself)
{
    struct { char text[RECIPIENT_LINE_MOST + 64]; } line;
    char *end = line.text + RECIPIENT_LINE_MOST;

    memset(&line, ' ', sizeof line);
    memcpy(line.text, "sms,+15551234567", 16);
    strcpy(end, "\r\nsms,+15551234568\n");
    ck_assert_str_eq(read_list(line.text), "sms:+15551234567|sms:+15551234568");
    strcpy(end, " \nsms,+15551234568\n");
    ck_assert_str_eq(read_list(line.text), "! is longer than 1,024 bytes|sms:+15551234568");
    strcpy(end - 1, "\n\n");
    memcpy(end + 1, "sms,+15551234568\n", 18);
    ck_assert_str_eq(read_list(line.text), "sms:+15551234567|-|sms:+15551234568");
}
END_TEST

START_TEST(a_nul_byte_is_a_fault_and_ends_nothing)
{
    static const char text[] = "sms,+15551234567\0sms\n#\0\nsms,+15551234568\n";

    ck_assert_str_eq(told(open_text(text, sizeof text - 1)),
                     "! holds a NUL byte|! holds a NUL byte|sms:+15551234568");
}
END_TEST

START_TEST(lines_are_counted_from_1_on_whatever_they_are)
{
    static const char text[] = "sms,+15551234567\n\n# x\nbad\nsms,+15551234568";
    struct recipient_lines l = open_text(text, sizeof text - 1);
    struct recipient_line line;

    for (size_t n = 1; n <= 5; n++) {
        recipient_lines_next(&l, &line);
        ck_assert_uint_eq(l.n, n);
    }
    ck_assert_int_eq(recipient_lines_next(&l, &line), LINE_END);
    ck_assert_uint_eq(l.n, 5);
    fclose(l.file);
}
END_TEST

START_TEST(what_cannot_be_read_on_is_no_end)
{
    struct recipient_lines l = { .file = fopen("/", "r"), .rules = &rules };
    struct recipient_line line;

    ck_assert_ptr_nonnull(l.file);
    ck_assert_int_eq(recipient_lines_next(&l, &line), LINE_UNREADABLE);
    fclose(l.file);
}
END_TEST

/* ---- seen ---- */

START_TEST(a_recipient_is_seen_once_on_each_platform)
{
    struct seen s = SEEN_INIT;

    ck_assert(!seen_before(&s, PF_SMS, "+15551234567"));
    ck_assert(seen_before(&s, PF_SMS, "+15551234567"));
    ck_assert(!seen_before(&s, PF_WHATSAPP, "+15551234567"));
    ck_assert(!seen_before(&s, PF_SMS, "+15551234568"));
    seen_free(&s);
    ck_assert(!seen_before(&s, PF_SMS, "+15551234567"));
    seen_free(&s);
}
END_TEST

START_TEST(none_is_forgotten_while_the_table_grows)
{
    struct seen s = SEEN_INIT;
    char address[32];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 20000; i++) {
            snprintf(address, sizeof address, "+1555%07d", i);
            ck_assert_int_eq(seen_before(&s, PF_SMS, address), round == 1);
        }
    }
    ck_assert_uint_eq(s.used, 20000);
    ck_assert_uint_lt(s.used, s.size);
    seen_free(&s);
}
END_TEST

SUITE("recipient_lines", a_line_is_a_platform_and_an_address,
      with_a_platform_given_a_line_is_an_address, blanks_empty_lines_and_comments_count_for_nothing,
      ends_of_other_systems_and_a_mark_are_taken, bad_lines_say_what_is_wrong_and_the_next_one_is_read,
      a_line_has_a_ceiling_and_costs_only_itself, a_nul_byte_is_a_fault_and_ends_nothing,
      lines_are_counted_from_1_on_whatever_they_are, what_cannot_be_read_on_is_no_end,
      a_recipient_is_seen_once_on_each_platform, none_is_forgotten_while_the_table_grows)
