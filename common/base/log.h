#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/trace.h"
/*
 * log - one event, one line, typed fields, on stderr.
 *
 *     log_warn("attempt.deferred", STR("recipient", id), NUM("delay_ms", d));
 *
 * The event's name is constant and greppable.  Lines are written whole, so threads and processes
 * never mix them; control bytes are escaped.  No content, address, key or secret may
 * be given as a field.  Any thread.
 */
enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };
enum log_format { LOG_JSON, LOG_TEXT };

struct log_field {
    const char *name; /* NULL ends the list */
    enum { FIELD_TEXT, FIELD_NUM, FIELD_BOOL } type;
    const char *text; /* NULL leaves the field out */
    int64_t num;
};
#define STR(n, v) ((struct log_field){ .name = (n), .type = FIELD_TEXT, .text = (v) })
#define NUM(n, v) ((struct log_field){ .name = (n), .type = FIELD_NUM, .num = (int64_t)(v) })
#define BOOL(n, v) ((struct log_field){ .name = (n), .type = FIELD_BOOL, .num = (v) })
#define ERR(e) STR("error", (e)->text)

/* Once at start, before threads.  program appears in each line ("workerd"). */
void log_open(const char *program, enum log_level level, enum log_format format);
void log_set_level(enum log_level level); /* at any time, from any thread */
void log_set_fd(int fd); /* for tests; 2 at first */
bool log_enabled(enum log_level level);

/*
 * Ids that every line of this thread carries until they change; borrowed, NULL for none.  A loop
 * sets them where it takes up a request or a recipient and clears them after it.
 */
void log_context(const char *request_id, const char *recipient_id, const struct trace *trace);

/*
 * Between the two, lines of this thread below LEVEL_WARN wait for each other and leave by one write(2)
 * of at most 4 KiB, which a pipe takes whole; a warning takes them along.  A program that is killed
 * meanwhile loses them, so not for longer than a turn of a loop.  They do not nest.
 */
void log_gather(void);
void log_scatter(void);

void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define LOG_AT(level, event, ...)                                                          \
    do {                                                                                   \
        if (log_enabled(level))                                                            \
            log_write(level, event, (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(,) { .name = 0 } }); \
    } while (0)
#define log_debug(event, ...) LOG_AT(LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LEVEL_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_AT(LEVEL_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG_AT(LEVEL_ERROR, event, __VA_ARGS__)
#endif
