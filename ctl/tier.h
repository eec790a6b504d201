#ifndef CTL_TIER_H
#define CTL_TIER_H
#include "common/base/error.h"
#include "common/config/config.h"
/*
 * tier - the value of --tier: one that the configuration has.
 */
enum status tier_check(const struct config_rate_limit *limits, const char *tier, struct error *err);
#endif
