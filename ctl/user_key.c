/* user_key - a user together with a first key. */
#include "ctl/user_key.h"

#include "common/base/clock.h"
#include "common/base/uuid.h"
#include "common/db/api_keys.h"
#include "common/db/users.h"

enum status user_key_add(struct db *db, const char *email, const char *role, const char *tier,
                         const char *key, struct error *err)
{
    char user_id[UUID_TEXT_BYTES], key_id[UUID_TEXT_BYTES];
    enum status s = db_begin(db, err);

    if (s != ST_OK)
        return s;
    uuid_v7(clock_wall_ms(), user_id);
    uuid_v7(clock_wall_ms(), key_id);
    s = users_add(db, user_id, email, role, tier, err);
    if (s == ST_OK)
        s = api_keys_add(db, key_id, user_id, key, err);
    if (s == ST_OK)
        return db_commit(db, err);
    db_rollback(db);
    return s;
}
