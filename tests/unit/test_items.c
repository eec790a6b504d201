/* Tests of common/base/items: a comma-separated text falls apart into what stands between. */
#include "common/base/items.h"

#include <string.h>

#include "common/base/buf.h"
#include "tests/unit/suite.h"

START_TEST(items_stand_between_commas_without_the_blanks_around_them)
{
    static const struct {
        const char *text, *items; /* with a '|' behind each */
    } rows[] = {
        { "", "" },
        { " , ,\t", "" },
        { "a", "a|" },
        { " a ", "a|" },
        { "a,b", "a|b|" },
        { ",a , two words ,\tb,", "a|two words|b|" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_INIT(100);
        const char *rest = rows[i].text, *item;
        size_t len;

        while (items_next(&rest, &item, &len)) {
            buf_add(&out, item, len);
            buf_addc(&out, '|');
        }
        ck_assert_str_eq(buf_str(&out), rows[i].items);
        ck_assert(!items_next(&rest, &item, &len));
        buf_free(&out);
    }
}
END_TEST

SUITE("items", items_stand_between_commas_without_the_blanks_around_them)
