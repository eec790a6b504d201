#ifndef COMMON_CONFIG_CHECK_H
#define COMMON_CONFIG_CHECK_H
#include "common/config/draft.h"
/*
 * check - what no single value shows: the form of addresses, and whether the values fit together.
 *
 * Also brings them into the form that struct config promises: URLs without a trailing slash, and
 * platforms without providers off.
 */
void check_config(struct draft *d, struct config *out);
#endif
