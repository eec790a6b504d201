/* program - command line, configuration, memory and signals of a server program. */
#include "common/config/program.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/supervisor.h"

#define TICK_MS 250
#define KEEP_BYTES (4 << 20)

struct asked {
    const char *path, *listen;
    bool check;
};

enum { OPT_VERSION = 256, OPT_HELP, OPT_CHECK, OPT_LISTEN };

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "check-config", no_argument, NULL, OPT_CHECK },
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

static int usage(const struct program *p, const char *what)
{
    if (what != NULL)
        fprintf(stderr, "%s: %s\n", p->name, what);
    fprintf(stderr, "Try '%s --help'.\n", p->name);
    return 2;
}

static int read_options(const struct program *p, int argc, char **argv, struct asked *asked)
{
    int c;

    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        switch (c) {
        case 'c':
            asked->path = optarg;
            break;
        case OPT_CHECK:
            asked->check = true;
            break;
        case OPT_LISTEN:
            if (!p->takes_listen)
                return usage(p, "it listens to nobody: there is no --listen");
            asked->listen = optarg;
            break;
        case OPT_VERSION:
            printf("%s %s\n", p->name, PACKAGE_VERSION);
            return 0;
        case OPT_HELP:
            fputs(p->help, stdout);
            return 0;
        default:
            return usage(p, NULL);
        }
    }
    return optind < argc ? usage(p, "too many arguments") : PROGRAM_RUNS;
}

static int read_config(const struct asked *asked, struct config *config)
{
    struct config_faults faults = { 0 };
    enum status s = config_load(asked->path, NULL, config, &faults);

    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s\n", faults.lines[i]);
    config_faults_free(&faults);
    if (s != ST_OK)
        return 2;
    if (!asked->check)
        return PROGRAM_RUNS;
    printf("%s: ok\n", asked->path);
    return 0;
}

/*
 * glibc gives the free end of a heap back from 128 KiB on, and large blocks each time; a busy program
 * takes them again at once, and the kernel clears every page.
 */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
    mallopt(M_TOP_PAD, KEEP_BYTES / 16);
    mallopt(M_MMAP_THRESHOLD, KEEP_BYTES / 4);
#endif
}

int program_begin(const struct program *p, int argc, char **argv, struct config *config,
                  const char **listen)
{
    struct asked asked = { .path = DEFAULT_CONFIG, .listen = "" };
    int status = read_options(p, argc, argv, &asked);

    if (status == PROGRAM_RUNS)
        status = read_config(&asked, config);
    if (status != PROGRAM_RUNS)
        return status;
    keep_memory();
    log_open(p->name, config->log_level, config->log_format);
    *listen = asked.listen;
    return PROGRAM_RUNS;
}

static const int ours[] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };

static void fill(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(set, ours[i]);
}

void program_block_signals(void)
{
    sigset_t set;

    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void reload(const struct program_hooks *hooks)
{
    char text[64];

    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_us());
    supervisor_tell(text);
    if (hooks->reload != NULL)
        hooks->reload(hooks->arg);
    supervisor_tell("READY=1");
}

/* Three times in each interval, as long as nothing stands still. */
static void feed_watchdog(const struct program_hooks *hooks, int64_t *next_ms)
{
    int64_t interval_ms = supervisor_watchdog_ms(), now_ms = clock_mono_ms();

    if (interval_ms == 0 || now_ms < *next_ms)
        return;
    *next_ms = now_ms + interval_ms / 3;
    if (hooks->is_alive == NULL || hooks->is_alive(hooks->arg, interval_ms))
        supervisor_tell("WATCHDOG=1");
}

void program_wait(const struct program_hooks *hooks)
{
    struct timespec limit = { .tv_nsec = TICK_MS * 1000000L };
    int64_t next_feed_ms = 0;
    sigset_t set;
    int got;

    fill(&set);
    supervisor_tell("READY=1");
    do {
        got = sigtimedwait(&set, NULL, &limit);
        if (got == SIGHUP)
            reload(hooks);
        if (hooks->tick != NULL)
            hooks->tick(hooks->arg);
        feed_watchdog(hooks, &next_feed_ms);
    } while (got < 0 || got == SIGHUP);
    supervisor_tell("STOPPING=1");
}
