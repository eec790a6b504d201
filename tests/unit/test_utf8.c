/* The promises of common/base/utf8.h. */
#include "common/base/utf8.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(well_formed_characters_have_their_length)
{
    static const struct {
        const char *text;
        size_t length;
    } rows[] = {
        { "a", 1 }, { "\x7f", 1 }, { "\xc2\x80", 2 }, { "\xdf\xbf", 2 }, { "\xe0\xa0\x80", 3 },
        { "\xed\x9f\xbf", 3 }, { "\xee\x80\x80", 3 }, { "\xef\xbf\xbf", 3 },
        { "\xf0\x90\x80\x80", 4 }, { "\xf4\x8f\xbf\xbf", 4 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_uint_eq(utf8_length(rows[i].text, strlen(rows[i].text)), rows[i].length);
}
END_TEST

START_TEST(ill_formed_bytes_have_none)
{
    static const char *const rows[] = {
        "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe1\x80",
        "\xed\xa0\x80" /* a surrogate */, "\xef\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xf0\x90\x80\x41", "\xe1\x80\x41",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_uint_eq(utf8_length(rows[i], strlen(rows[i])), 0);
    ck_assert_uint_eq(utf8_length("a", 0), 0);
    ck_assert_uint_eq(utf8_length("\xc3\xa9", 1), 0);
}
END_TEST

START_TEST(characters_are_counted_whole_and_stray_bytes_one_by_one)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {
        { "", 0 },
        { "abc", 3 },
        { "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", 5 },
        { "\x80\xff" "a", 3 },
        { "\xe2\x82", 2 }, /* cut short */
        { "\xed\xa0\x80", 3 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_uint_eq(utf8_count(rows[i].text), rows[i].count);
}
END_TEST

START_TEST(a_cut_never_tears_a_character)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1, 2, 3, 4, 1 bytes */
    static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };

    for (size_t max = 0; max < sizeof expected / sizeof *expected; max++)
        ck_assert_uint_eq(utf8_cut(text, 11, max), expected[max]);
}
END_TEST

START_TEST(what_is_not_utf8_is_cut_where_asked)
{
    ck_assert_uint_eq(utf8_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 8, 6), 6);
}
END_TEST

SUITE("utf8", well_formed_characters_have_their_length, ill_formed_bytes_have_none,
      characters_are_counted_whole_and_stray_bytes_one_by_one, a_cut_never_tears_a_character,
      what_is_not_utf8_is_cut_where_asked)
