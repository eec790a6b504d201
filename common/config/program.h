#ifndef COMMON_CONFIG_PROGRAM_H
#define COMMON_CONFIG_PROGRAM_H
#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
/*
 * program - how a server program begins: its command line and its configuration.
 */
struct program {
    const char *name;
    const char *help;    /* all of --help */
    bool takes_listen;   /* --listen ADDRESS */
};

/* What goes on when the program is to run. */
#define PROGRAM_RUNS (-1)

/*
 * Reads the command line and the configuration, and opens the log.  Returns PROGRAM_RUNS, or the
 * exit status: 0 after --help, --version and a --check-config without faults, 2 on wrong usage or
 * configuration, every fault on a line of stderr.  listen: "" unless given.
 */
int program_begin(const struct program *p, int argc, char **argv, struct config *config,
                  const char **listen);

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 in this thread and those it will start. */
void program_block_signals(void);

/* What a running program does besides its work; each may be NULL. */
struct program_hooks {
    void (*tick)(void *arg);   /* a few times a second */
    void (*reload)(void *arg); /* at SIGHUP */
    bool (*is_alive)(void *arg, int64_t within_ms); /* has each of its threads moved in that time? */
    void *arg;
};

/*
 * Waits until a signal arrives that ends the program (SIGTERM, SIGINT; SIGUSR1 as multiwatch sends
 * it).  Tells the service manager that the program is ready, reloads, is alive and stops
 * (supervisor.h).
 */
void program_wait(const struct program_hooks *hooks);
#endif
