#ifndef WORKERD_ADAPTERS_VERDICT_H
#define WORKERD_ADAPTERS_VERDICT_H
#include "common/base/arena.h"
#include "workerd/adapters/adapter.h"
/*
 * verdict - the verdicts that do not depend on a provider, for adapters to fall back on.  Pure.
 */
#define VERDICT_MESSAGE_MAX 300

/*
 * text: the provider's words, or NULL; they are copied, cleaned and cut, without people's addresses.
 * code is borrowed.
 */
struct verdict verdict_make(enum verdict_class class, const char *code, const char *text,
                            const struct reply *r, struct arena *mem);
struct verdict verdict_accepted(const char *provider_id); /* borrowed */

/*
 * text, or NULL where it repeats the secret that we sent: Graph quotes a malformed token, and a
 * proxy's page the path it was asked for.
 */
const char *verdict_words(const char *text, const char *secret);

/* Of a transfer that brought no whole answer (any reach but REACH_ANSWERED). */
struct verdict verdict_of_reach(const struct reply *r, struct arena *mem);

/*
 * What an HTTP status says by itself, where nothing better is known; never VERDICT_ACCEPTED.  It is
 * the answer to a request whose address and login come from the configuration alone.
 */
enum verdict_class verdict_class_of_http(int status);
#endif
