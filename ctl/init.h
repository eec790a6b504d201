#ifndef CTL_INIT_H
#define CTL_INIT_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/db/api_keys.h"
#include "ctl/ctl.h"
/*
 * init - what the steps of `notifyctl init` share, and how each tells what became of it.
 *
 * A step looks first, makes what is missing, and tells one thing or more.  The first that fails is
 * the last: what was made stays, and the next run goes on from there.
 */
#define INIT_STEPS_MOST 16

enum init_state {
    INIT_THERE, /* already */
    INIT_MADE,
    INIT_WOULD, /* be made, without --dry-run */
    INIT_LOOK,  /* for people to look at or to do */
    INIT_FAILED
};
struct init_step {
    const char *name;
    enum init_state state;
    const char *words, *remedy; /* remedy: NULL where nothing is to be done */
};

struct init {
    struct ctl *ctl;

    /* what the line says */
    bool dry_run;
    const char *admin_url;   /* NULL: postgres, through the local socket */
    const char *rabbitmqctl; /* a path; NULL: where it is installed */
    int rabbitmq_port;       /* of a new account's address */
    const char *email;       /* NULL: any user will do, and else the default one */
    const char *role, *tier;

    /* who the programs run as; only root can become somebody, and give files away */
    const char *account;
    bool is_root;
    uid_t uid;
    gid_t gid;

    struct init_step steps[INIT_STEPS_MOST];
    size_t n;
    bool no_database;        /* a dry run has found none to look into */
    char key[API_KEY_BYTES]; /* "": none was made */
};

/* Adds what the step has to tell. */
void init_tell(struct init *in, const char *name, enum init_state state, const char *remedy,
               const char *words, ...) __attribute__((format(printf, 5, 6)));
/* Of what was missing and, but in a dry run, has been made. */
#define INIT_MADE_OR_WOULD(in) ((in)->dry_run ? INIT_WOULD : INIT_MADE)
/* Tells INIT_FAILED with the words of *err, and returns its kind. */
enum status init_fail(struct init *in, const char *name, const char *remedy, struct error *err);

/* On this machine: a socket's folder, the loopback, or "" for the library's own default. */
bool init_is_local(const char *host);
/* "/etc/notification-system/rabbitmq.url": where the broker's address stands, or is to. */
const char *init_url_file(const struct init *in);

/* ---- the steps, in their order ---- */

/* ctl/init_database.c: the role, the database */
enum status init_database(struct init *in, struct error *err);
/* ctl/init_broker.c: the virtual host, the user, its permissions, the file of its address */
enum status init_broker(struct init *in, struct error *err);
/* ctl/init_account.c: from here on as the account: the configuration, the schema, the first user */
enum status init_become_account(struct init *in, struct error *err);
enum status init_configuration(struct init *in, struct error *err);
enum status init_schema(struct init *in, struct error *err);
enum status init_user(struct init *in, struct error *err);
#endif
