/* template - taken apart once, filled in often. */
#include "common/base/template.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int find_name(const char *const names[], const char *text, size_t len)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
            return i;
    return -1;
}

/* "{to}, {from} and so on", for the fault that finds an unknown one. */
static const char *list_names(struct arena *mem, const char *const names[])
{
    const char *list = "";

    for (int i = 0; names[i] != NULL; i++)
        list = arena_printf(mem, "%s%s{%s}", list, i > 0 ? ", " : "", names[i]);
    return list;
}

static size_t name_length(const char *at)
{
    size_t len = 0;

    while (is_letter(at[len]) || (len > 0 && at[len] == '_'))
        len++;
    return len;
}

/* How long the text at `at` goes on without a brace that says something; *piece is that text. */
static size_t take_text(const char *at, struct template_piece *piece)
{
    size_t len = 0;
    bool doubled;

    while (at[len] != '\0' &&
           !(at[len] == '{' && (at[len + 1] == '{' || name_length(at + len + 1))))
        len++;
    doubled = at[len] == '{' && at[len + 1] == '{';
    *piece = (struct template_piece){ .text = at, .len = len + doubled, .name = -1 };
    return len + 2 * doubled;
}

static size_t count_pieces(const char *text)
{
    size_t n = 1;

    for (; *text != '\0'; text++)
        n += 2 * (*text == '{');
    return n;
}

const char *template_parse(struct arena *mem, const char *text, const char *const names[],
                           struct template *out)
{
    struct template t = { .pieces = ARENA_ARRAY(mem, struct template_piece, count_pieces(text)) };
    const char *at = arena_strdup(mem, text), *start = at;

    while (*at != '\0') {
        struct template_piece *piece = &t.pieces[t.count++];
        size_t len = *at == '{' ? name_length(at + 1) : 0;

        if (len == 0) {
            at += take_text(at, piece);
            continue;
        }
        *piece = (struct template_piece){ .name = find_name(names, at + 1, len) };
        if (at[1 + len] != '}')
            return arena_printf(mem,
                                "opens a placeholder at byte %td that no } closes behind its name; "
                                "a { itself is written {{",
                                at - start + 1);
        if (piece->name < 0)
            return arena_printf(mem, "names an unknown placeholder at byte %td; there are %s",
                                at - start + 1, list_names(mem, names));
        at += len + 2;
    }
    *out = t;
    return NULL;
}

bool template_uses(const struct template *t, int name)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->pieces[i].text == NULL && t->pieces[i].name == name)
            return true;
    return false;
}

bool template_is_bare(const struct template *t)
{
    return t->count == 1 && t->pieces[0].text == NULL;
}

bool template_fill(struct buf *out, const struct template *t, const char *const values[],
                   escape_fn escape)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct template_piece *piece = &t->pieces[i];

        if (piece->text != NULL)
            buf_add(out, piece->text, piece->len);
        else if (values[piece->name] != NULL && !escape(out, values[piece->name]))
            return false;
    }
    return true;
}
