/* clock - the time, and how it is written. */
#include "common/base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define EPOCH_DAY INT64_C(719162)        /* 1970-01-01, counted from 0001-01-01 */

/* Days of the year before each month; the last entry is the length of the year. */
static const int month_start[2][13] = {
    { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 },
    { 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366 },
};

static int64_t read_clock_us(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        abort();
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
    return read_clock_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_mono_us(void)
{
    return read_clock_us(CLOCK_BOOTTIME);
}

static int is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 0001-01-01 to the first of January of `year`. */
static int64_t days_before_year(int64_t year)
{
    int64_t past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400;
}

static void split_days(int64_t epoch_days, int *year, int *month, int *day)
{
    int64_t days = epoch_days + EPOCH_DAY;
    int64_t y = days * 400 / 146097 + 1; /* 146,097 days are 400 years; off by one at most */
    int m = 1, of_year;

    if (days_before_year(y) > days)
        y--;
    else if (days_before_year(y + 1) <= days)
        y++;
    of_year = (int)(days - days_before_year(y));
    while (of_year >= month_start[is_leap(y)][m])
        m++;
    *year = (int)y;
    *month = m;
    *day = of_year - month_start[is_leap(y)][m - 1] + 1;
}

static char *put(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

static char *put_before(char *at, int value, int digits, char after)
{
    at = put(at, value, digits);
    *at = after;
    return at + 1;
}

/* Every answer carries times: no strftime and no printf here. */
const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_BYTES])
{
    int64_t t = wall_ms < 0 ? 0 : wall_ms > LAST_MS ? LAST_MS : wall_ms;
    int of_day = (int)(t % DAY_MS);
    int year, month, day;
    char *at = out;

    split_days(t / DAY_MS, &year, &month, &day);
    at = put_before(at, year, 4, '-');
    at = put_before(at, month, 2, '-');
    at = put_before(at, day, 2, 'T');
    at = put_before(at, of_day / 3600000, 2, ':');
    at = put_before(at, of_day / 60000 % 60, 2, ':');
    at = put_before(at, of_day / 1000 % 60, 2, '.');
    at = put_before(at, of_day % 1000, 3, 'Z');
    *at = '\0';
    return out;
}

/* Reads exactly `digits` digits and moves on. */
static bool take(const char **at, int digits, int *value)
{
    int v = 0;

    for (int i = 0; i < digits; i++) {
        char c = (*at)[i];

        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *at += digits;
    *value = v;
    return true;
}

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* full-date; the days since 1970-01-01. */
static bool take_date(const char **at, int64_t *days)
{
    int y, m, d, leap;

    if (!take(at, 4, &y) || !take_char(at, '-') || !take(at, 2, &m) || !take_char(at, '-') ||
        !take(at, 2, &d))
        return false;
    leap = is_leap(y);
    if (m < 1 || m > 12 || d < 1 || d > month_start[leap][m] - month_start[leap][m - 1])
        return false;
    *days = days_before_year(y) - EPOCH_DAY + month_start[leap][m - 1] + d - 1;
    return true;
}

static bool take_fraction(const char **at, int *ms)
{
    int scale = 100;

    *ms = 0;
    if (!take_char(at, '.'))
        return true;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
        *ms += (**at - '0') * scale;
    return true;
}

/* partial-time; *leap says whether the seconds read 60. */
static bool take_time(const char **at, int *ms_of_day, bool *leap)
{
    int h, m, s, ms;

    if (!take(at, 2, &h) || !take_char(at, ':') || !take(at, 2, &m) || !take_char(at, ':') ||
        !take(at, 2, &s) || !take_fraction(at, &ms))
        return false;
    if (h > 23 || m > 59 || s > 60)
        return false;
    *leap = s == 60;
    *ms_of_day = (h * 60 + m) * 60000 + (*leap ? 59999 : s * 1000 + ms);
    return true;
}

static bool take_offset(const char **at, int *minutes)
{
    char sign = **at;
    int h, m;

    *minutes = 0;
    if (take_char(at, 'Z') || take_char(at, 'z'))
        return true;
    if (sign != '+' && sign != '-')
        return false;
    (*at)++;
    if (!take(at, 2, &h) || !take_char(at, ':') || !take(at, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = (sign == '-' ? -1 : 1) * (h * 60 + m);
    return true;
}

/* RFC 3339 section 5.7: only the last minute of a month, in UTC, may have a 61st second. */
static bool ends_a_month(int64_t ms)
{
    int year, month, day;

    if ((ms + 1) % DAY_MS != 0)
        return false;
    split_days((ms + 1) / DAY_MS, &year, &month, &day);
    return day == 1;
}

bool clock_parse(const char *text, int64_t *wall_ms)
{
    int64_t days, t;
    int of_day, offset;
    bool leap;

    if (!take_date(&text, &days) || (!take_char(&text, 'T') && !take_char(&text, 't')) ||
        !take_time(&text, &of_day, &leap) || !take_offset(&text, &offset) || *text != '\0')
        return false;
    t = days * DAY_MS + of_day - (int64_t)offset * 60000;
    if (t < 0 || t > LAST_MS || (leap && !ends_a_month(t)))
        return false;
    *wall_ms = t;
    return true;
}

void clock_sleep_ms(int64_t ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    if (ms > 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}
