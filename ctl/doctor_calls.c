/* doctor_calls - checks that call somebody over HTTP or SMTP. */
#include <string.h>

#include "common/base/clock.h"
#include "ctl/doctor.h"
#include "ctl/doctor_kinds.h"

#define CALL_MS 5000
#define CONNECT_MS 4000

struct one {
    const struct provider_config *provider; /* NULL: a program of ours */
    const struct kind *kind;
    struct transfer what;
    struct transfer_limits limits;
    struct arena *mem;
    struct reply reply;
};

static struct arena *mem_of(void *owner)
{
    return ((struct one *)owner)->mem;
}

static void prepare(struct one *c, struct doctor *d)
{
    const struct provider_config *pc = c->provider;

    c->mem = &d->mem;
    c->limits = (struct transfer_limits){ .connect_ms = CONNECT_MS, .ca_bundle = "", .connections = 1 };
    if (pc != NULL)
        c->limits.ca_bundle = pc->ca_bundle;
    c->what.limits = &c->limits;
    c->what.timeout_ms = CALL_MS;
}

/* All at once; each ends within CALL_MS. */
static void call_all(struct one calls[], size_t n)
{
    struct transport *t = transport_new((int)n + 1);
    struct reply reply;
    void *owner;

    for (size_t i = 0; i < n; i++)
        transport_start(t, &calls[i].what, &calls[i]);
    while (transport_in_flight(t) > 0) {
        transport_run(t, -1, 100);
        while (transport_next(t, &owner, mem_of, &reply))
            ((struct one *)owner)->reply = reply;
    }
    transport_free(t);
}

/* ---- providers ---- */

static void tell(struct doctor *d, const struct one *c)
{
    const char *words;

    d->subject = c->provider->name;
    switch (kind_judge(c->kind, c->provider, &c->reply, &d->mem, &words)) {
    case ANSWER_GOOD:
        doctor_ok(d, "%s", words);
        break;
    case ANSWER_REFUSED:
        doctor_fail(d, c->kind->remedy, "%s", words);
        break;
    case ANSWER_AWAY:
        doctor_fail(d, "Look whether its host can be reached from here: its name, a firewall, base_url or"
                       " url, ca_bundle.", "%s", words);
        break;
    case ANSWER_ODD:
        doctor_warn(d, "Try a message: `notifyctl tail --errors` shows what the provider says of it.", "%s",
                    words);
        break;
    }
}

void check_credentials(struct doctor *d)
{
    const struct config *config = d->config;
    struct one *calls = ARENA_ARRAY(&d->mem, struct one, config->n_providers + 1);
    size_t n = 0;

    for (size_t i = 0; i < config->n_providers; i++) {
        const struct provider_config *pc = &config->providers[i];
        const struct kind *kind = kind_find(pc->kind);

        if (kind == NULL || kind->ask == NULL || !config_uses_provider(config, pc->name))
            continue;
        calls[n] = (struct one){ .provider = pc, .kind = kind };
        kind->ask(pc, &d->mem, &calls[n].what);
        prepare(&calls[n++], d);
    }
    call_all(calls, n);
    for (size_t i = 0; i < n; i++)
        tell(d, &calls[i]);
}

/* ---- our programs ---- */

static struct reply get(struct doctor *d, const char *url)
{
    struct one *c = ARENA_NEW(&d->mem, struct one);

    c->what = (struct transfer){ .kind = TRANSFER_HTTP, .method = "GET", .url = url };
    prepare(c, d);
    call_all(c, 1);
    return c->reply;
}

static bool is_health(const struct reply *r)
{
    return r->reach == REACH_ANSWERED && r->status == 200 && strstr(r->body, "\"status\":\"ok\"") != NULL;
}

static const char *why(struct doctor *d, const struct reply *r)
{
    if (r->reach != REACH_ANSWERED)
        return r->trouble;
    return arena_printf(&d->mem, "status %d, and no answer of ours", r->status);
}

/* What /ready says beyond that it answers: some neighbour is not there for it. */
static void tell_ready(struct doctor *d, const char *url)
{
    struct reply r = get(d, arena_printf(&d->mem, "%s/ready", url));

    if (r.reach == REACH_ANSWERED && r.status == 200 && strstr(r.body, "\"degraded\"") == NULL &&
        strstr(r.body, "\"down\"") == NULL)
        doctor_ok(d, "%s answers, and has all its neighbours", url);
    else if (r.reach == REACH_ANSWERED && (r.status == 200 || r.status == 503))
        doctor_warn(d, "GET /ready there tells which; see them above.",
                    "%s answers, and misses one of its neighbours", url);
    else
        doctor_warn(d, "Let the web server pass /ready on.", "%s/health answers, /ready does not: %s", url,
                    why(d, &r));
}

void check_public_url(struct doctor *d)
{
    const char *url = d->config->server.public_url;
    struct reply r;

    if (url[0] == '\0') {
        doctor_warn(d, "Set [server] public_url to where providers reach the web server.",
                    "is not set: no callback can come, and notify.fcgi can't be asked");
        return;
    }
    r = get(d, arena_printf(&d->mem, "%s/health", url));
    if (!is_health(&r))
        doctor_fail(d, "Start notify.fcgi and its web server; look whether public_url is its address.",
                    "%s/health: %s", url, why(d, &r));
    else
        tell_ready(d, url);
}

/* "0.0.0.0:9464" and "[::]:9464" listen everywhere; here is one of the places. */
static const char *worker_url(struct doctor *d, const char *listen)
{
    const char *colon = strrchr(listen, ':');

    if (colon != NULL && (strncmp(listen, "0.0.0.0:", 8) == 0 || colon == listen))
        return arena_printf(&d->mem, "http://127.0.0.1%s", colon);
    if (colon != NULL && strncmp(listen, "[::]:", 5) == 0)
        return arena_printf(&d->mem, "http://[::1]%s", colon);
    return arena_printf(&d->mem, "http://%s", listen);
}

void check_worker(struct doctor *d)
{
    const char *listen = d->config->worker.metrics_listen;
    const char *url = worker_url(d, listen);
    struct reply r;

    if (listen[0] == '\0') {
        doctor_warn(d, "Set [worker] metrics_listen, as in 127.0.0.1:9464.",
                    "metrics_listen is empty: its metrics and its health can't be read");
        return;
    }
    r = get(d, arena_printf(&d->mem, "%s/health", url));
    if (!is_health(&r))
        doctor_fail(d, "Start workerd on this host, and see its log.", "%s/health: %s", url, why(d, &r));
    else
        tell_ready(d, url);
}
