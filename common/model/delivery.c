/* delivery - the states of one recipient, what can happen to it, and where that leads. */
#include "common/model/delivery.h"

#include <string.h>

/*
 * An empty cell is DS_NONE: the event changes nothing.  A callback may come while a retry waits,
 * because it tells of an earlier attempt: then the provider did have it, and the retry is off.
 *
 * Callbacks come in any order and number, and must end in the same state: so they only lead up, by
 * sent < failed < delivered < read.  `failed` counts only before `delivered` (CONTRACT section 4), and
 * what we had given up, or let expire, is delivered where the provider says so.  A recipient comes
 * back from its end in no other way, but where a person orders a replay.
 */
static const enum delivery_state next_state[DS_COUNT][EV_COUNT] = {
    [DS_PENDING] = {
        [EV_PUBLISHED] = DS_QUEUED,
        [EV_CLAIMED] = DS_SENDING,
        [EV_CANCELLED] = DS_CANCELLED,
        [EV_EXPIRED] = DS_EXPIRED,
        [EV_REPORTED_SENT] = DS_SENT,
        [EV_REPORTED_DELIVERED] = DS_DELIVERED,
        [EV_REPORTED_READ] = DS_READ,
        [EV_REPORTED_FAILED] = DS_FAILED,
    },
    [DS_QUEUED] = {
        [EV_CLAIMED] = DS_SENDING,
        [EV_CANCELLED] = DS_CANCELLED,
        [EV_EXPIRED] = DS_EXPIRED,
        [EV_REPORTED_SENT] = DS_SENT,
        [EV_REPORTED_DELIVERED] = DS_DELIVERED,
        [EV_REPORTED_READ] = DS_READ,
        [EV_REPORTED_FAILED] = DS_FAILED,
    },
    [DS_SENDING] = {
        [EV_ACCEPTED] = DS_SENT,
        [EV_REFUSED] = DS_FAILED,
        [EV_DEFERRED] = DS_PENDING,
        [EV_ABANDONED] = DS_PENDING,
        [EV_EXPIRED] = DS_EXPIRED,
        [EV_REPORTED_SENT] = DS_SENT,
        [EV_REPORTED_DELIVERED] = DS_DELIVERED,
        [EV_REPORTED_READ] = DS_READ,
        [EV_REPORTED_FAILED] = DS_FAILED,
    },
    [DS_SENT] = {
        [EV_REPORTED_DELIVERED] = DS_DELIVERED,
        [EV_REPORTED_READ] = DS_READ,
        [EV_REPORTED_FAILED] = DS_FAILED,
    },
    [DS_DELIVERED] = { [EV_REPORTED_READ] = DS_READ },
    [DS_FAILED] = {
        [EV_REPLAYED] = DS_PENDING,
        [EV_REPORTED_DELIVERED] = DS_DELIVERED,
        [EV_REPORTED_READ] = DS_READ,
    },
    [DS_EXPIRED] = { [EV_REPORTED_DELIVERED] = DS_DELIVERED, [EV_REPORTED_READ] = DS_READ },
};

static const char *const state_names[DS_COUNT] = {
    [DS_NONE] = "none",
    [DS_PENDING] = "pending",
    [DS_QUEUED] = "queued",
    [DS_SENDING] = "sending",
    [DS_SENT] = "sent",
    [DS_DELIVERED] = "delivered",
    [DS_READ] = "read",
    [DS_FAILED] = "failed",
    [DS_CANCELLED] = "cancelled",
    [DS_EXPIRED] = "expired",
};

static const char *const event_names[EV_COUNT] = {
    [EV_PUBLISHED] = "published",
    [EV_CLAIMED] = "claimed",
    [EV_ACCEPTED] = "accepted",
    [EV_REFUSED] = "refused",
    [EV_DEFERRED] = "deferred",
    [EV_ABANDONED] = "abandoned",
    [EV_CANCELLED] = "cancelled",
    [EV_EXPIRED] = "expired",
    [EV_REPLAYED] = "replayed",
    [EV_REPORTED_SENT] = "reported_sent",
    [EV_REPORTED_FAILED] = "reported_failed",
    [EV_REPORTED_DELIVERED] = "reported_delivered",
    [EV_REPORTED_READ] = "reported_read",
};

enum delivery_state delivery_step(enum delivery_state from, enum delivery_event event)
{
    return next_state[from][event];
}

const char *delivery_name(enum delivery_state s)
{
    return state_names[s];
}

bool delivery_parse(const char *text, enum delivery_state *out)
{
    for (enum delivery_state s = DS_NONE + 1; s < DS_COUNT; s++) {
        if (strcmp(state_names[s], text) == 0) {
            *out = s;
            return true;
        }
    }
    return false;
}

const char *delivery_event_name(enum delivery_event e)
{
    return event_names[e];
}

bool delivery_has_left(enum delivery_state s)
{
    return s >= DS_SENT;
}
