/* The promises of common/base/clock.h. */
#include "common/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/suite.h"

#define UNTOUCHED INT64_C(-77)

START_TEST(times_are_written_in_utc_with_milliseconds)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1, "1970-01-01T00:00:00.001Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 1796115600000, "2026-12-01T09:00:00.000Z" },
        { 4107542399999, "2100-02-28T23:59:59.999Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
    };
    char text[CLOCK_TEXT_BYTES];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(clock_format(rows[i].ms, text), rows[i].text);
}
END_TEST

START_TEST(a_time_outside_the_range_is_written_as_its_nearest_end)
{
    char text[CLOCK_TEXT_BYTES];

    ck_assert_str_eq(clock_format(-1, text), "1970-01-01T00:00:00.000Z");
    ck_assert_str_eq(clock_format(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(every_day_of_400_years_agrees_with_the_c_library)
{
    char text[CLOCK_TEXT_BYTES], expected[CLOCK_TEXT_BYTES];

    for (int64_t day = 0; day <= 146097; day++) {
        int64_t ms = day * 86400000 + day % 86400 * 1000 + day % 1000, back = UNTOUCHED;
        time_t seconds = (time_t)(ms / 1000);
        struct tm tm;

        gmtime_r(&seconds, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(expected + 19, sizeof expected - 19, ".%03dZ", (int)(ms % 1000));
        ck_assert_str_eq(clock_format(ms, text), expected);
        ck_assert(clock_parse(text, &back));
        ck_assert_int_eq(back, ms);
    }
}
END_TEST

START_TEST(each_form_of_rfc_3339_is_read)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "2026-12-01T09:00:00Z", 1796115600000 },
        { "2026-12-01t09:00:00z", 1796115600000 },
        { "2026-12-01T09:00:00.5Z", 1796115600500 },
        { "2026-12-01T09:00:00.123456789Z", 1796115600123 },
        { "2026-12-01T09:00:00.9999999999999999999999999Z", 1796115600999 },
        { "2026-12-01T10:00:00+01:00", 1796115600000 },
        { "2026-12-01T03:30:00-05:30", 1796115600000 },
        { "2026-12-02T08:59:00+23:59", 1796115600000 },
        { "2026-12-01T09:00:00-00:00", 1796115600000 },
        { "1970-01-01T00:00:00Z", 0 },
        { "1969-12-31T23:00:00-01:00", 0 },
        { "9999-12-31T23:59:59.999Z", 253402300799999 },
        { "2024-02-29T00:00:00Z", 1709164800000 },
        { "2016-12-31T23:59:60Z", 1483228799999 },
        { "2016-12-31T15:59:60.5-08:00", 1483228799999 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = UNTOUCHED;

        ck_assert_msg(clock_parse(rows[i].text, &ms), "%s", rows[i].text);
        ck_assert_int_eq(ms, rows[i].ms);
    }
}
END_TEST

START_TEST(what_is_no_such_time_is_refused_and_changes_nothing)
{
    static const char *const rows[] = {
        "", "2026", "2026-12-01", "2026-12-01 09:00:00Z", "2026-12-01T09:00:00", "2026-12-01T09:00Z",
        "2026-12-01T09:00:00.Z", "2026-12-01T09:00:00,5Z", "2026-12-01T09:00:00Z ",
        " 2026-12-01T09:00:00Z", "2026-12-01T09:00:00Zz", "2026-13-01T09:00:00Z",
        "2026-00-01T09:00:00Z", "2026-12-00T09:00:00Z", "2026-12-32T09:00:00Z",
        "2026-02-29T09:00:00Z", "2100-02-29T09:00:00Z", "2026-04-31T09:00:00Z",
        "2026-12-01T24:00:00Z", "2026-12-01T09:60:00Z", "2026-12-01T09:00:61Z",
        "2026-12-01T09:00:60Z", "2026-12-01T23:59:60Z", "2026-12-01T09:00:00+1:00",
        "2026-12-01T09:00:00+0100", "2026-12-01T09:00:00+24:00", "2026-12-01T09:00:00+01:60",
        "2026-12-01T09:00:00+01", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
        "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00Z",
        "+2026-12-01T09:00:00Z", "20x6-12-01T09:00:00Z", "1796115600000",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = UNTOUCHED;

        ck_assert_msg(!clock_parse(rows[i], &ms), "%s", rows[i]);
        ck_assert_int_eq(ms, UNTOUCHED);
    }
}
END_TEST

START_TEST(the_clocks_run_and_keep_their_units)
{
    int64_t us = clock_mono_us(), ms = clock_mono_ms(), wall = clock_wall_ms();

    clock_sleep_ms(-5);
    clock_sleep_ms(20);
    ck_assert_int_ge(clock_mono_us() - us, 20000);
    ck_assert_int_ge(clock_mono_ms() - ms, 19);
    ck_assert_int_lt(ms - us / 1000, 1000);
    ck_assert_int_gt(wall, INT64_C(1500000000000));
    ck_assert_int_lt(wall, INT64_C(9000000000000));
}
END_TEST

SUITE("clock", times_are_written_in_utc_with_milliseconds,
      a_time_outside_the_range_is_written_as_its_nearest_end,
      every_day_of_400_years_agrees_with_the_c_library, each_form_of_rfc_3339_is_read,
      what_is_no_such_time_is_refused_and_changes_nothing, the_clocks_run_and_keep_their_units)
