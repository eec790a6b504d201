#ifndef WORKERD_PROVIDERS_H
#define WORKERD_PROVIDERS_H
#include <stddef.h>

#include "common/base/error.h"
#include "common/config/config.h"
#include "workerd/adapters/adapter.h"
#include "workerd/retry.h"
/*
 * providers - the opened providers of the configuration, in each platform's order.  Constant once
 * opened; shared by all threads.
 *
 * Opening refuses a ca_bundle that nobody could verify a certificate with.
 */
struct open_provider {
    const struct provider_config *config;
    size_t index; /* its place in the configuration's list, which a reload does not change */
    const struct adapter *adapter;
    struct provider *handle;
    struct retry_policy retry;
    struct transfer_limits limits; /* of every call to it */
};
struct providers;

enum status providers_open(struct providers **out, const struct config *config, struct error *err);
void providers_close(struct providers *p);

size_t providers_count(const struct providers *p, enum platform platform); /* 0: it is off */
/* The first one is used, the next ones are the fail-over.  NULL: there is no such place. */
const struct open_provider *providers_at(const struct providers *p, enum platform platform,
                                         size_t place);
#endif
