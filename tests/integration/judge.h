#ifndef TESTS_INTEGRATION_JUDGE_H
#define TESTS_INTEGRATION_JUDGE_H
#include <stdbool.h>
#include <stddef.h>

#include "tests/integration/client.h"
/*
 * judge - holds what became of a message's recipients against what should have: by the answers of
 * the API, and by the simulators' logs, of which each line was written before its request was
 * answered.
 *
 * Beside what a row says, each request is an attempt of the timeline and each attempt was a
 * request, nothing is asked for again after a final answer, and who was reached is asked for again
 * only after that was told as a possible duplicate.
 */
#define ANY_CODE "any"

struct consequence {
    const char *platform, *address; /* one that the simulator knows: docs/simulator.md */
    const char *way;                /* how it calls what then happens to the first request */
    const char *end;                /* one of these states, with commas between them */
    const char *code;               /* of the error that the API shows; NULL: none */
    int requests, attempts;         /* as they count: an attempt that was throttled is given back */
    int marks;                      /* attempts that were told as a possible duplicate */
    const char *provider;           /* who had the last word */
    const char *becomes;            /* the address afterwards; NULL: the same */
    bool or_fewer;                  /* it ends earlier where a callback, or chance, comes in between */
};

#define RECIPIENTS_MOST 100

struct batch {
    const struct consequence *rows; /* one for each recipient, in order */
    size_t n;                       /* at most RECIPIENTS_MOST */
    const char *id;                 /* of the message */
    struct user user;               /* whose it is */
    const char *log;                /* of a further simulator; NULL: there is none */
};

/* What is not as its row says, a line each; "": all is.  For an assertion's message. */
const char *judge(const struct batch *b);

/* The timeline, as the API tells it. */
json_t *events_told(const struct user *u, const char *message_id);
/* Those of one recipient that are attempts, recorded in time or late. */
json_t *attempts_told(const json_t *events, const char *message_id, size_t n);
#endif
