/* json - strict reading through jansson, and a writer straight into a buf. */
#include "common/base/json.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/utf8.h"

/* Our own words for each kind of fault: jansson's quote the input. */
static const char *const fault_words[] = {
    [json_error_premature_end_of_input] = "the text ends too early",
    [json_error_end_of_input_expected] = "the text goes on after its end",
    [json_error_invalid_syntax] = "the text is not valid JSON",
    [json_error_invalid_utf8] = "a string is not valid UTF-8",
    [json_error_null_character] = "a string holds the character U+0000",
    [json_error_null_byte_in_key] = "a name holds the character U+0000",
    [json_error_duplicate_key] = "a name stands twice in one object",
    [json_error_numeric_overflow] = "a number is too large",
};

static const char *words_for(enum json_error_code code)
{
    if ((size_t)code < sizeof fault_words / sizeof *fault_words && fault_words[code] != NULL)
        return fault_words[code];
    return fault_words[json_error_invalid_syntax];
}

json_t *json_read(const char *text, size_t len, struct error *err)
{
    json_error_t at;
    json_t *doc;

    if (json_is_deeper(text, len, JSON_MAX_DEPTH)) {
        error_set(err, ST_INVALID, "arrays and objects are nested deeper than %d", JSON_MAX_DEPTH);
        return NULL;
    }
    doc = json_loadb(len > 0 ? text : "", len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (doc == NULL)
        error_set(err, ST_INVALID, "line %d, column %d: %s", at.line, at.column,
                  words_for(json_error_code(&at)));
    return doc;
}

/* Just behind the string whose first byte, after the quote, is at i. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
    while (i < len && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
    return i + 1;
}

bool json_is_deeper(const char *text, size_t len, int max)
{
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '"':
            i = skip_string(text, len, i + 1) - 1;
            break;
        case '{':
        case '[':
            if (++depth > max)
                return true;
            break;
        case '}':
        case ']':
            depth--;
            break;
        }
    }
    return false;
}

/* What stands before a value: the comma, and the name if there is one. */
static void begin(struct json_writer *w, const char *name)
{
    if (w->comma)
        buf_addc(w->out, ',');
    w->comma = true;
    if (name == NULL)
        return;
    json_escape(w->out, name, strlen(name));
    buf_addc(w->out, ':');
}

void jw_open(struct json_writer *w, const char *name, char bracket)
{
    begin(w, name);
    buf_addc(w->out, bracket);
    w->comma = false;
}

void jw_close(struct json_writer *w, char bracket)
{
    buf_addc(w->out, bracket);
    w->comma = true;
}

void jw_raw(struct json_writer *w, const char *name, const char *json)
{
    begin(w, name);
    buf_adds(w->out, json == NULL ? "null" : json);
}

void jw_text(struct json_writer *w, const char *name, const char *value)
{
    if (value == NULL) {
        jw_null(w, name);
        return;
    }
    begin(w, name);
    json_escape(w->out, value, strlen(value));
}

void jw_num(struct json_writer *w, const char *name, int64_t value)
{
    begin(w, name);
    buf_add_i64(w->out, value);
}

void jw_bool(struct json_writer *w, const char *name, bool value)
{
    jw_raw(w, name, value ? "true" : "false");
}

void jw_null(struct json_writer *w, const char *name)
{
    jw_raw(w, name, NULL);
}

void jw_time(struct json_writer *w, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];

    jw_text(w, name, wall_ms < 0 ? NULL : clock_format(wall_ms, text));
}

static void add_u_escape(struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char text[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

    buf_add(out, text, sizeof text);
}

static void add_control(struct buf *out, unsigned char c)
{
    static const char letters[' '] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };
    const char pair[] = { '\\', c < ' ' ? letters[c] : '\0' };

    if (pair[1] == '\0')
        add_u_escape(out, c);
    else
        buf_add(out, pair, sizeof pair);
}

/*
 * Writes the character at text in its escaped form and returns its length.  An ill-formed byte
 * becomes U+FFFD: whatever comes in, what goes out is JSON.  C1 controls (U+0080 to U+009F) and DEL
 * are escaped too, since terminals act on them and log lines end up there.
 */
static size_t add_escaped(struct buf *out, const char *text, size_t n)
{
    size_t length = utf8_length(text, n);
    const char pair[] = { '\\', text[0] };

    if (length == 0) {
        buf_adds(out, "\\ufffd");
        return 1;
    }
    if (length == 1 && (text[0] == '"' || text[0] == '\\'))
        buf_add(out, pair, sizeof pair);
    else if (length == 1)
        add_control(out, (unsigned char)text[0]);
    else if (length == 2 && (unsigned char)text[0] == 0xC2 && (unsigned char)text[1] < 0xA0)
        add_u_escape(out, (unsigned char)text[1]);
    else
        buf_add(out, text, length);
    return length;
}

static inline bool is_plain(char c)
{
    return c >= ' ' && c < 0x7F && c != '"' && c != '\\';
}

void json_escape(struct buf *out, const char *text, size_t len)
{
    size_t i = 0;

    buf_addc(out, '"');
    while (i < len) {
        size_t start = i;

        while (i < len && is_plain(text[i]))
            i++;
        buf_add(out, text + start, i - start);
        if (i < len)
            i += add_escaped(out, text + i, len - i);
    }
    buf_addc(out, '"');
}
