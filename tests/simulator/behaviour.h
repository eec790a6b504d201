#ifndef SIMULATOR_BEHAVIOUR_H
#define SIMULATOR_BEHAVIOUR_H
#include <stdatomic.h>
#include <stdbool.h>
/*
 * behaviour - what happens to a message, chosen by the last four digits of its recipient.
 *
 * A provider finds the four digits in its own kind of address, and says how each fault and each
 * event looks in its own protocol; the table of behaviours is the same for all.
 */
enum fault {
    FAULT_NONE,
    FAULT_LIMITED,
    FAULT_BAD_ADDRESS,
    FAULT_UNSUBSCRIBED,
    FAULT_CREDENTIALS,
    FAULT_SERVER_ERROR,
    FAULT_UNAVAILABLE,
    FAULT_COUNT
};

/* How the answer goes out. */
enum manner {
    MANNER_WHOLE,
    MANNER_CUT,  /* half of it, then the end of the connection */
    MANNER_DRIP, /* a byte each 100 ms */
    MANNER_HUGE, /* blanks after it, up to 10 MB */
    MANNER_HANG, /* never */
    MANNER_RESET /* a TCP reset in its place */
};

/* What its body is. */
enum dress { DRESS_RIGHT, DRESS_BROKEN_JSON, DRESS_HTML };

enum event {
    EVENT_NONE,
    EVENT_SENT,
    EVENT_DELIVERED,
    EVENT_READ,
    EVENT_UNDELIVERED,
    EVENT_FAILED,
    EVENT_COUNT
};
const char *event_name(enum event e); /* "delivered" */

struct step {
    enum event event; /* EVENT_NONE: the end */
    bool forged;      /* with a wrong signature */
};
struct plan {
    bool before_answer; /* the callbacks come first, then the answer to the request */
    struct step steps[6];
};

struct behaviour {
    const char *pattern; /* four characters; 'x' is any digit */
    const char *name;
    unsigned times; /* how many requests of a number it meets; 0: all */
    enum fault fault;
    enum manner manner;
    enum dress dress;
    int latency_unit_ms;     /* times the last three digits, before the answer */
    const struct plan *plan; /* NULL: no callbacks */
};
extern const struct behaviour behaviours[]; /* the last one meets every number */

#define NUMBERS 10000
/* How many requests each number has had; belongs to one provider.  Any thread. */
struct tally {
    atomic_uint seen[NUMBERS];
};

/* The row for a number (-1: none, so the last row), before any count. */
const struct behaviour *behaviour_find(int number);
/* The same, counted: a row that has met the number often enough gives way to the last one. */
const struct behaviour *behaviour_choose(struct tally *t, int number);
int behaviour_latency_ms(const struct behaviour *b, int number);
/* A message reaches the provider, whatever then becomes of the answer. */
bool behaviour_accepts(const struct behaviour *b);
#endif
