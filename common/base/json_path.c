/* json_path - a walk, step by step. */
#include "common/base/json_path.h"

#include <stdlib.h>
#include <string.h>

int json_path_index(const char *step)
{
    size_t digits = strspn(step, "0123456789");

    return digits >= 1 && digits <= 6 && step[digits] == '\0' ? atoi(step) : -1;
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
