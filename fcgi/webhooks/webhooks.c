/* webhooks - the table of the providers that call us back. */
#include "fcgi/webhooks/webhook.h"

#include <string.h>

#include "fcgi/webhooks/twilio.h"

const struct webhook webhooks[] = {
    { "twilio", TWILIO_WEBHOOK_PATH, twilio_verify, twilio_parse },
    { NULL, NULL, NULL, NULL },
};

const struct webhook *webhook_find(const char *path)
{
    for (const struct webhook *w = webhooks; w->path != NULL; w++)
        if (strcmp(w->path, path) == 0)
            return w;
    return NULL;
}
