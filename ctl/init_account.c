/* init_account - what is done as the account that the programs run as: if it works here, it works for them. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/db/schema.h"
#include "common/db/users.h"
#include "ctl/init.h"
#include "ctl/user_key.h"

#define CALL_MS 600000 /* a migration may take long */
#define FIRST_EMAIL "admin@notification.internal"

/* For good: nothing of root's is left to do. */
enum status init_become_account(struct init *in, struct error *err)
{
    if (!in->is_root)
        return ST_OK;
    if (initgroups(in->account, in->gid) != 0 || setgid(in->gid) != 0 || setuid(in->uid) != 0) {
        error_set(err, ST_DENIED, "cannot become %s: %s", in->account, strerror(errno));
        return init_fail(in, "configuration", NULL, err);
    }
    setenv("HOME", "/nonexistent", 1); /* root's own says nothing about the programs, and cannot be read */
    return ST_OK;
}

/* ---- the configuration ---- */

/* Read once more, now as the programs will: its files have to be readable for them, too. */
enum status init_configuration(struct init *in, struct error *err)
{
    const char *path = in->ctl->config.path;
    struct config_faults faults;
    struct config config;
    enum status s = in->dry_run ? config_load_early(path, NULL, &config, &faults)
                                : config_load(path, NULL, &config, &faults);

    if (s == ST_OK)
        init_tell(in, "configuration", INIT_THERE, NULL, "%s, readable for %s", path[0] != '\0' ? path : "environment",
                  in->is_root ? in->account : "us");
    else
        error_set(err, s, "%s", faults.lines[0]);
    config_free(&config);
    config_faults_free(&faults);
    if (s == ST_OK)
        return ST_OK;
    return init_fail(in, "configuration",
                     arena_printf(&in->ctl->mem, "Let the account read it and the files that it names: chgrp %s, and"
                                                 " chmod 640; the folders above need chmod 750 or 755.", in->account),
                     err);
}

/* ---- the schema ---- */

static void count_step(void *arg, const struct migration *m, bool up)
{
    ++*(int *)arg;
}

static enum status connect(struct init *in, struct error *err)
{
    const struct config_database *c = &in->ctl->config.database;

    in->ctl->db = db_new(c, &(struct db_options){ .application = "notifyctl init", .timeout_ms = CALL_MS });
    if (db_connect(in->ctl->db, err) == ST_OK)
        return ST_OK;
    return init_fail(in, "schema",
                     arena_printf(&in->ctl->mem, "See that pg_hba.conf lets the role in: through the socket by"
                                                 " `local %s all peer`, which wants the account %s to have the role's"
                                                 " name; over the network by a password, in [database] password_file.",
                                  c->name, in->account), err);
}

static enum status would_apply(struct init *in, struct error *err)
{
    struct migration *all;
    size_t count, pending = 0;
    bool begun;
    enum status s = schema_is_begun(in->ctl->db, &in->ctl->mem, &begun, err);

    in->no_database = s == ST_OK && !begun;
    if (s == ST_OK && begun)
        s = schema_status(in->ctl->db, ctl_sql_dir(), &in->ctl->mem, &all, &count, err);
    if (s != ST_OK)
        return init_fail(in, "schema", NULL, err);
    for (size_t i = 0; begun && i < count; i++)
        pending += all[i].applied_at == NULL;
    if (!begun)
        init_tell(in, "schema", INIT_WOULD, NULL, "by every migration");
    else if (pending > 0)
        init_tell(in, "schema", INIT_WOULD, NULL, "by %zu migrations", pending);
    else
        init_tell(in, "schema", INIT_THERE, NULL, "every migration is applied");
    return ST_OK;
}

enum status init_schema(struct init *in, struct error *err)
{
    int applied = 0;
    enum status s;

    if (in->no_database) {
        init_tell(in, "schema", INIT_WOULD, NULL, "by every migration");
        return ST_OK;
    }
    s = connect(in, err);
    if (s != ST_OK || in->dry_run)
        return s == ST_OK ? would_apply(in, err) : s;
    s = schema_up(in->ctl->db, ctl_sql_dir(), &in->ctl->mem, count_step, &applied, err);
    if (applied > 0)
        init_tell(in, "schema", INIT_MADE, NULL, "%d migrations", applied);
    if (s != ST_OK)
        return init_fail(in, "schema", "`notifyctl migrate status` shows how far it came.", err);
    if (applied == 0)
        init_tell(in, "schema", INIT_THERE, NULL, "every migration is applied");
    return ST_OK;
}

/* ---- the first user ---- */

/* *email: of the one that is there already; NULL: none is. */
static enum status find_user(struct init *in, const char **email, struct error *err)
{
    struct user *all, one;
    size_t count;
    enum status s;

    *email = NULL;
    if (in->email == NULL) {
        s = users_list(in->ctl->db, &in->ctl->mem, &all, &count, err);
        if (s == ST_OK && count > 0)
            *email = all[0].email;
        return s;
    }
    s = users_find(in->ctl->db, in->email, &in->ctl->mem, &one, err);
    if (s == ST_OK)
        *email = one.email;
    return s == ST_NOT_FOUND ? ST_OK : s;
}

static enum status make_user(struct init *in, const char *email, struct error *err)
{
    char key[API_KEY_BYTES];
    enum status s = ST_OK;

    api_key_make(key);
    if (!in->dry_run)
        s = user_key_add(in->ctl->db, email, in->role, in->tier, key, err);
    if (s != ST_OK)
        return init_fail(in, "user", "Run this again, or: notifyctl user add, notifyctl key create.", err);
    if (!in->dry_run)
        memcpy(in->key, key, sizeof in->key);
    init_tell(in, "user", INIT_MADE_OR_WOULD(in), NULL, "%s (%s, tier %s), with a key", email, in->role, in->tier);
    return ST_OK;
}

enum status init_user(struct init *in, struct error *err)
{
    const char *there = NULL;
    enum status s = in->no_database ? ST_OK : find_user(in, &there, err);

    if (s != ST_OK)
        return init_fail(in, "user", NULL, err);
    if (there == NULL)
        return make_user(in, in->email != NULL ? in->email : FIRST_EMAIL, err);
    init_tell(in, "user", INIT_THERE, NULL, "%s; `notifyctl key create` makes a key", there);
    return ST_OK;
}
