/* The promises of common/base/buf.h. */
#include "common/base/buf.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

START_TEST(an_empty_buf_is_an_empty_string)
{
    struct buf b = BUF_INIT(10);

    ck_assert_str_eq(buf_str(&b), "");
    ck_assert(!buf_overflowed(&b));
    buf_free(&b);
}
END_TEST

START_TEST(appends_follow_each_other)
{
    struct buf b = BUF_INIT(100);

    buf_adds(&b, "one");
    buf_addc(&b, ' ');
    buf_add(&b, "two!", 3);
    buf_addf(&b, " %d%s", 3, "x");
    ck_assert_str_eq(buf_str(&b), "one two 3x");
    ck_assert_uint_eq(b.len, 10);
    buf_free(&b);
}
END_TEST

START_TEST(content_may_reach_the_ceiling)
{
    struct buf b = BUF_INIT(5);

    buf_adds(&b, "12345");
    ck_assert(!buf_overflowed(&b));
    ck_assert_str_eq(buf_str(&b), "12345");
    buf_free(&b);
}
END_TEST

START_TEST(passing_the_ceiling_is_remembered)
{
    struct buf b = BUF_INIT(5);

    buf_adds(&b, "1234");
    buf_adds(&b, "56");
    ck_assert(buf_overflowed(&b));
    buf_addc(&b, '7'); /* would fit, but would leave a hole */
    ck_assert(buf_overflowed(&b));
    ck_assert_str_eq(buf_str(&b), "1234");
    buf_free(&b);
}
END_TEST

START_TEST(each_kind_of_append_respects_the_ceiling)
{
    struct buf b = BUF_INIT(300);
    char long_text[400];

    memset(long_text, 'x', sizeof long_text);
    long_text[399] = '\0';
    buf_addf(&b, "%s", long_text);
    ck_assert(buf_overflowed(&b));
    ck_assert_uint_eq(b.len, 0);
    buf_clear(&b);
    buf_add(&b, long_text, 300);
    ck_assert(!buf_overflowed(&b));
    buf_add_i64(&b, 1);
    ck_assert(buf_overflowed(&b));
    ck_assert_uint_eq(b.len, 300);
    buf_free(&b);
}
END_TEST

START_TEST(a_formatted_text_may_be_longer_than_the_small_room)
{
    struct buf b = BUF_INIT(10000);

    for (int width = 250; width < 260; width++) {
        buf_clear(&b);
        buf_addc(&b, '<');
        buf_addf(&b, "%*d", width, 1);
        ck_assert_uint_eq(strlen(buf_str(&b)), (size_t)width + 1);
        ck_assert_uint_eq(b.len, (size_t)width + 1);
    }
    buf_free(&b);
}
END_TEST

START_TEST(every_number_is_written_as_printf_would)
{
    static const long long values[] = { 0, 1, -1, 9, 10, 99, 100, -1000, LLONG_MAX, LLONG_MIN };
    char expected[32];

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct buf b = BUF_INIT(30);

        buf_add_i64(&b, values[i]);
        snprintf(expected, sizeof expected, "%lld", values[i]);
        ck_assert_str_eq(buf_str(&b), expected);
        buf_free(&b);
    }
}
END_TEST

START_TEST(a_cleared_buf_starts_anew)
{
    struct buf b = BUF_INIT(3);

    buf_adds(&b, "1234");
    buf_clear(&b);
    ck_assert(!buf_overflowed(&b));
    ck_assert_str_eq(buf_str(&b), "");
    buf_adds(&b, "123");
    ck_assert_str_eq(buf_str(&b), "123");
    buf_free(&b);
    buf_adds(&b, "abc");
    ck_assert_str_eq(buf_str(&b), "abc");
    buf_free(&b);
}
END_TEST

START_TEST(a_million_bytes_one_by_one)
{
    struct buf b = BUF_INIT(1000000);

    for (int i = 0; i < 1000000; i++)
        buf_addc(&b, (char)('a' + i % 26));
    ck_assert(!buf_overflowed(&b));
    ck_assert_uint_eq(strlen(buf_str(&b)), 1000000);
    ck_assert_int_eq(b.data[999999], 'a' + 999999 % 26);
    buf_free(&b);
}
END_TEST

SUITE("buf", an_empty_buf_is_an_empty_string, appends_follow_each_other,
      content_may_reach_the_ceiling, passing_the_ceiling_is_remembered,
      each_kind_of_append_respects_the_ceiling,
      a_formatted_text_may_be_longer_than_the_small_room, every_number_is_written_as_printf_would,
      a_cleared_buf_starts_anew, a_million_bytes_one_by_one)
