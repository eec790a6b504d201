#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H
#include <stdbool.h>
#include <stdint.h>
/*
 * clock - the time, and how it is written.
 *
 * Wall time is milliseconds since 1970-01-01T00:00:00Z; it may jump.  Durations and deadlines use
 * the monotonic clock.  Decisions take the time as an argument, so tests never sleep.
 */
int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void); /* CLOCK_BOOTTIME: counts while the machine sleeps */
int64_t clock_mono_us(void);

/* RFC 3339 in UTC with milliseconds, as in 2026-12-01T09:00:00.000Z. */
#define CLOCK_TEXT_BYTES 32
const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_BYTES]);

/*
 * Reads an RFC 3339 date-time (section 5.6): any offset, any number of fraction digits (cut to
 * milliseconds), 'T' and 'Z' in either case, leap second 60 taken as 59.999.  False: not one, or a
 * date that does not exist, or a year outside 1970 to 9999.
 */
bool clock_parse(const char *text, int64_t *wall_ms);

/* Sleeps on the monotonic clock; returns early on a signal. */
void clock_sleep_ms(int64_t ms);
#endif
