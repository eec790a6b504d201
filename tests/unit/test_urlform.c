/* Tests of common/base/urlform: forms and queries, read strictly and written for all. */
#include "common/base/urlform.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct arena mem;
static struct error err;

static enum status parse(const char *text, struct urlform *out)
{
    return urlform_parse(&mem, text, strlen(text), 10, out, &err);
}

START_TEST(pairs_keep_their_order_and_their_bytes)
{
    static const struct {
        const char *text;
        struct urlform_pair pairs[4];
        size_t count;
    } rows[] = {
        { "", { { 0 } }, 0 },
        { "&", { { 0 } }, 0 },
        { "a=1", { { "a", "1" } }, 1 },
        { "b=2&a=1&b=3", { { "b", "2" }, { "a", "1" }, { "b", "3" } }, 3 },
        { "&&a=1&&b=2&&", { { "a", "1" }, { "b", "2" } }, 2 },
        { "a", { { "a", "" } }, 1 },
        { "a=", { { "a", "" } }, 1 },
        { "=1", { { "", "1" } }, 1 },
        { "=", { { "", "" } }, 1 },
        { "a=b=c", { { "a", "b=c" } }, 1 },
        { "a+b=c+d%20e", { { "a b", "c d e" } }, 1 },
        { "To=%2B15551234567", { { "To", "+15551234567" } }, 1 },
        { "x=%c3%A9&%26=%3D", { { "x", "é" }, { "&", "=" } }, 2 },
        { "x=%FF%01", { { "x", "\xFF\x01" } }, 1 },
        { "Body=It's", { { "Body", "It's" } }, 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct urlform form;

        ck_assert_int_eq(parse(rows[i].text, &form), ST_OK);
        ck_assert_uint_eq(form.count, rows[i].count);
        for (size_t k = 0; k < form.count; k++) {
            ck_assert_str_eq(form.pairs[k].key, rows[i].pairs[k].key);
            ck_assert_str_eq(form.pairs[k].value, rows[i].pairs[k].value);
        }
    }
    arena_done(&mem);
}
END_TEST

START_TEST(a_broken_escape_or_a_nul_is_refused)
{
    static const char *const texts[] = { "%",        "a=%",    "a=%4", "a=%4&b=1", "a=%zz",
                                         "a=%4g",    "a=%-1",  "%=1",  "a=%00",    "%00=1",
                                         "a=1&b=%%", "a=% 41", "a=%0x" };
    struct urlform form = { .count = 77 };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(parse(texts[i], &form) == ST_INVALID, "%s passed", texts[i]);
    ck_assert_int_eq(urlform_parse(&mem, "a=\0b", 4, 10, &form, &err), ST_INVALID);
    ck_assert_uint_eq(form.count, 77);
    arena_done(&mem);
}
END_TEST

START_TEST(more_pairs_than_allowed_are_refused)
{
    struct urlform form;

    ck_assert_int_eq(urlform_parse(&mem, "a&b&c", 5, 3, &form, &err), ST_OK);
    ck_assert_int_eq(urlform_parse(&mem, "a&b&c&d", 7, 3, &form, &err), ST_LIMITED);
    ck_assert_int_eq(urlform_parse(&mem, NULL, 0, 3, &form, &err), ST_OK);
    arena_done(&mem);
}
END_TEST

START_TEST(the_length_ends_the_text_and_no_nul_does)
{
    struct urlform form;

    ck_assert_int_eq(urlform_parse(&mem, "a=1%41", 3, 10, &form, &err), ST_OK);
    ck_assert_str_eq(form.pairs[0].value, "1");
    ck_assert_int_eq(urlform_parse(&mem, "a=%41", 4, 10, &form, &err), ST_INVALID);
    arena_done(&mem);
}
END_TEST

START_TEST(the_first_of_a_repeated_key_is_found)
{
    struct urlform form;

    ck_assert_int_eq(parse("a=1&b=2&a=3&c", &form), ST_OK);
    ck_assert_str_eq(urlform_find(&form, "a"), "1");
    ck_assert_str_eq(urlform_find(&form, "c"), "");
    ck_assert_ptr_null(urlform_find(&form, "A"));
    arena_done(&mem);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    struct buf out = BUF_INIT(4096);
    struct urlform form;
    char all[256];

    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    urlform_add(&out, "To", "+1555");
    urlform_add(&out, all, all);
    urlform_add(&out, "", "");
    ck_assert_ptr_eq(strstr(buf_str(&out), "To=%2B1555&%01%02"), buf_str(&out));
    ck_assert_int_eq(urlform_parse(&mem, out.data, out.len, 3, &form, &err), ST_OK);
    ck_assert_uint_eq(form.count, 3);
    ck_assert_str_eq(form.pairs[1].key, all);
    ck_assert_str_eq(form.pairs[1].value, all);
    buf_clear(&out);
    urlform_encode(&out, "AZaz09-._~ !*'()+/é");
    ck_assert_str_eq(buf_str(&out), "AZaz09-._~%20%21%2A%27%28%29%2B%2F%C3%A9");
    buf_free(&out);
    arena_done(&mem);
}
END_TEST

SUITE("urlform", pairs_keep_their_order_and_their_bytes, a_broken_escape_or_a_nul_is_refused,
      more_pairs_than_allowed_are_refused, the_length_ends_the_text_and_no_nul_does,
      the_first_of_a_repeated_key_is_found, what_is_written_is_read_again)
