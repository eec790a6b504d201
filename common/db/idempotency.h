#ifndef COMMON_DB_IDEMPOTENCY_H
#define COMMON_DB_IDEMPOTENCY_H
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/crypto/digest.h"
#include "common/db/db.h"
/*
 * idempotency - the table of Idempotency-Keys and the answers that they got.  Rows are written by
 * messages_insert_keyed(), together with what they answer.
 */
struct kept_answer {
    const char *token;       /* of the request that got it */
    const char *body_sha256; /* of the request, lower-case hex */
    int status;
    const char *location;    /* NULL: none */
    const char *response;
};
/* ST_NOT_FOUND: nobody has used this key, or the one who did is not done. */
enum status idempotency_find(struct db *db, const char *user_id, const char *key, struct arena *mem,
                             struct kept_answer *out, struct error *err);

/* Forgets at most limit keys that are older than 24 hours. */
enum status idempotency_prune(struct db *db, int limit, size_t *pruned, struct error *err);
#endif
