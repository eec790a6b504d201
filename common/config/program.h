#ifndef COMMON_CONFIG_PROGRAM_H
#define COMMON_CONFIG_PROGRAM_H
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

/*
 * Waits until one that ends the program arrives (SIGTERM, SIGINT; SIGUSR1 as multiwatch sends it);
 * tick is called a few times a second meanwhile.
 */
void program_wait(void (*tick)(void));
#endif
