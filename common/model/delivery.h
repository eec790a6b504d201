#ifndef COMMON_MODEL_DELIVERY_H
#define COMMON_MODEL_DELIVERY_H
#include <stdbool.h>
/*
 * delivery - the states of one recipient, what can happen to it, and where that leads.  Pure.
 *
 * CONTRACT section 4: pending -> queued -> sending -> sent -> delivered -> read, or failed,
 * cancelled, expired at its end; a retry is pending again, and so is a failed one that is replayed.
 */
enum delivery_state {
    DS_NONE, /* no state: "not allowed" as the answer of delivery_step() */
    DS_PENDING, DS_QUEUED, DS_SENDING, DS_SENT, DS_DELIVERED, DS_READ,
    DS_FAILED, DS_CANCELLED, DS_EXPIRED,
    DS_COUNT
};
enum delivery_event {
    EV_PUBLISHED, /* the broker confirmed its event */
    EV_CLAIMED,   /* a worker took it and will call the provider */
    EV_ACCEPTED,  /* the provider took it */
    EV_REFUSED,   /* the provider, or the last attempt, said no for good */
    EV_DEFERRED,  /* another attempt will follow */
    EV_ABANDONED, /* the worker that had claimed it is gone */
    EV_CANCELLED,
    EV_EXPIRED,
    EV_REPLAYED,  /* an operator lets it begin anew */
    EV_REPORTED_SENT, /* callbacks of the provider, in rising weight: of several the last decides */
    EV_REPORTED_FAILED,
    EV_REPORTED_DELIVERED,
    EV_REPORTED_READ,
    EV_COUNT
};

/* The one transition table.  DS_NONE: this event changes nothing in this state. */
enum delivery_state delivery_step(enum delivery_state from, enum delivery_event event);

const char *delivery_name(enum delivery_state s); /* "pending"; "none" for DS_NONE */
bool delivery_parse(const char *text, enum delivery_state *out);
const char *delivery_event_name(enum delivery_event e);

/* Nothing is left for a worker to do: sent and everything after it, failed, cancelled, expired. */
bool delivery_has_left(enum delivery_state s);
#endif
