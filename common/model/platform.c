/* platform - the ways to reach a person, and the lanes that messages for them wait in. */
#include "common/model/platform.h"

#include <string.h>

static const char *const platform_names[PF_COUNT] = {
    [PF_SMS] = "sms",
    [PF_EMAIL] = "email",
    [PF_WHATSAPP] = "whatsapp",
    [PF_TELEGRAM] = "telegram",
};
static const char *const priority_names[PRIO_COUNT] = {
    [PRIO_HIGH] = "high",
    [PRIO_NORMAL] = "normal",
    [PRIO_LOW] = "low",
};

const char *platform_name(enum platform p)
{
    return platform_names[p];
}

bool platform_parse(const char *text, enum platform *out)
{
    for (enum platform p = 0; p < PF_COUNT; p++) {
        if (strcmp(platform_names[p], text) == 0) {
            *out = p;
            return true;
        }
    }
    return false;
}

const char *priority_name(enum priority p)
{
    return priority_names[p];
}

bool priority_parse(const char *text, enum priority *out)
{
    for (enum priority p = 0; p < PRIO_COUNT; p++) {
        if (strcmp(priority_names[p], text) == 0) {
            *out = p;
            return true;
        }
    }
    return false;
}
