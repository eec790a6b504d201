/* Tests of common/base/excerpt: the words of others, made fit to be stored. */
#include "common/base/excerpt.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(words_are_cut_and_cleaned)
{
    static const struct {
        const char *text;
        size_t max;
        const char *result;
    } rows[] = {
        { "", 10, "" },
        { "   \r\n", 10, "" },
        { "plain", 5, "plain" },
        { "plain", 4, "plai" },
        { "plain", 0, "" },
        { "  two words\r\n", 20, "two words" },
        { "two words", 4, "two" },
        { "a\tb\nc\177d", 20, "a b c d" },
        { "é", 1, "" },
        { "aé", 2, "a" },
        { "aé", 3, "aé" },
        { "ab🎉", 5, "ab" },
        { "ab🎉", 6, "ab🎉" },
        { "a\xFF\xC3", 10, "a??" },
        { "\xED\xA0\x80", 10, "???" },
        { "ab\xF0\x9F\x8E", 10, "ab???" },
    };
    struct arena mem = ARENA_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(excerpt(&mem, rows[i].text, strlen(rows[i].text), rows[i].max),
                         rows[i].result);
    ck_assert_str_eq(excerpt(&mem, "a\0b", 3, 10), "a b");
    ck_assert_str_eq(excerpt(&mem, "abc", 2, 10), "ab");
    arena_done(&mem);
}
END_TEST

SUITE("excerpt", words_are_cut_and_cleaned)
