#ifndef COMMON_DB_API_KEYS_H
#define COMMON_DB_API_KEYS_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/crypto/digest.h"
#include "common/db/db.h"
#include "common/model/caller.h"
/*
 * api_keys - the table of keys.  A key is nsk_ and 40 characters of [A-Za-z0-9]; only its SHA-256
 * digest is stored, and its first 8 characters as a hint for lists.
 */
#define API_KEY_BYTES 45
#define API_KEY_HINT_BYTES 9

void api_key_make(char out[API_KEY_BYTES]); /* from random.h; about 238 bits */
bool api_key_is_shaped(const char *key);    /* prefix, length and alphabet */

struct api_key {
    const char *id, *email, *hint, *created_at, *revoked_at; /* revoked_at: NULL while it works */
};
/* Stores a new key of a user; the digest is SHA-256 of its text. */
enum status api_keys_add(struct db *db, const char *id, const char *user_id, const char *key,
                         struct error *err);
/* email NULL: all users' keys. */
enum status api_keys_list(struct db *db, const char *email, struct arena *mem, struct api_key **out,
                          size_t *count, struct error *err);
/* By its id, or by the whole key.  ST_NOT_FOUND; revoking twice is fine. */
enum status api_keys_revoke(struct db *db, const char *id_or_key, struct error *err);

/*
 * Who is behind each digest (lower-case hex), in one statement.  found[i] is false for a key that
 * does not exist or is revoked; out[i] is written only where found[i] is true.
 */
enum status api_keys_find(struct db *db, const char *const digests[], size_t n, struct arena *mem,
                          struct caller out[], bool found[], struct error *err);
#endif
