/* Tests of common/cache/breaker_board: what an entry of the board says. */
#include "common/cache/breaker_board.h"

#include <limits.h>

#include "common/base/log.h"
#include "tests/unit/suite.h"

static struct arena mem;

static const struct {
    const char *text, *state, *reason;
    int64_t until_ms;
    int failures;
} entries[] = {
    { NULL, "closed", NULL, -1, 0 },
    { "{\"state\":\"open\",\"until_ms\":1796115600000,\"reason\":\"credentials\",\"failures\":3}",
      "open", "credentials", 1796115600000, 3 },
    { "{\"state\":\"half_open\",\"failures\":1}", "half_open", NULL, -1, 1 },
    { "{\"state\":\"closed\"}", "closed", NULL, -1, 0 },
    { "{\"state\":\"open\",\"until_ms\":\"soon\",\"reason\":7,\"failures\":-2,\"more\":[]}", "open",
      NULL, -1, 0 },
    { "{\"state\":\"open\",\"failures\":99999999999}", "open", NULL, -1, INT_MAX },
    { "{\"state\":\"ajar\"}", "unknown", NULL, -1, 0 },
    { "{\"state\":\"open\",", "unknown", NULL, -1, 0 }, /* as a text that was cut */
    { "[\"open\"]", "unknown", NULL, -1, 0 },
    { "open", "unknown", NULL, -1, 0 },
};

START_TEST(an_entry_says_what_it_holds_and_none_is_closed)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        struct breaker_view v = breaker_view_of(entries[i].text, &mem);

        ck_assert_str_eq(v.state, entries[i].state);
        ck_assert_pstr_eq(v.reason, entries[i].reason);
        ck_assert_int_eq(v.until_ms, entries[i].until_ms);
        ck_assert_int_eq(v.failures, entries[i].failures);
    }
}
END_TEST

START_TEST(without_redis_nothing_is_known)
{
    const struct config_redis nowhere = {
        .host = "", .socket = "/nonexistent/redis.sock", .password = "", .timeout_ms = 50
    };
    const char *const names[] = { "twilio" };
    struct cache *cache = cache_new(&nowhere);
    struct breaker_view view = { .state = "untouched" };

    log_set_fd(-1);
    ck_assert_int_eq(breaker_board_read(cache, names, 1, &mem, &view, NULL), ST_UNAVAILABLE);
    ck_assert_str_eq(view.state, "untouched");
    cache_free(cache);
}
END_TEST

SUITE("breaker_board", an_entry_says_what_it_holds_and_none_is_closed,
      without_redis_nothing_is_known)
