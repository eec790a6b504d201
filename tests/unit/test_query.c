/* Tests of fcgi/handlers/query. */
#include "fcgi/handlers/query.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "fcgi/cursor.h"
#include "fcgi/routes.h"
#include "tests/unit/suite.h"

static const char *const known[] = { "status", "recipient", "created_after", "limit", "cursor", NULL };
static const struct route route = { HTTP_GET, "/list", NEED_NOTHING };
static char *no_params[] = { NULL };

static struct call call;
static struct query query;

/* Reads a query as a list does; `limit` and `at` are what came out. */
static struct {
    int limit;
    int64_t at;
} found;

static bool read_query(const char *text)
{
    if (call.res.body.limit != 0)
        call_done(&call);
    call_init(&call);
    call.route = &route;
    call.req = (struct request){ .params = no_params, .method = HTTP_GET, .query = text };
    if (!query_read(&query, &call, known))
        return false;
    found.limit = query_int(&query, "limit", 1, 100, 20);
    found.at = query_time(&query, "created_after");
    query_cursor(&query, query_scope(&query, known));
    return query_done(&query);
}

/* The pointers of the answer's faults, a blank after each. */
static const char *pointers(void)
{
    static char list[1024];
    SCOPED(json_t) doc = json_read(buf_str(&call.res.body), call.res.body.len, NULL);
    json_t *one;
    size_t i;

    list[0] = '\0';
    json_array_foreach (json_object_get(doc, "errors"), i, one) {
        strcat(list, json_string_value(json_object_get(one, "pointer")));
        strcat(list, " ");
    }
    return list;
}

static void expect_refused(const char *text, const char *at)
{
    ck_assert_msg(!read_query(text), "%s", text);
    ck_assert(call.answered);
    ck_assert_int_eq(call.res.status, 400);
    ck_assert_ptr_nonnull(strstr(buf_str(&call.res.body), "\"code\":\"invalid_parameter\""));
    ck_assert_msg(strcmp(pointers(), at) == 0, "%s: %s", text, pointers());
}

START_TEST(what_is_not_given_has_its_default)
{
    ck_assert(read_query(""));
    ck_assert_int_eq(found.limit, 20);
    ck_assert_int_eq(found.at, -1);
    ck_assert_ptr_null(query_text(&query, "status"));
    ck_assert(!call.answered);
}
END_TEST

START_TEST(values_are_unescaped_and_kept_apart)
{
    ck_assert(read_query("status=a%26b%3Dc&&recipient=%2B1+2&l%69mit=7&created_after=2026-12-01T09:00:00Z"));
    ck_assert_str_eq(query_text(&query, "status"), "a&b=c");
    ck_assert_str_eq(query_text(&query, "recipient"), "+1 2");
    ck_assert_int_eq(found.limit, 7);
    ck_assert_int_eq(found.at, 1796115600000);
}
END_TEST

START_TEST(a_fragment_is_no_part_of_it)
{
    ck_assert(read_query("limit=5#limit=6&foo=1"));
    ck_assert_int_eq(found.limit, 5);
}
END_TEST

START_TEST(a_number_is_digits_within_its_bounds)
{
    static const char *const wrong[] = { "0", "101", "-1", "", "+5", "%2B5", "%205", "5%20", "5.0", "1e1", "0x5", "abc",
                                         "4294967301", "99999999999999999999", "%D9%A5" };
    char text[64];

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "limit=%s", wrong[i]);
        expect_refused(text, "?limit ");
    }
    ck_assert(read_query("limit=1") && found.limit == 1);
    ck_assert(read_query("limit=100") && found.limit == 100);
}
END_TEST

START_TEST(every_fault_is_told_at_once)
{
    expect_refused("limit=0&foo=1&created_after=x&cursor=x&bar=2", "?foo ?bar ?limit ?created_after ?cursor ");
}
END_TEST

START_TEST(a_parameter_stands_once)
{
    expect_refused("limit=5&limit=5", "?limit ");
    expect_refused("status=a&status=b", "?status ");
    expect_refused("status=a&st%61tus=a", "?status ");
    expect_refused("status=a&status=b&status=c", "?status ?status ");
}
END_TEST

START_TEST(an_unknown_name_is_a_fault_and_a_long_one_is_cut_between_characters)
{
    char text[400], at[80] = "?";

    expect_refused("Limit=5", "?Limit ");
    expect_refused("=5", "? ");
    expect_refused("limit%20=5", "?limit  ");
    text[0] = '\0';
    for (int i = 0; i < 22; i++) /* 66 bytes of U+20AC: 63 are the most whole ones */
        strcat(text, "\xe2\x82\xac");
    strncat(at, text, 63);
    strcat(at, " ");
    expect_refused(text, at);
}
END_TEST

START_TEST(what_is_not_a_query_is_refused)
{
    static const char *const wrong[] = { "limit=%", "limit=%4", "limit=%zz", "%=1", "limit=5%00", "a%00=1" };
    char many[33 * 4 + 1] = "";

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused(wrong[i], "");
    for (int i = 0; i < 33; i++)
        strcat(many, "a=1&");
    expect_refused(many, "");
    expect_refused("status=%ff", "? ");
    expect_refused("status=%ed%a0%80", "? ");
    expect_refused("%c3=1", "? ");
}
END_TEST

static const char *scope_of(const char *text)
{
    ck_assert_msg(read_query(text), "%s: %s", text, buf_str(&call.res.body));
    return query_scope(&query, known);
}

START_TEST(a_scope_is_of_the_filters_in_whatever_order_and_of_no_page)
{
    char first[256];

    strcpy(first, scope_of("status=a&recipient=b"));
    ck_assert_str_eq(scope_of("recipient=b&limit=7&status=a"), first);
    ck_assert_str_eq(scope_of("recipient=%62&status=a"), first);
    ck_assert_str_ne(scope_of("status=a"), first);
    ck_assert_str_ne(scope_of("status=b&recipient=a"), first);
    ck_assert_str_ne(scope_of(""), first);
}
END_TEST

/* Else a cursor of one list would be taken by the other. */
START_TEST(no_value_of_a_filter_reads_as_another_filter)
{
    char first[256];

    strcpy(first, scope_of("recipient=a&created_after=2020-01-01T00:00:00Z"));
    ck_assert_str_ne(scope_of("recipient=a%26created_after%3D2020-01-01T00:00:00Z"), first);
    strcpy(first, scope_of("status=a&recipient=b"));
    ck_assert_str_ne(scope_of("status=a%26recipient%3Db"), first);
}
END_TEST

START_TEST(a_cursor_fits_its_filters)
{
    char text[256], scope[256];

    strcpy(scope, scope_of("status=a"));
    snprintf(text, sizeof text, "status=a&limit=3&cursor=%s", cursor_make(&call.mem, "42", scope));
    ck_assert(read_query(text));
    ck_assert_str_eq(query_cursor(&query, query_scope(&query, known)), "42");
    text[7] = 'b';
    expect_refused(text, "?cursor ");
}
END_TEST

SUITE("query", what_is_not_given_has_its_default, values_are_unescaped_and_kept_apart, a_fragment_is_no_part_of_it,
      a_number_is_digits_within_its_bounds, every_fault_is_told_at_once, a_parameter_stands_once,
      an_unknown_name_is_a_fault_and_a_long_one_is_cut_between_characters, what_is_not_a_query_is_refused,
      a_scope_is_of_the_filters_in_whatever_order_and_of_no_page, no_value_of_a_filter_reads_as_another_filter,
      a_cursor_fits_its_filters)
