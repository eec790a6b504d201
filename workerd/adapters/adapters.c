/* adapters - the table of the kinds of providers. */
#include "workerd/adapters/kinds.h"

#include <stddef.h>
#include <string.h>

const struct adapter *const adapters[] = {
    &twilio_adapter,
    &whatsapp_cloud_adapter,
    &telegram_adapter,
    &sendgrid_adapter,
    &smtp_adapter,
    &http_adapter,
    &mock_adapter,
    NULL
};

const struct adapter *adapter_find(const char *kind)
{
    for (const struct adapter *const *a = adapters; *a != NULL; a++)
        if (strcmp((*a)->kind, kind) == 0)
            return *a;
    return NULL;
}

static const char *const verdict_names[] = {
    [VERDICT_ACCEPTED] = "accepted",         [VERDICT_REFUSED] = "refused",
    [VERDICT_REFUSED_HERE] = "refused_here", [VERDICT_THROTTLED] = "throttled",
    [VERDICT_NOT_SENT] = "not_sent",         [VERDICT_UNCLEAR] = "unclear",
    [VERDICT_CREDENTIALS] = "credentials",
};

const char *verdict_name(enum verdict_class c)
{
    return verdict_names[c];
}
