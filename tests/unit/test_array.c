/* Tests of common/db/array: elements as Postgres reads them (manual, 8.15.6). */
#include "common/db/array.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

static struct array a;

static const char *of_texts(const char *const texts[], size_t n)
{
    array_begin(&a);
    for (size_t i = 0; i < n; i++)
        array_add_text(&a, texts[i]);
    return array_end(&a);
}

START_TEST(an_array_of_nothing_is_a_pair_of_braces)
{
    ck_assert_str_eq(of_texts(NULL, 0), "{}");
    array_free(&a);
}
END_TEST

START_TEST(each_text_is_quoted_and_only_quotes_and_backslashes_are_escaped)
{
    static const struct {
        const char *text, *element;
    } rows[] = {
        { "plain", "\"plain\"" },
        { "", "\"\"" },
        { "a \"b\" c", "\"a \\\"b\\\" c\"" },
        { "\"", "\"\\\"\"" },
        { "\\", "\"\\\\\"" },
        { "\\\"", "\"\\\\\\\"\"" },
        { "C:\\new", "\"C:\\\\new\"" },
        { "trailing\\", "\"trailing\\\\\"" },
        { "{1,2}", "\"{1,2}\"" },
        { "a,b", "\"a,b\"" },
        { " blanks ", "\" blanks \"" },
        { "line\nbreak\ttab\r", "\"line\nbreak\ttab\r\"" },
        { "it's", "\"it's\"" },
        { "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80",
          "\"Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80\"" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char wanted[128] = "{";

        strcat(strcat(wanted, rows[i].element), "}");
        ck_assert_str_eq(of_texts(&rows[i].text, 1), wanted);
    }
    array_free(&a);
}
END_TEST

START_TEST(sql_null_and_the_text_null_are_two_things)
{
    const char *const texts[] = { NULL, "NULL", "null", NULL };

    ck_assert_str_eq(of_texts(texts, 4), "{NULL,\"NULL\",\"null\",NULL}");
    array_free(&a);
}
END_TEST

START_TEST(empty_texts_keep_their_places)
{
    const char *const texts[] = { "", "", "x", "" };

    ck_assert_str_eq(of_texts(texts, 4), "{\"\",\"\",\"x\",\"\"}");
    array_free(&a);
}
END_TEST

START_TEST(numbers_stand_bare)
{
    array_begin(&a);
    array_add_int(&a, 0);
    array_add_int(&a, -7);
    array_add_int(&a, INT64_MAX);
    array_add_int(&a, INT64_MIN);
    ck_assert_str_eq(array_end(&a), "{0,-7,9223372036854775807,-9223372036854775808}");
    array_free(&a);
}
END_TEST

START_TEST(times_are_utc_and_a_negative_one_is_null)
{
    array_begin(&a);
    array_add_time(&a, -1);
    array_add_time(&a, 0);
    array_add_time(&a, 1796115600123);
    array_add_time(&a, -1);
    ck_assert_str_eq(array_end(&a),
                     "{NULL,1970-01-01T00:00:00.000Z,2026-12-01T09:00:00.123Z,NULL}");
    array_free(&a);
}
END_TEST

START_TEST(booleans_are_t_and_f)
{
    array_begin(&a);
    array_add_bool(&a, true);
    array_add_bool(&a, false);
    ck_assert_str_eq(array_end(&a), "{t,f}");
    array_free(&a);
}
END_TEST

START_TEST(a_used_array_begins_empty_again)
{
    const char *const texts[] = { "one", "two" };

    of_texts(texts, 2);
    ck_assert_str_eq(of_texts(texts, 1), "{\"one\"}");
    array_free(&a);
    ck_assert_str_eq(of_texts(texts + 1, 1), "{\"two\"}");
    array_free(&a);
}
END_TEST

START_TEST(the_largest_content_fits_even_when_all_of_it_is_escaped)
{
    size_t len = 256 * 1024;
    char *text = malloc(len + 1);

    memset(text, '"', len);
    text[len] = '\0';
    ck_assert_uint_eq(strlen(of_texts((const char *const[]){ text }, 1)), 2 * len + 4);
    free(text);
    array_free(&a);
}
END_TEST

START_TEST(a_column_of_nothing_but_nulls_is_sent_as_an_empty_one)
{
    struct array col[4] = { 0 };
    const char *args[4];

    arrays_begin(col, 4);
    for (int i = 0; i < 3; i++) {
        array_add_text(&col[0], NULL);
        array_add_time(&col[1], -1);
        array_add_text(&col[2], i == 2 ? "" : NULL);
        array_add_time(&col[3], i == 1 ? 0 : -1);
    }
    arrays_end_sparse(col, 4, args);
    ck_assert_str_eq(args[0], "{}");
    ck_assert_str_eq(args[1], "{}");
    ck_assert_str_eq(args[2], "{NULL,NULL,\"\"}");
    ck_assert_str_eq(args[3], "{NULL,1970-01-01T00:00:00.000Z,NULL}");
    arrays_begin(col, 4);
    array_add_int(&col[0], 0);
    array_add_bool(&col[1], false);
    array_add_text(&col[2], NULL);
    arrays_end_sparse(col, 4, args);
    ck_assert_str_eq(args[0], "{0}");
    ck_assert_str_eq(args[1], "{f}");
    ck_assert_str_eq(args[2], "{}");
    arrays_free(col, 4);
}
END_TEST

SUITE("array", a_column_of_nothing_but_nulls_is_sent_as_an_empty_one,
      an_array_of_nothing_is_a_pair_of_braces,
      each_text_is_quoted_and_only_quotes_and_backslashes_are_escaped,
      sql_null_and_the_text_null_are_two_things, empty_texts_keep_their_places, numbers_stand_bare,
      times_are_utc_and_a_negative_one_is_null, booleans_are_t_and_f,
      a_used_array_begins_empty_again, the_largest_content_fits_even_when_all_of_it_is_escaped)
