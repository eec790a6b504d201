#ifndef FCGI_WEBHOOKS_SECRETS_H
#define FCGI_WEBHOOKS_SECRETS_H
#include <stdbool.h>
#include <stddef.h>
/*
 * secrets - a list of secrets of which any will do: two, while one takes the other's place.
 *
 * Comma-separated; blanks around one do not count.  All are tried whichever fits.  Pure.
 */
typedef bool (*secret_fits)(const char *secret, size_t len, const void *context);

bool secrets_any(const char *list, secret_fits fits, const void *context); /* none in it: false */
bool secrets_are_empty(const char *list);

/* The text is one of them; takes the same time whichever bytes differ. */
bool secrets_have(const char *list, const char *text);
#endif
