/* Tests of common/config/gateway: which gateways can be described, and what is said of others. */
#include "common/config/gateway.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

static struct config config;
static struct config_faults faults;
static struct arena mem;
static struct gateway gateway;

/* The lines of [provider.gw] of kind http; variable: NULL, or one of the environment. */
static enum status load(const char *lines, char *variable)
{
    const char *text = arena_printf(&mem, "[provider.gw]\nkind = http\n%s", lines);
    char *env[] = { variable, NULL };
    enum status st = config_load_text("t.conf", text, strlen(text), env, &config, &faults);
    struct gateway_fault found[GATEWAY_FAULTS];

    if (st == ST_OK)
        ck_assert_uint_eq(gateway_read(&mem, &config.providers[0], &gateway, found), 0);
    return st;
}

static void forget(void)
{
    config_free(&config);
    config_faults_free(&faults);
    arena_done(&mem);
}

struct row {
    const char *lines, *fault; /* NULL: there is none */
    char *variable;
};

static void expect(const struct row *row)
{
    enum status st = load(row->lines, row->variable);
    const char *line = faults.count > 0 ? faults.lines[0] : "",
               *at = strstr(line, "[provider.gw] ");

    ck_assert_msg((st == ST_OK) == (row->fault == NULL), "%s: %s", row->lines, line);
    if (row->fault != NULL) {
        ck_assert_msg(at != NULL && strncmp(at + 14, row->fault, strlen(row->fault)) == 0,
                      "%s gives: %s, not: %s", row->lines, line, row->fault);
        ck_assert_msg(faults.count == 1, "%s gives %zu faults: %s", row->lines, faults.count,
                      faults.count > 1 ? faults.lines[1] : "");
        ck_assert_msg(strstr(line, "sesame") == NULL, "%s", line);
    }
    forget();
}

#define EXPECT(...)                                                                                \
    do {                                                                                           \
        static const struct row rows[] = { __VA_ARGS__ };                                          \
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)                                    \
            expect(&rows[i]);                                                                      \
    } while (0)

START_TEST(a_url_has_a_fixed_host)
{
    EXPECT({ "url = http://h\n", NULL }, { "url = https://h.example:8443/a/b?c={to}\n", NULL },
           { "url = http://[::1]:80/{to}\n", NULL }, { "url = http://h?x={text}\n", NULL },
           { "url = http://127.0.0.1/{to}.json?{id}={text}&x=%7B\n", NULL },
           { "url = http://h/a.b/..c/...\n", NULL },
           { "", "url: is missing; the kind http needs it" },
           { "url =\n", "url: is missing; the kind http needs it" },
           { "url = h.example/x\n", "url: must begin with http:// or https://" },
           { "url = smtp://h\n", "url: must begin with http:// or https://" },
           { "url = {to}://h\n", "url: must begin with http:// or https://" },
           { "url = http://\n", "url: names no host behind" },
           { "url = http:///x\n", "url: names no host behind" },
           { "url = http://?x\n", "url: names no host behind" },
           { "url = http://:80/\n", "url: names no host behind" },
           { "url = http://h*/\n", "url: names no host behind" },
           { "url = http://u:sesame@h/x\n", "url: holds a login; use username and password" },
           { "url = http://{to}/x\n", "url: holds a brace before the path: the host is fixed" },
           { "url = http://h.{from}\n", "url: holds a brace before the path: the host is fixed" },
           { "url = http://h{{/x\n", "url: holds a brace before the path: the host is fixed" },
           { "url = http://h:{to}?x\n", "url: holds a brace before the path: the host is fixed" },
           { "url = http://h/{to\n", "url: opens a placeholder at byte 10 that no } closes" },
           { "url = http://h/{sesame}\n", "url: names an unknown placeholder at byte 10; there are "
                                          "{to}, {to_bare}, {from}, {from_bare}, {text}, {html}, "
                                          "{subject}, {id}, {message_id}" },
           { "url = http://h/{TO}\n", "url: names an unknown placeholder at byte 10; there are" },
           { "url = http://h/{1}\n", "url: holds a brace that is of no placeholder" },
           { "url = http://h/{{to}\n", "url: holds a brace that is of no placeholder" },
           { "url = http://h/{to}}\n", "url: holds a brace that is of no placeholder" },
           { "url = http://h/x#{to}\n", "url: holds a #, and what follows one is never sent" },
           { "url = http://h/a b\n", "url: holds a blank or another byte" },
           { "url = http://h/a\"b\n", "url: holds a blank or another byte" },
           { "url = http://h/a\\b\n", "url: holds a blank or another byte" },
           { "url = http://h/a|b\n", "url: holds a blank or another byte" },
           { "url = http://h/\xC3\xBC\n", "url: holds a blank or another byte" },
           { "url = http://h\n", "url: holds a blank or another byte",
             "NOTIFY_PROVIDER_GW_URL=http://h/\r\nX: y" },
           { "url = http://h\n", "url: holds a blank or another byte",
             "NOTIFY_PROVIDER_GW_URL=http://h/\x7F" },
           { "url = http://h/./x\n", "url: holds . or .. between slashes of its path" },
           { "url = http://h/a/../x\n", "url: holds . or .. between slashes of its path" },
           { "url = http://h/a/..\n", "url: holds . or .. between slashes of its path" },
           { "url = http://h/a/.?x\n", "url: holds . or .. between slashes of its path" });
}
END_TEST

START_TEST(headers_are_names_and_values)
{
    EXPECT({ "url = http://h\nheaders = X-A: 1\n", NULL },
           { "url = http://h\nheaders = X-A:1|X-B:  two words | X-C: a||b|\n", NULL },
           { "url = http://h\nheaders = X-Id: {id}|X-B: a{{to}b}\n", NULL },
           { "url = http://h\n", NULL, "NOTIFY_PROVIDER_GW_HEADERS=X-A: 1\r\nX-B: 2\n\nX-C: 3\n" },
           { "url = http://h\nheaders = X-A\n", "headers: header 1 is not Name: value" },
           { "url = http://h\nheaders = X-A: 1|sesame\n", "headers: header 2 is not Name: value" },
           { "url = http://h\nheaders = X-A:\n", "headers: header 1 is not Name: value" },
           { "url = http://h\nheaders = X-A: 1|X-B: |X-C: 2\n",
             "headers: header 2 is not Name: value" },
           { "url = http://h\nheaders = : sesame\n", "headers: header 1 is not Name: value" },
           { "url = http://h\nheaders = X A: sesame\n", "headers: header 1 is not Name: value" },
           { "url = http://h\nheaders = {to}: 1\n", "headers: header 1 is not Name: value" },
           { "url = http://h\nheaders = X-A: {sesame}\n",
             "headers: header 1 names an unknown placeholder at byte 1; there are {to}, " },
           { "url = http://h\nheaders = X-A: sesame {to\n",
             "headers: header 1 opens a placeholder at byte 8 that no } closes" },
           { "url = http://h\nheaders = X-A: 1|x-a: 2\n",
             "headers: header 2 has a name that stands twice" },
           { "url = http://h\nheaders = Host: h2\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\nheaders = content-length: 2\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\nheaders = Connection: close|Expect: x\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\nheaders = TE: x\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\nheaders = Trailer: x\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\nheaders = Transfer-Encoding: chunked\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\nheaders = Upgrade: x\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\nheaders = Expect: x\n",
             "headers: header 1 is one that the program sets itself" },
           { "url = http://h\n", "headers: header 1 holds a control character",
             "NOTIFY_PROVIDER_GW_HEADERS=X-A: sesame\x01" },
           { "url = http://h\n", "headers: header 1 holds a control character",
             "NOTIFY_PROVIDER_GW_HEADERS=X-A: a\rX-B: b" });
}
END_TEST

START_TEST(there_are_at_most_32_headers)
{
    char variable[600] = "NOTIFY_PROVIDER_GW_HEADERS=";

    for (int n = 1; n <= 33; n++) {
        snprintf(variable + strlen(variable), sizeof variable - strlen(variable), "X-%d: 1|", n);
        if (n < 31)
            continue;
        ck_assert_int_eq(load("url = http://h\n", variable), n <= 32 ? ST_OK : ST_INVALID);
        if (n <= 32)
            ck_assert_uint_eq(gateway.n_headers, (size_t)n);
        else
            ck_assert_ptr_nonnull(strstr(faults.lines[0], "headers: header 33 is one too many"));
        forget();
    }
}
END_TEST

START_TEST(headers_are_taken_as_they_stand)
{
    static const struct {
        const char *name, *value;
    } rows[] = { { "X-A", "1" },
                 { "X-B", "two words" },
                 { "X-C", "Bearer 12|x" },
                 { "X-D", "|" },
                 { "X-E", "a: b" } };
    static const char *const none[GW_VALUES] = { NULL };

    ck_assert_int_eq(
        load("url = http://h\n", (char[]){ "NOTIFY_PROVIDER_GW_HEADERS=X-A:1| X-B :x|" }),
        ST_INVALID);
    forget();
    ck_assert_int_eq(
        load("url = http://h\n", (char[]){ "NOTIFY_PROVIDER_GW_HEADERS= X-A:1 |X-B: \ttwo words\t|"
                                           "X-C: Bearer 12||x\r\n\r\n\tX-D: ||\nX-E: a: b" }),
        ST_OK);
    ck_assert_uint_eq(gateway.n_headers, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_INIT(100);

        ck_assert(template_fill(&out, &gateway.headers[i].value, none, escape_line));
        ck_assert_str_eq(gateway.headers[i].name, rows[i].name);
        ck_assert_str_eq(buf_str(&out), rows[i].value);
        buf_free(&out);
    }
    forget();
}
END_TEST

#define JSON "url = http://h\nheaders = Content-Type: application/json\n"

START_TEST(a_body_says_what_it_is)
{
    EXPECT(
        { JSON "body = {\"to\":\"{to}\",\"m\":{\"t\":\"{text}\"}}\n", NULL },
        { JSON "body = [\"{to}\", {\"x\": 1}]\n", NULL },
        { JSON "method = PUT\nbody = {\"to\":\"{to}\"}\n", NULL },
        { JSON "method = PATCH\nbody = {\"to\":\"{to}\"}\n", NULL },
        { JSON "method = GET\n", NULL },
        { "url = http://h\nmethod = GET\nbody = x\n",
          "body: must be empty: the method GET has none" },
        { "url = http://h\nbody = sesame={to}\n", "body: needs a Content-Type among the headers" },
        { "url = http://h\nheaders = Content-Type: {text}\nbody = {to}\n",
          "body: needs a Content-Type that is fixed" },
        { JSON "body = {\"to\":{to}}\n", "body: is not JSON with its placeholders filled in" },
        { JSON "body = {\"to\":\"{to}\"\n", "body: is not JSON with its placeholders filled in" },
        { JSON "body = {\"to\":\"\\{to}\"}\n", "body: is not JSON with its placeholders" },
        { JSON "body = {\"to\":\"\\u{to}\"}\n", "body: is not JSON with its placeholders" },
        { JSON "body = to={to}\n", "body: is not JSON with its placeholders filled in" },
        { JSON "body = {\"to\":\"{sesame}\"}\n",
          "body: names an unknown placeholder at byte 8; there are {to}" },
        { JSON "body = {\"to\":\"{to\"}\n", "body: opens a placeholder at byte 8 that no }" },
        { "url = http://h\nheaders = Content-Type: text/xml\nbody = <a>{to}</a>\n", NULL },
        { "url = http://h\nheaders = Content-Type: text/xml\nbody = <a><![CDATA[{to}]]></a>\n",
          "body: holds CDATA, where values can't be escaped" },
        { "url = http://h\nheaders = Content-Type: text/plain\nbody = <![CDATA[{to}]]>\n", NULL },
        /* A fault of the headers is not told again of the body. */
        { "url = http://h\nheaders = Content-Type\nbody = {to}\n",
          "headers: header 1 is not Name: value" });
}
END_TEST

START_TEST(the_type_of_a_body_decides_how_it_is_escaped)
{
    static const struct {
        const char *type, *body;
        escape_fn escape;
    } rows[] = {
        { "application/json", "\"{to}\"", escape_json },
        { "Application/JSON; charset=utf-8", "\"{to}\"", escape_json },
        { "application/vnd.api+json", "\"{to}\"", escape_json },
        { "application/x-www-form-urlencoded", "to={to}", escape_percent },
        { "application/x-www-form-urlencoded;charset=utf-8", "to={to}", escape_percent },
        { "text/xml", "<a>{to}</a>", escape_xml },
        { "application/xml", "<a>{to}</a>", escape_xml },
        { "application/soap+xml; charset=utf-8", "<a>{to}</a>", escape_xml },
        { "text/plain", "{text}", escape_text },
        { "text/plain", "{text}.", escape_line },
        { "text/plain", "fixed", escape_line },
        { "application/jsonp", "{to};", escape_line },
        { "text/xmls", "{to};", escape_line },
        { "xtext/xml", "{to};", escape_line },
        { "application/x-json", "{to};", escape_line },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *lines = arena_printf(&mem,
                                         "url = http://h\nheaders = Content-Type: %s\n"
                                         "body = %s\n",
                                         rows[i].type, rows[i].body);

        ck_assert_msg(load(lines, NULL) == ST_OK, "%s", faults.count ? faults.lines[0] : "");
        ck_assert_msg(gateway.body_escape == rows[i].escape, "%s", rows[i].type);
        forget();
    }
}
END_TEST

START_TEST(a_login_is_whole_and_the_only_one)
{
    EXPECT({ "url = http://h\nusername = u\npassword = sesame\n", NULL },
           { "url = http://h\nusername = u\n", NULL },
           { "url = http://h\npassword = sesame\n", "password: needs a username beside it" },
           { "url = http://h\nusername = a:b\n", "username: holds a colon" },
           { "url = http://h\nusername = u\nheaders = authorization: Bearer sesame\n",
             "username: is of no use beside an Authorization among the headers" });
}
END_TEST

START_TEST(statuses_are_three_digits)
{
    EXPECT({ "url = http://h\naccepted = 200\n", NULL },
           { "url = http://h\naccepted = 100-599\n", NULL },
           { "url = http://h\naccepted = 200 , 202-204 ,301\n", NULL },
           { "url = http://h\nretry =\ndenied =\nrefused =\n", NULL },
           { "url = http://h\naccepted =\n", "accepted: must not be empty" },
           { "url = http://h\naccepted = 99\n", "accepted: must be statuses, like 200-299,304" },
           { "url = http://h\naccepted = 600\n", "accepted: must be statuses, like" },
           { "url = http://h\naccepted = 200-600\n", "accepted: must be statuses, like" },
           { "url = http://h\nretry = 4xx\n", "retry: must be statuses, like" },
           { "url = http://h\nrefused = 400,\n", "refused: must be statuses, like" },
           { "url = http://h\nrefused = ,400\n", "refused: must be statuses, like" },
           { "url = http://h\ndenied = 401 403\n", "denied: must be statuses, like" },
           { "url = http://h\ndenied = 401-\n", "denied: must be statuses, like" },
           { "url = http://h\ndenied = 99999999999999999999\n", "denied: must be statuses, like" },
           { "url = http://h\ndenied = 403-401\n", "denied: holds a range that ends before it" });
}
END_TEST

/* What each status means with the given lines; a text of one letter a status. */
START_TEST(the_first_list_that_holds_a_status_counts)
{
    static const struct {
        const char *lines;
        int status;
        enum gateway_outcome outcome;
    } rows[] = {
        { "", 200, GW_ACCEPTED },
        { "", 299, GW_ACCEPTED },
        { "", 199, GW_UNLISTED },
        { "", 300, GW_UNLISTED },
        { "", 400, GW_REFUSED },
        { "", 401, GW_DENIED },
        { "", 402, GW_DENIED },
        { "", 403, GW_DENIED },
        { "", 404, GW_REFUSED },
        { "", 405, GW_REFUSED },
        { "", 406, GW_UNLISTED },
        { "", 408, GW_UNLISTED },
        { "", 409, GW_UNLISTED },
        { "", 410, GW_REFUSED },
        { "", 412, GW_UNLISTED },
        { "", 413, GW_REFUSED },
        { "", 414, GW_REFUSED },
        { "", 415, GW_REFUSED },
        { "", 416, GW_UNLISTED },
        { "", 422, GW_REFUSED },
        { "", 425, GW_RETRY },
        { "", 429, GW_THROTTLED },
        { "", 500, GW_UNLISTED },
        { "", 503, GW_UNLISTED },
        { "", 599, GW_UNLISTED },
        { "", 600, GW_UNLISTED },
        { "", 0, GW_UNLISTED },
        { "", -1, GW_UNLISTED },
        { "", 99999, GW_UNLISTED },
        { "refused = 400-499\n", 429, GW_THROTTLED },
        { "refused = 400-499\n", 401, GW_DENIED },
        { "refused = 400-499\n", 499, GW_REFUSED },
        { "retry = 400-599\n", 400, GW_RETRY },
        { "retry = 400-599\n", 403, GW_RETRY },
        { "retry = 400-599\n", 429, GW_THROTTLED },
        { "retry = 400-599\n", 599, GW_RETRY },
        { "retry =\n", 429, GW_UNLISTED },
        { "retry =\nrefused = 429\n", 429, GW_REFUSED },
        { "denied = 400-402\n", 400, GW_DENIED },
        { "denied = 400-402\n", 403, GW_UNLISTED },
        { "accepted = 200,409,429\n", 409, GW_ACCEPTED },
        { "accepted = 200,409,429\n", 429, GW_ACCEPTED },
        { "accepted = 200,409,429\n", 201, GW_UNLISTED },
        { "accepted = 200,409,429\n", 199, GW_UNLISTED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(load(arena_printf(&mem, "url = http://h\n%s", rows[i].lines), NULL),
                         ST_OK);
        ck_assert_msg(gateway_outcome_of_status(&gateway, rows[i].status) == rows[i].outcome,
                      "%s%d", rows[i].lines, rows[i].status);
        forget();
    }
}
END_TEST

START_TEST(paths_and_lists_belong_together)
{
    EXPECT(
        { "url = http://h\nid_path = data.id\nerror_path = errors.0.detail\n", NULL },
        { "url = http://h\nresult_path = 0\nresult_accepted = OK\nresult_retry = a,b\n", NULL },
        { "url = http://h\nid_path = .id\n", "id_path: must be names and numbers joined by dots" },
        { "url = http://h\nid_path = data.\n", "id_path: must be names and numbers joined by" },
        { "url = http://h\nerror_path = a..b\n", "error_path: must be names and numbers joined" },
        { "url = http://h\nerror_path = .\n", "error_path: must be names and numbers joined by" },
        { "url = http://h\nresult_path = .a\nresult_accepted = 0\n",
          "result_path: must be names and numbers joined by dots" },
        { "url = http://h\nresult_path = a\n", "result_path: needs result_accepted beside it" },
        { "url = http://h\nresult_accepted = 0\n",
          "result_accepted: needs a result_path beside it" },
        { "url = http://h\nresult_throttled = 0\n",
          "result_throttled: needs a result_path beside it" },
        { "url = http://h\nresult_retry = 0\n", "result_retry: needs a result_path beside it" },
        { "url = http://h\nresult_denied = 0\n", "result_denied: needs a result_path beside it" });
}
END_TEST

START_TEST(the_first_list_that_holds_a_result_counts)
{
    static const struct {
        const char *result;
        enum gateway_outcome outcome;
    } rows[] = {
        { "0", GW_ACCEPTED },
        { "OK", GW_ACCEPTED },
        { "accepted for delivery", GW_ACCEPTED },
        { "1", GW_THROTTLED },
        { "5", GW_RETRY },
        { "4", GW_DENIED },
        { "9", GW_DENIED },
        { "2", GW_REFUSED },
        { "", GW_REFUSED },
        { "ok", GW_REFUSED },
        { "O", GW_REFUSED },
        { "OKK", GW_REFUSED },
        { " OK", GW_REFUSED },
        { "0,OK", GW_REFUSED },
        { "00", GW_REFUSED },
        { "accepted", GW_REFUSED },
    };

    ck_assert_int_eq(load("url = http://h\nresult_path = a\n"
                          "result_accepted = 0 , OK,accepted for delivery\n"
                          "result_throttled = 1\nresult_retry = 5,1,0\nresult_denied = 4 , 9,5\n",
                          NULL),
                     ST_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(gateway_outcome_of_result(&gateway, rows[i].result) == rows[i].outcome, "%s",
                      rows[i].result);
    forget();
}
END_TEST

START_TEST(all_faults_of_a_gateway_come_at_once)
{
    static const char *const keys[] = {
        "url: ",    "headers: ", "password: ", "accepted: ",        "retry: ",
        "denied: ", "refused: ", "id_path: ",  "result_accepted: ", "error_path: "
    };

    ck_assert_int_eq(load("url = x\nheaders = x\npassword = sesame\naccepted =\nretry = x\n"
                          "denied = x\nrefused = x\nid_path = .\nresult_accepted = 1\n"
                          "error_path = .\n",
                          NULL),
                     ST_INVALID);
    ck_assert_uint_eq(faults.count, sizeof keys / sizeof *keys);
    for (size_t i = 0; i < faults.count; i++)
        ck_assert_ptr_nonnull(strstr(
            faults.lines[i], arena_printf(&mem, "t.conf:%zu: [provider.gw] %s", i + 3, keys[i])));
    forget();
}
END_TEST

START_TEST(a_gateway_knows_what_it_uses)
{
    ck_assert_int_eq(load("url = http://h/{to}\nheaders = Content-Type: text/plain|X: {id}\n"
                          "body = {text}\n",
                          NULL),
                     ST_OK);
    for (int i = 0; i < GW_VALUES; i++)
        ck_assert_int_eq(gateway_uses(&gateway, i), i == GW_TO || i == GW_ID || i == GW_TEXT);
    forget();
}
END_TEST

START_TEST(dots_between_slashes_are_seen)
{
    static const struct {
        const char *url;
        bool climbs;
    } rows[] = {
        { "http://h", false },         { "http://h/", false },      { "http://h/a", false },
        { "http://h/.", true },        { "http://h/..", true },     { "http://h/./a", true },
        { "http://h/a/../b", true },   { "http://h/a/..?b", true }, { "http://h/...", false },
        { "http://h/a.", false },      { "http://h/.a", false },    { "http://h/..a/b", false },
        { "http://h/a?/../b", false }, { "http://h?/..", false },   { "http://h//../", true },
        { "http://../a", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(gateway_url_climbs(rows[i].url) == rows[i].climbs, "%s", rows[i].url);
}
END_TEST

SUITE("gateway", a_url_has_a_fixed_host, headers_are_names_and_values, there_are_at_most_32_headers,
      headers_are_taken_as_they_stand, a_body_says_what_it_is,
      the_type_of_a_body_decides_how_it_is_escaped, a_login_is_whole_and_the_only_one,
      statuses_are_three_digits, the_first_list_that_holds_a_status_counts,
      paths_and_lists_belong_together, the_first_list_that_holds_a_result_counts,
      all_faults_of_a_gateway_come_at_once, a_gateway_knows_what_it_uses,
      dots_between_slashes_are_seen)
