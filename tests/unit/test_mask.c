/* Tests of common/base/mask: no address of a person stays in others' words. */
#include "common/base/mask.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct arena mem;

START_TEST(addresses_and_numbers_are_cut_out)
{
    static const struct {
        const char *text, *masked;
    } rows[] = {
        { "", "" },
        { "x", "x" },
        { "nothing to see", "nothing to see" },
        { "ada@example.com", "[address]" },
        { "<ada@example.com>: unknown", "<[address]>: unknown" },
        { "mailto:ada@example.com, bob@example.com", "mailto:[address], [address]" },
        { "'o'brien@example.com' is odd", "[address] is odd" },
        { "(\"ada@example.com\")", "(\"[address]\")" },
        { "g\xC3\xBCnther@example.com ist weg", "[address] ist weg" },
        { "to=ada%40example.com&x", "[address]" },
        { "no chat @some_channel here", "no chat [address] here" },
        { "one @ alone", "one @ alone" },
        { "+15551234567", "[number]" },
        { "The number +15551234567 is bad", "The number [number] is bad" },
        { "15551234567", "[number]" },
        { "to15551234567x", "to[number]x" },
        { "%2B15551234567", "%2B[number]" },
        { "+1 (555) 123-4567.", "[number]." },
        { "+1   5551234", "+1   [number]" },
        { "+1-555-123-4567.", "[number]." },
        { "+49 30 1234567 is bad", "[number] is bad" },
        { "-1001234567890: chat not found", "-[number]: chat not found" },
        { "123456", "123456" },
        { "1234567", "[number]" },
        { "+1234567", "[number]" },
        { "+123456", "+123456" },
        { "123 456 789", "123 456 789" },
        { "error 21211 of 2026-12-01", "error 21211 of 2026-12-01" },
        { "+ 1234567", "+ [number]" },
        { "a@ b@", "[address] [address]" },
        { "a@ b@ ", "[address] [address] " },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(mask_addresses(&mem, rows[i].text), rows[i].masked);
    arena_done(&mem);
}
END_TEST

/* Each length at which the copy could be too short for what is put in. */
START_TEST(the_longest_answer_of_the_shortest_words_fits)
{
    for (size_t len = 0; len < 3000; len++) {
        char text[3001];

        for (size_t i = 0; i < len; i++)
            text[i] = "a@,"[i % 3];
        text[len] = '\0';
        ck_assert_uint_eq(strlen(mask_addresses(&mem, text)),
                          len / 3 * 10 + (len % 3 == 2 ? 9 : len % 3));
    }
    arena_done(&mem);
}
END_TEST

SUITE("mask", addresses_and_numbers_are_cut_out, the_longest_answer_of_the_shortest_words_fits)
