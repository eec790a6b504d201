/* workerd - wires the delivery daemon: options, providers, threads, signals, and the way back. */
#include <signal.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/broker/watchdog.h"
#include "common/config/program.h"
#include "common/metrics/metrics.h"
#include "workerd/pool.h"
#include "workerd/providers.h"
#include "workerd/status.h"
#include "workerd/transport.h"

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
        "SIGTERM: no new work is taken, what is in flight is finished and recorded\n"
        "within [worker] drain_seconds, then it ends.  Any number of workerd may run\n"
        "side by side, on one host or on several.\n",
};

static void tick(void)
{
    watchdog_sweep(clock_mono_ms());
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
    struct pool *pool;
    struct error err;
    int status = 0;

    if (providers_open(&providers, config, &err) != ST_OK)
        return complain(config, &err);
    metrics_open_private();
    pool = pool_start(config, providers);
    if (status_start(&server, config->worker.metrics_listen, pool_shared(pool), &err) == ST_OK) {
        log_info("started", STR("version", PACKAGE_VERSION), NUM("threads", config->worker.threads));
        program_wait(tick);
    } else {
        status = complain(config, &err);
    }
    log_info("stopping");
    status_stop(server);
    pool_stop(pool, tick);
    providers_close(providers);
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
