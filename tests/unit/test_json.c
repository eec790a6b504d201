/* The promises of common/base/json.h. */
#include "common/base/json.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(a_document_is_read)
{
    static const char text[] = "{\"a\": [1, \"\\u00e9\", true, null], \"b\": {\"c\": 1.5}}";
    struct error e = { 0 };
    SCOPED(json_t) doc = json_read(text, strlen(text), &e);

    ck_assert_ptr_nonnull(doc);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(doc, "a"), 1)), "\xc3\xa9");
}
END_TEST

START_TEST(the_length_ends_the_document)
{
    struct error e = { 0 };
    SCOPED(json_t) doc = json_read("[1]garbage", 3, &e);

    ck_assert_ptr_nonnull(doc);
}
END_TEST

#define TEXT(literal) literal, sizeof literal - 1

/* RFC 8259 section 2: a text is any value; what it must be is for its reader to say. */
START_TEST(a_document_may_be_any_value)
{
    static const char *const texts[] = { "12", "null", "true", "\"a\"", "[]", "{}", " 1 " };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        SCOPED(json_t) doc = json_read(texts[i], strlen(texts[i]), NULL);

        ck_assert_msg(doc != NULL, "%s", texts[i]);
    }
}
END_TEST

START_TEST(what_is_not_strict_json_is_refused_in_our_own_words)
{
    static const struct {
        const char *text;
        size_t len;
        const char *words;
    } rows[] = {
        { TEXT(""), "line 1, column 0: the text ends too early" },
        { TEXT("{\"a\": [1"), "the text ends too early" },
        { TEXT("\"secret"), "the text ends too early" },
        { TEXT("{\n \"a\": secret}"), "line 2, column 12: the text is not valid JSON" },
        { TEXT("{\"a\": 1} secret"), "the text goes on after its end" },
        { TEXT("{\"secret\": 1, \"secret\": 2}"), "a name stands twice in one object" },
        { TEXT("[\"secret\xff\"]"), "a string is not valid UTF-8" },
        { TEXT("[\"\xed\xa0\x80\"]"), "a string is not valid UTF-8" },
        { TEXT("[\"a\\u0000b\"]"), "a string holds the character U+0000" },
        { TEXT("{\"a\\u0000b\": 1}"), "a name holds the character U+0000" },
        { TEXT("[\"a\0b\"]"), "" },
        { TEXT("[\"\\ud800\"]"), "" },
        { TEXT("[99999999999999999999]"), "a number is too large" },
        { TEXT("[1e999]"), "a number is too large" },
        { TEXT("[1,]"), "" },
        { TEXT("[01]"), "" },
        { TEXT("{'a': 1}"), "" },
        { TEXT("[NaN]"), "" },
        { TEXT("\xef\xbb\xbf[]"), "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error e = { 0 };

        ck_assert_msg(json_read(rows[i].text, rows[i].len, &e) == NULL, "row %zu", i);
        ck_assert_int_eq(e.kind, ST_INVALID);
        ck_assert_msg(strstr(e.text, rows[i].words) != NULL, "row %zu: %s", i, e.text);
        ck_assert_msg(strncmp(e.text, "line ", 5) == 0, "row %zu: %s", i, e.text);
        ck_assert_ptr_null(strstr(e.text, "secret"));
    }
}
END_TEST

static size_t nested(char *out, int depth)
{
    memset(out, '[', (size_t)depth);
    memset(out + depth, ']', (size_t)depth);
    return (size_t)depth * 2;
}

START_TEST(nesting_has_a_limit)
{
    static char text[200000];
    struct error e = { 0 };
    SCOPED(json_t) doc = json_read(text, nested(text, JSON_MAX_DEPTH), &e);

    ck_assert_ptr_nonnull(doc);
    ck_assert_ptr_null(json_read(text, nested(text, JSON_MAX_DEPTH + 1), &e));
    ck_assert_int_eq(e.kind, ST_INVALID);
    ck_assert_str_eq(e.text, "arrays and objects are nested deeper than 32");
    ck_assert_ptr_null(json_read(text, nested(text, 100000), &e));
}
END_TEST

START_TEST(depth_counts_brackets_outside_of_strings_only)
{
    static const struct {
        const char *text;
        int max;
        bool deeper;
    } rows[] = {
        { "", 0, false },
        { "1", 0, false },
        { "[]", 0, true },
        { "[]", 1, false },
        { "{\"a\":[]}", 1, true },
        { "{\"a\":[]}", 2, false },
        { "[],[],[]", 1, false },
        { "[\"[[[[\"]", 1, false },
        { "[\"\\\"[[\"]", 1, false },
        { "[\"\\\\\",[[]]]", 2, true },
        { "[\"\\\\\",[[]]]", 3, false },
        { "\"\\", 0, false },
        { "[\"", 1, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(json_is_deeper(rows[i].text, strlen(rows[i].text), rows[i].max) ==
                          rows[i].deeper, "%s", rows[i].text);
}
END_TEST

START_TEST(the_writer_sets_commas_and_quotes)
{
    struct buf b = BUF_INIT(1000);
    struct json_writer w = JSON_WRITER(&b);

    jw_open(&w, NULL, '{');
    jw_text(&w, "id", "x\"y");
    jw_text(&w, "none", NULL);
    jw_num(&w, "n", -5);
    jw_bool(&w, "yes", true);
    jw_bool(&w, "no", false);
    jw_null(&w, "null");
    jw_time(&w, "at", 0);
    jw_time(&w, "never", -1);
    jw_raw(&w, "raw", "{\"a\":1}");
    jw_raw(&w, "raw none", NULL);
    jw_open(&w, "list", '[');
    jw_num(&w, NULL, 1);
    jw_open(&w, NULL, '{');
    jw_close(&w, '}');
    jw_open(&w, NULL, '[');
    jw_close(&w, ']');
    jw_num(&w, NULL, 2);
    jw_close(&w, ']');
    jw_text(&w, "end", "");
    jw_close(&w, '}');
    ck_assert_str_eq(buf_str(&b),
                     "{\"id\":\"x\\\"y\",\"none\":null,\"n\":-5,\"yes\":true,\"no\":false,"
                     "\"null\":null,\"at\":\"1970-01-01T00:00:00.000Z\",\"never\":null,"
                     "\"raw\":{\"a\":1},\"raw none\":null,\"list\":[1,{},[],2],\"end\":\"\"}");
    buf_free(&b);
}
END_TEST

START_TEST(each_kind_of_character_is_escaped_as_it_must_be)
{
    static const struct {
        const char *text;
        size_t len;
        const char *expected;
    } rows[] = {
        { TEXT(""), "\"\"" },
        { TEXT("plain /text'"), "\"plain /text'\"" },
        { TEXT("\"\\"), "\"\\\"\\\\\"" },
        { TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
        { TEXT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"" },
        { TEXT("\xc2\x9b\xc2\xa0"), "\"\\u009b\xc2\xa0\"" },
        { TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
        { TEXT("a\xff" "b\xc3"), "\"a\\ufffdb\\ufffd\"" },
        { TEXT("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT(1000);

        json_escape(&b, rows[i].text, rows[i].len);
        ck_assert_str_eq(buf_str(&b), rows[i].expected);
        buf_free(&b);
    }
}
END_TEST

START_TEST(what_was_written_is_read_back)
{
    struct buf b = BUF_INIT(10000);
    struct json_writer w = JSON_WRITER(&b);
    struct error e = { 0 };
    char all[257] = "";

    for (int c = 1; c < 256; c++)
        all[c - 1] = (char)c;
    jw_open(&w, NULL, '[');
    jw_text(&w, NULL, all);
    jw_close(&w, ']');
    SCOPED(json_t) doc = json_read(buf_str(&b), b.len, &e);
    ck_assert_ptr_nonnull(doc);
    ck_assert_int_eq(memcmp(json_string_value(json_array_get(doc, 0)), all, 127), 0);
    buf_free(&b);
}
END_TEST

SUITE("json", a_document_is_read, the_length_ends_the_document,
      a_document_may_be_any_value, what_is_not_strict_json_is_refused_in_our_own_words, nesting_has_a_limit,
      depth_counts_brackets_outside_of_strings_only, the_writer_sets_commas_and_quotes,
      each_kind_of_character_is_escaped_as_it_must_be, what_was_written_is_read_back)
