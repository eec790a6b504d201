/* The promises of common/base/error.h. */
#include "common/base/error.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(a_failure_is_one_return)
{
    struct error e = { 0 };

    ck_assert_int_eq(error_set(&e, ST_NOT_FOUND, "no user %d", 7), ST_NOT_FOUND);
    ck_assert_int_eq(e.kind, ST_NOT_FOUND);
    ck_assert_str_eq(e.text, "no user 7");
}
END_TEST

START_TEST(a_prefix_keeps_the_kind)
{
    struct error e = { 0 };

    error_set(&e, ST_UNAVAILABLE, "connection refused");
    ck_assert_int_eq(error_prefix(&e, "statement %s", "users_find"), ST_UNAVAILABLE);
    ck_assert_str_eq(e.text, "statement users_find: connection refused");
}
END_TEST

START_TEST(nobody_has_to_want_the_words)
{
    ck_assert_int_eq(error_set(NULL, ST_LIMITED, "x"), ST_LIMITED);
    ck_assert_int_ne(error_prefix(NULL, "x"), ST_OK);
}
END_TEST

START_TEST(the_words_are_one_line)
{
    struct error e = { 0 };

    error_set(&e, ST_BUG, "ERROR:  syntax error\nLINE 1: SELEC\r\n\t\n");
    ck_assert_str_eq(e.text, "ERROR:  syntax error LINE 1: SELEC");
    error_prefix(&e, "a\nb\n");
    ck_assert_str_eq(e.text, "a b: ERROR:  syntax error LINE 1: SELEC");
}
END_TEST

START_TEST(long_words_are_cut_between_characters)
{
    struct error e = { 0 };
    char words[1201] = "";

    for (int i = 0; i < 600; i++)
        strcat(words, "\xc3\xa9");
    error_set(&e, ST_BUG, "%s", words);
    ck_assert_uint_eq(strlen(e.text), 510);
    error_prefix(&e, "%s", words);
    ck_assert_uint_ge(strlen(e.text), 510);
    ck_assert_uint_lt(strlen(e.text), ERROR_TEXT_BYTES);
    error_set(&e, ST_BUG, "short");
    error_prefix(&e, "x%s", words);
    ck_assert_uint_eq(strlen(e.text), 511);
}
END_TEST

START_TEST(the_words_may_be_made_of_the_words_before)
{
    struct error e = { 0 };

    error_set(&e, ST_INVALID, "inner");
    error_set(&e, ST_CONFLICT, "outer (%s)", e.text);
    ck_assert_str_eq(e.text, "outer (inner)");
    error_prefix(&e, "again %s", e.text);
    ck_assert_str_eq(e.text, "again outer (inner): outer (inner)");
}
END_TEST

START_TEST(every_kind_has_a_name)
{
    for (enum status s = ST_OK; s <= ST_UNCERTAIN; s++)
        ck_assert_ptr_nonnull(status_name(s));
    ck_assert_str_eq(status_name(ST_NOT_FOUND), "not_found");
}
END_TEST

SUITE("error", a_failure_is_one_return, a_prefix_keeps_the_kind, nobody_has_to_want_the_words,
      the_words_are_one_line, long_words_are_cut_between_characters,
      the_words_may_be_made_of_the_words_before, every_kind_has_a_name)
