/* The promises of common/base/log.h. */
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "tests/unit/suite.h"

static int reader;

static void open_pipe(int flags, enum log_level level, enum log_format format)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | flags), 0);
    reader = ends[0];
    log_open("workerd", level, format);
    log_set_fd(ends[1]);
}

static void open_log(enum log_level level, enum log_format format)
{
    open_pipe(0, level, format);
}

/* All that was logged since the last call. */
static const char *logged(void)
{
    static char text[1 << 20];
    size_t len = 0;
    ssize_t n;

    while ((n = read(reader, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    return text;
}

static json_t *logged_object(void)
{
    const char *text = logged();
    size_t len = strlen(text);
    struct error e = { 0 };
    json_t *line;

    ck_assert_ptr_eq(strchr(text, '\n'), text + len - 1);
    line = json_read(text, len, &e);
    ck_assert_msg(line != NULL, "%s: %s", e.text, text);
    return line;
}

static const char *text_of(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

START_TEST(a_line_is_one_json_object)
{
    struct error e = { 0 };
    int64_t at;

    open_log(LEVEL_INFO, LOG_JSON);
    log_context("req-1", "m.0", NULL);
    error_set(&e, ST_BUG, "went \"wrong\"");
    log_warn("attempt.deferred", STR("provider", "twilio"), NUM("delay_ms", -5), BOOL("last", true),
             BOOL("first", false), STR("absent", NULL), ERR(&e));
    SCOPED(json_t) line = logged_object();
    ck_assert(clock_parse(text_of(line, "time"), &at));
    ck_assert_int_le(clock_wall_ms() - at, 10000);
    ck_assert_str_eq(text_of(line, "level"), "warn");
    ck_assert_str_eq(text_of(line, "program"), "workerd");
    ck_assert_str_eq(text_of(line, "event"), "attempt.deferred");
    ck_assert_str_eq(text_of(line, "request_id"), "req-1");
    ck_assert_str_eq(text_of(line, "recipient"), "m.0");
    ck_assert_str_eq(text_of(line, "provider"), "twilio");
    ck_assert_int_eq(json_integer_value(json_object_get(line, "delay_ms")), -5);
    ck_assert(json_is_true(json_object_get(line, "last")));
    ck_assert(json_is_false(json_object_get(line, "first")));
    ck_assert_str_eq(text_of(line, "error"), "went \"wrong\"");
    ck_assert_uint_eq(json_object_size(line), 11);
}
END_TEST

START_TEST(a_line_names_the_span_that_it_belongs_to)
{
    struct trace t = { .id = "4bf92f3577b34da6a3ce929d0e0e4736", .span = "00f067aa0ba902b7", .flags = "01" };

    open_log(LEVEL_INFO, LOG_JSON);
    log_context(NULL, NULL, &t);
    log_info("x");
    SCOPED(json_t) line = logged_object();
    ck_assert_str_eq(text_of(line, "trace_id"), t.id);
    ck_assert_str_eq(text_of(line, "span_id"), t.span);
    ck_assert_ptr_null(json_object_get(line, "parent_span_id"));
    memcpy(t.parent, "b7ad6b7169203331", sizeof t.parent);
    open_log(LEVEL_INFO, LOG_JSON);
    log_info("x");
    SCOPED(json_t) child = logged_object();
    ck_assert_str_eq(text_of(child, "parent_span_id"), t.parent);
}
END_TEST

START_TEST(a_line_of_text_is_readable)
{
    const char *text;

    open_log(LEVEL_INFO, LOG_TEXT);
    log_context("req-1", NULL, NULL);
    log_info("pool.started", NUM("threads", 4), BOOL("tls", false), STR("queue", "sms.high"),
             STR("words", "two words"), STR("empty", ""), STR("sign", "a=b"));
    text = logged();
    ck_assert_str_eq(text + strlen("2026-12-01T09:00:00.000Z"),
                     " info  workerd pool.started request_id=req-1 threads=4 tls=false "
                     "queue=sms.high words=\"two words\" empty=\"\" sign=\"a=b\"\n");
}
END_TEST

START_TEST(levels_below_the_chosen_one_are_silent)
{
    open_log(LEVEL_WARN, LOG_JSON);
    log_debug("x");
    log_info("x");
    ck_assert_str_eq(logged(), "");
    ck_assert(!log_enabled(LEVEL_INFO) && log_enabled(LEVEL_WARN) && log_enabled(LEVEL_ERROR));
    log_error("x");
    ck_assert_str_ne(logged(), "");
}
END_TEST

START_TEST(a_field_replaces_the_context_of_the_same_name)
{
    open_log(LEVEL_INFO, LOG_JSON);
    log_context("req-1", "m.0", NULL);
    log_info("x", STR("recipient", "m.7"));
    SCOPED(json_t) line = logged_object(); /* refuses a name that stands twice */
    ck_assert_str_eq(text_of(line, "recipient"), "m.7");
    ck_assert_str_eq(text_of(line, "request_id"), "req-1");
}
END_TEST

START_TEST(whatever_a_field_holds_the_line_stays_one_valid_line)
{
    char all[256] = "";

    for (int c = 1; c < 256; c++)
        all[c - 1] = (char)c;
    open_log(LEVEL_INFO, LOG_JSON);
    log_info("x", STR("all", all));
    json_decref(logged_object());
    log_open("workerd", LEVEL_INFO, LOG_TEXT);
    log_info("x", STR("all", all), STR("c1", "\xc2\x9b" "31m"));
    for (const char *c = logged(); *c != '\n'; c++)
        ck_assert((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7F);
}
END_TEST

START_TEST(a_long_value_is_cut_between_characters)
{
    char text[3001] = "";

    for (int i = 0; i < 1000; i++)
        strcat(text, "\xe2\x82\xac");
    open_log(LEVEL_INFO, LOG_JSON);
    log_info("x", STR("long", text), NUM("after", 1));
    SCOPED(json_t) line = logged_object();
    ck_assert_uint_eq(strlen(text_of(line, "long")), 1023);
    ck_assert_int_eq(json_integer_value(json_object_get(line, "after")), 1);
}
END_TEST

START_TEST(a_line_never_exceeds_what_a_pipe_takes_at_once)
{
    char text[1025];

    memset(text, '\x01', 1024);
    text[1024] = '\0';
    open_log(LEVEL_INFO, LOG_JSON);
    log_info("x", STR("a", "kept"), STR("b", text), NUM("c", 3));
    SCOPED(json_t) line = logged_object();
    ck_assert_str_eq(text_of(line, "a"), "kept");
    ck_assert_ptr_null(json_object_get(line, "b"));
    ck_assert_int_eq(json_integer_value(json_object_get(line, "c")), 3);
    ck_assert(json_is_true(json_object_get(line, "cut")));
    memset(text, 'b', 1024);
    log_open("workerd", LEVEL_INFO, LOG_TEXT);
    log_info("x", STR("a", text), STR("b", text), STR("c", text), STR("d", text), STR("e", text));
    ck_assert_uint_le(strlen(logged()), PIPE_BUF);
}
END_TEST

START_TEST(gathered_lines_leave_together_and_a_warning_takes_them_along)
{
    char text[PIPE_BUF];
    const char *told;
    int lines = 0, pieces = 0;

    open_pipe(O_DIRECT, LEVEL_INFO, LOG_TEXT); /* a read gives what one write gave */
    log_gather();
    log_info("first");
    ck_assert_str_eq(logged(), "");
    log_warn("second");
    told = logged();
    ck_assert(strstr(told, "first") != NULL && strstr(told, "first") < strstr(told, "second"));
    log_info("third");
    ck_assert_str_eq(logged(), "");
    log_scatter();
    ck_assert_ptr_nonnull(strstr(logged(), "third"));
    log_info("fourth");
    ck_assert_ptr_nonnull(strstr(logged(), "fourth"));
    /* More than fit are written in pieces that are whole lines, each at most what a pipe takes. */
    log_gather();
    for (int i = 0; i < 200; i++)
        log_info("many", NUM("number", i));
    log_scatter();
    for (ssize_t n; (n = read(reader, text, sizeof text)) > 0; pieces++) {
        ck_assert_int_eq(text[n - 1], '\n');
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    }
    ck_assert_int_eq(lines, 200);
    ck_assert_int_lt(pieces, 10);
}
END_TEST

START_TEST(a_stuck_reader_costs_a_moment_and_the_lost_lines_are_counted)
{
    int64_t start = clock_mono_ms();
    const char *text, *last;

    open_log(LEVEL_INFO, LOG_TEXT);
    for (int i = 0; i < 2000; i++)
        log_info("x", STR("filler", "0123456789012345678901234567890123456789012345678901234567890"));
    ck_assert_int_lt(clock_mono_ms() - start, 3000);
    logged();
    log_info("free");
    text = logged();
    last = strstr(text, " free dropped=");
    ck_assert_msg(last != NULL, "%s", text);
    ck_assert_int_gt(atoi(last + strlen(" free dropped=")), 100);
    log_info("again");
    ck_assert_ptr_null(strstr(logged(), "dropped"));
}
END_TEST

START_TEST(logging_leaves_errno_alone)
{
    int closed = dup(STDERR_FILENO);

    open_log(LEVEL_INFO, LOG_JSON);
    close(closed);
    log_set_fd(closed);
    errno = ENOENT;
    log_info("x");
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

enum { THREADS = 3, LINES = 1500 };
static pthread_barrier_t all_have_their_context;

static void *log_many(void *id)
{
    log_context(id, NULL, NULL);
    pthread_barrier_wait(&all_have_their_context);
    for (int i = 0; i < LINES; i++)
        log_info("many", STR("filler", "some words that make the line a little longer"));
    return NULL;
}

START_TEST(threads_do_not_mix_their_lines_or_contexts)
{
    char ids[THREADS][2] = { "a", "b", "c" };
    pthread_t threads[THREADS];
    int seen[THREADS] = { 0 };

    open_log(LEVEL_INFO, LOG_JSON);
    pthread_barrier_init(&all_have_their_context, NULL, THREADS);
    ck_assert_int_gt(fcntl(reader, F_SETPIPE_SZ, 1 << 20), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, log_many, ids[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (const char *at = logged(), *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        struct error e = { 0 };
        SCOPED(json_t) line = json_read(at, (size_t)(end - at), &e);

        ck_assert_ptr_nonnull(line);
        seen[text_of(line, "request_id")[0] - 'a']++;
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(seen[i], LINES);
}
END_TEST

SUITE("log", a_line_is_one_json_object, a_line_names_the_span_that_it_belongs_to, a_line_of_text_is_readable,
      levels_below_the_chosen_one_are_silent, a_field_replaces_the_context_of_the_same_name,
      whatever_a_field_holds_the_line_stays_one_valid_line, a_long_value_is_cut_between_characters,
      a_line_never_exceeds_what_a_pipe_takes_at_once,
      gathered_lines_leave_together_and_a_warning_takes_them_along,
      a_stuck_reader_costs_a_moment_and_the_lost_lines_are_counted, logging_leaves_errno_alone,
      threads_do_not_mix_their_lines_or_contexts)
