#ifndef FCGI_WEBHOOKS_READING_H
#define FCGI_WEBHOOKS_READING_H
#include <stdbool.h>

#include "common/base/urlform.h"
#include "fcgi/webhooks/webhook.h"
/*
 * reading - what several providers' callbacks have in common: a query, a form, a time.  Pure.
 */
const char *reading_query(const char *target); /* the '?' and what follows it, or "" */
/* Failures as urlform_parse(). */
enum status reading_query_form(struct arena *mem, const struct webhook_request *r,
                               struct urlform *out, struct error *err);
/*
 * Whether a time of signing, in seconds since 1970 and digits alone, is at most so old, and at most so
 * far ahead of our clock.
 */
bool reading_is_timely(const char *timestamp, int64_t now_s, int64_t oldest_s, int64_t ahead_s);
bool reading_is_form(const char *content_type); /* NULL: it is none */
#endif
