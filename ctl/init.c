/* init - makes a freshly installed system work with its neighbours on this machine, as a list of steps. */
#include "ctl/init.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/failpoint.h"
#include "common/base/json.h"
#include "common/model/recipient.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/tier.h"

#define ACCOUNT "notification"
#define TIER "premium" /* that every configuration has */
#define RABBITMQ_PORT 5672

static const struct {
    const char *words; /* for people */
    const char *state; /* for programs */
} states[] = {
    [INIT_THERE] = { "already there", "there" }, [INIT_MADE] = { "made", "made" },
    [INIT_WOULD] = { "would be made", "would" }, [INIT_LOOK] = { "look", "look" },
    [INIT_FAILED] = { "FAILED", "failed" },
};

/* ---- what steps say ---- */

void init_tell(struct init *in, const char *name, enum init_state state, const char *remedy,
               const char *words, ...)
{
    char text[1024];
    va_list ap;

    if (in->n == INIT_STEPS_MOST)
        return;
    va_start(ap, words);
    vsnprintf(text, sizeof text, words, ap);
    va_end(ap);
    in->steps[in->n++] = (struct init_step){ name, state, arena_strdup(&in->ctl->mem, text), remedy };
    if (state == INIT_MADE)
        failpoint(arena_printf(&in->ctl->mem, "init.%s", name));
}

enum status init_fail(struct init *in, const char *name, const char *remedy, struct error *err)
{
    init_tell(in, name, INIT_FAILED, remedy, "%s", err->text);
    return error_prefix(err, "%s", name);
}

bool init_is_local(const char *host)
{
    static const char *const local[] = { "", "localhost", "127.0.0.1", "::1" };

    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        if (strcmp(host, local[i]) == 0)
            return true;
    }
    return host[0] == '/';
}

const char *init_url_file(const struct init *in)
{
    const struct config *c = &in->ctl->config;
    const char *beside = c->path[0] != '\0' ? c->path : DEFAULT_CONFIG;
    const char *slash = strrchr(beside, '/');

    if (c->rabbitmq.url_file[0] != '\0')
        return c->rabbitmq.url_file;
    return arena_printf(&in->ctl->mem, "%.*srabbitmq.url", slash == NULL ? 0 : (int)(slash - beside + 1), beside);
}

/* ---- the line ---- */

enum status init_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    const char *admin = call_option(call, "--database-admin"), *email = call_option(call, "--user");
    const char *tier = call_option(call, "--tier"), *port = call_option(call, "--rabbitmq-port");
    const char *fault = NULL;
    int n;

    if (admin != NULL && strncmp(admin, "postgresql://", 13) != 0 && strncmp(admin, "postgres://", 11) != 0)
        return error_set(err, ST_INVALID, "--database-admin must begin with postgresql:// or postgres://");
    if (port != NULL && !ctl_read_number(port, 1, 65535, &n))
        return error_set(err, ST_INVALID, "--rabbitmq-port takes a number, 1 to 65535");
    if (email != NULL)
        fault = recipient_fault(PF_EMAIL, email);
    if (fault != NULL)
        return error_set(err, ST_INVALID, "--user: %s", fault);
    return tier != NULL ? tier_check(&ctl->config.rate_limit, tier, err) : ST_OK;
}

static enum status read_line(struct init *in, const struct call *call, struct error *err)
{
    const char *account = call_option(call, "--account"), *tier = call_option(call, "--tier");
    const char *port = call_option(call, "--rabbitmq-port");
    const struct passwd *who;

    in->dry_run = call_option(call, "--dry-run") != NULL;
    in->admin_url = call_option(call, "--database-admin");
    in->rabbitmqctl = call_option(call, "--rabbitmqctl");
    in->rabbitmq_port = RABBITMQ_PORT;
    if (port != NULL)
        ctl_read_number(port, 1, 65535, &in->rabbitmq_port);
    in->email = call_option(call, "--user");
    in->role = in->email == NULL || call_option(call, "--admin") != NULL ? "admin" : "user";
    in->tier = tier != NULL ? tier : TIER;
    in->account = account != NULL ? account : ACCOUNT;
    in->is_root = geteuid() == 0;
    if (!in->is_root)
        return ST_OK;
    who = getpwnam(in->account);
    if (who == NULL)
        return error_set(err, ST_NOT_FOUND, "there is no account %s: the package or `systemd-sysusers` makes it,"
                                            " or name another one by --account; nothing was done", in->account);
    if (who->pw_uid == 0)
        return error_set(err, ST_INVALID, "the account of the programs must not be root; nothing was done");
    in->uid = who->pw_uid;
    in->gid = who->pw_gid;
    return ST_OK;
}

/* ---- telling ---- */

static void print_json(struct init *in)
{
    struct json_writer w = JSON_WRITER(&in->ctl->out);

    jw_open(&w, NULL, '{');
    jw_open(&w, "steps", '[');
    for (size_t i = 0; i < in->n; i++) {
        const struct init_step *step = &in->steps[i];

        jw_open(&w, NULL, '{');
        jw_text(&w, "step", step->name);
        jw_text(&w, "state", states[step->state].state);
        jw_text(&w, "found", step->words);
        jw_text(&w, "remedy", step->remedy);
        jw_close(&w, '}');
    }
    jw_close(&w, ']');
    jw_bool(&w, "dry_run", in->dry_run);
    jw_text(&w, "key", in->key[0] != '\0' ? in->key : NULL);
    jw_close(&w, '}');
}

static void print_text(struct init *in)
{
    static const struct table_column columns[] = { { "STEP" }, { "STATE" }, { "WHAT" } };
    enum { N = sizeof columns / sizeof *columns };
    const char *cells[INIT_STEPS_MOST * N];
    struct buf *out = &in->ctl->out;

    for (size_t i = 0; i < in->n; i++) {
        cells[i * N] = in->steps[i].name;
        cells[i * N + 1] = states[in->steps[i].state].words;
        cells[i * N + 2] = in->steps[i].words;
    }
    ctl_table(in->ctl, columns, N, cells, in->n);
    for (size_t i = 0; i < in->n; i++) {
        if (in->steps[i].remedy != NULL)
            buf_addf(out, "\n%s: %s\n", in->steps[i].name, in->steps[i].remedy);
    }
    if (in->key[0] != '\0')
        buf_addf(out, "\nkey %s\nThe key is shown this once.\n", in->key);
}

static bool has_state(const struct init *in, enum init_state state)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->steps[i].state == state)
            return true;
    }
    return false;
}

static const char *ending(const struct init *in, enum status s)
{
    if (has_state(in, INIT_MADE))
        return "\nWhat was made stays; `notifyctl init` goes on from there.\n";
    if (s == ST_UNCERTAIN)
        return "\nThe step that failed may have been done all the same; `notifyctl init` will see.\n";
    return "\nNothing was changed.\n";
}

/* ---- all of it ---- */

/* Redis holds nothing that has to be made, and messages leave without it. */
static enum status init_redis(struct init *in, struct error *err)
{
    struct error why;

    ctl_connect_cache(in->ctl);
    if (cache_ping(in->ctl->cache, &why) == ST_OK)
        init_tell(in, "redis", INIT_THERE, NULL, "answers");
    else
        init_tell(in, "redis", INIT_LOOK, "Start Redis, and look at [redis] in the configuration. Until then"
                                          " limits, rates and breakers are each process's own.", "%s", why.text);
    return ST_OK;
}

static enum status (*const steps[])(struct init *in, struct error *err) = {
    init_database, init_broker, init_redis, init_become_account, init_configuration, init_schema, init_user,
};

enum status init_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct init *in = ARENA_NEW(&ctl->mem, struct init);
    enum status s;

    in->ctl = ctl;
    s = read_line(in, call, err);
    if (s != ST_OK)
        return s;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && s == ST_OK; i++)
        s = steps[i](in, err);
    (ctl->json ? print_json : print_text)(in);
    if (s != ST_OK && !ctl->json)
        buf_adds(&ctl->out, ending(in, s));
    return s;
}
