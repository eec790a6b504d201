#ifndef SIMULATOR_BEHAVIOUR_H
#define SIMULATOR_BEHAVIOUR_H
#include <stdbool.h>
#include <stddef.h>

#include "tests/simulator/hash.h"
/*
 * behaviour - what happens to a message, chosen by the last four digits of its recipient.
 *
 * A provider finds the four digits in its own kind of address, and says how each fault and each
 * event looks in its own protocol; the table of behaviours is the same for all.  What only one of
 * them can say it adds as rows of its own.
 */
enum fault {
    FAULT_NONE,
    FAULT_LIMITED,
    FAULT_BAD_ADDRESS,
    FAULT_UNSUBSCRIBED,
    FAULT_CREDENTIALS,
    FAULT_SERVER_ERROR,
    FAULT_UNAVAILABLE,
    FAULT_COUNT /* a provider numbers its own faults from here */
};

/* How the answer goes out. */
enum manner {
    MANNER_WHOLE,
    MANNER_CUT,  /* half of it, then the end of the connection */
    MANNER_DRIP, /* a byte each 100 ms */
    MANNER_HUGE, /* blanks after it, up to total_bytes */
    MANNER_HANG, /* never */
    MANNER_RESET, /* a TCP reset in its place */
    MANNER_CLOSE, /* the end of the connection in its place */
    MANNER_CLOSE_AFTER /* whole, with a promise to keep the connection, and then its end */
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
    EVENT_COUNT /* a provider numbers its own events from here */
};
const char *event_name(int event); /* of the common ones: "delivered" */

struct step {
    int event;   /* enum event, or the provider's own; EVENT_NONE: the end */
    bool forged; /* with a wrong signature */
};
struct plan {
    bool before_answer; /* the callbacks come first, then the answer to the request */
    const char *ends;   /* the state that they lead to */
    struct step steps[6];
};
extern const struct plan plan_delivered;

/* How a message to such a recipient ends, where that doesn't follow from its answer. */
enum ends {
    ENDS_BY_ITSELF,
    ENDS_NEVER, /* each answer says to come back later */
    ENDS_OPEN   /* that is for the sender to say */
};

/* What a provider must have for a row to mean anything; bits. */
enum trait {
    TRAIT_HTTP = 1,
    TRAIT_CALLBACKS = 2
};

struct behaviour {
    const char *pattern; /* four characters; 'x' is any digit.  NULL ends a provider's own rows */
    const char *name;
    unsigned times; /* how many requests of a recipient it meets; 0: all */
    unsigned needs; /* bits of enum trait */
    int fault;      /* enum fault, or the provider's own */
    enum manner manner;
    enum dress dress;
    size_t total_bytes;      /* MANNER_HUGE */
    int latency_unit_ms;     /* times the last three digits, before the answer */
    const struct plan *plan; /* NULL: no callbacks */
    bool only_reused;        /* meets only requests on a connection that has served an earlier one */
    bool again;              /* after it a right sender may ask again */
    enum ends ends;
    bool undrawn; /* not among "all" ways to fail */
};
extern const struct behaviour behaviours[]; /* the last one before the end meets every number */

/* The rows that one provider plays. */
struct repertoire {
    unsigned traits;
    const struct behaviour *own; /* looked at before the common ones; NULL: none */
    struct seen *seen;           /* the recipients that rows with `times` have met */
};

/* Which of the ordinary recipients fail too, and how. */
struct draw {
    int share;        /* of 10,000 */
    uint64_t seed;    /* other recipients for another seed */
    const char *ways; /* see behaviour_is_drawn() */
};

/* The row for a number (-1: none, so the last row), before any count. */
const struct behaviour *behaviour_find(const struct repertoire *r, int number);
/*
 * The same for a request: of ordinary recipients some are drawn to fail, by the hash of their text,
 * and then get a number in *number.  A row that has met the recipient often enough, or does not
 * meet such a connection, gives way to the last one.
 */
const struct behaviour *behaviour_choose(const struct repertoire *r, const struct draw *d,
                                         const char *recipient, bool reused, int *number);
int behaviour_latency_ms(const struct behaviour *b, int number);
/* A message reaches the provider, whatever then becomes of the answer. */
bool behaviour_accepts(const struct behaviour *b);
/* The state in which a right sender's message ends, by this answer; NULL: that is open. */
const char *behaviour_ends(const struct behaviour *b, bool has_callbacks);
/*
 * Whether a list of ways, read from the left, leaves the row in: "all" is every row but those that
 * never end and those that must be named; NAME adds one, -NAME removes it.
 */
bool behaviour_is_drawn(const struct behaviour *b, const char *ways);
#endif
