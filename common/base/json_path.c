/* json_path - a walk, step by step. */
#include "common/base/json_path.h"

#include <stdlib.h>
#include <string.h>

static int index_of(const char *step, size_t len)
{
    size_t digits = strspn(step, "0123456789");

    return digits >= 1 && digits <= 6 && digits == len ? atoi(step) : -1;
}

int json_path_index(const char *step)
{
    return index_of(step, strlen(step));
}

const json_t *json_path_find(const json_t *doc, const char *path, struct arena *mem)
{
    const json_t *at = doc;

    while (at != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        const char *step = arena_strndup(mem, path, len);
        int index = json_path_index(step);

        if (!json_is_array(at))
            at = json_object_get(at, step);
        else
            at = index >= 0 ? json_array_get(at, (size_t)index) : NULL;
        path += len + (path[len] == '.');
    }
    return at;
}

const char *json_path_text(const json_t *doc, const char *path, struct arena *mem)
{
    const json_t *value = json_path_find(doc, path, mem);

    if (json_is_integer(value))
        return arena_printf(mem, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    return arena_strdup(mem, json_string_value(value));
}

/* ---- from the bytes ---- */

struct skim {
    const char *at, *end;
    const char *value; /* what the path leads to, and where that ends */
    const char *value_end;
    int times; /* it was met */
};

static bool next_is(const struct skim *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static bool take(struct skim *s, char c)
{
    bool there = next_is(s, c);

    s->at += there;
    return there;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct skim *s)
{
    while (s->at < s->end && is_blank(*s->at))
        s->at++;
}

/* Up to the quote before which an even number of backslashes stands. */
static bool skip_string(struct skim *s)
{
    const char *start, *quote, *slash;

    if (!take(s, '"'))
        return false;
    for (start = s->at; (quote = memchr(s->at, '"', (size_t)(s->end - s->at))) != NULL;) {
        s->at = quote + 1;
        for (slash = quote; slash > start && slash[-1] == '\\';)
            slash--;
        if ((quote - slash) % 2 == 0)
            return true;
    }
    return false;
}

static bool skip_nested(struct skim *s)
{
    size_t depth = 0;

    while (s->at < s->end) {
        char c = *s->at;

        if (c == '"') {
            if (!skip_string(s))
                return false;
            continue;
        }
        s->at++;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        if (depth == 0)
            return true;
    }
    return false;
}

static bool ends_word(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ':' || c == '"' || is_blank(c);
}

static bool skip_value(struct skim *s)
{
    const char *start;

    if (next_is(s, '"'))
        return skip_string(s);
    if (next_is(s, '{') || next_is(s, '['))
        return skip_nested(s);
    for (start = s->at; s->at < s->end && !ends_word(*s->at);)
        s->at++;
    return s->at > start;
}

static bool walk(struct skim *s, const char *path);

/* A name with an escape may be the wanted one: only the document tells. */
static bool walk_members(struct skim *s, const char *step, size_t step_len, const char *rest)
{
    do {
        const char *name;
        size_t len;
        bool is_it;

        skip_blanks(s);
        name = s->at + 1;
        if (!skip_string(s))
            return false;
        len = (size_t)(s->at - name) - 1;
        if (memchr(name, '\\', len) != NULL)
            return false;
        is_it = len == step_len && memcmp(name, step, len) == 0;
        skip_blanks(s);
        if (!take(s, ':'))
            return false;
        skip_blanks(s);
        if (is_it ? !walk(s, rest) : !skip_value(s))
            return false;
        skip_blanks(s);
    } while (take(s, ','));
    return take(s, '}');
}

static bool walk_elements(struct skim *s, int index, const char *rest)
{
    int i = 0;

    do {
        skip_blanks(s);
        if (i++ == index ? !walk(s, rest) : !skip_value(s))
            return false;
        skip_blanks(s);
    } while (take(s, ','));
    return take(s, ']');
}

/* Over one value, and down where the path leads: nowhere in what is empty. */
static bool walk(struct skim *s, const char *path)
{
    size_t len = strcspn(path, ".");
    const char *rest = path + len + (path[len] == '.');

    if (*path == '\0') {
        s->value = s->at;
        s->times++;
        if (!skip_value(s))
            return false;
        s->value_end = s->at;
        return true;
    }
    if (take(s, '{'))
        return walk_members(s, path, len, rest);
    if (take(s, '['))
        return walk_elements(s, index_of(path, len), rest);
    return skip_value(s);
}

static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~' || text[i] == '\\')
            return false;
    }
    return true;
}

const char *json_path_skim(const char *text, size_t len, const char *path, struct arena *mem)
{
    struct skim s = { .at = text, .end = text + len };

    skip_blanks(&s);
    if (!walk(&s, path))
        return NULL;
    skip_blanks(&s);
    if (s.at != s.end || s.times != 1)
        return NULL;
    if (*s.value != '"')
        return NULL;
    text = s.value + 1;
    len = (size_t)(s.value_end - text) - 1;
    return is_plain(text, len) ? arena_strndup(mem, text, len) : NULL;
}
