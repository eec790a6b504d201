/* Tests of fcgi/request: one request out of what each web server sends. */
#include "fcgi/request.h"

#include <string.h>

#include "tests/unit/suite.h"

static struct arena mem;

static struct request read_params(const char *mount, const char *const params[])
{
    struct request r;

    request_read(&mem, (char *const *)(uintptr_t)params, mount, &r);
    return r;
}
#define READ(...) read_params("", (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

/* ---- what the servers send ---- */

/* lighttpd: SCRIPT_NAME and PATH_INFO split the path; CONTENT_LENGTH is always there. */
START_TEST(a_request_of_lighttpd_is_read)
{
    struct request r =
        READ("CONTENT_LENGTH=34", "QUERY_STRING=dry=1", "REQUEST_URI=/api/v1/messages?dry=1",
             "REDIRECT_STATUS=200", "SCRIPT_NAME=/api", "PATH_INFO=/v1/messages",
             "PATH_TRANSLATED=/srv/v1/messages", "SCRIPT_FILENAME=/srv/api", "DOCUMENT_ROOT=/srv",
             "REQUEST_METHOD=POST", "SERVER_PROTOCOL=HTTP/1.1", "SERVER_SOFTWARE=lighttpd/1.4.69",
             "GATEWAY_INTERFACE=CGI/1.1", "REQUEST_SCHEME=http", "SERVER_PORT=80",
             "SERVER_NAME=api.example.com", "REMOTE_ADDR=192.0.2.7",
             "HTTP_HOST=api.example.com:8080", "HTTP_AUTHORIZATION=Bearer nsk_x",
             "CONTENT_TYPE=application/json", "HTTP_CONTENT_LENGTH=34");

    ck_assert_int_eq(r.method, HTTP_POST);
    ck_assert_str_eq(r.path, "/api/v1/messages");
    ck_assert_str_eq(r.query, "dry=1");
    ck_assert_str_eq(r.target, "/api/v1/messages?dry=1");
    ck_assert_str_eq(r.content_type, "application/json");
    ck_assert_str_eq(r.api_key, "nsk_x");
    ck_assert_int_eq(r.content_length, 34);
    ck_assert_ptr_null(r.request_id);
    arena_done(&mem);
}
END_TEST

/* nginx: SCRIPT_NAME is the whole path, no PATH_INFO, and empty values for what is not there. */
START_TEST(a_request_of_nginx_is_read)
{
    struct request r = READ(
        "QUERY_STRING=", "REQUEST_METHOD=GET",
        "CONTENT_TYPE=", "CONTENT_LENGTH=", "SCRIPT_NAME=/api/v1/messages/a b",
        "REQUEST_URI=/api/v1/messages/a%20b", "DOCUMENT_URI=/api/v1/messages/a b",
        "DOCUMENT_ROOT=/usr/share/nginx/html", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_SCHEME=https",
        "HTTPS=on", "GATEWAY_INTERFACE=CGI/1.1", "SERVER_SOFTWARE=nginx/1.22.1",
        "REMOTE_ADDR=192.0.2.7", "REMOTE_PORT=40000", "SERVER_ADDR=192.0.2.1", "SERVER_PORT=443",
        "SERVER_NAME=api.example.com", "REDIRECT_STATUS=200", "HTTP_HOST=api.example.com",
        "HTTP_X_API_KEY=nsk_x", "HTTP_X_REQUEST_ID=req-1");

    ck_assert_int_eq(r.method, HTTP_GET);
    ck_assert_str_eq(r.path, "/api/v1/messages/a b");
    ck_assert_str_eq(r.query, "");
    ck_assert_str_eq(r.content_type, "");
    ck_assert_str_eq(r.api_key, "nsk_x");
    ck_assert_str_eq(r.request_id, "req-1");
    ck_assert_int_eq(r.content_length, -1);
    ck_assert(!r.bad_content_length);
    arena_done(&mem);
}
END_TEST

/* Apache mod_proxy_fcgi: a streamed body comes without CONTENT_LENGTH. */
START_TEST(a_request_of_apache_is_read)
{
    struct request r = READ(
        "HTTP_TRANSFER_ENCODING=chunked", "CONTENT_TYPE=application/json", "HTTP_X_API_KEY=nsk_x",
        "PATH=/usr/bin", "SERVER_SIGNATURE=", "SERVER_SOFTWARE=Apache/2.4.71 (Debian)",
        "SERVER_NAME=api.example.com", "SERVER_ADDR=192.0.2.1", "SERVER_PORT=80",
        "REMOTE_ADDR=192.0.2.7", "DOCUMENT_ROOT=/var/www/html", "REQUEST_SCHEME=http",
        "CONTEXT_PREFIX=", "SERVER_ADMIN=root@example.com",
        "SCRIPT_FILENAME=proxy:fcgi://localhost/api/v1/messages", "GATEWAY_INTERFACE=CGI/1.1",
        "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=POST",
        "QUERY_STRING=", "REQUEST_URI=/api/v1/messages", "SCRIPT_NAME=/api/v1/messages",
        "FCGI_ROLE=RESPONDER");

    ck_assert_int_eq(r.method, HTTP_POST);
    ck_assert_str_eq(r.path, "/api/v1/messages");
    ck_assert_int_eq(r.content_length, -1);
    ck_assert(!r.bad_content_length);
    ck_assert_str_eq(r.api_key, "nsk_x");
    arena_done(&mem);
}
END_TEST

START_TEST(nothing_at_all_is_read_too)
{
    struct request r = READ();

    ck_assert_int_eq(r.method, HTTP_OTHER);
    ck_assert_str_eq(r.path, "");
    ck_assert_str_eq(r.query, "");
    ck_assert_str_eq(r.target, "");
    ck_assert_ptr_null(r.content_type);
    ck_assert_ptr_null(r.api_key);
    ck_assert_ptr_null(r.request_id);
    ck_assert_int_eq(r.content_length, -1);
    arena_done(&mem);
}
END_TEST

/* ---- parameters and headers ---- */

START_TEST(a_parameter_is_found_by_its_whole_name)
{
    struct request r = READ("NAMES=no", "NAM=no", "NAME=first=1", "NAME=second",
                            "EMPTY=", "NOVALUE", "HTTP_X_TWILIO_SIGNATURE=s");

    ck_assert_str_eq(request_param(&r, "NAME"), "first=1");
    ck_assert_str_eq(request_param(&r, "EMPTY"), "");
    ck_assert_ptr_null(request_param(&r, "NOVALUE"));
    ck_assert_ptr_null(request_param(&r, "name"));
    ck_assert_ptr_null(request_param(&r, ""));
    ck_assert_str_eq(request_header(&r, "X-Twilio-Signature"), "s");
    ck_assert_str_eq(request_header(&r, "x-twilio-SIGNATURE"), "s");
    ck_assert_ptr_null(request_header(&r, "X-Twilio"));
    ck_assert_ptr_null(
        request_header(&r, "A-Header-Name-That-Is-Longer-Than-Any-That-We-Will-Ever-Ask-For-Here"));
    arena_done(&mem);
}
END_TEST

START_TEST(methods_are_known_by_their_exact_names)
{
    static const struct {
        const char *param;
        enum http_method method;
    } rows[] = {
        { "REQUEST_METHOD=GET", HTTP_GET },         { "REQUEST_METHOD=HEAD", HTTP_HEAD },
        { "REQUEST_METHOD=POST", HTTP_POST },       { "REQUEST_METHOD=PUT", HTTP_PUT },
        { "REQUEST_METHOD=PATCH", HTTP_PATCH },     { "REQUEST_METHOD=DELETE", HTTP_DELETE },
        { "REQUEST_METHOD=OPTIONS", HTTP_OPTIONS }, { "REQUEST_METHOD=BREW", HTTP_OTHER },
        { "REQUEST_METHOD=get", HTTP_OTHER },       { "REQUEST_METHOD=", HTTP_OTHER },
        { "REQUEST_METHOD=GETS", HTTP_OTHER },      { "REQUEST_METHOD=OTHER", HTTP_OTHER },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(READ(rows[i].param).method == rows[i].method, "%s", rows[i].param);
    ck_assert_str_eq(http_method_name(HTTP_DELETE), "DELETE");
}
END_TEST

START_TEST(a_content_length_is_digits_or_a_fault)
{
    static const struct {
        const char *param;
        int64_t length; /* -2: a fault */
    } rows[] = {
        { "CONTENT_LENGTH=0", 0 },
        { "CONTENT_LENGTH=8388608", 8388608 },
        { "CONTENT_LENGTH=007", 7 },
        { "CONTENT_LENGTH=", -1 },
        { "OTHER=1", -1 },
        { "CONTENT_LENGTH=999999999999999999", 999999999999999999 },
        { "CONTENT_LENGTH=9999999999999999999", -2 },
        { "CONTENT_LENGTH=18446744073709551616", -2 },
        { "CONTENT_LENGTH=-1", -2 },
        { "CONTENT_LENGTH=+1", -2 },
        { "CONTENT_LENGTH= 1", -2 },
        { "CONTENT_LENGTH=1 ", -2 },
        { "CONTENT_LENGTH=1,1", -2 },
        { "CONTENT_LENGTH=0x10", -2 },
        { "CONTENT_LENGTH=1e3", -2 },
        { "CONTENT_LENGTH=ten", -2 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r = READ(rows[i].param);

        ck_assert_msg(r.bad_content_length == (rows[i].length == -2), "%s", rows[i].param);
        ck_assert_int_eq(r.content_length, rows[i].length == -2 ? -1 : rows[i].length);
    }
}
END_TEST

/* ---- who calls ---- */

START_TEST(a_key_comes_in_its_own_header_or_as_a_bearer)
{
    static const struct {
        const char *own, *authorization, *key;
    } rows[] = {
        { "X=", "X=", NULL },
        { "HTTP_X_API_KEY=nsk_a", "X=", "nsk_a" },
        { "HTTP_X_API_KEY=", "X=", NULL },
        { "X=", "HTTP_AUTHORIZATION=Bearer nsk_b", "nsk_b" },
        { "X=", "HTTP_AUTHORIZATION=bearer nsk_b", "nsk_b" },
        { "X=", "HTTP_AUTHORIZATION=BEARER   nsk_b", "nsk_b" },
        { "HTTP_X_API_KEY=nsk_a", "HTTP_AUTHORIZATION=Bearer nsk_b", "nsk_a" },
        { "HTTP_X_API_KEY=", "HTTP_AUTHORIZATION=Bearer nsk_b", "nsk_b" },
        { "X=", "HTTP_AUTHORIZATION=Basic bnNrX2I6", NULL },
        { "X=", "HTTP_AUTHORIZATION=Bearer", NULL },
        { "X=", "HTTP_AUTHORIZATION=Bearernsk_b", NULL },
        { "X=", "HTTP_AUTHORIZATION=nsk_b", NULL },
        { "X=", "HTTP_AUTHORIZATION=", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r = READ(rows[i].own, rows[i].authorization);

        if (rows[i].key == NULL)
            ck_assert_msg(r.api_key == NULL, "%s, %s", rows[i].own, rows[i].authorization);
        else
            ck_assert_str_eq(r.api_key, rows[i].key);
    }
}
END_TEST

START_TEST(a_request_id_is_1_to_128_printable_ascii_characters)
{
    char longest[18 + 129 + 1] = "HTTP_X_REQUEST_ID=";

    ck_assert_str_eq(READ("HTTP_X_REQUEST_ID=x").request_id, "x");
    ck_assert_str_eq(READ("HTTP_X_REQUEST_ID=~ a/b:c\"").request_id, "~ a/b:c\"");
    ck_assert_ptr_null(READ("HTTP_X_REQUEST_ID=").request_id);
    ck_assert_ptr_null(READ("HTTP_X_REQUEST_ID=a\tb").request_id);
    ck_assert_ptr_null(READ("HTTP_X_REQUEST_ID=a\r\nb").request_id);
    ck_assert_ptr_null(READ("HTTP_X_REQUEST_ID=a\x7f").request_id);
    ck_assert_ptr_null(READ("HTTP_X_REQUEST_ID=Zo\xc3\xab").request_id);
    memset(longest + 18, 'r', 128);
    ck_assert_uint_eq(strlen(READ(longest).request_id), 128);
    longest[18 + 128] = 'r';
    ck_assert_ptr_null(READ(longest).request_id);
}
END_TEST

/* ---- paths ---- */

/* NULL: refused. */
static const char *decoded(const char *text)
{
    const char *out = NULL;

    return request_decode_path(&mem, text, strlen(text), &out) ? out : NULL;
}

START_TEST(escapes_are_decoded_once)
{
    static const struct {
        const char *text, *path;
    } rows[] = {
        { "/", "/" },
        { "/health", "/health" },
        { "/%68ealth", "/health" },
        { "/a%20b", "/a b" },
        { "/a+b", "/a+b" },
        { "/%7E", "/~" },
        { "/%c3%AB", "/\xc3\xab" },
        { "/\xc3\xab", "/\xc3\xab" },
        { "/%F0%9F%98%80", "/\xf0\x9f\x98\x80" },
        { "/%2541", "/%41" },
        { "/a%3Fb%23c", "/a?b#c" },
        { "//a/", "//a/" },
        { "/...", "/..." },
        { "/.a/..b/c.", "/.a/..b/c." },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_msg(decoded(rows[i].text) != NULL, "%s", rows[i].text);
        ck_assert_str_eq(decoded(rows[i].text), rows[i].path);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(what_could_mislead_is_refused)
{
    static const char *const rows[] = {
        "",          "health",  "*",          "%2fhealth", /* no slash in front */
        "/%",        "/%4",     "/%4x",       "/%x4",          "/a%",     "/%%41", "/%-1",
        "/%+1",      "/% 1",                            /* no escapes */
        "/a%2fb",    "/a%2Fb",  "/%5c",       "/a%5Cb", /* slashes */
        "/a%00",     "/%00",    "/a%0a",      "/%0D%0A",       "/%1f",    "/%7F",  "/a\tb",
        "/\x7f", /* controls */
        "/.",        "/..",     "/a/.",       "/a/..",         "/./a",    "/../a", "/a/../b",
        "/%2e%2e/a", "/a/%2E",  "/a/.%2e/b",  "/%ff",          "/\xff",   "/%c3",  "/%c3/%ab",
        "/%c0%af",   "/%c0%80", "/%ed%a0%80", "/%f4%90%80%80", "/%e2%82", "/\x80",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(decoded(rows[i]) == NULL, "%s is taken as %s", rows[i], decoded(rows[i]));
    arena_done(&mem);
}
END_TEST

START_TEST(a_path_has_at_most_2048_bytes)
{
    char path[REQUEST_PATH_MAX + 2];

    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[REQUEST_PATH_MAX] = '\0';
    ck_assert_uint_eq(strlen(decoded(path)), 2048);
    path[REQUEST_PATH_MAX] = 'a';
    path[REQUEST_PATH_MAX + 1] = '\0';
    ck_assert_ptr_null(decoded(path));
    arena_done(&mem);
}
END_TEST

START_TEST(only_the_given_bytes_of_a_path_are_looked_at)
{
    const char *out;

    ck_assert(request_decode_path(&mem, "/ab%41", 3, &out));
    ck_assert_str_eq(out, "/ab");
    ck_assert(!request_decode_path(&mem, "/ab%41", 5, &out)); /* the escape is cut */
    ck_assert(!request_decode_path(&mem, "/", 0, &out));
    arena_done(&mem);
}
END_TEST

START_TEST(the_target_falls_into_path_and_query)
{
    static const struct {
        const char *param, *path, *query, *target;
    } rows[] = {
        { "REQUEST_URI=/a?b=c&d", "/a", "b=c&d", "/a?b=c&d" },
        { "REQUEST_URI=/a?", "/a", "", "/a?" },
        { "REQUEST_URI=/a?b?c", "/a", "b?c", "/a?b?c" },
        { "REQUEST_URI=/a?%2f", "/a", "%2f", "/a?%2f" },
        { "REQUEST_URI=/a#b?c", "/a", "", "/a#b?c" },
        { "REQUEST_URI=/%2e%2e?b", "", "b", "/%2e%2e?b" },
        { "REQUEST_URI=/go?to=http://example.com/x", "/go", "to=http://example.com/x",
          "/go?to=http://example.com/x" },
        { "REQUEST_URI=http://api.example.com/a/b?c=d", "/a/b", "c=d", "/a/b?c=d" },
        { "REQUEST_URI=HTTPS://user@[::1]:443/a", "/a", "", "/a" },
        { "REQUEST_URI=http://api.example.com", "/", "", "/" },
        { "REQUEST_URI=http://api.example.com?a=/b", "/", "", "/" },
        { "REQUEST_URI=*", "", "", "*" },
        { "REQUEST_URI=", "", "", "" },
        { "REQUEST_URI=api.example.com:443", "", "", "api.example.com:443" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r = READ(rows[i].param);

        ck_assert_str_eq(r.path, rows[i].path);
        ck_assert_str_eq(r.query, rows[i].query);
        ck_assert_str_eq(r.target, rows[i].target);
    }
    arena_done(&mem);
}
END_TEST

START_TEST(the_mount_point_is_cut_from_the_front_where_it_is_there)
{
    static const struct {
        const char *param, *mount, *path;
    } rows[] = {
        { "REQUEST_URI=/notify/health", "/notify", "/health" },
        { "REQUEST_URI=/%6eotify/health", "/notify", "/health" },
        { "REQUEST_URI=/notify/notify/x", "/notify", "/notify/x" },
        { "REQUEST_URI=/a/b/health", "/a/b", "/health" },
        { "REQUEST_URI=/notify/", "/notify", "/" },
        { "REQUEST_URI=/notify", "/notify", "/notify" },
        { "REQUEST_URI=/notifyhealth", "/notify", "/notifyhealth" },
        { "REQUEST_URI=/health", "/notify", "/health" }, /* the front has cut it already */
        { "REQUEST_URI=/notify/health", "", "/notify/health" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const params[] = { rows[i].param, NULL };

        ck_assert_str_eq(read_params(rows[i].mount, params).path, rows[i].path);
    }
    arena_done(&mem);
}
END_TEST

SUITE("request", a_request_of_lighttpd_is_read, a_request_of_nginx_is_read,
      a_request_of_apache_is_read, nothing_at_all_is_read_too,
      a_parameter_is_found_by_its_whole_name, methods_are_known_by_their_exact_names,
      a_content_length_is_digits_or_a_fault, a_key_comes_in_its_own_header_or_as_a_bearer,
      a_request_id_is_1_to_128_printable_ascii_characters, escapes_are_decoded_once,
      what_could_mislead_is_refused, a_path_has_at_most_2048_bytes,
      only_the_given_bytes_of_a_path_are_looked_at, the_target_falls_into_path_and_query,
      the_mount_point_is_cut_from_the_front_where_it_is_there)
