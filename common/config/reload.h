#ifndef COMMON_CONFIG_RELOAD_H
#define COMMON_CONFIG_RELOAD_H
#include "common/config/config.h"
/*
 * reload - the configuration that a running program goes by, and how it takes up a changed one.
 *
 * Keys of providers, rates and the log's level take effect while a program runs: the options that
 * are marked so (options.h).  Every other key keeps the value of the start, since threads,
 * connections and providers were made by it; a change there is told in the log and waits for a
 * restart.  Providers and tiers are known by their names: new ones, and ones that are gone, wait too.
 */
struct live_config;

/* at_start is borrowed and must stay; it is what live_config() returns until the first reload. */
struct live_config *live_config_new(const struct config *at_start);
void live_config_free(struct live_config *l); /* and all that it ever returned */

/* What counts now.  Any thread; good until live_config_free(), whatever comes after it. */
const struct config *live_config(const struct live_config *l);

/*
 * Reads the same file and `env` (NULL: the process's own) again, in one thread at a time.  ST_OK:
 * live_config() returns the new one, or the same where nothing changed.  ST_INVALID: the file is at
 * fault, and nothing changes.  The log tells of either.
 */
enum status live_config_reload(struct live_config *l, char *const env[]);
#endif
