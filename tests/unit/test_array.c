/* Tests of common/db/array: elements as array_recv of Postgres reads them; labels as its text. */
#include "common/db/array.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

#define HEAD_BYTES 20

static struct array a;

static void check_binary(uint8_t oid_high, uint8_t oid_low, uint8_t count, const void *elements, size_t n)
{
    const uint8_t head[HEAD_BYTES] = { 0, 0, 0, 1,   0, 0, 0, 1,              0, 0, oid_high,
                                       oid_low,      0, 0, 0, count,          0, 0, 0, 1 };
    struct array_param p = array_end(&a);

    ck_assert_int_eq(p.format, 1);
    ck_assert_int_eq(p.length, (int)(HEAD_BYTES + n));
    ck_assert_mem_eq(p.value, head, sizeof head);
    ck_assert_mem_eq(p.value + HEAD_BYTES, elements, n);
    array_free(&a);
}
#define CHECK_BINARY(oid, count, ...)                                                             \
    do {                                                                                          \
        const uint8_t elements[] = { __VA_ARGS__ };                                               \
        check_binary((oid) >> 8, (oid) & 255, count, elements, sizeof elements);                  \
    } while (0)
#define NULL_ELEMENT 255, 255, 255, 255

static void check_text(const char *wanted)
{
    struct array_param p = array_end(&a);

    ck_assert_int_eq(p.format, 0);
    ck_assert_str_eq(p.value, wanted);
    array_free(&a);
}

START_TEST(an_array_of_nothing_is_a_pair_of_braces)
{
    for (enum array_type t = ARRAY_LABEL; t <= ARRAY_TIME; t++) {
        array_begin(&a, t);
        check_text("{}");
    }
}
END_TEST

START_TEST(an_array_of_nothing_but_nulls_is_sent_as_an_empty_one)
{
    array_begin(&a, ARRAY_TEXT);
    array_add_text(&a, NULL);
    array_add_text(&a, NULL);
    check_text("{}");
    array_begin(&a, ARRAY_LABEL);
    array_add_text(&a, NULL);
    check_text("{}");
    array_begin(&a, ARRAY_TIME);
    array_add_time(&a, -1);
    check_text("{}");
}
END_TEST

START_TEST(each_label_is_quoted_and_only_quotes_and_backslashes_are_escaped)
{
    array_begin(&a, ARRAY_LABEL);
    array_add_text(&a, "sms");
    array_add_text(&a, NULL);
    array_add_text(&a, "NULL");
    array_add_text(&a, "");
    array_add_text(&a, "a \"b\", \\c");
    check_text("{\"sms\",NULL,\"NULL\",\"\",\"a \\\"b\\\", \\\\c\"}");
}
END_TEST

START_TEST(texts_keep_their_bytes_and_empty_ones_and_nulls_their_places)
{
    array_begin(&a, ARRAY_TEXT);
    array_add_text(&a, "");
    array_add_text(&a, NULL);
    array_add_text(&a, "\"\\\xc3\xab");
    CHECK_BINARY(25, 3, 0, 0, 0, 0, NULL_ELEMENT, 0, 0, 0, 4, '"', '\\', 0xc3, 0xab);
}
END_TEST

START_TEST(jsonb_has_its_version_before_the_text_and_json_has_none)
{
    array_begin(&a, ARRAY_JSONB);
    array_add_text(&a, "{}");
    array_add_text(&a, NULL);
    CHECK_BINARY(3802, 2, 0, 0, 0, 3, 1, '{', '}', NULL_ELEMENT);
    array_begin(&a, ARRAY_JSON);
    array_add_text(&a, "{}");
    CHECK_BINARY(114, 1, 0, 0, 0, 2, '{', '}');
}
END_TEST

START_TEST(a_uuid_is_sixteen_bytes_in_either_case)
{
    array_begin(&a, ARRAY_UUID);
    array_add_text(&a, "0190f3a1-7bCD-7e55-8001-ffeeddccbbaa");
    CHECK_BINARY(2950, 1, 0, 0, 0, 16, 0x01, 0x90, 0xf3, 0xa1, 0x7b, 0xcd, 0x7e, 0x55, 0x80, 0x01,
                 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa);
}
END_TEST

START_TEST(what_is_no_uuid_has_a_length_that_no_server_takes)
{
    array_begin(&a, ARRAY_UUID);
    array_add_text(&a, "0190f3a1");
    ck_assert_int_eq(array_end(&a).length, HEAD_BYTES + 4 + 17);
    array_free(&a);
}
END_TEST

START_TEST(numbers_have_the_width_of_their_type)
{
    array_begin(&a, ARRAY_INT2);
    array_add_int(&a, -2);
    array_add_int(&a, INT16_MAX);
    CHECK_BINARY(21, 2, 0, 0, 0, 2, 0xff, 0xfe, 0, 0, 0, 2, 0x7f, 0xff);
    array_begin(&a, ARRAY_INT4);
    array_add_int(&a, 258);
    array_add_int(&a, INT32_MIN);
    CHECK_BINARY(23, 2, 0, 0, 0, 4, 0, 0, 1, 2, 0, 0, 0, 4, 0x80, 0, 0, 0);
    array_begin(&a, ARRAY_INT8);
    array_add_int(&a, -1);
    CHECK_BINARY(20, 1, 0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 255);
}
END_TEST

START_TEST(a_number_too_large_for_its_type_has_a_length_that_no_server_takes)
{
    static const struct {
        enum array_type type;
        int64_t value;
    } rows[] = { { ARRAY_INT2, INT16_MAX + 1 },
                 { ARRAY_INT2, INT16_MIN - 1 },
                 { ARRAY_INT4, INT64_C(2147483648) },
                 { ARRAY_INT4, INT64_C(-2147483649) } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        array_begin(&a, rows[i].type);
        array_add_int(&a, rows[i].value);
        ck_assert_int_eq(array_end(&a).length, HEAD_BYTES + 4 + 8);
        array_free(&a);
    }
}
END_TEST

START_TEST(times_are_microseconds_from_2000_and_a_negative_one_is_null)
{
    array_begin(&a, ARRAY_TIME);
    array_add_time(&a, -1);
    array_add_time(&a, INT64_C(946684800000)); /* 2000-01-01 */
    array_add_time(&a, INT64_C(946684800123));
    array_add_time(&a, 0); /* 1970-01-01 is 946,684,800,000,000 before it */
    CHECK_BINARY(1184, 4, NULL_ELEMENT, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
                 0, 0, 0, 8, 0, 0, 0, 0, 0, 0x01, 0xe0, 0x78,
                 0, 0, 0, 8, 0xff, 0xfc, 0xa2, 0xfe, 0xc4, 0xc8, 0x20, 0x00);
}
END_TEST

START_TEST(booleans_are_a_byte)
{
    array_begin(&a, ARRAY_BOOL);
    array_add_bool(&a, true);
    array_add_bool(&a, false);
    CHECK_BINARY(16, 2, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0);
}
END_TEST

START_TEST(a_used_array_begins_empty_again_and_may_change_its_type)
{
    array_begin(&a, ARRAY_TEXT);
    array_add_text(&a, "one");
    array_end(&a);
    array_begin(&a, ARRAY_LABEL);
    array_add_text(&a, "two");
    array_end(&a);
    array_begin(&a, ARRAY_INT2);
    array_add_int(&a, 1);
    CHECK_BINARY(21, 1, 0, 0, 0, 2, 0, 1);
}
END_TEST

START_TEST(the_largest_content_fits_many_times)
{
    size_t len = 256 * 1024;
    char *text = malloc(len + 1);

    memset(text, '"', len);
    text[len] = '\0';
    array_begin(&a, ARRAY_TEXT);
    for (int i = 0; i < 100; i++)
        array_add_text(&a, text);
    ck_assert_int_eq(array_end(&a).length, (int)(HEAD_BYTES + 100 * (4 + len)));
    free(text);
    array_free(&a);
}
END_TEST

START_TEST(what_passes_the_ceiling_is_no_array_any_more)
{
    size_t len = 1 << 20;
    char *text = malloc(len + 1);

    memset(text, 'x', len);
    text[len] = '\0';
    array_begin(&a, ARRAY_TEXT);
    for (int i = 0; i < 65; i++)
        array_add_text(&a, text);
    free(text);
    check_text("{");
}
END_TEST

SUITE("array", an_array_of_nothing_is_a_pair_of_braces,
      an_array_of_nothing_but_nulls_is_sent_as_an_empty_one,
      each_label_is_quoted_and_only_quotes_and_backslashes_are_escaped,
      texts_keep_their_bytes_and_empty_ones_and_nulls_their_places,
      jsonb_has_its_version_before_the_text_and_json_has_none,
      a_uuid_is_sixteen_bytes_in_either_case,
      what_is_no_uuid_has_a_length_that_no_server_takes, numbers_have_the_width_of_their_type,
      a_number_too_large_for_its_type_has_a_length_that_no_server_takes,
      times_are_microseconds_from_2000_and_a_negative_one_is_null, booleans_are_a_byte,
      a_used_array_begins_empty_again_and_may_change_its_type, the_largest_content_fits_many_times,
      what_passes_the_ceiling_is_no_array_any_more)
