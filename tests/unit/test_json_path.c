/* Tests of common/base/json_path: a path leads to one place of a document, or nowhere. */
#include "common/base/json_path.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(a_path_leads_to_one_place_or_nowhere)
{
    static const char text[] =
        "{\"a\":{\"b\":[\"x\",{\"c\":7}],\"\":\"e\"},\"0\":\"zero\",\"t\":true,\"f\":false,"
        "\"n\":null,\"r\":1.5,\"s\":\"\",\"a.b\":\"dotted\",\"big\":-9223372036854775808}";
    static const struct {
        const char *path, *text;
    } rows[] = {
        { "a.b.0", "x" },  { "a.b.1.c", "7" }, { "a.b.00", "x" }, { "0", "zero" },
        { "t", "true" },   { "f", "false" },   { "s", "" },       { "big", "-9223372036854775808" },
        { "n", NULL },     { "r", NULL },      { "a", NULL },     { "a.b", NULL },
        { "a.b.2", NULL }, { "a.b.c", NULL },  { "a.b.-1", NULL }, { "a.b.0.x", NULL },
        { "x.y", NULL },   { "a.", NULL },     { "", NULL },      { "a.b.4294967296", NULL },
    };
    struct error err;
    SCOPED(json_t) doc = json_read(text, strlen(text), &err);
    struct arena mem = ARENA_INIT;

    ck_assert_ptr_nonnull(doc);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = json_path_text(doc, rows[i].path, &mem);

        ck_assert_msg((found == NULL) == (rows[i].text == NULL) &&
                          (found == NULL || strcmp(found, rows[i].text) == 0),
                      "%s leads to %s", rows[i].path, found != NULL ? found : "nowhere");
    }
    ck_assert_ptr_null(json_path_text(NULL, "a", &mem));
    ck_assert_ptr_eq(json_path_find(doc, "", &mem), doc);
    arena_done(&mem);
}
END_TEST

static const char *skim(const char *text, const char *path, struct arena *mem)
{
    return json_path_skim(text, strlen(text), path, mem);
}

START_TEST(skimming_finds_what_the_document_has)
{
    static const struct {
        const char *text, *path, *found;
    } rows[] = {
        { "{\"sid\":\"SM1\"}", "sid", "SM1" },
        { " { \"a\" : [ 1 , { \"b\" : \"x\" } ] , \"sid\" : \"SM1\" } ", "sid", "SM1" },
        { "{\"n\":{\"sid\":\"no\"},\"s\":\"}{\\\"sid\\\":\",\"sid\":\"SM1\",\"z\":null}", "sid", "SM1" },
        { "{\"messages\":[{\"id\":\"wamid.1\"},{\"id\":\"2\"}],\"e\":[],\"o\":{}}", "messages.0.id", "wamid.1" },
        { "{\"messages\":[{\"id\":\"wamid.1\"},{\"id\":\"2\"}]}", "messages.1.id", "2" },
        { "{\"r\":\"\"}", "r", "" },
        { "\"top\"", "", "top" },
        { "[1,\"x\"]", "1", "x" },
    };
    struct arena mem = ARENA_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = skim(rows[i].text, rows[i].path, &mem);

        ck_assert_msg(found != NULL && strcmp(found, rows[i].found) == 0, "%s: %s", rows[i].text,
                      found == NULL ? "nothing" : found);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(skimming_leaves_to_the_document_what_it_cannot_judge)
{
    static const struct {
        const char *text, *path;
    } rows[] = {
        { "", "a" },
        { "{", "a" },
        { "{\"a\"", "a" },
        { "{\"a\":", "a" },
        { "{\"a\":\"x", "a" },
        { "{\"a\":\"x\"", "a" },
        { "{\"a\":\"x\",}", "a" },
        { "{\"a\":\"x\"}}", "a" },
        { "{\"a\":\"x\"} \"", "a" },
        { "{\"b\":[{],\"a\":\"x\"}", "a" },        /* the string's quote is another's */
        { "{\"a\":\"x\",\"a\":\"y\"}", "a" },     /* twice */
        { "{\"\\u0061\":\"x\",\"a\":\"y\"}", "a" }, /* the same, written otherwise */
        { "{\"a\":\"\\u0078\"}", "a" },
        { "{\"a\":\"\\\"}", "a" },
        { "{\"a\":\"\xC3\xA4\"}", "a" },
        { "{\"a\":\"\t\"}", "a" },
        { "{\"a\":\"\x7F\"}", "a" },
        { "{\"a\":{}}", "a.b" },
        { "{\"a\":[]}", "a.0" },
        { "{\"a\":[\"x\"]}", "a.0x" },
        { "{\"a\":17}", "a" },
        { "{\"a\":null}", "a" },
        { "{\"a\":{}}", "a" },
        { "{\"a\":[\"x\"]}", "a" },
        { "{\"a\":\"x\"}", "a.b" },
        { "{\"a\":[\"x\"]}", "a.1" },
        { "{\"a\":[\"x\"]}", "a.x" },
        { "{\"aa\":\"x\"}", "a" },
        { "{\"a\":\"x\"}", "aa" },
        { "{a:\"x\"}", "a" },
        { "{\"a\" \"x\"}", "a" },
        { "{\"a\":\"x\" \"b\":1}", "a" },
    };
    struct arena mem = ARENA_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = skim(rows[i].text, rows[i].path, &mem);

        ck_assert_msg(found == NULL, "%s: %s", rows[i].text, found);
    }
    ck_assert_ptr_null(json_path_skim("{\"a\":\"x\"}", 8, "a", &mem)); /* nothing behind its end is read */
    arena_done(&mem);
}
END_TEST

SUITE("json_path", a_path_leads_to_one_place_or_nowhere, skimming_finds_what_the_document_has,
      skimming_leaves_to_the_document_what_it_cannot_judge)
