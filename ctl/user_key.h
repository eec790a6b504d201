#ifndef CTL_USER_KEY_H
#define CTL_USER_KEY_H
#include "common/base/error.h"
#include "common/db/db.h"
/*
 * user_key - a user together with a first key.
 */
/* Both or neither: a user without the key that was never shown would be of no use.  ST_CONFLICT: taken. */
enum status user_key_add(struct db *db, const char *email, const char *role, const char *tier,
                         const char *key, struct error *err);
#endif
