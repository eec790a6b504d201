/* The promises of common/base/arena.h. */
#include "common/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/suite.h"

START_TEST(what_is_handed_out_is_aligned_and_does_not_overlap)
{
    struct arena a = ARENA_INIT;
    unsigned char *pieces[200];

    for (size_t i = 0; i < 200; i++) {
        pieces[i] = arena_alloc(&a, i + 1);
        ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j <= i; j++)
            ck_assert_uint_eq(pieces[i][j], i);
    arena_done(&a);
}
END_TEST

START_TEST(a_cleared_piece_is_clear_after_a_reset_too)
{
    struct arena a = ARENA_INIT;

    for (int round = 0; round < 2; round++) {
        unsigned char *piece = arena_zero(&a, 1000);

        for (int i = 0; i < 1000; i++)
            ck_assert_uint_eq(piece[i], 0);
        memset(piece, 0xAA, 1000);
        arena_reset(&a);
    }
    arena_done(&a);
}
END_TEST

START_TEST(a_loop_finds_its_memory_again)
{
    struct arena a = ARENA_INIT;
    const void *first[100];

    /* 100 pieces of 1 KiB need several blocks in the first round and one from then on. */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            const void *piece = arena_alloc(&a, 1024);

            if (round == 2)
                ck_assert_ptr_eq(piece, first[i]);
            first[i] = piece;
        }
        arena_reset(&a);
    }
    arena_done(&a);
}
END_TEST

START_TEST(a_piece_may_be_larger_than_any_block)
{
    struct arena a = ARENA_INIT;
    char *before = arena_strdup(&a, "before");
    char *large = arena_alloc(&a, 3000000);

    memset(large, 'x', 3000000);
    ck_assert_str_eq(before, "before");
    ck_assert_uint_eq(a.total, 3000007);
    arena_reset(&a);
    ck_assert_uint_eq(a.total, 0);
    memset(arena_alloc(&a, 3000000), 'y', 3000000);
    arena_done(&a);
}
END_TEST

START_TEST(texts_are_copied_and_end_with_nul)
{
    struct arena a = ARENA_INIT;
    char word[] = "word";
    char *copy = arena_strdup(&a, word), *part = arena_strndup(&a, word, 2);

    word[0] = 'X';
    ck_assert_str_eq(copy, "word");
    ck_assert_str_eq(part, "wo");
    ck_assert_str_eq(arena_strndup(&a, NULL, 0), "");
    ck_assert_ptr_null(arena_strdup(&a, NULL));
    arena_done(&a);
}
END_TEST

START_TEST(formatted_text_may_have_any_length)
{
    struct arena a = ARENA_INIT;

    for (int width = 250; width < 260; width++)
        ck_assert_uint_eq(strlen(arena_printf(&a, "%*d", width, 7)), (size_t)width);
    ck_assert_str_eq(arena_printf(&a, "%s-%d", "a", 1), "a-1");
    arena_done(&a);
}
END_TEST

START_TEST(an_arena_that_is_done_can_be_used_again)
{
    struct arena a = ARENA_INIT;

    arena_done(&a);
    arena_reset(&a);
    ck_assert_str_eq(arena_strdup(&a, "once"), "once");
    arena_done(&a);
    ck_assert_str_eq(arena_strdup(&a, "more"), "more");
    arena_done(&a);
}
END_TEST

SUITE("arena", what_is_handed_out_is_aligned_and_does_not_overlap,
      a_cleared_piece_is_clear_after_a_reset_too, a_loop_finds_its_memory_again,
      a_piece_may_be_larger_than_any_block, texts_are_copied_and_end_with_nul,
      formatted_text_may_have_any_length, an_arena_that_is_done_can_be_used_again)
