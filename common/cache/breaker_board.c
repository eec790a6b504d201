/* breaker_board - the keys of the breakers, each behind a script. */
#include "common/cache/breaker_board.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/base/json.h"

#define KEY_BYTES 128
#define VALUE_BYTES 512
#define LOOK_MOST 16 /* in one round trip */

static const struct cache_script look_script = {
    "local v = redis.call('GET', KEYS[1])\n"
    "local b = v and cjson.decode(v) or { until_ms = 0, failures = 0 }\n"
    "return {b.until_ms, b.failures}\n"
};
static const struct cache_script left_script = {
    "return {math.max(0, redis.call('PTTL', KEYS[1])), 0}\n"
};
static const struct cache_script open_script = {
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
    "redis.call('DEL', KEYS[1] .. ':probe')\n"
    "return {1, 0}\n"
};
static const struct cache_script close_script = {
    "redis.call('DEL', KEYS[1] .. ':probe')\n"
    "return {redis.call('DEL', KEYS[1]), 0}\n"
};
/* Somebody else's probe may have failed since we looked. */
static const struct cache_script probe_script = {
    "local v = redis.call('GET', KEYS[1])\n"
    "local t = redis.call('TIME')\n"
    "if v and cjson.decode(v).until_ms > t[1] * 1000 + t[2] / 1000 then return {0, 0} end\n"
    "return {redis.call('SET', KEYS[1] .. ':probe', '1', 'NX', 'PX', ARGV[1]) and 1 or 0, 0}\n"
};
static const struct cache_script pause_script = {
    "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then\n"
    "  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])\n"
    "end\n"
    "return {1, 0}\n"
};

static const char *key_of(char key[KEY_BYTES], const char *name, const char *what)
{
    snprintf(key, KEY_BYTES, "notification:breaker:{%.80s}%s", name, what);
    return key;
}

static enum status look(struct cache *c, const char *const names[], size_t n,
                        struct breaker_entry out[], struct error *err)
{
    struct cache_call states[LOOK_MOST], pauses[LOOK_MOST];
    char keys[LOOK_MOST][KEY_BYTES], pause_keys[LOOK_MOST][KEY_BYTES];
    enum status s;

    for (size_t i = 0; i < n; i++) {
        states[i] = (struct cache_call){ .key = key_of(keys[i], names[i], "") };
        pauses[i] = (struct cache_call){ .key = key_of(pause_keys[i], names[i], ":pause") };
    }
    s = cache_run(c, &look_script, states, n, err);
    if (s == ST_OK)
        s = cache_run(c, &left_script, pauses, n, err);
    for (size_t i = 0; i < n && s == ST_OK; i++)
        out[i] = (struct breaker_entry){ states[i].first, (int)states[i].second, pauses[i].first };
    return s;
}

enum status breaker_board_look(struct cache *c, const char *const names[], size_t n,
                               struct breaker_entry out[], struct error *err)
{
    enum status s = ST_OK;

    for (size_t at = 0; at < n && s == ST_OK; at += LOOK_MOST)
        s = look(c, names + at, n - at < LOOK_MOST ? n - at : LOOK_MOST, out + at, err);
    return s;
}

/* One call of a script with whole numbers behind a text; `answer` may be NULL. */
static enum status call(struct cache *c, const struct cache_script *script, const char *key,
                        const char *text, int64_t number, bool *answer, struct error *err)
{
    char digits[24];
    struct cache_call call = { .key = key };
    enum status s;

    if (text != NULL)
        call.args[call.n_args++] = text;
    snprintf(digits, sizeof digits, "%lld", (long long)number);
    call.args[call.n_args++] = digits;
    s = cache_run(c, script, &call, 1, err);
    if (s == ST_OK && answer != NULL)
        *answer = call.first != 0;
    return s;
}

enum status breaker_board_open(struct cache *c, const char *name, int64_t until_ms, int failures,
                               const char *reason, int64_t life_ms, struct error *err)
{
    struct buf value = BUF_INIT(VALUE_BYTES);
    struct json_writer w = JSON_WRITER(&value);
    char key[KEY_BYTES];
    enum status s;

    jw_open(&w, NULL, '{');
    jw_text(&w, "state", "open");
    jw_num(&w, "until_ms", until_ms);
    jw_text(&w, "reason", reason);
    jw_num(&w, "failures", failures);
    jw_close(&w, '}');
    s = call(c, &open_script, key_of(key, name, ""), buf_str(&value), life_ms, NULL, err);
    buf_free(&value);
    return s;
}

enum status breaker_board_close(struct cache *c, const char *name, struct error *err)
{
    char key[KEY_BYTES];

    return call(c, &close_script, key_of(key, name, ""), NULL, 0, NULL, err);
}

enum status breaker_board_probe(struct cache *c, const char *name, int64_t life_ms, bool *won,
                                struct error *err)
{
    char key[KEY_BYTES];

    return call(c, &probe_script, key_of(key, name, ""), NULL, life_ms, won, err);
}

enum status breaker_board_pause(struct cache *c, const char *name, int64_t pause_ms,
                                struct error *err)
{
    char key[KEY_BYTES];

    return call(c, &pause_script, key_of(key, name, ":pause"), NULL, pause_ms, NULL, err);
}

/* ---- for people ---- */

static const char *known_state(const char *text)
{
    static const char *const states[] = { "closed", "open", "half_open" };

    for (size_t i = 0; text != NULL && i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i], text) == 0)
            return states[i];
    }
    return "unknown";
}

static json_int_t number_or(const json_t *doc, const char *name, json_int_t otherwise)
{
    const json_t *value = json_object_get(doc, name);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

struct breaker_view breaker_view_of(const char *text, struct arena *mem)
{
    struct breaker_view v = { .state = "closed", .until_ms = -1 };
    json_int_t failures;

    if (text == NULL)
        return v;
    SCOPED(json_t) doc = json_read(text, strlen(text), NULL);
    v.state = known_state(json_string_value(json_object_get(doc, "state")));
    v.reason = arena_strdup(mem, json_string_value(json_object_get(doc, "reason")));
    v.until_ms = number_or(doc, "until_ms", -1);
    failures = number_or(doc, "failures", 0);
    v.failures = failures < 0 ? 0 : failures > INT_MAX ? INT_MAX : (int)failures;
    return v;
}

enum status breaker_board_read(struct cache *c, const char *const names[], size_t n,
                               struct arena *mem, struct breaker_view out[], struct error *err)
{
    const char **keys = ARENA_ARRAY(mem, const char *, n + 1);
    const char **texts = ARENA_ARRAY(mem, const char *, n + 1);
    enum status s;

    for (size_t i = 0; i < n; i++)
        keys[i] = key_of(arena_alloc(mem, KEY_BYTES), names[i], "");
    s = cache_get_texts(c, keys, n, VALUE_BYTES, mem, texts, err);
    for (size_t i = 0; i < n && s == ST_OK; i++)
        out[i] = breaker_view_of(texts[i], mem);
    return s;
}

enum status breaker_board_read_all(struct cache *c, const struct config *config, struct arena *mem,
                                   struct breaker_view out[], struct error *err)
{
    const char **names = ARENA_ARRAY(mem, const char *, config->n_providers + 1);

    for (size_t i = 0; i < config->n_providers; i++)
        names[i] = config->providers[i].name;
    return breaker_board_read(c, names, config->n_providers, mem, out, err);
}
