/* Tests of common/base/escape: values stay values, whatever text they stand in. */
#include "common/base/escape.h"

#include <string.h>

#include "tests/unit/suite.h"

/* Checks out of one function: NULL: it refuses. */
static void check(escape_fn escape, const char *value, const char *wanted)
{
    struct buf out = BUF_INIT(1000);

    ck_assert_msg(escape(&out, value) == (wanted != NULL), "%s", value);
    if (wanted != NULL)
        ck_assert_str_eq(buf_str(&out), wanted);
    buf_free(&out);
}

START_TEST(a_url_gets_only_what_needs_no_escape)
{
    check(escape_percent, "", "");
    check(escape_percent, "azAZ09-._~", "azAZ09-._~");
    check(escape_percent, "+1 5&a=b?c#d/e%f;g@h:i", "%2B1%205%26a%3Db%3Fc%23d%2Fe%25f%3Bg%40h%3Ai");
    check(escape_percent, "\r\n\t\x7F\"<>\\^`{|}'", "%0D%0A%09%7F%22%3C%3E%5C%5E%60%7B%7C%7D%27");
    check(escape_percent, "\xC3\xBC\xF0\x9F\x8E\x89\xFF", "%C3%BC%F0%9F%8E%89%FF");
}
END_TEST

START_TEST(json_stays_within_its_quotes)
{
    check(escape_json, "", "");
    check(escape_json, "plain /<>&'", "plain /<>&'");
    check(escape_json, "\"\\\b\f\n\r\t\x01\x1F\x7F",
          "\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f");
    check(escape_json, "\xC3\xBC\xF0\x9F\x8E\x89", "\xC3\xBC\xF0\x9F\x8E\x89");
    check(escape_json, "\xC2\x85", "\\u0085");
    check(escape_json, "\xFF\xC3", "\\ufffd\\ufffd");
}
END_TEST

START_TEST(xml_gets_no_markup_and_only_its_own_characters)
{
    check(escape_xml, "", "");
    check(escape_xml, "a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;");
    check(escape_xml, "]]>", "]]&gt;");
    check(escape_xml, "\t\n\r", "&#9;&#10;&#13;");
    check(escape_xml, "\x01\x08\x0B\x1F", "&#xFFFD;&#xFFFD;&#xFFFD;&#xFFFD;");
    check(escape_xml, "\x7F\xC2\x85\xC3\xBC\xF0\x9F\x8E\x89",
          "\x7F\xC2\x85\xC3\xBC\xF0\x9F\x8E\x89");
    check(escape_xml, "\xEF\xBF\xBD\xEF\xBF\xBE\xEF\xBF\xBF", "\xEF\xBF\xBD&#xFFFD;&#xFFFD;");
    check(escape_xml,
          "a\xFF"
          "b\xED\xA0\x80",
          "a&#xFFFD;b&#xFFFD;&#xFFFD;&#xFFFD;");
}
END_TEST

START_TEST(a_line_holds_no_control_character)
{
    check(escape_line, "", "");
    check(escape_line, "plain: |\"<>&{}' \xC3\xBC\xC2\xA0\xF0\x9F\x8E\x89",
          "plain: |\"<>&{}' \xC3\xBC\xC2\xA0\xF0\x9F\x8E\x89");
    check(escape_line, "a\nb", NULL);
    check(escape_line, "a\r", NULL);
    check(escape_line, "\tb", NULL);
    check(escape_line, "\x01", NULL);
    check(escape_line, "\x1F", NULL);
    check(escape_line, "\x7F", NULL);
    check(escape_line, "\xC2\x80", NULL);
    check(escape_line, "\xC2\x9F", NULL);
    check(escape_line, "\xFF", NULL);
    check(escape_line, "\xC3", NULL);
}
END_TEST

START_TEST(a_text_holds_line_breaks_and_tabs_too)
{
    check(escape_text, "a\tb\r\nc\n", "a\tb\r\nc\n");
    check(escape_text, "\x0B", NULL);
    check(escape_text, "\x1B[0m", NULL);
    check(escape_text, "\x7F", NULL);
    check(escape_text, "\xC2\x85", NULL);
    check(escape_text, "\xE2\x82", NULL);
}
END_TEST

SUITE("escape", a_url_gets_only_what_needs_no_escape, json_stays_within_its_quotes,
      xml_gets_no_markup_and_only_its_own_characters, a_line_holds_no_control_character,
      a_text_holds_line_breaks_and_tabs_too)
