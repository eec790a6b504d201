/* Tests of fcgi/router and of the table of fcgi/routes. */
#include "fcgi/router.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/routes.h"
#include "tests/unit/suite.h"

#define ID "01900000-0000-7000-8000-000000000001"

static struct call call;

static void find(enum http_method method, const char *path)
{
    if (call.mem.first != NULL || call.res.body.data != NULL)
        call_done(&call);
    call_init(&call);
    call.req = (struct request){ .method = method, .path = path };
    router_find(&call);
}

static const char *header(const char *name)
{
    for (size_t i = 0; i < call.res.n_headers; i++) {
        if (strcmp(call.res.headers[i].name, name) == 0)
            return call.res.headers[i].value;
    }
    return "(none)";
}

/* A path of this pattern, with an id in its hole. */
static const char *path_of(const char *pattern)
{
    static char path[256];
    const char *hole = strchr(pattern, '{');

    if (hole == NULL)
        snprintf(path, sizeof path, "%s", pattern);
    else
        snprintf(path, sizeof path, "%.*s" ID "%s", (int)(hole - pattern), pattern, strchr(hole, '}') + 1);
    return path;
}

START_TEST(every_route_is_found_by_its_method_and_path)
{
    for (size_t i = 0; i < n_routes; i++) {
        find(routes[i].method, path_of(routes[i].path));
        ck_assert_msg(call.route == &routes[i], "%s", routes[i].path);
        ck_assert(!call.answered);
        if (strchr(routes[i].path, '{') != NULL)
            ck_assert_str_eq(call.id, ID);
        else
            ck_assert_ptr_null(call.id);
    }
    call_done(&call);
}
END_TEST

/* CONTRACT section 3: what can be called, and what it asks of the caller. */
START_TEST(the_routes_that_were_promised_are_there)
{
    static const struct {
        enum http_method method;
        const char *path;
        unsigned needs;
    } rows[] = {
        { HTTP_POST, "/api/v1/messages", NEED_KEY | NEED_QUOTA | NEED_JSON },
        { HTTP_GET, "/api/v1/messages/" ID, NEED_KEY | NEED_QUOTA },
        { HTTP_POST, "/webhooks/twilio", NEED_NOTHING },
        { HTTP_GET, "/health", NEED_NOTHING },
        { HTTP_GET, "/ready", NEED_NOTHING },
        { HTTP_GET, "/version", NEED_NOTHING },
        { HTTP_GET, "/metrics", NEED_NOTHING },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        find(rows[i].method, rows[i].path);
        ck_assert_msg(call.route != NULL, "%s", rows[i].path);
        ck_assert_uint_eq(call.route->needs, rows[i].needs);
    }
    call_done(&call);
}
END_TEST

START_TEST(each_route_is_carried_by_one_handler)
{
    for (size_t i = 0; i < n_routes; i++) {
        ck_assert_msg((routes[i].handle != NULL) != (routes[i].handle_all != NULL), "%s",
                      routes[i].path);
        /* A quota is somebody's. */
        ck_assert((routes[i].needs & NEED_QUOTA) == 0 || (routes[i].needs & NEED_KEY) != 0);
        for (size_t j = 0; j < i; j++)
            ck_assert(routes[i].method != routes[j].method ||
                      strcmp(routes[i].path, routes[j].path) != 0);
    }
}
END_TEST

START_TEST(head_is_get_without_its_body)
{
    for (size_t i = 0; i < n_routes; i++) {
        if (routes[i].method != HTTP_GET)
            continue;
        find(HTTP_HEAD, path_of(routes[i].path));
        ck_assert_ptr_eq(call.route, &routes[i]);
        ck_assert_int_eq(call.req.method, HTTP_HEAD);
    }
    call_done(&call);
}
END_TEST

START_TEST(another_method_is_405_and_says_which_are_allowed)
{
    static const struct {
        enum http_method method;
        const char *path, *allow;
    } rows[] = {
        { HTTP_POST, "/health", "GET, HEAD, OPTIONS" },     { HTTP_DELETE, "/health", "GET, HEAD, OPTIONS" },
        { HTTP_OTHER, "/ready", "GET, HEAD, OPTIONS" },     { HTTP_GET, "/webhooks/twilio", "POST, OPTIONS" },
        { HTTP_HEAD, "/webhooks/twilio", "POST, OPTIONS" }, { HTTP_PUT, "/webhooks/twilio", "POST, OPTIONS" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        find(rows[i].method, rows[i].path);
        ck_assert_ptr_null(call.route);
        ck_assert(call.answered);
        ck_assert_int_eq(call.res.status, 405);
        ck_assert_str_eq(header("Allow"), rows[i].allow);
        ck_assert_ptr_nonnull(strstr(buf_str(&call.res.body), "\"code\":\"method_not_allowed\""));
    }
    call_done(&call);
}
END_TEST

/* Each method on each path: found, or refused with an Allow that does not name it. */
START_TEST(options_tells_what_is_allowed)
{
    find(HTTP_OPTIONS, "/health");
    ck_assert(call.answered);
    ck_assert_int_eq(call.res.status, 204);
    ck_assert_str_eq(header("Allow"), "GET, HEAD, OPTIONS");
    find(HTTP_OPTIONS, "/api/v1/messages/bulk"); /* a path of its own, before {id} */
    ck_assert_str_eq(header("Allow"), "POST, OPTIONS");
    find(HTTP_OPTIONS, "/nothing");
    ck_assert_int_eq(call.res.status, 404);
    call_done(&call);
}
END_TEST

START_TEST(what_is_refused_is_not_allowed_and_what_is_allowed_is_found)
{
    for (size_t i = 0; i < n_routes; i++) {
        for (int m = 0; m < HTTP_METHODS; m++) {
            char allow[80], name[16];

            find((enum http_method)m, path_of(routes[i].path));
            if (call.route != NULL || m == HTTP_OPTIONS)
                continue;
            ck_assert_int_eq(call.res.status, 405);
            snprintf(allow, sizeof allow, " %s,", header("Allow"));
            snprintf(name, sizeof name, " %s,", http_method_name((enum http_method)m));
            ck_assert_ptr_null(strstr(allow, name));
            snprintf(name, sizeof name, " %s,", http_method_name(routes[i].method));
            ck_assert_ptr_nonnull(strstr(allow, name));
        }
    }
    call_done(&call);
}
END_TEST

START_TEST(every_other_path_is_404)
{
    static const char *const paths[] = {
        "",
        "/",
        "//",
        "/healthy",
        "/healt",
        "/health/",
        "//health",
        "/Health",
        "/health ",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/messages",
        "/api/v1/messages/",
        "/api/v1/messages//",
        "/api/v1/messages//recipients",
        "/api/v1/messages//events",
        "/api/v1/messages/" ID "/",
        "/api/v1/messages/" ID "/nothing",
        "/api/v1/messages/{id}/x",
        "/webhooks",
        "/webhooks/",
        "/webhooks/pigeon",
        "/{id}",
    };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (int m = 0; m < HTTP_METHODS; m++) {
            find((enum http_method)m, paths[i]);
            ck_assert_msg(call.route == NULL && call.answered && call.res.status == 404, "%s: %d",
                          paths[i], call.res.status);
            ck_assert_ptr_nonnull(strstr(buf_str(&call.res.body), "\"code\":\"not_found\""));
            ck_assert_str_eq(header("Allow"), "(none)");
        }
    }
    call_done(&call);
}
END_TEST

START_TEST(an_id_is_one_whole_segment)
{
    find(HTTP_GET, "/api/v1/messages/x");
    ck_assert_str_eq(call.id, "x");
    find(HTTP_GET, "/api/v1/messages/{id}");
    ck_assert_str_eq(call.id, "{id}");
    find(HTTP_GET, "/api/v1/messages/a b?\xc3\xab");
    ck_assert_str_eq(call.id, "a b?\xc3\xab");
    call_done(&call);
}
END_TEST

SUITE("router", every_route_is_found_by_its_method_and_path,
      the_routes_that_were_promised_are_there, each_route_is_carried_by_one_handler,
      head_is_get_without_its_body, another_method_is_405_and_says_which_are_allowed,
      options_tells_what_is_allowed,
      what_is_refused_is_not_allowed_and_what_is_allowed_is_found, every_other_path_is_404,
      an_id_is_one_whole_segment)
