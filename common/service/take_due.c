/* take_due - deciding what follows for each row that is due. */
#include "common/service/take_due.h"

#include "common/base/log.h"
#include "common/db/dispatch.h"

enum fate { FATE_LEAVES, FATE_ABANDONED, FATE_EXPIRED, FATE_EXHAUSTED, FATE_HELD, FATE_NONE, FATE_COUNT };

/* What an unknown outcome means on this platform: the policy of its first provider. */
static enum on_unclear policy_of(const struct config *config, enum platform platform)
{
    const struct config_platform *p = &config->platform[platform];
    const struct provider_config *provider =
        p->n_providers > 0 ? config_find_provider(config, p->providers[0]) : NULL;

    return provider == NULL ? UNCLEAR_RESEND : provider->on_unclear;
}

static enum fate fate_of(const struct due *d, const struct config *config, enum platform platform)
{
    switch (d->status) {
    case DS_PENDING:
    case DS_QUEUED:
        return d->expired ? FATE_EXPIRED : FATE_LEAVES;
    case DS_SENDING: /* the lease is over: its worker is gone, or waits for a callback no longer */
        if (policy_of(config, platform) == UNCLEAR_HOLD)
            return FATE_HELD;
        if (d->expired)
            return FATE_EXPIRED;
        return d->attempts >= config->worker.max_attempts ? FATE_EXHAUSTED : FATE_ABANDONED;
    case DS_NONE:
    case DS_SENT:
    case DS_DELIVERED:
    case DS_READ:
    case DS_FAILED:
    case DS_CANCELLED:
    case DS_EXPIRED:
    case DS_COUNT:
        break;
    }
    return FATE_NONE;
}

/* Those of a fate, as references; *n how many. */
static struct recipient_ref *refs_of(const struct due due[], const enum fate fates[], size_t count,
                                     enum fate fate, struct arena *mem, size_t *n)
{
    struct recipient_ref *refs = ARENA_ARRAY(mem, struct recipient_ref, count + 1);

    *n = 0;
    for (size_t i = 0; i < count; i++) {
        if (fates[i] == fate || (fate == FATE_LEAVES && fates[i] == FATE_ABANDONED))
            refs[(*n)++] = due[i].ref;
    }
    return refs;
}

static const struct {
    enum delivery_state status;
    const char *code, *words;
} endings[FATE_COUNT] = {
    [FATE_EXPIRED] = { DS_EXPIRED, "expired", "it had not left by expires_at" },
    [FATE_EXHAUSTED] = { DS_FAILED, "attempts_exhausted", "the last attempt ended without an answer" },
    [FATE_HELD] = { DS_FAILED, "outcome_unknown", "the provider's answer was lost and no callback came" },
};

enum status take_due(struct db *db, const struct config *config, int lane, int limit,
                     int64_t grace_ms, struct arena *mem, struct recipient_ref **out, size_t *count,
                     struct error *err)
{
    struct due *due;
    size_t n_due, n;
    enum status s = dispatch_take(db, lane, limit, grace_ms, mem, &due, &n_due, err);
    enum fate *fates;
    struct recipient_ref *refs;

    if (s != ST_OK)
        return s;
    fates = ARENA_ARRAY(mem, enum fate, n_due + 1);
    for (size_t i = 0; i < n_due; i++)
        fates[i] = fate_of(&due[i], config, lane_platform(lane));

    refs = refs_of(due, fates, n_due, FATE_ABANDONED, mem, &n);
    if (n > 0) {
        log_warn("due.abandoned", NUM("recipients", n), STR("platform", platform_name(lane_platform(lane))));
        s = recipients_abandon(db, refs, n, err);
    }
    for (int fate = 0; fate < FATE_COUNT && s == ST_OK; fate++) {
        if (endings[fate].code == NULL)
            continue;
        refs = refs_of(due, fates, n_due, (enum fate)fate, mem, &n);
        if (n > 0)
            s = recipients_settle(db, refs, n, endings[fate].status, endings[fate].code,
                                  endings[fate].words, err);
    }
    if (s == ST_OK)
        *out = refs_of(due, fates, n_due, FATE_LEAVES, mem, count);
    return s;
}
