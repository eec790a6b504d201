/* notify.fcgi - wires the responder: options, threads, signals, and the way back. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/broker/watchdog.h"
#include "common/config/program.h"
#include "common/config/reload.h"
#include "common/metrics/expected.h"
#include "common/metrics/metrics.h"
#include "fcgi/exchange.h"
#include "fcgi/listener.h"
#include "fcgi/loop.h"
#include "fcgi/turn.h"
#include "fcgi/webhooks/webhook.h"

static const struct program program = {
    .name = "notify.fcgi",
    .takes_listen = true,
    .help =
        "Usage: notify.fcgi [-c FILE] [--listen PATH | --listen HOST:PORT]\n"
        "       notify.fcgi --check-config | --version | --help\n"
        "\n"
        "The API of notification-system, as a FastCGI responder behind a web server.\n"
        "\n"
        "  -c, --config FILE   configuration (" DEFAULT_CONFIG ")\n"
        "      --listen WHERE  open this socket; without it the one passed as fd 0\n"
        "                      (spawn-fcgi, mod_fcgid) or by systemd is used\n"
        "      --check-config  read the configuration, show every fault, and end\n"
        "      --version       show the version\n"
        "      --help          show this\n"
        "\n"
        "SIGTERM: no new request is taken, those under way are answered, then it ends.\n"
        "SIGHUP: the keys of providers, the rates and the log's level are read anew.\n"
        "\n"
        "Example:\n"
        "  spawn-fcgi -n -s /run/notify.sock -- notify.fcgi -c /etc/notification.conf\n",
};

static void tick(void *arg)
{
    (void)arg;
    watchdog_sweep(clock_mono_ms());
}

static void reload(void *live)
{
    live_config_reload(live, NULL);
}

static void run(const struct config *config, int listen_fd)
{
    struct live_config *live = live_config_new(config);
    struct program_hooks hooks = { .tick = tick, .reload = reload, .arg = live };
    int n = config->server.threads;
    pthread_t *threads = calloc((size_t)n, sizeof *threads);
    atomic_int running = n;
    struct loop_context context = {
        .config = live,
        .listen_fd = listen_fd,
        .stop_fd = eventfd(0, EFD_CLOEXEC),
        .publisher = publisher_start(live),
        .patient = patient_start((uint64_t)config->server.max_body_bytes,
                                 config->server.request_timeout_ms),
        .turn = turn_new(),
        .running = &running,
    };

    metrics_open_shared(config);
    expected_of_accepting(config);
    for (int i = 0; i < n; i++) {
        if (threads == NULL || pthread_create(&threads[i], NULL, loop_run, &context) != 0)
            abort();
    }
    log_info("started", STR("version", PACKAGE_VERSION), NUM("threads", n));
    webhooks_warn_unverified(config);
    program_wait(&hooks);
    log_info("stopping");
    listener_refuse(listen_fd);
    eventfd_write(context.stop_fd, 1);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    patient_stop(context.patient);
    publisher_stop(context.publisher);
    turn_free(context.turn);
    close(context.stop_fd);
    free(threads);
    live_config_free(live);
    metrics_close();
    log_info("stopped");
}

int main(int argc, char **argv)
{
    struct config config = { 0 };
    struct error err;
    const char *listen;
    int listen_fd, status = program_begin(&program, argc, argv, &config, &listen);

    if (status == PROGRAM_RUNS) {
        program_block_signals();
        json_object_seed(0);
        if (!exchange_library_init() || listener_open(listen, &listen_fd, &err) != ST_OK) {
            fprintf(stderr, "notify.fcgi: %s\n", err.text);
            status = 2;
        } else {
            run(&config, listen_fd);
            status = 0;
        }
    }
    config_free(&config);
    return status;
}
