#ifndef SIMULATOR_CALLBACK_URL_H
#define SIMULATOR_CALLBACK_URL_H
#include <stdbool.h>

#include "common/base/arena.h"
/*
 * callback_url - a sender's StatusCallback, taken apart.  Pure.
 */
struct callback_url {
    const char *target;       /* what is called: without the fragment */
    const char *recipient_id; /* parameter `id` of its query; NULL: none */
    int retries;              /* fragment rc=0..5; 1 when not given */
    unsigned retry_on;        /* fragment rp=ct,rt,4xx,5xx,all; RETRY_CONNECT when not given */
};

/*
 * False: not http or https, no host or one with characters that no host name has (an underscore is
 * one), a port that is none, a blank or control byte, a broken escape in the query, or a retry
 * policy that is none.
 */
bool callback_url_parse(struct arena *mem, const char *text, struct callback_url *out);
bool callback_url_is_web(const char *text); /* http or https with a good host, and nothing more */
/* The URL as it is signed: without "user:password@". */
const char *callback_url_signed(struct arena *mem, const char *target);
#endif
