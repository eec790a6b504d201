/* expected - the series of what is configured. */
#include "common/metrics/expected.h"

#include "common/metrics/metrics.h"

static const char *const outcomes[] = { "sent", "retried", "failed", "expired", "duplicate" };

static bool is_served(const struct config *c, int platform)
{
    return c->platform[platform].enabled && c->platform[platform].n_providers > 0;
}

void expected_of_accepting(const struct config *c)
{
    for (int p = 0; p < PF_COUNT; p++) {
        const char *platform = platform_name((enum platform)p);

        if (!is_served(c, p))
            continue;
        metrics_expect(M_MESSAGES_ACCEPTED, LABELS(platform));
        metrics_expect(M_MESSAGES_PUBLISHED, LABELS(platform));
    }
}

static void expect_provider(const char *platform, const char *provider)
{
    metrics_expect(M_PROVIDER_DURATION, LABELS(provider));
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        metrics_expect(M_MESSAGES_PROCESSED, LABELS(platform, provider, outcomes[i]));
}

void expected_of_delivering(const struct config *c)
{
    metrics_expect(M_WEBHOOK_DROPPED, LABELS(NULL));
    for (int p = 0; p < PF_COUNT; p++) {
        const char *platform = platform_name((enum platform)p);

        if (!is_served(c, p))
            continue;
        metrics_expect(M_MESSAGES_PUBLISHED, LABELS(platform));
        metrics_expect(M_DELIVERY_LATENCY, LABELS(platform));
        for (size_t i = 0; i < c->platform[p].n_providers; i++)
            expect_provider(platform, c->platform[p].providers[i]);
    }
}
