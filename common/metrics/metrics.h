#ifndef COMMON_METRICS_METRICS_H
#define COMMON_METRICS_METRICS_H
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/config/config.h"
/*
 * metrics - what is counted and measured, in the Prometheus text format (version 0.0.4).
 *
 * CONTRACT section 9 names them.  Labels come from fixed sets (routes, platforms, states) and from the
 * configuration, never from what callers send, so their number is bounded.  Before metrics_open_…()
 * nothing is counted.  Any thread.
 */
enum metric {
    M_HTTP_REQUESTS,     /* method, route, status */
    M_HTTP_DURATION,     /* route */
    M_RATE_LIMIT_HITS,   /* tier */
    M_MESSAGES_ACCEPTED, /* platform: recipients */
    M_MESSAGES_PUBLISHED, /* platform: recipients whose event the broker confirmed */
    M_MESSAGES_PROCESSED, /* platform, provider, outcome: ends of attempts */
    M_PROVIDER_DURATION, /* provider */
    M_DELIVERY_LATENCY,  /* platform: from acceptance, or the scheduled time, to sent */
    M_WEBHOOK_EVENTS,    /* provider, event */
    M_WEBHOOK_DROPPED,
    METRICS
};
#define METRIC_LABELS 3

/* Shared by all processes of this host that run by the same configuration; private where it cannot be. */
void metrics_open_shared(const struct config *c);
void metrics_open_private(void);
void metrics_close(void);

/* The values of its labels, in the order above. */
#define LABELS(...) ((const char *const[METRIC_LABELS]){ __VA_ARGS__ })
void metrics_add(enum metric m, uint64_t n, const char *const labels[]);
void metrics_expect(enum metric m, const char *const labels[]); /* tells it from now on, 0 at first */
void metrics_observe_us(enum metric m, int64_t us, const char *const labels[]); /* a histogram's */

/* build_info, and every metric that has a value. */
void metrics_write(struct buf *out);
/* "# HELP" and "# TYPE" of a gauge that the caller computes; its lines follow. */
void metrics_write_head(struct buf *out, const char *name, const char *type, const char *help);
#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#endif
