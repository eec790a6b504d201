#ifndef TESTS_INTEGRATION_LOAD_H
#define TESTS_INTEGRATION_LOAD_H
#include <stddef.h>

#include "tests/integration/client.h"
/*
 * load - clients that send one message after the other, each in a process of its own, until told to
 * stop.  They keep the id of every 202 and count what else came.
 */
#define LOAD_IDS_MOST 20000
#define LOAD_CLIENTS 4

struct load {
    volatile int stop, next_id, next_number;
    volatile int answers[600];   /* by status */
    volatile int no_answer;      /* refused, cut off, timed out */
    volatile int first_bad;      /* the first status of 500 or more; 0: none */
    char ids[LOAD_IDS_MOST][37]; /* next_id of them */
    int pids[LOAD_CLIENTS];
};

/* Texts to numbers from first_number on. */
struct load *load_start(const struct user *u, const char *url, long long first_number);
int load_accepted(const struct load *l);
void load_stop(struct load *l);
/* Fails the test where a 202 is not in the database. */
void load_expect_all_found(const struct load *l);
/* How many of the accepted ones have been sent. */
size_t load_sent(const struct load *l);
/* Fails the test where the simulator got one of them twice. */
void load_expect_each_once(const struct load *l);
#endif
