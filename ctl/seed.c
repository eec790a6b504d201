/* seed - a first user with a key, for trying the system out. */
#include "common/base/json.h"
#include "common/db/api_keys.h"
#include "common/db/users.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/user_key.h"

#define DEMO_EMAIL "demo@example.com"
#define DEMO_ROLE "user"
#define DEMO_TIER "premium"

static void print(struct ctl *ctl, const struct user *user, const char *key)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    if (!ctl->json) {
        if (key == NULL)
            buf_addf(&ctl->out, "%s exists already; no key was made (`notifyctl key create %s`"
                                " makes one)\n", user->email, user->email);
        else
            buf_addf(&ctl->out, "added %s (%s, tier %s)\nkey %s\nThe key is shown this once.\n",
                     user->email, user->role, user->tier, key);
        return;
    }
    jw_open(&w, NULL, '{');
    jw_open(&w, "user", '{');
    jw_text(&w, "id", user->id);
    jw_text(&w, "email", user->email);
    jw_text(&w, "role", user->role);
    jw_text(&w, "tier", user->tier);
    jw_close(&w, '}');
    jw_text(&w, "key", key);
    jw_close(&w, '}');
}

/* Adding first and looking second leaves no moment for another seed to come between. */
enum status seed_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    char key[API_KEY_BYTES];
    struct user user;
    bool is_new;
    enum status s = ctl_connect(ctl, err);

    if (s != ST_OK)
        return s;
    api_key_make(key);
    s = user_key_add(ctl->db, DEMO_EMAIL, DEMO_ROLE, DEMO_TIER, key, err);
    is_new = s == ST_OK;
    if (s == ST_OK || s == ST_CONFLICT)
        s = users_find(ctl->db, DEMO_EMAIL, &ctl->mem, &user, err);
    if (s == ST_OK)
        print(ctl, &user, is_new ? key : NULL);
    return s;
}
