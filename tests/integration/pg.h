#ifndef TESTS_INTEGRATION_PG_H
#define TESTS_INTEGRATION_PG_H
#include <stdbool.h>
#include <sys/types.h>

#include "common/config/config.h"
/*
 * pg - a Postgres cluster of a test's own: made in a temporary folder, reached only through a Unix
 * socket in that folder, gone at the end.
 *
 * The process that starts it stops it, and if that process dies, the server stops with it: main()
 * starts the one that tests share; a test that needs to stop the server starts one of its own.  As
 * root the server runs as the user postgres.
 */
struct pg {
    char dir[64]; /* the folder: the socket, data/, log */
    pid_t pid;    /* 0: not running */
};

/* False: no initdb on this machine, and nothing was done.  Any other failure ends the program. */
bool pg_start(struct pg *pg);
void pg_stop(struct pg *pg);      /* and removes the folder */
void pg_shut_down(struct pg *pg); /* keeps it, for pg_start_again() */
void pg_start_again(struct pg *pg);

/* A fresh, empty database; one that is there is dropped first.  Returns how to reach it. */
struct config_database pg_database(const struct pg *pg, const char *name);
#endif
