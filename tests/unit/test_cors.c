/* Tests of fcgi/cors. */
#include "fcgi/cors.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/router.h"
#include "tests/unit/suite.h"

#define ORIGIN "https://app.example.com"

static struct call call;
static char origin[256], asks[64];
static char *params[] = { origin, asks, NULL };

/* method; origin, and the method that a preflight asks for: NULL is not sent. */
static void apply(const char *origins, enum http_method method, const char *from, const char *wanted)
{
    struct config_server config = { .cors_origins = origins };

    if (call.res.body.limit != 0)
        call_done(&call);
    call_init(&call);
    snprintf(origin, sizeof origin, "%s%s", from == NULL ? "NO_ORIGIN=" : "HTTP_ORIGIN=", from == NULL ? "" : from);
    snprintf(asks, sizeof asks, "%s%s", wanted == NULL ? "NOTHING=" : "HTTP_ACCESS_CONTROL_REQUEST_METHOD=",
             wanted == NULL ? "" : wanted);
    call.req = (struct request){ .params = params, .method = method, .path = "/api/v1/messages", .query = "" };
    router_find(&call);
    cors_apply(&config, &call);
}

static const char *header(const char *name)
{
    const char *value = response_find(&call.res, name);

    return value == NULL ? "(none)" : value;
}

static void expect_nothing(void)
{
    for (size_t i = 0; i < call.res.n_headers; i++)
        ck_assert_msg(strncmp(call.res.headers[i].name, "Access-Control-", 15) != 0, "%s",
                      call.res.headers[i].name);
}

START_TEST(without_origins_it_is_off)
{
    apply("", HTTP_GET, ORIGIN, NULL);
    expect_nothing();
    ck_assert_str_eq(header("Vary"), "(none)");
    apply("", HTTP_OPTIONS, ORIGIN, "POST");
    expect_nothing();
}
END_TEST

START_TEST(a_listed_origin_is_named_and_no_cache_mixes_them)
{
    static const char *const lists[] = { ORIGIN, "https://a.example.com, " ORIGIN, ORIGIN ",https://a.example.com",
                                         "  https://a.example.com\t" ORIGIN " " };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        apply(lists[i], HTTP_GET, ORIGIN, NULL);
        ck_assert_str_eq(header("Access-Control-Allow-Origin"), ORIGIN);
        ck_assert_str_eq(header("Vary"), "Origin");
        ck_assert_ptr_nonnull(strstr(header("Access-Control-Expose-Headers"), "X-Request-Id"));
        ck_assert_ptr_nonnull(strstr(header("Access-Control-Expose-Headers"), "Idempotent-Replayed"));
    }
}
END_TEST

START_TEST(an_origin_is_compared_to_the_letter)
{
    static const char *const others[] = { "", "null", "https://app.example.com.evil.com", "https://evil.com",
                                          "http://app.example.com", "https://app.example.com:443", "https://app.example.co",
                                          "https://APP.example.com", "https://app.example.com/", "app.example.com", "*", ",",
                                          ORIGIN ", " ORIGIN, ORIGIN "\r\nX-Evil: 1" };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        apply("https://a.example.com, " ORIGIN, HTTP_GET, others[i], NULL);
        expect_nothing();
        ck_assert_str_eq(header("Vary"), "Origin");
    }
    apply(ORIGIN, HTTP_GET, NULL, NULL);
    expect_nothing();
    ck_assert_str_eq(header("Vary"), "Origin");
}
END_TEST

START_TEST(any_origin_is_a_star_and_never_credentials)
{
    apply("*", HTTP_GET, "https://anybody.example", NULL);
    ck_assert_str_eq(header("Access-Control-Allow-Origin"), "*");
    ck_assert_str_eq(header("Vary"), "(none)");
    ck_assert_str_eq(header("Access-Control-Allow-Credentials"), "(none)");
    apply(ORIGIN, HTTP_GET, ORIGIN, NULL);
    ck_assert_str_eq(header("Access-Control-Allow-Credentials"), "(none)");
}
END_TEST

START_TEST(a_preflight_tells_the_methods_of_the_path_and_our_headers)
{
    apply(ORIGIN, HTTP_OPTIONS, ORIGIN, "POST");
    ck_assert_int_eq(call.res.status, 204);
    ck_assert_str_eq(header("Access-Control-Allow-Origin"), ORIGIN);
    ck_assert_str_eq(header("Access-Control-Allow-Methods"), header("Allow"));
    ck_assert_ptr_nonnull(strstr(header("Access-Control-Allow-Methods"), "POST"));
    ck_assert_ptr_nonnull(strstr(header("Access-Control-Allow-Headers"), "X-API-Key"));
    ck_assert_ptr_nonnull(strstr(header("Access-Control-Allow-Headers"), "Idempotency-Key"));
    ck_assert_str_ne(header("Access-Control-Max-Age"), "(none)");
}
END_TEST

START_TEST(an_options_call_that_asks_for_no_method_is_no_preflight)
{
    apply(ORIGIN, HTTP_OPTIONS, ORIGIN, NULL);
    ck_assert_int_eq(call.res.status, 204);
    ck_assert_str_eq(header("Access-Control-Allow-Origin"), ORIGIN);
    ck_assert_str_eq(header("Access-Control-Allow-Methods"), "(none)");
    apply(ORIGIN, HTTP_GET, ORIGIN, "POST");
    ck_assert_str_eq(header("Access-Control-Allow-Methods"), "(none)");
}
END_TEST

START_TEST(a_preflight_of_a_stranger_learns_nothing)
{
    apply(ORIGIN, HTTP_OPTIONS, "https://evil.com", "POST");
    expect_nothing();
}
END_TEST

SUITE("cors", without_origins_it_is_off, a_listed_origin_is_named_and_no_cache_mixes_them,
      an_origin_is_compared_to_the_letter, any_origin_is_a_star_and_never_credentials,
      a_preflight_tells_the_methods_of_the_path_and_our_headers,
      an_options_call_that_asks_for_no_method_is_no_preflight, a_preflight_of_a_stranger_learns_nothing)
