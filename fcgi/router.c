/* router - matching paths against the table. */
#include "fcgi/router.h"

#include <string.h>

#include "fcgi/problem.h"
#include "fcgi/routes.h"

/* Walks pattern and path together; {id}, or another name in braces, takes one segment that is not empty. */
static bool fits(const char *pattern, const char *path, struct arena *mem, const char **id)
{
    *id = NULL;
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern == '{') {
            size_t len = strcspn(path, "/");

            if (len == 0)
                return false;
            *id = arena_strndup(mem, path, len);
            pattern += strcspn(pattern, "}") + 1;
            path += len;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

static void add_method(char *list, size_t size, const char *name)
{
    if (list[0] != '\0')
        strncat(list, ", ", size - strlen(list) - 1);
    strncat(list, name, size - strlen(list) - 1);
}

/* The path is known, the method is not: what would be right. */
static void tell_allowed(struct call *call, const char *allowed)
{
    const char *list = arena_strdup(&call->mem, allowed);

    response_header(&call->res, "Allow", list);
    if (call->req.method == HTTP_OPTIONS) {
        call->res.status = 204;
        call->answered = true;
    } else {
        problem_answer(call, PROBLEM_METHOD_NOT_ALLOWED,
                       arena_printf(&call->mem, "Allowed here: %s.", list), NULL);
    }
}

void router_find(struct call *call)
{
    enum http_method wanted = call->req.method == HTTP_HEAD ? HTTP_GET : call->req.method;
    const char *fitting = NULL; /* the first pattern that fits is the path's own */
    char allowed[64] = "";

    for (size_t i = 0; i < n_routes; i++) {
        const char *id;

        if (!fits(routes[i].path, call->req.path, &call->mem, &id))
            continue;
        if (fitting != NULL && strcmp(fitting, routes[i].path) != 0)
            continue;
        fitting = routes[i].path;
        if (routes[i].method == wanted) {
            call->route = &routes[i];
            call->id = id;
            return;
        }
        add_method(allowed, sizeof allowed, http_method_name(routes[i].method));
        if (routes[i].method == HTTP_GET)
            add_method(allowed, sizeof allowed, "HEAD");
    }
    add_method(allowed, sizeof allowed, "OPTIONS");
    if (fitting != NULL)
        tell_allowed(call, allowed);
    else
        problem_answer(call, PROBLEM_NOT_FOUND, "There is nothing at this path.", NULL);
}
