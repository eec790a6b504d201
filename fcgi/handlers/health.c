/* health - whether the process is up, whether its neighbours are, and which version it is. */
#include "common/base/clock.h"
#include "common/base/json.h"
#include "fcgi/handlers/handlers.h"

static const struct statement ping = { "health_ping", "SELECT 1", 0 };

static struct json_writer begin(struct call *c, int status)
{
    struct json_writer w = JSON_WRITER(&c->res.body);

    c->res.status = status;
    c->res.content_type = "application/json";
    response_header(&c->res, "Cache-Control", "no-store");
    c->answered = true;
    jw_open(&w, NULL, '{');
    return w;
}

void health_show(struct api *api, struct call *c)
{
    struct json_writer w = begin(c, 200);

    jw_text(&w, "status", "ok");
    jw_close(&w, '}');
}

void version_show(struct api *api, struct call *c)
{
    struct json_writer w = begin(c, 200);

    jw_text(&w, "name", PACKAGE_NAME);
    jw_text(&w, "version", PACKAGE_VERSION);
    jw_close(&w, '}');
}

/* latency_us < 0: it is away; what that means is `away`. */
static void write_check(struct json_writer *w, const char *name, int64_t latency_us, const char *away)
{
    jw_open(w, name, '{');
    jw_text(w, "status", latency_us < 0 ? away : "ok");
    if (latency_us < 0)
        jw_null(w, "latency_ms");
    else
        jw_num(w, "latency_ms", (latency_us + 999) / 1000);
    jw_close(w, '}');
}

/* Without Postgres nothing can be promised; without the others everything goes on, less well. */
void ready_show(struct api *api, struct call *c)
{
    int64_t begun = clock_mono_us();
    bool postgres_up = db_exec(api->db, &ping, NULL, NULL, NULL) == ST_OK;
    int64_t postgres_us = postgres_up ? clock_mono_us() - begun : -1;
    int64_t redis_us, rabbitmq_us = publisher_latency_us(api->publisher);
    struct json_writer w;

    begun = clock_mono_us();
    redis_us = cache_ping(api->cache, NULL) == ST_OK ? clock_mono_us() - begun : -1;
    w = begin(c, postgres_up ? 200 : 503);
    jw_text(&w, "status", !postgres_up ? "down" : redis_us < 0 || rabbitmq_us < 0 ? "degraded" : "ok");
    jw_open(&w, "checks", '{');
    write_check(&w, "postgres", postgres_us, "down");
    write_check(&w, "redis", redis_us, "degraded");
    write_check(&w, "rabbitmq", rabbitmq_us, "degraded");
    jw_close(&w, '}');
    jw_close(&w, '}');
    if (!postgres_up)
        response_header(&c->res, "Retry-After", "1");
}
