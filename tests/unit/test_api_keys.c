/* The shape of API keys. */
#include "common/db/api_keys.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(made_keys_have_the_shape_and_differ)
{
    char one[API_KEY_BYTES], other[API_KEY_BYTES];

    for (int i = 0; i < 200; i++) {
        api_key_make(one);
        api_key_make(other);
        ck_assert(api_key_is_shaped(one));
        ck_assert_uint_eq(strlen(one), 44);
        ck_assert_str_ne(one, other);
    }
}
END_TEST

START_TEST(other_shapes_are_no_keys)
{
    static const char *const wrong[] = {
        "",
        "nsk_",
        "nsk_0123456789012345678901234567890123456",     /* too short */
        "nsk_01234567890123456789012345678901234567890", /* too long */
        "NSK_0123456789012345678901234567890123456789",
        "nsk_012345678901234567890123456789012345678-",
        "nsk_012345678901234567890123456789012345678\xc3",
        "nsk_0123456789012345678901234567890123456789-",
        "xnsk_012345678901234567890123456789012345678",
    };

    ck_assert(api_key_is_shaped("nsk_0123456789012345678901234567890123456789"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!api_key_is_shaped(wrong[i]), "row %zu", i);
}
END_TEST

SUITE("api_keys", made_keys_have_the_shape_and_differ, other_shapes_are_no_keys)
