#ifndef TESTS_INTEGRATION_FRONT_H
#define TESTS_INTEGRATION_FRONT_H
#include <stdbool.h>
/*
 * front - what has to hold behind every web server of httpd-examples/: the same tests, on a stack
 * whose front is that one, and which is mounted under a path.
 *
 * A row is a program of its own, test_front_NAME, since each has a stack of its own.
 */
#define FRONT_MOUNT "/notify"

struct front {
    const char *name;    /* as --front has it */
    const char *program; /* whose absence is a skip */
    const char *more;    /* a file whose absence is one; NULL: none */
    void (*reload)(void);        /* gracefully: what is under way is answered; NULL: it cannot */
    void (*end_responder)(void); /* SIGTERM to one of them, which is started anew; returns when it is */
    bool refuses_chunks; /* it cannot tell a responder of a body without a length */
    bool resets_at_reload; /* it closes a listening socket with the connections that wait in it */
    bool one_socket;       /* it leaves a socket that refused alone for longer than a start takes */
};

void reload_by_hup(void);
void reload_by_usr1(void);
void end_our_responder(void); /* fcgi-1 and fcgi-2 in turn */

/* main()'s result. */
int front_run(const struct front *front);
#endif
