#ifndef TESTS_UNIT_MANUAL_H
#define TESTS_UNIT_MANUAL_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
/*
 * manual - the examples of docs/configuration.md and its neighbours, for tests that hold them to what
 * they promise.
 */
#define MANUAL_BYTES 200000

static inline const char *manual_read(struct arena *mem, const char *name)
{
    const char *top = getenv("top_srcdir");
    const char *path = arena_printf(mem, "%s/docs/%s", top != NULL ? top : ".", name);
    char *text = arena_zero(mem, MANUAL_BYTES + 1);
    FILE *f = fopen(path, "r");

    ck_assert_msg(f != NULL, "%s can't be opened", path);
    ck_assert_uint_lt(fread(text, 1, MANUAL_BYTES, f), MANUAL_BYTES);
    fclose(f);
    return text;
}

/* The part of the manual under "### `kind = KIND`", up to the next heading of that depth. */
static inline const char *manual_kind(struct arena *mem, const char *kind)
{
    const char *text = manual_read(mem, "configuration.md"), *at, *end;

    at = strstr(text, arena_printf(mem, "\n### `kind = %s`\n", kind));
    ck_assert_msg(at != NULL, "the manual has no part for the kind %s", kind);
    end = strstr(at + 1, "\n### ");
    return end == NULL ? at : arena_strndup(mem, at, (size_t)(end - at));
}

/* The next block of ini from *at on, which moves behind it; NULL: there is none. */
static inline const char *manual_next_example(struct arena *mem, const char **at)
{
    static const char open[] = "\n```ini\n", shut[] = "\n```\n";
    const char *begin = strstr(*at, open), *end;

    if (begin == NULL)
        return NULL;
    begin += strlen(open);
    end = strstr(begin, shut);
    ck_assert_msg(end != NULL, "a block of ini does not end");
    *at = end + strlen(shut);
    return arena_strndup(mem, begin, (size_t)(end - begin) + 1);
}

/* The example that describes [provider.NAME]. */
static inline const char *manual_example(struct arena *mem, const char *kind, const char *name)
{
    const char *part = manual_kind(mem, kind), *example;
    const char *head = arena_printf(mem, "[provider.%s]\n", name);

    while ((example = manual_next_example(mem, &part)) != NULL)
        if (strncmp(example, head, strlen(head)) == 0)
            return example;
    ck_abort_msg("the manual has no example %s", head);
    return NULL;
}
#endif
