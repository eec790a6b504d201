/* authorize - from keys to callers. */
#include "common/service/authorize.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/cache/key_cache.h"
#include "common/db/api_keys.h"

/* What memory knows; KEY_UNKNOWN ones are left for the table. */
static enum key_known from_memory(struct key_ask *ask, const char *digest, int64_t now_ms)
{
    enum key_known known = key_cache_get(digest, now_ms, &ask->caller);

    if (known != KEY_UNKNOWN)
        ask->result = known == KEY_GOOD ? ST_OK : ST_DENIED;
    return known;
}

static void from_table(struct db *db, struct key_ask *asks[], const char *const digests[], size_t n,
                       int64_t now_ms, struct arena *mem)
{
    struct caller *callers = ARENA_ARRAY(mem, struct caller, n);
    bool *found = ARENA_ARRAY(mem, bool, n);
    struct error err;
    enum status s = api_keys_find(db, digests, n, mem, callers, found, &err);

    if (s != ST_OK && s != ST_UNAVAILABLE && s != ST_UNCERTAIN)
        log_error("keys.look_up_failed", ERR(&err));
    for (size_t i = 0; i < n; i++) {
        if (s != ST_OK) { /* reading is never uncertain */
            asks[i]->result = s == ST_UNCERTAIN ? ST_UNAVAILABLE : s;
            continue;
        }
        key_cache_put(digests[i], now_ms, found[i] ? &callers[i] : NULL);
        asks[i]->result = found[i] ? ST_OK : ST_DENIED;
        if (found[i])
            asks[i]->caller = callers[i];
    }
}

void authorize_keys(struct db *db, struct key_ask asks[], size_t n, struct arena *mem)
{
    struct key_ask **unknown = ARENA_ARRAY(mem, struct key_ask *, n + 1);
    const char **digests = ARENA_ARRAY(mem, const char *, n + 1);
    int64_t now_ms = clock_mono_ms();
    size_t n_unknown = 0;

    for (size_t i = 0; i < n; i++) {
        char *digest;

        asks[i].result = ST_DENIED;
        if (!api_key_is_shaped(asks[i].key))
            continue;
        digest = arena_alloc(mem, SHA256_HEX_BYTES);
        sha256_hex(asks[i].key, strlen(asks[i].key), digest);
        if (from_memory(&asks[i], digest, now_ms) == KEY_UNKNOWN) {
            unknown[n_unknown] = &asks[i];
            digests[n_unknown++] = digest;
        }
    }
    if (n_unknown > 0)
        from_table(db, unknown, digests, n_unknown, now_ms, mem);
}
