/* workerd - wires the delivery daemon: options, providers, threads, signals, and the way back. */
#include <signal.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/broker/watchdog.h"
#include "common/config/program.h"
#include "common/config/reload.h"
#include "common/metrics/expected.h"
#include "common/metrics/metrics.h"
#include "workerd/pool.h"
#include "workerd/providers.h"
#include "workerd/status.h"
#include "common/transport/transport.h"

static const struct program program = {
    .name = "workerd",
    .help =
        "Usage: workerd [-c FILE]\n"
        "       workerd --check-config | --version | --help\n"
        "\n"
        "The delivery daemon of notification-system: consumes the queues, calls the\n"
        "providers, records what came out, and runs the scheduler.\n"
        "\n"
        "  -c, --config FILE   configuration (" DEFAULT_CONFIG ")\n"
        "      --check-config  read the configuration, show every fault, and end\n"
        "      --version       show the version\n"
        "      --help          show this\n"
        "\n"
        "SIGHUP: the keys of providers, the rates and the log's level are read anew.\n"
        "SIGTERM: no new work is taken, what is in flight is finished and recorded\n"
        "within [worker] drain_seconds, then it ends.  Any number of workerd may run\n"
        "side by side, on one host or on several.\n",
};

/* What main() and its signals know of the running program. */
struct daemon {
    struct live_config *live;
    const struct config *config; /* that the pool goes by */
    struct pool *pool;
};

static void sweep(void)
{
    watchdog_sweep(clock_mono_ms());
}

static void tick(void *arg)
{
    (void)arg;
    sweep();
}

static bool is_alive(void *arg, int64_t within_ms)
{
    const struct daemon *d = arg;

    return pool_has_moved(d->pool, within_ms);
}

/* Providers are opened anew, so that what they made of their keys is made of the new ones. */
static void reload(void *arg)
{
    struct daemon *d = arg;
    struct providers *opened;
    struct error err;

    if (live_config_reload(d->live, NULL) != ST_OK || live_config(d->live) == d->config)
        return;
    if (providers_open(&opened, live_config(d->live), &err) != ST_OK) {
        log_error("config.not_reloaded", ERR(&err));
        return;
    }
    d->config = live_config(d->live);
    pool_follow(d->pool, d->config, opened);
}

static int complain(const struct config *config, const struct error *err)
{
    fprintf(stderr, "workerd: %s: %s\n", config->path, err->text);
    return 2;
}

static int run(const struct config *config)
{
    struct providers *providers;
    struct status_server *server;
    struct daemon d = { .live = live_config_new(config), .config = config };
    struct program_hooks hooks = { .tick = tick, .reload = reload, .is_alive = is_alive, .arg = &d };
    struct error err;
    int status = 0;

    if (providers_open(&providers, config, &err) != ST_OK) {
        live_config_free(d.live);
        return complain(config, &err);
    }
    metrics_open_private();
    expected_of_delivering(config);
    d.pool = pool_start(config, providers);
    if (status_start(&server, config->worker.metrics_listen, pool_shared(d.pool), &err) == ST_OK) {
        log_info("started", STR("version", PACKAGE_VERSION), NUM("threads", config->worker.threads));
        program_wait(&hooks);
    } else {
        status = complain(config, &err);
    }
    log_info("stopping");
    status_stop(server);
    pool_stop(d.pool, sweep);
    live_config_free(d.live);
    metrics_close();
    log_info("stopped");
    return status;
}

int main(int argc, char **argv)
{
    struct config config = { 0 };
    const char *listen;
    int status = program_begin(&program, argc, argv, &config, &listen);

    if (status == PROGRAM_RUNS) {
        program_block_signals();
        signal(SIGPIPE, SIG_IGN);
        json_object_seed(0);
        status = transport_library_init() ? run(&config) : 1;
    }
    config_free(&config);
    return status;
}
