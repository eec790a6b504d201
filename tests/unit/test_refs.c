/* Tests of common/db/refs: every batch names its rows in one and the same order. */
#include "common/db/refs.h"

#include <string.h>

#include "tests/unit/suite.h"

#define A "01900000-0000-7000-8000-00000000000a"
#define B "01900000-0000-7000-8000-00000000000b"

static struct ref_arrays arrays;

/* The last byte of each element of a column is what these tests tell them apart by. */
static void check_column(int c, size_t width, const char *last_bytes)
{
    struct array_param p = array_end(&arrays.col[c]);
    size_t head = 20, n = strlen(last_bytes);

    ck_assert_int_eq(p.length, (int)(head + n * (4 + width)));
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(p.value[head + (i + 1) * (4 + width) - 1], last_bytes[i]);
}

START_TEST(references_are_sorted_by_message_and_then_by_number)
{
    static const struct recipient_ref refs[] = {
        { B, 2, 5 }, { A, 10, 1 }, { B, 1, 7 }, { A, 9, 3 }, { A, 1, 2 },
    };

    refs_begin(&arrays, refs, 5);
    check_column(0, 16, "\x0a\x0a\x0a\x0b\x0b");
    check_column(1, 4, "\x01\x09\x0a\x01\x02");
    check_column(2, 4, "\x02\x03\x01\x07\x05"); /* each fence stays with its row */
    ck_assert_str_eq(refs[0].message_id, B); /* and the caller's own order is kept */
    refs_free(&arrays);
}
END_TEST

START_TEST(whatever_order_they_come_in_the_parameters_are_the_same)
{
    struct recipient_ref refs[] = { { A, 0, 1 }, { A, 1, 1 }, { B, 0, 1 }, { B, 1, 1 } };
    struct array_param first[REF_COLUMNS];
    struct ref_arrays other = { 0 };

    refs_begin(&other, refs, 4);
    for (int c = 0; c < REF_COLUMNS; c++)
        first[c] = array_end(&other.col[c]);
    for (int i = 0; i < 4; i++) {
        struct recipient_ref head = refs[0];

        memmove(refs, refs + 1, 3 * sizeof *refs);
        refs[3] = head;
        refs_begin(&arrays, refs, 4);
        for (int c = 0; c < REF_COLUMNS; c++) {
            struct array_param p = array_end(&arrays.col[c]);

            ck_assert_int_eq(p.length, first[c].length);
            ck_assert_mem_eq(p.value, first[c].value, (size_t)p.length);
        }
    }
    refs_free(&arrays);
    refs_free(&other);
}
END_TEST

START_TEST(no_reference_makes_empty_arrays)
{
    refs_begin(&arrays, NULL, 0);
    for (int c = 0; c < REF_COLUMNS; c++)
        ck_assert_str_eq(array_end(&arrays.col[c]).value, "{}");
    refs_free(&arrays);
}
END_TEST

START_TEST(the_fence_does_not_make_two_references_differ)
{
    static const struct recipient_ref x = { A, 3, 1 }, y = { A, 3, 2 }, later = { A, 4, 0 },
                                      other = { B, 0, 0 };

    ck_assert_int_eq(refs_compare(&x, &y), 0);
    ck_assert_int_lt(refs_compare(&x, &later), 0);
    ck_assert_int_gt(refs_compare(&later, &x), 0);
    ck_assert_int_lt(refs_compare(&later, &other), 0);
}
END_TEST

SUITE("refs", references_are_sorted_by_message_and_then_by_number,
      whatever_order_they_come_in_the_parameters_are_the_same, no_reference_makes_empty_arrays,
      the_fence_does_not_make_two_references_differ)
