#ifndef COMMON_MODEL_CALLER_H
#define COMMON_MODEL_CALLER_H
#include <stdbool.h>

#include "common/base/uuid.h"
/*
 * caller - who is behind an API key.
 */
#define TIER_BYTES 64
struct caller {
    char user_id[UUID_TEXT_BYTES];
    char tier[TIER_BYTES];
    bool admin;
    bool active; /* false: the account is disabled */
};
#endif
