/* Tests of common/db/refs: every batch names its rows in one and the same order. */
#include "common/db/refs.h"

#include <string.h>

#include "tests/unit/suite.h"

#define A "01900000-0000-7000-8000-00000000000a"
#define B "01900000-0000-7000-8000-00000000000b"

static struct ref_arrays arrays;

START_TEST(references_are_sorted_by_message_and_then_by_number)
{
    static const struct recipient_ref refs[] = {
        { B, 2, 5 }, { A, 10, 1 }, { B, 0, 7 }, { A, 9, 3 }, { A, 0, 2 },
    };
    const char *args[3];

    refs_begin(&arrays, refs, 5, args);
    ck_assert_str_eq(args[0], "{\"" A "\",\"" A "\",\"" A "\",\"" B "\",\"" B "\"}");
    ck_assert_str_eq(args[1], "{0,9,10,0,2}");
    ck_assert_str_eq(args[2], "{2,3,1,7,5}"); /* each fence stays with its row */
    ck_assert_str_eq(refs[0].message_id, B);  /* and the caller's own order is kept */
    refs_free(&arrays);
}
END_TEST

START_TEST(whatever_order_they_come_in_the_parameters_are_the_same)
{
    struct recipient_ref refs[] = { { A, 0, 1 }, { A, 1, 1 }, { B, 0, 1 }, { B, 1, 1 } };
    const char *args[3], *first[3];
    struct ref_arrays other = { 0 };

    refs_begin(&other, refs, 4, first);
    for (int i = 0; i < 4; i++) {
        struct recipient_ref head = refs[0];

        memmove(refs, refs + 1, 3 * sizeof *refs);
        refs[3] = head;
        refs_begin(&arrays, refs, 4, args);
        for (int c = 0; c < 3; c++)
            ck_assert_str_eq(args[c], first[c]);
    }
    refs_free(&arrays);
    refs_free(&other);
}
END_TEST

START_TEST(no_reference_makes_empty_arrays)
{
    const char *args[3];

    refs_begin(&arrays, NULL, 0, args);
    for (int c = 0; c < 3; c++)
        ck_assert_str_eq(args[c], "{}");
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
