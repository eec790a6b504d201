/* queue - what waits where: the lanes' queues, the database, the providers' breakers. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/broker/topology.h"
#include "common/cache/breaker_board.h"
#include "common/db/dispatch.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"

#define INTERVAL_MOST 3600
#define COUNT_MOST 100000 /* of a lane's rows: more is "100000+" */
#define QUEUES (LANE_COUNT + 1)

static const char *queue_name(int i)
{
    return i < LANE_COUNT ? lane_queues[i].queue : QUEUE_DEAD;
}

struct status_view {
    bool has_queues, has_rates, has_backlog, has_breakers; /* what could be read */
    struct queue_counts queues[QUEUES];                    /* by lane; the dead letters last */
    double rates[QUEUES];                                  /* change of what is ready, a second */
    struct backlog backlog[LANE_COUNT];
    struct breaker_view *breakers; /* of each configured provider, in its order */
    struct buf away;               /* who did not answer, and why */
};

enum status queue_status_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *interval = call_option(call, "--interval");
    int n;

    if (interval != NULL && !ctl_read_number(interval, 0, INTERVAL_MOST, &n))
        return error_set(err, ST_INVALID, "--interval takes a number of seconds, 0 to %d", INTERVAL_MOST);
    return ST_OK;
}

/* ---- reading ---- */

static bool read_part(struct status_view *v, const char *who, enum status s, const struct error *err)
{
    if (s != ST_OK)
        buf_addf(&v->away, "%s%s: %s", v->away.len > 0 ? "; " : "", who, err->text);
    return s == ST_OK;
}

static enum status count_queues(struct ctl *ctl, struct queue_counts out[QUEUES], struct error *err)
{
    enum status s = ST_OK;

    for (int i = 0; i < QUEUES && s == ST_OK; i++)
        s = broker_count(ctl->broker, queue_name(i), &out[i], err);
    return s;
}

static void read_queues(struct ctl *ctl, struct status_view *v)
{
    struct error err;
    enum status s = ctl_connect_broker(ctl, &err);

    if (s == ST_OK)
        s = count_queues(ctl, v->queues, &err);
    v->has_queues = read_part(v, "rabbitmq", s, &err);
}

/* A second look, `interval` seconds after the first. */
static void read_rates(struct ctl *ctl, struct status_view *v, int64_t first_ms, int interval)
{
    int64_t until_ms = first_ms + (int64_t)interval * 1000;
    struct queue_counts now[QUEUES];
    struct error err;
    double seconds;

    while (clock_mono_ms() < until_ms)
        clock_sleep_ms(until_ms - clock_mono_ms());
    v->has_rates = read_part(v, "rabbitmq", count_queues(ctl, now, &err), &err);
    seconds = (double)(clock_mono_ms() - first_ms) / 1000;
    for (int i = 0; i < QUEUES && v->has_rates; i++) {
        v->rates[i] = ((double)now[i].ready - (double)v->queues[i].ready) / seconds;
        v->queues[i] = now[i];
    }
}

static void read_backlog(struct ctl *ctl, struct status_view *v)
{
    struct error err;
    enum status s = ctl_connect(ctl, &err);

    if (s == ST_OK)
        s = dispatch_backlog(ctl->db, COUNT_MOST, &ctl->mem, v->backlog, &err);
    v->has_backlog = read_part(v, "postgres", s, &err);
}

static void read_breakers(struct ctl *ctl, struct status_view *v)
{
    struct error err;

    v->breakers = ARENA_ARRAY(&ctl->mem, struct breaker_view, ctl->config.n_providers + 1);
    ctl_connect_cache(ctl);
    v->has_breakers = read_part(
        v, "redis", breaker_board_read_all(ctl->cache, &ctl->config, &ctl->mem, v->breakers, &err), &err);
}

/* ---- printing for programs ---- */

static void number_or_null(struct json_writer *w, const char *name, bool known, int64_t value)
{
    if (known)
        jw_num(w, name, value);
    else
        jw_null(w, name);
}

static void rate_json(struct ctl *ctl, struct json_writer *w, const struct status_view *v, int i)
{
    jw_raw(w, "ready_per_second",
           v->has_rates ? arena_printf(&ctl->mem, "%.1f", v->rates[i]) : NULL);
}

static void queue_json(struct ctl *ctl, struct json_writer *w, const struct status_view *v, int i)
{
    const struct backlog *b = i < LANE_COUNT && v->has_backlog ? &v->backlog[i] : NULL;

    jw_open(w, NULL, '{');
    jw_text(w, "queue", queue_name(i));
    jw_text(w, "platform", i < LANE_COUNT ? platform_name(lane_platform(i)) : NULL);
    jw_text(w, "priority", i < LANE_COUNT ? priority_name(lane_priority(i)) : NULL);
    number_or_null(w, "ready", v->has_queues, v->queues[i].ready);
    rate_json(ctl, w, v, i);
    number_or_null(w, "consumers", v->has_queues, v->queues[i].consumers);
    number_or_null(w, "due", b != NULL, b == NULL ? 0 : b->due);
    number_or_null(w, "waiting", b != NULL, b == NULL ? 0 : b->waiting);
    jw_bool(w, "more", b != NULL && (b->due >= COUNT_MOST || b->waiting >= COUNT_MOST));
    number_or_null(w, "oldest_due_ms", b != NULL && b->oldest_ms >= 0, b == NULL ? 0 : b->oldest_ms);
    jw_close(w, '}');
}

static void breaker_json(struct ctl *ctl, struct json_writer *w, const struct status_view *v, size_t i)
{
    const struct breaker_view *b = &v->breakers[i];

    jw_open(w, NULL, '{');
    jw_text(w, "provider", ctl->config.providers[i].name);
    jw_text(w, "kind", ctl->config.providers[i].kind);
    jw_text(w, "state", v->has_breakers ? b->state : NULL);
    jw_time(w, "until", v->has_breakers ? b->until_ms : -1);
    jw_text(w, "reason", v->has_breakers ? b->reason : NULL);
    number_or_null(w, "failures", v->has_breakers, b->failures);
    jw_close(w, '}');
}

static void print_json(struct ctl *ctl, const struct status_view *v)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "queues", '[');
    for (int i = 0; i < QUEUES; i++)
        queue_json(ctl, &w, v, i);
    jw_close(&w, ']');
    jw_open(&w, "providers", '[');
    for (size_t i = 0; i < ctl->config.n_providers; i++)
        breaker_json(ctl, &w, v, i);
    jw_close(&w, ']');
    jw_close(&w, '}');
}

/* ---- printing for people ---- */

static const char *number(struct ctl *ctl, bool known, int64_t value)
{
    return known ? arena_printf(&ctl->mem, "%lld", (long long)value) : NULL;
}

static const char *count(struct ctl *ctl, int64_t value)
{
    return arena_printf(&ctl->mem, "%lld%s", (long long)value, value >= COUNT_MOST ? "+" : "");
}

static const char *rate(struct ctl *ctl, double value)
{
    const char *text = arena_printf(&ctl->mem, "%+.1f", value);

    return strcmp(text + 1, "0.0") == 0 ? "0" : text;
}

static const char *age(struct ctl *ctl, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" } };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (ms >= 2 * units[i].ms)
            return arena_printf(&ctl->mem, "%lld %s", (long long)(ms / units[i].ms), units[i].unit);
    }
    return arena_printf(&ctl->mem, "%lld ms", (long long)ms);
}

static void print_queues(struct ctl *ctl, const struct status_view *v)
{
    static const struct table_column columns[] = {
        { "QUEUE" }, { "READY", .right = true }, { "A SECOND", .right = true },
        { "CONSUMERS", .right = true }, { "DUE", .right = true }, { "WAITING", .right = true },
        { "OLDEST DUE", .right = true },
    };
    enum { N = sizeof columns / sizeof *columns };
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, QUEUES * N);

    for (int i = 0; i < QUEUES; i++) {
        const struct backlog *b = i < LANE_COUNT && v->has_backlog ? &v->backlog[i] : NULL;
        const char **row = &cells[i * N];

        row[0] = queue_name(i);
        row[1] = number(ctl, v->has_queues, v->queues[i].ready);
        row[2] = v->has_rates ? rate(ctl, v->rates[i]) : NULL;
        row[3] = number(ctl, v->has_queues, v->queues[i].consumers);
        row[4] = b == NULL ? NULL : count(ctl, b->due);
        row[5] = b == NULL ? NULL : count(ctl, b->waiting);
        row[6] = b == NULL || b->oldest_ms < 0 ? NULL : age(ctl, b->oldest_ms);
    }
    ctl_table(ctl, columns, N, cells, QUEUES);
}

static void print_breakers(struct ctl *ctl, const struct status_view *v)
{
    static const struct table_column columns[] = {
        { "PROVIDER" }, { "KIND" },  { "BREAKER" }, { "FAILURES", .right = true },
        { "UNTIL" },    { "REASON", .may_cut = true },
    };
    enum { N = sizeof columns / sizeof *columns };
    size_t n = ctl->config.n_providers;
    const char **cells = ARENA_ARRAY(&ctl->mem, const char *, n * N + 1);

    for (size_t i = 0; i < n; i++) {
        const struct breaker_view *b = &v->breakers[i];
        const char **row = &cells[i * N];

        row[0] = ctl->config.providers[i].name;
        row[1] = ctl->config.providers[i].kind;
        if (!v->has_breakers)
            continue;
        row[2] = b->state;
        row[3] = number(ctl, true, b->failures);
        row[4] = ctl_time(ctl, b->until_ms);
        row[5] = b->reason;
    }
    if (n == 0)
        buf_adds(&ctl->out, "no provider is configured\n");
    else
        ctl_table(ctl, columns, N, cells, n);
}

static void print_text(struct ctl *ctl, const struct status_view *v)
{
    print_queues(ctl, v);
    buf_addc(&ctl->out, '\n');
    print_breakers(ctl, v);
}

/* What can be read is shown, whoever else is away: this is asked when something is wrong. */
enum status queue_status(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct status_view v = { .away = BUF_INIT(4096) };
    const char *option = call_option(call, "--interval");
    int64_t first_ms;
    int interval = 1;
    enum status s = ST_OK;

    if (option != NULL)
        ctl_read_number(option, 0, INTERVAL_MOST, &interval);
    read_queues(ctl, &v);
    first_ms = clock_mono_ms();
    read_backlog(ctl, &v);
    read_breakers(ctl, &v);
    if (interval > 0 && v.has_queues)
        read_rates(ctl, &v, first_ms, interval);
    (ctl->json ? print_json : print_text)(ctl, &v);
    if (v.away.len > 0)
        s = error_set(err, ST_UNAVAILABLE, "not all could be read: %s", buf_str(&v.away));
    buf_free(&v.away);
    return s;
}
