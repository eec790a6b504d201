/* take_due - deciding what follows for each row that is due. */
#include "common/service/take_due.h"

#include "common/base/log.h"
#include "common/db/dispatch.h"

enum fate { FATE_LEAVES, FATE_WAITS, FATE_ABANDONED, FATE_EXPIRED, FATE_EXHAUSTED, FATE_HELD, FATE_NONE, FATE_COUNT };

/*
 * For so long an event that the broker confirmed is believed to be waiting behind others, where the
 * queue is not empty; then it is sent again, whatever became of the first.
 */
#define QUEUED_PATIENCE_MS 60000

/*
 * What an unknown outcome means on this platform.  Which of its providers was called is not known:
 * where one of them says hold, nothing is sent twice.
 */
static enum on_unclear policy_of(const struct config *config, enum platform platform)
{
    const struct config_platform *p = &config->platform[platform];

    for (size_t i = 0; i < p->n_providers; i++) {
        const struct provider_config *provider = config_find_provider(config, p->providers[i]);

        if (provider != NULL && provider->on_unclear == UNCLEAR_HOLD)
            return UNCLEAR_HOLD;
    }
    return UNCLEAR_RESEND;
}

static enum fate fate_of(const struct due *d, const struct config *config, enum platform platform,
                         bool belt_is_full)
{
    switch (d->status) {
    case DS_QUEUED:
        if (!d->expired && belt_is_full && d->queued_ms < QUEUED_PATIENCE_MS)
            return FATE_WAITS;
        return d->expired ? FATE_EXPIRED : FATE_LEAVES;
    case DS_PENDING:
        return d->expired ? FATE_EXPIRED : FATE_LEAVES;
    case DS_SENDING:
        if (d->leased)
            return FATE_WAITS;
        /* the lease is over: its worker is gone, or waits for a callback no longer */
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

/* The dead workers' recipients are pending again, and those that are over have their end. */
static enum status settle(struct db *db, enum platform platform, const struct due due[],
                          const enum fate fates[], size_t n_due, struct arena *mem, struct error *err)
{
    struct recipient_ref *refs;
    enum status s = ST_OK;
    size_t n;

    refs = refs_of(due, fates, n_due, FATE_ABANDONED, mem, &n);
    if (n > 0) {
        log_warn("due.abandoned", NUM("recipients", n), STR("platform", platform_name(platform)));
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
    return s;
}

enum status take_due(struct db *db, const struct config *config, const struct take *take,
                     bool belt_is_full, struct arena *mem, struct recipient_ref **out, size_t *count,
                     size_t *taken, struct error *err)
{
    enum platform platform = lane_platform(take->lane);
    struct due *due;
    size_t n_due;
    enum status s = dispatch_take(db, take, mem, &due, &n_due, err);
    enum fate *fates;

    if (s != ST_OK)
        return s;
    fates = ARENA_ARRAY(mem, enum fate, n_due + 1);
    for (size_t i = 0; i < n_due; i++)
        fates[i] = fate_of(&due[i], config, platform, belt_is_full);
    s = settle(db, platform, due, fates, n_due, mem, err);
    if (s != ST_OK)
        return s;
    *out = refs_of(due, fates, n_due, FATE_LEAVES, mem, count);
    *taken = n_due;
    return ST_OK;
}
