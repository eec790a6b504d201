/* tier - the value of --tier: one that the configuration has. */
#include "ctl/tier.h"

#include <string.h>

#include "common/base/buf.h"

enum status tier_check(const struct config_rate_limit *limits, const char *tier, struct error *err)
{
    struct buf known = BUF_INIT(256);

    for (size_t i = 0; i < limits->n_tiers; i++) {
        if (strcmp(limits->tiers[i].name, tier) == 0) {
            buf_free(&known);
            return ST_OK;
        }
        buf_addf(&known, "%s%s", i == 0 ? "" : ", ", limits->tiers[i].name);
    }
    error_set(err, ST_INVALID, "--tier must be one of the configured tiers: %s", buf_str(&known));
    buf_free(&known);
    return ST_INVALID;
}
