/* The promises of common/base/trace.h. */
#include "common/base/trace.h"

#include <string.h>

#include "common/base/uuid.h"
#include "tests/unit/suite.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

START_TEST(what_the_specification_calls_valid_is_read)
{
    static const char *const rows[] = {
        "00-" ID "-" SPAN "-01", "00-" ID "-" SPAN "-00", "00-" ID "-" SPAN "-ff",
        "01-" ID "-" SPAN "-01", "cc-" ID "-" SPAN "-01-what-comes-later", "fe-" ID "-" SPAN "-01-",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace t;

        ck_assert_msg(trace_parse(rows[i], &t), "%s", rows[i]);
        ck_assert_str_eq(t.id, ID);
        ck_assert_str_eq(t.span, SPAN);
        ck_assert_str_eq(t.parent, "");
        ck_assert_int_eq(strncmp(t.flags, rows[i] + 53, 2), 0);
    }
}
END_TEST

START_TEST(what_it_calls_invalid_is_no_trace)
{
    static const char *const rows[] = {
        NULL,
        "",
        "00",
        "00-" ID "-" SPAN,
        "00-" ID "-" SPAN "-",
        "00-" ID "-" SPAN "-1",
        "00-" ID "-" SPAN "-0x",
        "00-" ID "-" SPAN "-01-",
        "00-" ID "-" SPAN "-01.",
        "00-" ID "-" SPAN "-011",
        "cc-" ID "-" SPAN "-011",
        "ff-" ID "-" SPAN "-01",
        "0-" ID "-" SPAN "-01 ",
        "0G-" ID "-" SPAN "-01",
        " 00-" ID "-" SPAN "-01",
        "00_" ID "-" SPAN "-01",
        "00-" ID "_" SPAN "-01",
        "00-" ID "-" SPAN "_01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" ID "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-01",
        "00-" ID "-00f067aa0ba902bz-01",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace t = { "x", "x", "x", "x" };

        ck_assert_msg(!trace_parse(rows[i], &t), "%s", rows[i]);
        ck_assert_str_eq(t.id, "");
        ck_assert_str_eq(t.span, "");
    }
}
END_TEST

START_TEST(a_span_that_follows_names_the_one_before_it)
{
    struct trace caller, request, attempt;
    char text[TRACEPARENT_BYTES];

    ck_assert(trace_parse("00-" ID "-" SPAN "-01", &caller));
    trace_continue(&caller, &request);
    trace_continue(&request, &attempt);
    ck_assert_str_eq(request.parent, SPAN);
    ck_assert_str_eq(attempt.parent, request.span);
    ck_assert_str_ne(request.span, SPAN);
    ck_assert_str_ne(attempt.span, request.span);
    ck_assert_str_eq(attempt.id, ID);
    trace_format(&attempt, text);
    ck_assert_uint_eq(strlen(text), TRACEPARENT_BYTES - 1);
    ck_assert(trace_parse(text, &caller));
    ck_assert_str_eq(caller.span, attempt.span);
    ck_assert_str_eq(caller.flags, "01");
}
END_TEST

START_TEST(a_trace_that_begins_here_is_one_of_its_own)
{
    struct trace one, other;
    char text[TRACEPARENT_BYTES];

    trace_begin(&one);
    trace_begin(&other);
    ck_assert_str_ne(one.id, other.id);
    ck_assert_str_eq(one.parent, "");
    trace_format(&one, text);
    ck_assert(trace_parse(text, &other));
}
END_TEST

START_TEST(a_message_without_a_trace_is_its_own)
{
    char id[UUID_TEXT_BYTES], text[TRACEPARENT_BYTES];
    struct trace message, attempt;

    uuid_v7(1800000000000, id);
    trace_of_uuid(id, &message);
    trace_continue(&message, &attempt);
    trace_format(&attempt, text);
    ck_assert(trace_parse(text, &message));
    ck_assert_str_eq(attempt.parent, "");
    ck_assert_int_eq(strncmp(message.id, id, 8), 0);
    ck_assert_int_eq(strcmp(message.id + 20, id + 24), 0);
    trace_of_uuid("4BF92F35-77B3-4DA6-A3CE-929D0E0E4736", &message);
    ck_assert_str_eq(message.id, ID);
}
END_TEST

START_TEST(what_is_kept_is_recalled)
{
    struct trace t, again;
    char kept[TRACE_KEPT_BYTES];

    ck_assert(trace_parse("00-" ID "-" SPAN "-01", &t));
    trace_keep(&t, kept);
    ck_assert_str_eq(kept, ID SPAN "01");
    ck_assert(trace_recall(kept, &again));
    ck_assert_int_eq(memcmp(&t, &again, sizeof t), 0);
    ck_assert(!trace_recall(NULL, &again));
    ck_assert(!trace_recall("", &again));
    kept[49] = '\0';
    ck_assert(!trace_recall(kept, &again));
    ck_assert(!trace_recall(ID SPAN "0G", &again));
    ck_assert_str_eq(again.id, "");
}
END_TEST

SUITE("trace", what_the_specification_calls_valid_is_read, what_it_calls_invalid_is_no_trace,
      a_span_that_follows_names_the_one_before_it, a_trace_that_begins_here_is_one_of_its_own,
      a_message_without_a_trace_is_its_own, what_is_kept_is_recalled)
