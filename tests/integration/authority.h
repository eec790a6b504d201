#ifndef TESTS_INTEGRATION_AUTHORITY_H
#define TESTS_INTEGRATION_AUTHORITY_H
#include <openssl/ssl.h>
/*
 * authority - certificates for a test, and the authority that signs them.
 */
enum certificate { CERT_RIGHT, CERT_EXPIRED, CERT_OTHER_HOST, CERT_SELF_SIGNED };

/* The authority's own certificate goes to the file `bundle`. */
struct authority *authority_new(const char *bundle);
void authority_free(struct authority *a);

/* For a server on host; its caller frees it. */
SSL_CTX *authority_context(struct authority *a, const char *host, enum certificate kind);
#endif
