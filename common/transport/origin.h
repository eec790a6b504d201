#ifndef COMMON_TRANSPORT_ORIGIN_H
#define COMMON_TRANSPORT_ORIGIN_H
#include <stdbool.h>
/*
 * origin - where a URL points to: scheme, host and port.  Pure.
 *
 * Only the schemes that a provider can have; a URL without one has no origin, so that nothing is
 * ever sent to a guessed protocol.
 */
struct origin {
    const char *scheme; /* "https", as in the table; static */
    char host[256];     /* in lower case; an IPv6 address without its brackets */
    int port;           /* the scheme's own where the URL names none */
    bool is_mail;       /* smtp, smtps */
    bool is_address;    /* host is an IPv4 or IPv6 address: there is nothing to look up */
};
bool origin_of(const char *url, struct origin *out); /* false: none, and *out is untouched */
#endif
