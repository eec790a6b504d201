/* Tests of workerd/adapters/verdict: what is said of a transfer without knowing the provider. */
#include "workerd/adapters/verdict.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct arena mem;

START_TEST(each_bare_status_has_its_class)
{
    static const struct {
        int status;
        enum verdict_class class;
    } rows[] = {
        { 0, VERDICT_UNCLEAR },        { 100, VERDICT_UNCLEAR },     { 200, VERDICT_UNCLEAR },
        { 204, VERDICT_UNCLEAR },      { 301, VERDICT_UNCLEAR },     { 399, VERDICT_UNCLEAR },
        { 400, VERDICT_REFUSED },      { 401, VERDICT_CREDENTIALS }, { 402, VERDICT_CREDENTIALS },
        { 403, VERDICT_CREDENTIALS },  { 404, VERDICT_CREDENTIALS }, { 405, VERDICT_CREDENTIALS },
        { 406, VERDICT_REFUSED },      { 407, VERDICT_REFUSED },     { 408, VERDICT_UNCLEAR },
        { 409, VERDICT_REFUSED },      { 413, VERDICT_REFUSED },     { 420, VERDICT_REFUSED },
        { 421, VERDICT_NOT_SENT },     { 422, VERDICT_REFUSED },     { 424, VERDICT_REFUSED },
        { 425, VERDICT_NOT_SENT },     { 426, VERDICT_REFUSED },     { 428, VERDICT_REFUSED },
        { 429, VERDICT_THROTTLED },    { 430, VERDICT_REFUSED },     { 450, VERDICT_REFUSED },
        { 451, VERDICT_REFUSED_HERE }, { 452, VERDICT_REFUSED },     { 499, VERDICT_REFUSED },
        { 500, VERDICT_UNCLEAR },      { 503, VERDICT_UNCLEAR },     { 999, VERDICT_UNCLEAR },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum verdict_class class = verdict_class_of_http(rows[i].status);

        ck_assert_msg(class == rows[i].class, "%d is %s", rows[i].status, verdict_name(class));
    }
}
END_TEST

START_TEST(each_end_of_a_transfer_without_an_answer_has_its_class)
{
    static const struct {
        enum reach reach;
        enum verdict_class class;
        const char *code;
    } rows[] = {
        { REACH_ANSWERED, VERDICT_UNCLEAR, "unreadable_answer" },
        { REACH_NOT_SENT, VERDICT_NOT_SENT, "unreachable" },
        { REACH_UNCLEAR, VERDICT_UNCLEAR, "no_answer" },
        { REACH_CREDENTIALS, VERDICT_CREDENTIALS, "login_refused" },
        { REACH_REFUSED, VERDICT_NOT_SENT, "refused_early" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply r = { .reach = rows[i].reach, .trouble = "why", .retry_after_ms = 7 };
        struct verdict v = verdict_of_reach(&r, &mem);

        ck_assert_int_eq(v.class, rows[i].class);
        ck_assert_str_eq(v.code, rows[i].code);
        ck_assert_str_eq(v.message, "why");
        ck_assert_int_eq(v.retry_after_ms, 7);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(words_that_repeat_our_secret_are_left_out)
{
    ck_assert_ptr_null(verdict_words(NULL, "EAAG123"));
    ck_assert_ptr_null(verdict_words("EAAG123", "EAAG123"));
    ck_assert_ptr_null(verdict_words("Malformed access token xEAAG123y", "EAAG123"));
    ck_assert_str_eq(verdict_words("Malformed access token", "EAAG123"), "Malformed access token");
    ck_assert_str_eq(verdict_words("", "EAAG123"), "");
}
END_TEST

START_TEST(the_providers_words_are_cleaned_and_cut)
{
    struct reply r = { .retry_after_ms = -1 };
    char words[VERDICT_MESSAGE_MAX + 2];

    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    ck_assert_uint_eq(strlen(verdict_make(VERDICT_REFUSED, "1", words, &r, &mem).message),
                      VERDICT_MESSAGE_MAX);
    ck_assert_str_eq(verdict_make(VERDICT_REFUSED, "1", " a\nb\x7f\xff ", &r, &mem).message,
                     "a b ?");
    ck_assert_ptr_null(verdict_make(VERDICT_REFUSED, "1", "", &r, &mem).message);
    ck_assert_ptr_null(verdict_make(VERDICT_REFUSED, "1", NULL, &r, &mem).message);
    arena_done(&mem);
}
END_TEST

SUITE("verdict", each_bare_status_has_its_class,
      each_end_of_a_transfer_without_an_answer_has_its_class,
      words_that_repeat_our_secret_are_left_out, the_providers_words_are_cleaned_and_cut)
