/* slice - one scan over strings and brackets, under everything else. */
#include "fcgi/webhooks/slice.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    return (struct slice){ at, end };
}

/* The quote that closes the string which begins at `at`, or end. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && ++at == end)
            break;
    return at;
}

/* The first of two marks that stands outside of strings and of brackets opened here; or end. */
static const char *find_mark(const char *at, const char *end, char mark)
{
    for (long depth = 0; at < end; at++) {
        switch (*at) {
        case '"':
            at = string_end(at, end);
            if (at == end)
                return end;
            break;
        case '[':
        case '{':
            depth++;
            break;
        case ']':
        case '}':
            if (depth-- == 0)
                return at;
            break;
        default:
            if (*at == mark && depth == 0)
                return at;
        }
    }
    return end;
}

static bool is_bracketed(struct slice s, char bracket)
{
    char closing = bracket == '[' ? ']' : '}';

    return s.at != NULL && s.end - s.at >= 2 && *s.at == bracket && s.end[-1] == closing;
}

bool slice_open(const char *text, size_t len, char bracket, struct slice *out)
{
    struct slice s;

    if (len == 0)
        return false;
    s = trim(text, text + len);
    if (!is_bracketed(s, bracket))
        return false;
    /* A comma counts at depth 0 only, where there is nothing but our own closing bracket. */
    for (const char *at = s.at + 1; at < s.end; at++) {
        at = find_mark(at, s.end, ',');
        if (at == s.end)
            return false;
        if (*at != ',' && at != s.end - 1)
            return false;
    }
    *out = s;
    return true;
}

struct slice_walk slice_elements(struct slice array)
{
    struct slice within;

    if (!is_bracketed(array, '['))
        return (struct slice_walk){ NULL, NULL };
    within = trim(array.at + 1, array.end - 1);
    if (within.at == within.end)
        return (struct slice_walk){ NULL, NULL };
    return (struct slice_walk){ within.at, within.end };
}

/* at is NULL behind the last part. */
bool slice_next(struct slice_walk *w, struct slice *out)
{
    const char *stop;

    if (w->at == NULL)
        return false;
    stop = find_mark(w->at, w->end, ',');
    *out = trim(w->at, stop);
    w->at = stop < w->end ? stop + 1 : NULL;
    return true;
}

size_t slice_count(struct slice array)
{
    struct slice_walk w = slice_elements(array);
    struct slice element;
    size_t n = 0;

    while (slice_next(&w, &element))
        n++;
    return n;
}

/* Names are compared as they are written: no provider escapes the letters of its own. */
static bool is_named(struct slice part, const char *name)
{
    size_t len = strlen(name);

    return (size_t)(part.end - part.at) >= len + 2 && part.at[0] == '"' &&
           memcmp(part.at + 1, name, len) == 0 && part.at[len + 1] == '"';
}

struct slice slice_member(struct slice object, const char *name)
{
    struct slice_walk w = { 0 };
    struct slice part;

    if (is_bracketed(object, '{'))
        w = (struct slice_walk){ object.at + 1, object.end - 1 };
    while (slice_next(&w, &part)) {
        const char *colon = find_mark(part.at, part.end, ':');

        if (colon < part.end && *colon == ':' && is_named(trim(part.at, colon), name))
            return trim(colon + 1, part.end);
    }
    return (struct slice){ NULL, NULL };
}

json_t *slice_read(struct slice s)
{
    struct error unreadable;

    return s.at == NULL ? NULL : json_read(s.at, (size_t)(s.end - s.at), &unreadable);
}

const char *slice_text(struct arena *mem, struct slice s)
{
    SCOPED(json_t) value = slice_read(s);

    return arena_strdup(mem, json_string_value(value));
}
