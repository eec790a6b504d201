#ifndef COMMON_CONFIG_ENVIRONMENT_H
#define COMMON_CONFIG_ENVIRONMENT_H
#include "common/config/draft.h"
/*
 * environment - the variables NOTIFY_SECTION_KEY, which override the file.
 *
 * Read in two parts, since the platforms' lists of providers say which provider sections the
 * second part may create.  A variable of no known section is somebody else's and is left alone.
 */
void environment_read_fixed(struct draft *d, char *const env[]);
/* Creates [provider.NAME] at `at` if some variable is meant for it, or if NAME is a kind. */
void environment_add_listed(struct draft *d, char *const env[], const char *name, struct place at);
void environment_read_providers(struct draft *d, char *const env[]);
#endif
