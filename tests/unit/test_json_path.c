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

SUITE("json_path", a_path_leads_to_one_place_or_nowhere)
