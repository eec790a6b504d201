/* Tests of fcgi/cursor. */
#include "fcgi/cursor.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

#define ID "01900000-0000-7000-8000-000000000001"

static struct arena mem = ARENA_INIT;

/* "(none)" where it is refused. */
static const char *read_place(const char *text, const char *scope)
{
    const char *place = "(untouched)";

    if (cursor_read(&mem, text, scope, &place))
        return place;
    ck_assert_str_eq(place, "(untouched)");
    return "(none)";
}

static const char *const places[] = { "0", "7", "42", "999", ID, "1796115600000.12345", "a b\xc3\xa9",
                                      "0123456789012345678901234567890123456789012345678901234567890123" };
#define N_PLACES (sizeof places / sizeof *places)

START_TEST(a_place_comes_back_for_its_scope)
{
    for (size_t i = 0; i < N_PLACES; i++) {
        const char *text = cursor_make(&mem, places[i], "scope");

        ck_assert_str_eq(read_place(text, "scope"), places[i]);
        ck_assert_uint_le(strlen(text), CURSOR_TEXT_MAX);
    }
}
END_TEST

/* RFC 4648 section 5, without padding: it stands in a query as it is. */
START_TEST(a_cursor_needs_no_escape_in_a_url)
{
    for (size_t i = 0; i < N_PLACES; i++) {
        const char *text = cursor_make(&mem, places[i], "scope");

        ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                          strlen(text));
    }
}
END_TEST

START_TEST(another_scope_does_not_know_it)
{
    static const char *const scopes[] = { "", "scop", "scope ", "Scope", "scope&status=failed", ("scope\n" ID) };
    const char *text = cursor_make(&mem, ID, "scope");

    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
        ck_assert_str_eq(read_place(text, scopes[i]), "(none)");
}
END_TEST

START_TEST(every_other_character_at_every_place_is_refused)
{
    static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \x01\xff";

    for (size_t i = 0; i < N_PLACES; i++) {
        const char *text = cursor_make(&mem, places[i], "scope");
        char altered[CURSOR_TEXT_MAX + 1];

        for (size_t at = 0; at < strlen(text); at++) {
            for (const char *other = others; *other != '\0'; other++) {
                strcpy(altered, text);
                altered[at] = *other;
                if (*other != text[at])
                    ck_assert_msg(strcmp(read_place(altered, "scope"), "(none)") == 0, "%s is taken for %s",
                                  altered, text);
            }
        }
    }
}
END_TEST

START_TEST(a_cut_or_longer_one_is_refused)
{
    const char *text = cursor_make(&mem, ID, "scope");
    char other[CURSOR_TEXT_MAX + 1];

    for (size_t len = 0; len < strlen(text); len++) {
        memcpy(other, text, len);
        other[len] = '\0';
        ck_assert_str_eq(read_place(other, "scope"), "(none)");
        ck_assert_str_eq(read_place(text + len + 1, "scope"), "(none)");
    }
    for (const char *more = "A=.-"; *more != '\0'; more++) {
        snprintf(other, sizeof other, "%s%c", text, *more);
        ck_assert_str_eq(read_place(other, "scope"), "(none)");
        snprintf(other, sizeof other, "%c%s", *more, text);
        ck_assert_str_eq(read_place(other, "scope"), "(none)");
    }
    snprintf(other, sizeof other, "%s%s", text, text);
    ck_assert_str_eq(read_place(other, "scope"), "(none)");
}
END_TEST

START_TEST(what_is_no_cursor_is_refused)
{
    static const char *const texts[] = { "", "0", "A", "AAAA", "AAAAAAAAAAAA", "AAAAAAAAAAAAA", "====", "++++", "////",
                                         "null", " ", ID, "\xff\xfe" };
    static char longest[10000];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_str_eq(read_place(texts[i], "scope"), "(none)");
    memset(longest, 'A', sizeof longest - 1);
    for (size_t cut = sizeof longest - 1; cut > 0; cut /= 2) {
        longest[cut] = '\0';
        ck_assert_str_eq(read_place(longest, "scope"), "(none)");
    }
    memset(longest, 'A', CURSOR_TEXT_MAX + 1);
    for (size_t len = CURSOR_TEXT_MAX + 1; len >= CURSOR_TEXT_MAX - 4; len--) {
        longest[len] = '\0';
        ck_assert_str_eq(read_place(longest, "scope"), "(none)");
    }
}
END_TEST

SUITE("cursor", a_place_comes_back_for_its_scope, a_cursor_needs_no_escape_in_a_url, another_scope_does_not_know_it,
      every_other_character_at_every_place_is_refused, a_cut_or_longer_one_is_refused, what_is_no_cursor_is_refused)
