/* escape - one function a form. */
#include "common/base/escape.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/urlform.h"
#include "common/base/utf8.h"

bool escape_percent(struct buf *out, const char *value)
{
    urlform_encode(out, value);
    return true;
}

bool escape_json(struct buf *out, const char *value)
{
    struct buf quoted = BUF_INIT(6 * strlen(value) + 2);

    json_escape(&quoted, value, strlen(value));
    buf_add(out, quoted.data + 1, quoted.len - 2);
    buf_free(&quoted);
    return true;
}

/* NULL: the byte stands for itself, or begins a longer character. */
static const char *xml_reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    /* By number: a reader makes blanks of them in attributes, and '\n' of '\r' everywhere. */
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    }
    return NULL;
}

/* U+FFFE and U+FFFF are well-formed UTF-8, and no characters of XML. */
static bool is_xml_character(const char *text, size_t length)
{
    if (length == 1)
        return (unsigned char)*text >= ' ';
    return length != 3 ||
           (memcmp(text, "\xEF\xBF\xBE", 3) != 0 && memcmp(text, "\xEF\xBF\xBF", 3) != 0);
}

bool escape_xml(struct buf *out, const char *value)
{
    for (size_t left = strlen(value), step; left > 0; value += step, left -= step) {
        size_t length = utf8_length(value, left);
        const char *reference = xml_reference(*value);

        step = length > 0 ? length : 1;
        if (reference != NULL)
            buf_adds(out, reference);
        else if (length > 0 && is_xml_character(value, length))
            buf_add(out, value, length);
        else
            buf_adds(out, "&#xFFFD;");
    }
    return true;
}

/* C1 controls (U+0080 to U+009F) too: some readers take U+0085 for a line break. */
static bool is_control(const char *text, size_t length)
{
    unsigned char c = (unsigned char)text[0], next = length == 2 ? (unsigned char)text[1] : 0;

    return length == 1 ? c < ' ' || c == 0x7F : c == 0xC2 && next >= 0x80 && next < 0xA0;
}

static bool add_plain(struct buf *out, const char *value, const char *allowed)
{
    size_t len = strlen(value), step;

    for (size_t i = 0; i < len; i += step) {
        step = utf8_length(value + i, len - i);
        if (step == 0 || (is_control(value + i, step) && strchr(allowed, value[i]) == NULL))
            return false;
    }
    buf_add(out, value, len);
    return true;
}

bool escape_line(struct buf *out, const char *value)
{
    return add_plain(out, value, "");
}

bool escape_text(struct buf *out, const char *value)
{
    return add_plain(out, value, "\t\n\r");
}
