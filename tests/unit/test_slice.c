/* Tests of fcgi/webhooks/slice: JSON comes apart where it should, whatever its parts hold. */
#include "fcgi/webhooks/slice.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct arena mem;

/* The elements, with a '|' behind each; NULL: not an array. */
static const char *elements(const char *text)
{
    struct buf out = BUF_INIT(10000);
    struct slice array, element;
    struct slice_walk walk;
    const char *copy;

    if (!slice_open(text, strlen(text), '[', &array))
        return NULL;
    for (walk = slice_elements(array); slice_next(&walk, &element);) {
        buf_add(&out, element.at, (size_t)(element.end - element.at));
        buf_addc(&out, '|');
    }
    copy = arena_strdup(&mem, buf_str(&out));
    buf_free(&out);
    return copy;
}

START_TEST(an_array_comes_apart_at_its_own_commas)
{
    static const struct {
        const char *text, *elements;
    } rows[] = {
        { "[]", "" },
        { " [ \r\n] \r\n", "" },
        { "[1]", "1|" },
        { "[1,2]", "1|2|" },
        { "[ {\"a\":1} ,\r\n{\"b\":[1,2]}\r\n]\r\n", "{\"a\":1}|{\"b\":[1,2]}|" },
        { "[\"a,b\",\"]\",\"\\\",\",\"\\\\\"]", "\"a,b\"|\"]\"|\"\\\",\"|\"\\\\\"|" },
        { "[[[1,2],3],{\"x\":{}}]", "[[1,2],3]|{\"x\":{}}|" },
        { "[1,]", "1||" },
        { "[,]", "||" },
        { "[1 2]", "1 2|" },
        { "[{\"a\":1}{\"b\":2},3]", "{\"a\":1}{\"b\":2}|3|" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = elements(rows[i].text);

        ck_assert_msg(found != NULL && strcmp(found, rows[i].elements) == 0, "%s: %s", rows[i].text,
                      found);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(what_does_not_close_where_it_ends_is_not_opened)
{
    static const char *const texts[] = { "",       " ",      "[",       "]",        "{}",
                                         "[1",     "[1]]",   "[1],",    "[1] [2]",  "[\"]",
                                         "[\"\\",  "[\"\\]", "[\"\\\"", "[{]",      "[}",
                                         "[}{]",   "[[]",    "[][]",    "[\"a\"\"]", "x[1]",
                                         "[1]x",   "\"[1]\"" };
    struct slice s;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(elements(texts[i]) == NULL, "%s", texts[i]);
    ck_assert(!slice_open("[1]", 0, '[', &s));
    ck_assert(!slice_open("[1]", 2, '[', &s));
    ck_assert(!slice_open("[1]", 3, '{', &s));
}
END_TEST

static const char *member(const char *text, const char *name)
{
    struct slice object, value;

    ck_assert_msg(slice_open(text, strlen(text), '{', &object), "%s", text);
    value = slice_member(object, name);
    return value.at == NULL ? NULL
                            : arena_strndup(&mem, value.at, (size_t)(value.end - value.at));
}

START_TEST(a_member_is_found_by_its_name)
{
    static const struct {
        const char *text, *value;
    } rows[] = {
        { "{}", NULL },
        { "{\"a\":1}", "1" },
        { "{ \"b\" : 2 , \"a\" : [ 1 , 2 ] }", "[ 1 , 2 ]" },
        { "{\"b\":{\"a\":1}}", NULL },
        { "{\"b\":\"\\\"a\\\":1\"}", NULL },
        { "{\"a\":1,\"a\":2}", "1" },
        { "{\"aa\":1,\"A\":2}", NULL },
        { "{\"a\":}", "" },
        { "{\"a\"}", NULL },
        { "{a:1}", NULL },
        { "{\"x\",\"a\":\"y:z\"}", "\"y:z\"" },
        { "{:,:,\"a\":1}", "1" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = member(rows[i].text, "a");

        ck_assert_msg((found == NULL) == (rows[i].value == NULL) &&
                          (found == NULL || strcmp(found, rows[i].value) == 0),
                      "%s: %s", rows[i].text, found != NULL ? found : "none");
    }
    arena_done(&mem);
}
END_TEST

START_TEST(of_what_is_not_there_nothing_is_found)
{
    static const char text[] = "{\"n\":1,\"s\":\"x\",\"bad\":\"\\u0000\",\"e\":}";
    const struct slice none = { NULL, NULL };
    struct slice_walk walk;
    struct slice object, s;

    ck_assert(slice_open(text, strlen(text), '{', &object));
    walk = slice_elements(object);
    ck_assert(!slice_next(&walk, &s));
    walk = slice_elements(none);
    ck_assert(!slice_next(&walk, &s));
    ck_assert_uint_eq(slice_count(slice_member(object, "n")), 0);
    ck_assert_ptr_null(slice_member(slice_member(object, "n"), "x").at);
    ck_assert_ptr_null(slice_member(none, "x").at);
    ck_assert_ptr_null(slice_read(none));
    ck_assert_ptr_null(slice_read(slice_member(object, "e")));
    ck_assert_ptr_null(slice_text(&mem, none));
    ck_assert_ptr_null(slice_text(&mem, slice_member(object, "n")));
    ck_assert_ptr_null(slice_text(&mem, slice_member(object, "bad")));
    ck_assert_str_eq(slice_text(&mem, slice_member(object, "s")), "x");
    arena_done(&mem);
}
END_TEST

/* A million brackets are walked over, not into. */
START_TEST(no_depth_is_too_deep)
{
    enum { DEPTH = 1000000 };
    char *text = arena_zero(&mem, 2 * DEPTH + 20);
    struct slice array, s;
    struct slice_walk walk;

    text[0] = '[';
    memset(text + 1, '[', DEPTH);
    memset(text + 1 + DEPTH, ']', DEPTH);
    strcpy(text + 1 + 2 * DEPTH, ",\"x\"]");
    ck_assert(slice_open(text, strlen(text), '[', &array));
    ck_assert_uint_eq(slice_count(array), 2);
    walk = slice_elements(array);
    ck_assert(slice_next(&walk, &s));
    ck_assert_ptr_null(slice_read(s));
    ck_assert(slice_next(&walk, &s));
    ck_assert_str_eq(slice_text(&mem, s), "x");
    arena_done(&mem);
}
END_TEST

SUITE("slice", an_array_comes_apart_at_its_own_commas,
      what_does_not_close_where_it_ends_is_not_opened, a_member_is_found_by_its_name,
      of_what_is_not_there_nothing_is_found, no_depth_is_too_deep)
