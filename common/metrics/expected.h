#ifndef COMMON_METRICS_EXPECTED_H
#define COMMON_METRICS_EXPECTED_H
#include "common/config/config.h"
/*
 * expected - series that are told as 0 before anything has happened.
 *
 * Prometheus sees a counter grow only from its second sample on: what the first one brings at once,
 * say ten thousand failures of one batch, no rate and no alert would ever see.  Call them after
 * metrics_open_...().
 */
void expected_of_accepting(const struct config *c);  /* by notify.fcgi */
void expected_of_delivering(const struct config *c); /* by workerd */
#endif
