#ifndef COMMON_SERVICE_AUTHORIZE_H
#define COMMON_SERVICE_AUTHORIZE_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/crypto/digest.h"
#include "common/db/db.h"
#include "common/model/caller.h"
/*
 * authorize - who is behind each API key of a round: from this process's memory of the last
 * seconds, else from Postgres in one statement for all.
 */
struct key_ask {
    const char *key; /* as the caller sent it; not NULL */
    enum status result; /* ST_OK, ST_DENIED (no such key), ST_UNAVAILABLE, ST_BUG */
    struct caller caller; /* on ST_OK */
};
void authorize_keys(struct db *db, struct key_ask asks[], size_t n, struct arena *mem);
#endif
