/* engine - reading the simulator's log, the timeline, Redis and RabbitMQ for tests of delivery. */
#include "tests/integration/engine.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/broker/broker.h"
#include "common/broker/topology.h"
#include "tests/integration/client.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

#define LOOK_MS 600 /* workers look at the breakers' board a few times a second */

/* Workers go on meanwhile, and lock rows in an order of their own. */
void engine_rest(void)
{
    sql_text("DO $$ BEGIN LOOP BEGIN"
             "  UPDATE message_recipients SET status = 'cancelled'"
             "   WHERE status IN ('pending', 'queued', 'sending');"
             "  DELETE FROM dispatch;"
             "  EXIT;"
             " EXCEPTION WHEN deadlock_detected THEN END; END LOOP; END $$");
    if (*redis("KEYS notification:breaker:*") != '\0') {
        redis("FLUSHALL");
        clock_sleep_ms(LOOK_MS);
    }
}

static pid_t own_workers[4];

void workers(int n, const char *const env[])
{
    ck_assert_int_le(n, 4);
    service_down("workerd");
    for (int i = 0; i < n; i++)
        own_workers[i] = worker_start(env);
}

void workers_end(void)
{
    for (int i = 0; i < 4; i++) {
        if (own_workers[i] == 0)
            continue;
        kill(own_workers[i], SIGKILL);
        process_wait(own_workers[i], 5000);
        own_workers[i] = 0;
    }
}

/* ---- calls ---- */

/* address NULL: any. */
static struct calls find(const char *message_id, const char *address)
{
    json_t *all = requests_for(message_id), *one;
    struct calls c = { .list = calloc(json_array_size(all) + 1, sizeof *c.list) };
    size_t i;

    ck_assert_ptr_nonnull(c.list);
    json_array_foreach (all, i, one) {
        struct call *call = &c.list[c.n];

        if (address != NULL && strcmp(text_at(one, "to"), address) != 0)
            continue;
        c.n++;
        ck_assert(clock_parse(text_at(one, "time"), &call->at_ms));
        snprintf(call->recipient_id, sizeof call->recipient_id, "%s", text_at(one, "recipient_id"));
    }
    json_decref(all);
    return c;
}

struct calls calls_of(const char *message_id)
{
    return find(message_id, NULL);
}

struct calls calls_to(const char *address)
{
    return find("", address);
}

int calls_most_a_second(const struct calls *c)
{
    int most = 0;

    for (int first = 0, last = 0; last < c->n; last++) {
        while (c->list[last].at_ms - c->list[first].at_ms >= 1000)
            first++;
        if (last - first + 1 > most)
            most = last - first + 1;
    }
    return most;
}

static bool is_for(const struct call *call, const char *message_id)
{
    return strncmp(call->recipient_id, message_id, strlen(message_id)) == 0;
}

int calls_for(const struct calls *c, const char *message_id, int upto)
{
    int n = 0;

    for (int i = 0; i < c->n && (upto < 0 || i < upto); i++)
        n += is_for(&c->list[i], message_id);
    return n;
}

int calls_first(const struct calls *c, const char *message_id)
{
    for (int i = 0; i < c->n; i++) {
        if (is_for(&c->list[i], message_id))
            return i;
    }
    return -1;
}

int overtaken_by(const char *message_id)
{
    int64_t accepted_ms = sql_number("SELECT (extract(epoch FROM created_at) * 1000)::bigint"
                                     "  FROM messages WHERE id = '%s'", message_id);
    struct calls c = calls_of("");
    int place = calls_first(&c, message_id), n = 0;

    ck_assert_int_ge(place, 0);
    for (int i = 0; i < place; i++)
        n += c.list[i].at_ms >= accepted_ms;
    return n;
}

/* ---- the timeline ---- */

int64_t events_of(const char *message_id, const char *event)
{
    return sql_number("SELECT count(*) FROM message_events WHERE message_id = '%s' AND event = '%s'",
                      message_id, event);
}

const char *attempts_of(const char *message_id)
{
    const char *all = sql_text("SELECT string_agg(provider || ' ' || status, '/' ORDER BY at, id)"
                               "  FROM message_events WHERE message_id = '%s' AND n = 0"
                               "   AND event = 'attempt'", message_id);

    return all == NULL ? "" : all;
}

int64_t attempts_counted(const char *message_id)
{
    return sql_number("SELECT sum(attempts) FROM message_recipients WHERE message_id = '%s'", message_id);
}

/* ---- redis ---- */

static const char *output_of(const char *command)
{
    FILE *f = popen(command, "re");
    char chunk[4096];
    size_t n = 0, got;

    ck_assert_ptr_nonnull(f);
    while (n < sizeof chunk - 1 && (got = fread(chunk + n, 1, sizeof chunk - 1 - n, f)) > 0)
        n += got;
    while (n > 0 && chunk[n - 1] == '\n')
        n--;
    chunk[n] = '\0';
    ck_assert_msg(pclose(f) == 0, "%s", command);
    return text("%s", chunk);
}

const char *redis(const char *fmt, ...)
{
    char *words;
    const char *answer;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&words, fmt, ap) < 0)
        abort();
    va_end(ap);
    answer = output_of(text("%s --no-auth-warning -u %s %s", stack_env("REDIS_CLI"),
                            stack_env("REDIS_URL"), words));
    free(words);
    return answer;
}

void breaker_set_open(const char *provider, int64_t ms)
{
    redis("SET notification:breaker:{%s} '{\"state\":\"open\",\"until_ms\":%lld,\"reason\":\"a test\","
          "\"failures\":1}'", provider, (long long)(clock_wall_ms() + ms));
    clock_sleep_ms(LOOK_MS);
}

/* Whoever opened it closes it by the board only once they have seen it there. */
void breaker_forget(const char *provider)
{
    clock_sleep_ms(LOOK_MS);
    redis("DEL notification:breaker:{%s} notification:breaker:{%s}:probe notification:breaker:{%s}:pause",
          provider, provider, provider);
    clock_sleep_ms(LOOK_MS);
}

static json_t *breaker_of(const char *provider)
{
    const char *value = redis("GET notification:breaker:{%s}", provider);

    return *value == '\0' ? NULL : json_loads(value, 0, NULL);
}

bool breaker_is_open(const char *provider)
{
    return breaker_of(provider) != NULL;
}

int breaker_openings(const char *provider)
{
    json_t *doc = breaker_of(provider);

    return doc == NULL ? 0 : (int)number_at(doc, "failures");
}

/* ---- queues ---- */

static const struct config_rabbitmq *broker_settings(void)
{
    static struct config config;
    static bool loaded;
    struct config_faults faults;
    char *no_env[] = { NULL };

    if (!loaded)
        ck_assert_int_eq(config_load(stack_env("NOTIFY_CONFIG"), no_env, &config, &faults), ST_OK);
    loaded = true;
    return &config.rabbitmq;
}

int queue_depth(int lane)
{
    static struct broker *broker;
    struct error err;
    uint32_t ready;

    if (broker == NULL)
        broker = broker_new(broker_settings(), "test");
    if (broker_connect(broker, &err) != ST_OK ||
        broker_depth(broker, lane_queues[lane].queue, &ready, &err) != ST_OK)
        return -1;
    return (int)ready;
}

int queue_held(int lane)
{
    return atoi(output_of(text("sh -c '. %s; /usr/lib/rabbitmq/bin/rabbitmqctl -q list_queues name"
                               " messages_unacknowledged' | awk '$1 == \"%s\" { print $2 }'",
                               stack_file("etc/rabbitmq.env"), lane_queues[lane].queue)));
}
