/* Tests of common/model/unsubscribe: which List-Unsubscribe headers may leave, and what they say.
 */
#include "common/model/unsubscribe.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "tests/unit/suite.h"

#define ID "019a2b3c-4d5e-7f60-8123-456789abcdef.7"

static struct arena mem;

START_TEST(the_id_is_filled_in_wherever_it_stands)
{
    static const struct {
        const char *text, *filled;
        bool one_click;
    } rows[] = {
        { "<https://example.com/leave>", "<https://example.com/leave>", true },
        { "<https://example.com/leave?id={id}>", "<https://example.com/leave?id=" ID ">", true },
        { "<HTTPS://example.com/{id}/{id}>", "<HTTPS://example.com/" ID "/" ID ">", true },
        { "<http://example.com/leave>", "<http://example.com/leave>", false },
        { "<mailto:leave@example.com>", "<mailto:leave@example.com>", false },
        { "<https://example.com/a,b>, <mailto:leave@example.com?subject={id}>",
          "<https://example.com/a,b>, <mailto:leave@example.com?subject=" ID ">", true },
        { "<mailto:leave@example.com>,<http://example.com>",
          "<mailto:leave@example.com>, <http://example.com>", false },
        { "<mailto:leave@example.com>,    <https://example.com>",
          "<mailto:leave@example.com>, <https://example.com>", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_pstr_eq(unsubscribe_fault(rows[i].text), NULL);
        ck_assert_str_eq(unsubscribe_fill(&mem, rows[i].text, ID), rows[i].filled);
        ck_assert_int_eq(unsubscribe_is_one_click(rows[i].text), rows[i].one_click);
    }
    ck_assert_str_eq(unsubscribe_fill(&mem, "<https://h/{id}>", "a b>\r\n"),
                     "<https://h/a%20b%3E%0D%0A>");
    arena_done(&mem);
}
END_TEST

START_TEST(what_no_header_can_hold_is_refused)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        { "", "must be <https" },
        { "https://example.com", "must be <https" },
        { "<ftp://example.com>", "must be <https" },
        { "<https://>", "must be <https" },
        { "<https:///x>", "must be <https" },
        { "<https://:80>", "must be <https" },
        { "<mailto:>", "must be <https" },
        { "<mailto:@example.com>", "must be <https" },
        { "<https://example.com", "holds a blank" },
        { "<https://example.com/\r\nBcc: x>", "holds a blank" },
        { "<https://example.com/a b>", "holds a blank" },
        { "<https://example.com/\xC3\xBC>", "holds a blank" },
        { "<https://example.com/\x7F>", "holds a blank" },
        { "<https://example.com/{ID}>", "holds a blank" },
        { "<https://example.com/{id>", "holds a blank" },
        { "<https://example.com/}>", "holds a blank" },
        { "<https://example.com/<x>", "holds a blank" },
        { "<https://example.com> ", "must be <https" },
        { "<https://example.com>,", "must be <https" },
        { "<https://example.com><mailto:a@b.example>", "must be <https" },
        { "<https://example.com>,\r\n <mailto:a@b.example>", "must be <https" },
        { "<https://example.com>; <mailto:a@b.example>", "must be <https" },
        { "<https://example.com>, <http://example.com>", "names more than one web" },
        { "<mailto:a@b.example>, <mailto:c@b.example>", "names more than one web" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *fault = unsubscribe_fault(rows[i].text);

        ck_assert_msg(fault != NULL && strncmp(fault, rows[i].fault, strlen(rows[i].fault)) == 0,
                      "%s: %s", rows[i].text, fault);
    }
}
END_TEST

START_TEST(an_address_has_at_most_900_bytes_with_each_id_filled_in)
{
    char text[1000];

    for (int len = 899; len <= 901; len++) {
        snprintf(text, sizeof text, "<https://h/%0*d>", len - 10, 0);
        ck_assert_int_eq(unsubscribe_fault(text) == NULL, len <= 900);
        snprintf(text, sizeof text, "<https://h/%0*d{id}>", len - 10 - 48, 0);
        ck_assert_int_eq(unsubscribe_fault(text) == NULL, len <= 900);
    }
}
END_TEST

SUITE("unsubscribe", the_id_is_filled_in_wherever_it_stands, what_no_header_can_hold_is_refused,
      an_address_has_at_most_900_bytes_with_each_id_filled_in)
