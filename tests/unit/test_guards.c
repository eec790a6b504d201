/* Tests of fcgi/guards as far as they go without servers: keys, quotas and bodies. */
#include "fcgi/guards.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/cache/key_cache.h"
#include "fcgi/routes.h"
#include "tests/unit/suite.h"

#define KEY(letter) "nsk_" letter "123456789012345678901234567890123456789"

static const struct config_database no_database = { .host = "/nonexistent",
                                                    .port = "",
                                                    .name = "x",
                                                    .user = "",
                                                    .password = "",
                                                    .sslmode = "disable",
                                                    .url = "" };
static struct config_tier tiers[] = { { "free", 2 }, { "premium", 0 } };
static struct config config = {
    .redis = { .host = "", .socket = "/nonexistent/redis.sock", .password = "", .timeout_ms = 50 },
    .rate_limit = { true, tiers, 2 }
};
static struct api api = { .config = &config, .mount = "" };

static const struct route open_route = { HTTP_GET, "/open", NEED_NOTHING },
                          key_route = { HTTP_GET, "/key", NEED_KEY | NEED_QUOTA },
                          json_route = { HTTP_POST, "/json", NEED_JSON };

static char *no_params[] = { NULL };
static struct call a, b, c;
static struct call *const calls[] = { &a, &b, &c };

static void setup(void)
{
    log_set_fd(-1);
    api.db = db_new(&no_database, &(struct db_options){ .application = "test" });
    api.cache = cache_new(&config.redis);
    for (int i = 0; i < 3; i++) {
        call_init(calls[i]);
        calls[i]->req.params = no_params;
        calls[i]->route = &key_route;
    }
}

static void done(void)
{
    for (int i = 0; i < 3; i++)
        call_done(calls[i]);
    db_free(api.db);
    cache_free(api.cache);
}

/* As if Postgres had been asked a moment ago; who NULL: there is no such key. */
static void remember(const char *key, const struct caller *who)
{
    char digest[SHA256_HEX_BYTES];

    key_cache_put(sha256_hex(key, strlen(key), digest), clock_mono_ms(), who);
}

static void remember_user(const char *key, const char *id, const char *tier, bool active)
{
    struct caller who = { .active = active };

    strcpy(who.user_id, id);
    strcpy(who.tier, tier);
    remember(key, &who);
}

static bool refused(const struct call *call, int status, const char *code)
{
    const char *at = strstr(buf_str(&call->res.body), code);

    return call->answered && call->res.status == status && at != NULL && at[-1] == '"' &&
           at[strlen(code)] == '"';
}

static const char *header(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->res.n_headers; i++) {
        if (strcmp(call->res.headers[i].name, name) == 0)
            return call->res.headers[i].value;
    }
    return "(none)";
}

/* ---- keys ---- */

START_TEST(without_a_key_nobody_passes)
{
    setup();
    b.req.api_key = "";
    c.req.api_key = "secret";
    guards_keys(&api, calls, 3);
    ck_assert(refused(&a, 401, "missing_api_key"));
    ck_assert(refused(&b, 401, "invalid_api_key"));
    ck_assert(refused(&c, 401, "invalid_api_key")); /* no key of ours: Postgres is not asked */
    ck_assert(!db_is_connected(api.db));
    done();
}
END_TEST

START_TEST(each_caller_of_a_round_gets_their_own_answer)
{
    setup();
    remember_user(KEY("a"), "ada", "free", true);
    remember_user(KEY("b"), "bob", "free", false);
    remember(KEY("c"), NULL);
    a.req.api_key = KEY("a");
    b.req.api_key = KEY("b");
    c.req.api_key = KEY("c");
    guards_keys(&api, calls, 3);
    ck_assert(!a.answered && a.authenticated);
    ck_assert_str_eq(a.caller.user_id, "ada");
    ck_assert(refused(&b, 403, "account_disabled") && !b.authenticated);
    ck_assert(refused(&c, 401, "invalid_api_key") && !c.authenticated);
    done();
}
END_TEST

START_TEST(a_key_that_cannot_be_looked_up_is_503_and_not_401)
{
    setup();
    remember_user(KEY("a"), "ada", "free", true);
    a.req.api_key = KEY("a");
    b.req.api_key = KEY("u");
    guards_keys(&api, calls, 2);
    ck_assert(a.authenticated); /* what is known of a neighbour still counts */
    ck_assert(refused(&b, 503, "unavailable"));
    ck_assert_str_eq(header(&b, "Retry-After"), "1");
    done();
}
END_TEST

START_TEST(only_routes_that_need_a_key_ask_for_one)
{
    setup();
    a.route = &open_route;
    b.route = NULL;
    c.answered = true;
    guards_keys(&api, calls, 3);
    ck_assert(!a.answered && !a.authenticated);
    ck_assert(!b.answered);
    ck_assert_str_eq(buf_str(&c.res.body), ""); /* the first answer stands */
    guards_keys(&api, calls, 0);
    done();
}
END_TEST

/* ---- quotas ---- */

static void call_as(struct call *call, const char *user, const char *tier)
{
    call->authenticated = true;
    strcpy(call->caller.user_id, user);
    strcpy(call->caller.tier, tier);
}

START_TEST(each_answer_says_how_much_is_left_and_past_the_limit_it_is_429)
{
    setup();
    for (int i = 0; i < 3; i++)
        call_as(calls[i], "ada", "free");
    guards_quotas(&api, calls, 3);
    ck_assert(!a.answered && !b.answered);
    ck_assert_str_eq(header(&a, "X-RateLimit-Limit"), "2");
    ck_assert_str_eq(header(&a, "X-RateLimit-Remaining"), "1");
    ck_assert_str_eq(header(&a, "X-RateLimit-Reset"), "60");
    ck_assert_str_eq(header(&b, "X-RateLimit-Remaining"), "0");
    ck_assert_str_eq(header(&b, "Retry-After"), "(none)");
    ck_assert(refused(&c, 429, "rate_limited"));
    ck_assert_str_eq(header(&c, "X-RateLimit-Limit"), "2");
    ck_assert_str_eq(header(&c, "X-RateLimit-Remaining"), "0");
    ck_assert_str_eq(header(&c, "X-RateLimit-Reset"), "60");
    ck_assert_str_eq(header(&c, "Retry-After"), "60");
    ck_assert_ptr_nonnull(
        strstr(buf_str(&c.res.body), "The tier free allows 2 requests a minute."));
    done();
}
END_TEST

START_TEST(an_unlimited_tier_is_not_counted_and_an_unknown_one_is_free)
{
    setup();
    call_as(&a, "ada", "premium");
    call_as(&b, "bob", "golden");
    c.answered = true;
    guards_quotas(&api, calls, 3);
    ck_assert_str_eq(header(&a, "X-RateLimit-Limit"), "(none)");
    ck_assert_str_eq(header(&b, "X-RateLimit-Limit"), "2");
    ck_assert_uint_eq(c.res.n_headers, 0);
    done();
}
END_TEST

START_TEST(limits_can_be_switched_off)
{
    setup();
    config.rate_limit.enabled = false;
    for (int i = 0; i < 3; i++)
        call_as(calls[i], "ada", "free");
    guards_quotas(&api, calls, 3);
    ck_assert(!a.answered && !b.answered && !c.answered);
    ck_assert_uint_eq(a.res.n_headers, 0);
    done();
}
END_TEST

START_TEST(only_routes_with_a_quota_count)
{
    setup();
    a.route = &open_route;
    b.route = NULL;
    call_as(&c, "ada", "free");
    guards_quotas(&api, calls, 3);
    ck_assert_uint_eq(a.res.n_headers + b.res.n_headers, 0);
    ck_assert_str_eq(header(&c, "X-RateLimit-Remaining"), "1");
    done();
}
END_TEST

/* ---- bodies ---- */

static void judge_body(const char *content_type, char *encoding)
{
    char *params[] = { encoding, NULL };

    call_reset(&a);
    a.route = &json_route;
    a.req.params = params;
    a.req.content_type = content_type;
    guards_body(&a);
    a.req.params = no_params;
}

START_TEST(a_body_is_json_by_its_type_or_by_having_none)
{
    static const struct {
        const char *type;
        bool taken;
    } rows[] = {
        { NULL, true },
        { "", true },
        { "application/json", true },
        { "Application/JSON", true },
        { "application/json; charset=utf-8", true },
        { "application/json;charset=utf-8", true },
        { "application/json ; charset=utf-8", true },
        { "application/jsonp", false },
        { "application/json-seq", false },
        { "application/problem+json", false },
        { "text/json", false },
        { "text/plain", false },
        { "application/x-www-form-urlencoded", false },
        { "multipart/form-data; boundary=x", false },
    };

    setup();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        judge_body(rows[i].type, NULL);
        ck_assert_msg(a.answered == !rows[i].taken, "%s", rows[i].type);
        if (!rows[i].taken)
            ck_assert(refused(&a, 415, "unsupported_media_type"));
    }
    done();
}
END_TEST

START_TEST(a_compressed_body_is_refused_in_words_that_say_what_to_do)
{
    char gzip[] = "HTTP_CONTENT_ENCODING=gzip", none[] = "HTTP_CONTENT_ENCODING=Identity";

    setup();
    judge_body("application/json", gzip);
    ck_assert(refused(&a, 415, "unsupported_media_type"));
    ck_assert_ptr_nonnull(strstr(buf_str(&a.res.body), "leave Content-Encoding out"));
    judge_body("application/json", none);
    ck_assert(!a.answered);
    done();
}
END_TEST

START_TEST(a_body_that_did_not_come_whole_is_refused_on_every_route)
{
    setup();
    a.route = b.route = c.route = &open_route;
    a.req.bad_content_length = true;
    b.req.body_too_large = true;
    c.req.body_short = true;
    for (int i = 0; i < 3; i++)
        guards_body(calls[i]);
    ck_assert(refused(&a, 400, "invalid_parameter"));
    ck_assert(refused(&b, 413, "body_too_large"));
    ck_assert(refused(&c, 400, "invalid_parameter"));
    done();
}
END_TEST

START_TEST(the_type_matters_only_where_json_is_needed)
{
    setup();
    a.route = &open_route;
    a.req.content_type = "text/plain";
    guards_body(&a);
    ck_assert(!a.answered);
    b.route = &json_route;
    b.req.content_type = "text/plain";
    b.req.body_short = true;
    b.answered = true;
    guards_body(&b);
    ck_assert_str_eq(buf_str(&b.res.body), ""); /* the first answer stands */
    done();
}
END_TEST

SUITE("guards", without_a_key_nobody_passes, each_caller_of_a_round_gets_their_own_answer,
      a_key_that_cannot_be_looked_up_is_503_and_not_401, only_routes_that_need_a_key_ask_for_one,
      each_answer_says_how_much_is_left_and_past_the_limit_it_is_429,
      an_unlimited_tier_is_not_counted_and_an_unknown_one_is_free, limits_can_be_switched_off,
      only_routes_with_a_quota_count, a_body_is_json_by_its_type_or_by_having_none,
      a_compressed_body_is_refused_in_words_that_say_what_to_do,
      a_body_that_did_not_come_whole_is_refused_on_every_route,
      the_type_matters_only_where_json_is_needed)
