#ifndef COMMON_CONFIG_VALUES_H
#define COMMON_CONFIG_VALUES_H
#include "common/config/draft.h"
/*
 * values - a draft's texts become the members of a struct config, by the table of options.
 *
 * What can't be read becomes a fault, and its member holds the default.
 */
void values_store_fixed(struct draft *d, struct config *out); /* all but [provider.NAME] */
void values_store_providers(struct draft *d, struct config *out);
#endif
