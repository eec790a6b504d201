/* Tests of common/base/template: what is filled in, and what is no template. */
#include "common/base/template.h"

#include <string.h>

#include "tests/unit/suite.h"

static const char *const names[] = { "to", "to_bare", "text", NULL };
static const char *const values[] = { "+1", "1", "a&b" };
static struct arena mem;

static const char *filled(const char *text)
{
    struct buf out = BUF_INIT(1000);
    struct template t;
    const char *copy;

    ck_assert_pstr_eq(template_parse(&mem, text, names, &t), NULL);
    ck_assert(template_fill(&out, &t, values, escape_percent));
    copy = arena_strdup(&mem, buf_str(&out));
    buf_free(&out);
    return copy;
}

START_TEST(values_are_escaped_and_the_text_is_not)
{
    static const struct {
        const char *text, *filled;
    } rows[] = {
        { "", "" },
        { "plain &?", "plain &?" },
        { "{to}", "%2B1" },
        { "{to}{to_bare}{text}", "%2B11a%26b" },
        { "a{to}b{text}c", "a%2B1ba%26bc" },
        { "{{to}", "{to}" },
        { "{{{to}}}", "{%2B1}}" },
        { "{{", "{" },
        { "{{{{", "{{" },
        { "}", "}" },
        { "}}", "}}" },
        { "{", "{" },
        { "{}", "{}" },
        { "{ to }", "{ to }" },
        { "{1}", "{1}" },
        { "{_to}", "{_to}" },
        { "{\"to\":\"{to}\",\"o\":{\"t\":\"{text}\"}}",
          "{\"to\":\"%2B1\",\"o\":{\"t\":\"a%26b\"}}" },
        { "[{\n\"a\": {}}]", "[{\n\"a\": {}}]" },
        { "\xC3\xBC{to}\xC3\xBC", "\xC3\xBC%2B1\xC3\xBC" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(filled(rows[i].text), rows[i].filled);
    arena_done(&mem);
}
END_TEST

#define UNCLOSED(byte)                                                                             \
    "opens a placeholder at byte " byte " that no } closes behind its name; a { itself is "        \
    "written {{"
#define UNKNOWN(byte)                                                                              \
    "names an unknown placeholder at byte " byte "; there are {to}, {to_bare}, {text}"

START_TEST(what_is_no_template_is_refused_without_quoting_it)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        { "{to", UNCLOSED("1") },         { "ab{to", UNCLOSED("3") },
        { "{to {text}", UNCLOSED("1") },  { "{to1}", UNCLOSED("1") },
        { "{to-bare}", UNCLOSED("1") },   { "{to{text}}", UNCLOSED("1") },
        { "{a", UNCLOSED("1") },          { "{secret}", UNKNOWN("1") },
        { "{to}{secret}", UNKNOWN("5") }, { "{{{secret}", UNKNOWN("3") },
        { "{TO}", UNKNOWN("1") },         { "{To}", UNKNOWN("1") },
        { "{to_}", UNKNOWN("1") },        { "{t}", UNKNOWN("1") },
        { "{to_bar}", UNKNOWN("1") },     { "{to_baree}", UNKNOWN("1") },
    };
    struct template t;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_pstr_eq(template_parse(&mem, rows[i].text, names, &t), rows[i].fault);
    arena_done(&mem);
}
END_TEST

START_TEST(a_template_knows_what_it_uses)
{
    struct template t;

    ck_assert_pstr_eq(template_parse(&mem, "a{to}b{text}", names, &t), NULL);
    ck_assert(template_uses(&t, 0) && !template_uses(&t, 1) && template_uses(&t, 2));
    ck_assert(!template_is_bare(&t));
    ck_assert_pstr_eq(template_parse(&mem, "{text}", names, &t), NULL);
    ck_assert(template_is_bare(&t));
    ck_assert_pstr_eq(template_parse(&mem, "{text}\n", names, &t), NULL);
    ck_assert(!template_is_bare(&t));
    ck_assert_pstr_eq(template_parse(&mem, "{{text}", names, &t), NULL);
    ck_assert(!template_is_bare(&t) && !template_uses(&t, 2));
    ck_assert_pstr_eq(template_parse(&mem, "", names, &t), NULL);
    ck_assert(!template_is_bare(&t) && !template_uses(&t, 0));
    arena_done(&mem);
}
END_TEST

START_TEST(a_value_that_cannot_stand_there_stops_it)
{
    static const char *const bad[] = { "+1", "1", "a\nb" };
    static const char *const absent[] = { NULL, NULL, NULL };
    struct buf out = BUF_INIT(1000);
    struct template t;

    ck_assert_pstr_eq(template_parse(&mem, "<{text}>", names, &t), NULL);
    ck_assert(!template_fill(&out, &t, bad, escape_line));
    buf_clear(&out);
    ck_assert(template_fill(&out, &t, bad, escape_json));
    ck_assert_str_eq(buf_str(&out), "<a\\nb>");
    buf_clear(&out);
    ck_assert(template_fill(&out, &t, absent, escape_line));
    ck_assert_str_eq(buf_str(&out), "<>");
    buf_free(&out);
    arena_done(&mem);
}
END_TEST

SUITE("template", values_are_escaped_and_the_text_is_not,
      what_is_no_template_is_refused_without_quoting_it, a_template_knows_what_it_uses,
      a_value_that_cannot_stand_there_stops_it)
