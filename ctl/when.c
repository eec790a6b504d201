/* when - times and spans of a command line. */
#include "ctl/when.h"

#include <string.h>

#include "common/base/clock.h"
#include "ctl/ctl.h"

#define AGO_MOST 9999999

bool when_span(const char *text, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
    size_t len = strspn(text, "0123456789");
    char digits[12];
    int n;

    if (len == 0 || len >= sizeof digits || text[len] == '\0' || text[len + 1] != '\0')
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit == text[len] && ctl_read_number(digits, 0, AGO_MOST, &n)) {
            *ms = n * units[i].ms;
            return true;
        }
    }
    return false;
}

bool when_time(const char *text, int64_t now_ms, int64_t *wall_ms)
{
    int64_t ago_ms;

    if (clock_parse(text, wall_ms))
        return true;
    if (!when_span(text, &ago_ms))
        return false;
    *wall_ms = ago_ms < now_ms ? now_ms - ago_ms : 0;
    return true;
}

enum status when_option(const struct call *call, const char *option, int64_t now_ms, int64_t *out,
                        struct error *err)
{
    const char *text = call_option(call, option);

    if (text == NULL || when_time(text, now_ms, out))
        return ST_OK;
    return error_set(err, ST_INVALID,
                     "%s takes a time as 2026-12-01T09:00:00Z, or how long ago as 90s, 15m, 2h or 7d",
                     option);
}
