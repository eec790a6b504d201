/* cache - the connection to Redis; the only file that knows hiredis. */
#include "common/cache/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/scoped.h"

SCOPED_RELEASE(redisReply, freeReplyObject)

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 2000
#define SHA1_HEX_BYTES 41
#define SCRIPTS_MOST 8 /* that one connection uses in turn */

/* A script that the server knows by its digest. */
struct loaded {
    const struct cache_script *script;
    char digest[SHA1_HEX_BYTES];
};

struct cache {
    const struct config_redis *config;
    redisContext *conn;
    struct loaded loaded[SCRIPTS_MOST]; /* in this connection */
    size_t n_loaded;
    int64_t next_try_ms, backoff_ms;
    bool announced_down;
};

struct cache *cache_new(const struct config_redis *config)
{
    struct cache *c = calloc(1, sizeof *c);

    if (c == NULL)
        abort();
    c->config = config;
    return c;
}

static void drop(struct cache *c)
{
    if (c->conn != NULL)
        redisFree(c->conn);
    c->conn = NULL;
    c->n_loaded = 0;
}

void cache_free(struct cache *c)
{
    if (c == NULL)
        return;
    drop(c);
    free(c);
}

bool cache_is_connected(const struct cache *c)
{
    return c->conn != NULL;
}

/* hiredis' own words are those of errno, or of the protocol: they hold no value. */
static enum status lost(struct cache *c, const char *what, struct error *err)
{
    char why[160] = "";

    if (c->conn != NULL && c->conn->err != 0)
        snprintf(why, sizeof why, ": %s", c->conn->errstr);
    drop(c);
    c->backoff_ms = c->backoff_ms == 0 ? BACKOFF_FIRST_MS : c->backoff_ms * 2;
    if (c->backoff_ms > BACKOFF_MOST_MS)
        c->backoff_ms = BACKOFF_MOST_MS;
    c->next_try_ms =
        clock_mono_ms() + c->backoff_ms / 2 + (int64_t)random_below((uint64_t)c->backoff_ms / 2 + 1);
    if (!c->announced_down)
        log_warn("cache.away", STR("step", what));
    c->announced_down = true;
    return error_set(err, ST_UNAVAILABLE, "cache: %s failed%s", what, why);
}

/* A command whose answer only has to be no error. */
static bool command(struct cache *c, int argc, const char *argv[])
{
    SCOPED(redisReply) reply = redisCommandArgv(c->conn, argc, argv, NULL);

    return reply != NULL && reply->type != REDIS_REPLY_ERROR;
}

static bool greet(struct cache *c)
{
    char db[12];

    snprintf(db, sizeof db, "%d", c->config->db);
    if (c->config->password[0] != '\0' &&
        !command(c, 2, (const char *[]){ "AUTH", c->config->password }))
        return false;
    return c->config->db == 0 || command(c, 2, (const char *[]){ "SELECT", db });
}

static enum status ready(struct cache *c, struct error *err)
{
    struct timeval limit = { .tv_sec = c->config->timeout_ms / 1000,
                             .tv_usec = c->config->timeout_ms % 1000 * 1000 };

    if (c->conn != NULL)
        return ST_OK;
    if (clock_mono_ms() < c->next_try_ms)
        return error_set(err, ST_UNAVAILABLE, "cache: not connected, next try follows");
    c->conn = c->config->socket[0] != '\0'
                  ? redisConnectUnixWithTimeout(c->config->socket, limit)
                  : redisConnectWithTimeout(c->config->host, c->config->port, limit);
    if (c->conn == NULL)
        abort(); /* out of memory */
    if (c->conn->err != 0 || redisSetTimeout(c->conn, limit) != REDIS_OK)
        return lost(c, "connect", err);
    if (!greet(c))
        return lost(c, "log in", err);
    if (c->announced_down)
        log_info("cache.back", STR("step", "connect"));
    c->announced_down = false;
    c->backoff_ms = 0;
    return ST_OK;
}

enum status cache_ping(struct cache *c, struct error *err)
{
    enum status s = ready(c, err);

    if (s == ST_OK && !command(c, 1, (const char *[]){ "PING" }))
        return lost(c, "ping", err);
    return s;
}

/* "name:value" of a line of INFO; "" where it is not there. */
static const char *info_value(const redisReply *info, const char *name, struct arena *mem)
{
    size_t len = strlen(name);

    for (const char *line = info->str; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            return arena_strndup(mem, line + len + 1, strcspn(line + len + 1, "\r\n"));
    }
    return "";
}

/* Valkey also tells the version of Redis that it stands in for. */
static void read_server(const redisReply *info, struct arena *mem, struct cache_facts *out)
{
    const char *valkey = info_value(info, "valkey_version", mem);
    bool is_valkey = valkey[0] != '\0';

    out->name = is_valkey ? "Valkey" : "Redis";
    out->version = is_valkey ? valkey : info_value(info, "redis_version", mem);
}

/* Pipelined, since servers before 7.0 take one section at a time. */
enum status cache_look(struct cache *c, struct arena *mem, struct cache_facts *out, struct error *err)
{
    static const char *const sections[] = { "server", "memory" };
    enum status s = ready(c, err);

    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < 2; i++)
        redisAppendCommandArgv(c->conn, 2, (const char *[]){ "INFO", sections[i] }, NULL);
    for (size_t i = 0; i < 2; i++) {
        SCOPED(redisReply) reply = NULL;

        if (redisGetReply(c->conn, (void **)&reply) != REDIS_OK || reply == NULL ||
            reply->type != REDIS_REPLY_STRING)
            return lost(c, "INFO", err);
        if (i == 0) {
            read_server(reply, mem, out);
            continue;
        }
        out->policy = info_value(reply, "maxmemory_policy", mem);
        out->maxmemory = strtoll(info_value(reply, "maxmemory", mem), NULL, 10);
        out->used = strtoll(info_value(reply, "used_memory", mem), NULL, 10);
    }
    return ST_OK;
}

static const struct loaded *find_loaded(const struct cache *c, const struct cache_script *script)
{
    for (size_t i = 0; i < c->n_loaded; i++)
        if (c->loaded[i].script == script)
            return &c->loaded[i];
    return NULL;
}

static enum status load(struct cache *c, const struct cache_script *script, const struct loaded **out,
                        struct error *err)
{
    const char *argv[] = { "SCRIPT", "LOAD", script->text };
    struct loaded *l;

    if ((*out = find_loaded(c, script)) != NULL)
        return ST_OK;
    SCOPED(redisReply) reply = redisCommandArgv(c->conn, 3, argv, NULL);
    if (reply == NULL || reply->type != REDIS_REPLY_STRING || reply->len != SHA1_HEX_BYTES - 1)
        return lost(c, "load script", err);
    if (c->n_loaded == SCRIPTS_MOST) /* they come round again */
        c->n_loaded = 0;
    l = &c->loaded[c->n_loaded++];
    l->script = script;
    memcpy(l->digest, reply->str, SHA1_HEX_BYTES);
    *out = l;
    return ST_OK;
}

static void append(struct cache *c, const char *digest, const struct cache_call *call)
{
    const char *argv[4 + CACHE_ARGS_MOST] = { "EVALSHA", digest, "1", call->key };

    for (int i = 0; i < call->n_args; i++)
        argv[4 + i] = call->args[i];
    redisAppendCommandArgv(c->conn, 4 + call->n_args, argv, NULL);
}

static bool take_answer(const redisReply *reply, struct cache_call *call)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER ||
        reply->element[1]->type != REDIS_REPLY_INTEGER)
        return false;
    call->first = reply->element[0]->integer;
    call->second = reply->element[1]->integer;
    return true;
}

/*
 * An answer that is not the two numbers ends the connection: NOSCRIPT after a flush of scripts, a
 * server that is out of memory or read-only.  The next round loads the script anew.
 */
enum status cache_run(struct cache *c, const struct cache_script *script, struct cache_call calls[],
                      size_t n, struct error *err)
{
    const struct loaded *loaded;
    enum status s = ready(c, err);

    if (s == ST_OK)
        s = load(c, script, &loaded, err);
    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < n; i++)
        append(c, loaded->digest, &calls[i]);
    for (size_t i = 0; i < n; i++) {
        SCOPED(redisReply) reply = NULL;

        if (redisGetReply(c->conn, (void **)&reply) != REDIS_OK || reply == NULL ||
            !take_answer(reply, &calls[i]))
            return lost(c, "script", err);
    }
    return ST_OK;
}

/*
 * GETRANGE and not MGET: the server sends no more than is wanted, and keys may lie on several nodes.
 * A key that is not there is an empty text.
 */
enum status cache_get_texts(struct cache *c, const char *const keys[], size_t n, size_t most,
                            struct arena *mem, const char *out[], struct error *err)
{
    enum status s = ready(c, err);
    char last[24];

    if (s != ST_OK)
        return s;
    snprintf(last, sizeof last, "%zu", most - 1);
    for (size_t i = 0; i < n; i++)
        redisAppendCommandArgv(c->conn, 4, (const char *[]){ "GETRANGE", keys[i], "0", last }, NULL);
    for (size_t i = 0; i < n; i++) {
        SCOPED(redisReply) reply = NULL;

        if (redisGetReply(c->conn, (void **)&reply) != REDIS_OK || reply == NULL ||
            reply->type != REDIS_REPLY_STRING)
            return lost(c, "read", err);
        out[i] = reply->len == 0 ? NULL : arena_strndup(mem, reply->str, (size_t)reply->len);
    }
    return ST_OK;
}
