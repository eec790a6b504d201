#ifndef COMMON_BROKER_BROKER_H
#define COMMON_BROKER_BROKER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/config/config.h"
#include "common/model/platform.h"
/*
 * broker - one connection to RabbitMQ: for publishing, for consuming, or for looking into a queue and
 * publishing what lies there.
 *
 * A connection is one thread's.  It comes back by itself, with back-off, by broker_connect();
 * what was unconfirmed or unacknowledged on the old one is void.  Every call has a time limit: its
 * own, or the watchdog's.  Nothing happens in the background: an idle owner calls
 * broker_confirms() or broker_receive() at least every few seconds, so that heartbeats flow.
 */
struct broker;

/* name: the connection's name as the broker shows it. */
struct broker *broker_new(const struct config_rabbitmq *config, const char *name);
void broker_free(struct broker *b);

/*
 * Connects and declares the topology if need be.  ST_UNAVAILABLE at once while the next try is not
 * due; ST_CONFLICT where a queue exists with other arguments.
 */
enum status broker_connect(struct broker *b, struct error *err);
/* Connects for looking only: nothing is declared. */
enum status broker_open(struct broker *b, struct error *err);
bool broker_is_connected(const struct broker *b);
void broker_close(struct broker *b); /* says good-bye; a no-op when not connected */
int broker_fd(const struct broker *b); /* for poll(2); -1 when not connected */
bool broker_has_input(const struct broker *b); /* frames already read from the socket */
bool broker_is_blocked(const struct broker *b); /* the broker told publishers to wait */

/* The parts of an address of RabbitMQ, each with its default where the address does not name it. */
struct broker_address {
    const char *user, *password, *host, *vhost;
    int port;
    bool tls;
};
enum status broker_read_address(const char *url, struct arena *mem, struct broker_address *out,
                                struct error *err); /* ST_INVALID; the words do not show it */

/* ---- publishing ---- */

enum status broker_confirm_mode(struct broker *b, struct error *err);

/* Persistent and mandatory, to the work exchange.  tag: what a confirm will name; from 1 on. */
enum status broker_publish(struct broker *b, const char *key, const void *body, size_t len,
                           uint64_t *tag, struct error *err);

/*
 * What is published between the two leaves in segments that are full: the broker is woken for many
 * events at once.  Without a connection nothing happens.
 */
void broker_gather(struct broker *b);
void broker_scatter(struct broker *b);

struct confirm {
    uint64_t tag;
    bool multiple; /* all tags up to this one */
    bool taken;    /* false: refused or not routable; it is nowhere */
};
/* Reads what has come, waiting at most wait_ms for the first.  *n may be 0. */
enum status broker_confirms(struct broker *b, int wait_ms, struct confirm out[], size_t room,
                            size_t *n, struct error *err);

/* Messages ready in a queue, without those handed out; and how many take from it. */
enum status broker_depth(struct broker *b, const char *queue, uint32_t *ready, struct error *err);
struct queue_counts {
    uint32_t ready, consumers;
};
enum status broker_count(struct broker *b, const char *queue, struct queue_counts *out,
                         struct error *err);

/* ---- consuming ---- */

/* subscription: 0 .., ours to name it.  At most prefetch unacknowledged ones at a time for it. */
enum status broker_subscribe(struct broker *b, const char *queue, int subscription, int prefetch,
                             struct error *err);

struct broker_event {
    uint64_t tag; /* counts by subscription, from 1 on */
    int subscription;
    const char *body; /* good until the next call on this connection */
    size_t len;
};
/* ST_NOT_FOUND: nothing came within wait_ms. */
enum status broker_receive(struct broker *b, int wait_ms, struct broker_event *out,
                           struct error *err);
/* All of this subscription up to this tag. */
enum status broker_ack_upto(struct broker *b, int subscription, uint64_t tag, struct error *err);
/* To the dead letters.  BROKER_TAKEN in place of a subscription: what broker_get() took. */
#define BROKER_TAKEN (-1)
enum status broker_reject(struct broker *b, int subscription, uint64_t tag, struct error *err);

/* ---- examining ---- */

/* A part of the topology: two exchanges and the queues, in the order of broker_part_name(). */
#define BROKER_PARTS (2 + 1 + LANE_COUNT)
const char *broker_part_name(int part);
/*
 * Is it there as the programs declare it?  ST_NOT_FOUND: no; ST_CONFLICT: with other arguments, the
 * words say which; ST_DENIED: the account may not ask.  The connection stays.  out: of a queue; NULL
 * for an exchange.  Nothing is made or changed.
 */
enum status broker_examine(struct broker *b, int part, struct queue_counts *out, struct error *err);

/*
 * *blocked: an alarm keeps the broker from taking messages.  It tells that only to who publishes: one
 * message goes to no queue.  The last call on a connection, since a blocked one is not read any more.
 */
enum status broker_ask_alarm(struct broker *b, bool *blocked, struct error *err);

/* ---- looking into a queue ---- */

/* A message with what the broker noted when it became a dead letter, the last time if several. */
struct broker_letter {
    uint64_t tag;
    const char *body; /* whole; good until the next call on this connection */
    size_t len;
    char queue[256], reason[32]; /* where and why it died; "": it does not say */
    int64_t died_ms;             /* -1: it does not say */
    uint32_t left;               /* ready behind it */
};
/*
 * Takes the first message, which nobody else gets until it is acknowledged or put back; they go back
 * by themselves when the connection ends.  ST_NOT_FOUND: none is ready.
 */
enum status broker_get(struct broker *b, const char *queue, struct broker_letter *out,
                       struct error *err);
enum status broker_ack(struct broker *b, uint64_t tag, struct error *err); /* it is settled */
/* To their places in the queue: all that have been taken and are not settled. */
enum status broker_put_back(struct broker *b, struct error *err);
#endif
