#ifndef CTL_WHEN_H
#define CTL_WHEN_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "ctl/call.h"
/*
 * when - times and spans as a line of notifyctl gives them.  Pure.
 */

/* "2026-12-01T09:00:00Z", or so long ago: "90s", "15m", "2h", "7d". */
bool when_time(const char *text, int64_t now_ms, int64_t *wall_ms);
/* "90s", "15m", "2h", "7d" alone. */
bool when_span(const char *text, int64_t *ms);
/* The time that an option gives; *out stays as it is where the option is not there.  ST_INVALID. */
enum status when_option(const struct call *call, const char *option, int64_t now_ms, int64_t *out,
                        struct error *err);
#endif
