/* init_broker - the virtual host and the user of RabbitMQ, and the file that tells the programs of them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/failpoint.h"
#include "common/base/random.h"
#include "common/config/options.h"
#include "ctl/init.h"
#include "ctl/rabbitmqctl.h"
#include "ctl/secret_file.h"

#define NAME "notification" /* of the user and of the virtual host */
#define OURS "^notification\\." /* all that the programs declare begins so */
#define PASSWORD_BYTES 33
#define URL_MOST 65536

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

struct plan {
    const char *url;  /* as the programs use it */
    const char *file; /* that it stands in, or is to */
    bool is_new;      /* nobody knows it yet: file and password are ours to make */
    struct broker_address at;
    struct rabbitmqctl tool;
    bool has_vhost, has_user, has_permissions;
};

/* ---- which address ---- */

/* Of letters and digits, so that it means the same in a URL; about 190 bits. */
static void make_password(char out[PASSWORD_BYTES])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < PASSWORD_BYTES - 1; i++)
        out[i] = alphabet[random_below(sizeof alphabet - 1)];
    out[PASSWORD_BYTES - 1] = '\0';
}

static bool is_default(const struct config *c)
{
    return strcmp(c->rabbitmq.url, options_find("rabbitmq", "url")->fallback) == 0;
}

/* Of an earlier run, where the configuration does not name the file yet. */
static enum status read_earlier(const char *path, struct arena *mem, const char **out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text = arena_alloc(mem, URL_MOST + 1);
    ssize_t n = fd < 0 ? -1 : read(fd, text, URL_MOST);

    if (fd >= 0)
        close(fd);
    if (n < 0)
        return error_set(err, ST_DENIED, "cannot read %s: %s", path, strerror(errno));
    text[n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    *out = text;
    return ST_OK;
}

static enum status make_plan(struct init *in, struct plan *p, struct error *err)
{
    const struct config *c = &in->ctl->config;
    char password[PASSWORD_BYTES];
    enum status s = ST_OK;

    *p = (struct plan){ .file = init_url_file(in), .url = c->rabbitmq.url,
                        .tool = { in->rabbitmqctl, &in->ctl->mem } };
    if (!is_default(c))
        return broker_read_address(p->url, &in->ctl->mem, &p->at, err);
    p->is_new = access(p->file, F_OK) != 0 && errno == ENOENT;
    if (p->is_new) {
        make_password(password);
        p->url = arena_printf(&in->ctl->mem, "amqp://%s:%s@127.0.0.1:%d/%s", NAME, password,
                              in->rabbitmq_port, NAME);
    } else if (c->rabbitmq.url_file[0] == '\0') {
        s = read_earlier(p->file, &in->ctl->mem, &p->url, err);
    }
    return s == ST_OK ? broker_read_address(p->url, &in->ctl->mem, &p->at, err) : s;
}

/* ---- the login, which proves it all ---- */

static enum status log_in(struct init *in, const struct plan *p, struct error *err)
{
    struct config_rabbitmq config = in->ctl->config.rabbitmq;
    struct broker *b;
    enum status s;

    config.url = p->url;
    ctl_sweep_broker();
    b = broker_new(&config, "notifyctl init");
    s = broker_open(b, err);
    broker_free(b);
    return s;
}

static void tell_there(struct init *in, const struct plan *p)
{
    init_tell(in, "vhost", INIT_THERE, NULL, "%s", p->at.vhost);
    init_tell(in, "rabbitmq_user", INIT_THERE, NULL, "%s", p->at.user);
    init_tell(in, "permissions", INIT_THERE, NULL, "RabbitMQ at %s:%d takes the login", p->at.host, p->at.port);
}

/* ---- what to do elsewhere ---- */

static const char *by_hand(struct init *in, const struct plan *p)
{
    return arena_printf(&in->ctl->mem,
                        "Run where RabbitMQ is:\n"
                        "  rabbitmqctl add_vhost '%s'\n"
                        "  rabbitmqctl add_user '%s'    (it asks for the password)\n"
                        "  rabbitmqctl set_permissions -p '%s' '%s' '%s' '%s' '%s'\n"
                        "With the address of one that is elsewhere in %s\n"
                        "(amqp://%s:PASSWORD@HOST:5672/%s), this asks for no rabbitmqctl.",
                        p->at.vhost, p->at.user, p->at.vhost, p->at.user, OURS, OURS, OURS, p->file, NAME, NAME);
}

/* ---- making ---- */

static enum status look(struct plan *p, struct error *err)
{
    enum status s = rabbitmqctl_lists(&p->tool, WORDS("list_vhosts", "-q", "--formatter", "json"), "name",
                                      p->at.vhost, &p->has_vhost, err);

    if (s == ST_OK)
        s = rabbitmqctl_lists(&p->tool, WORDS("list_users", "-q", "--formatter", "json"), "user", p->at.user,
                              &p->has_user, err);
    if (s == ST_OK && p->has_vhost)
        s = rabbitmqctl_lists(&p->tool, WORDS("list_permissions", "-q", "-p", p->at.vhost, "--formatter", "json"),
                              "user", p->at.user, &p->has_permissions, err);
    return s;
}

static enum status make_vhost(struct init *in, const struct plan *p, struct error *err)
{
    enum status s = ST_OK;

    if (p->has_vhost) {
        init_tell(in, "vhost", INIT_THERE, NULL, "%s", p->at.vhost);
        return ST_OK;
    }
    if (!in->dry_run)
        s = rabbitmqctl_run(&p->tool, WORDS("add_vhost", "-q", p->at.vhost), NULL, NULL, err);
    if (s != ST_OK)
        return init_fail(in, "vhost", by_hand(in, p), err);
    init_tell(in, "vhost", INIT_MADE_OR_WOULD(in), NULL, "%s", p->at.vhost);
    return ST_OK;
}

/* Where the user is there and its password is nowhere, only another password helps. */
static enum status make_user(struct init *in, const struct plan *p, struct error *err)
{
    const char *verb = p->has_user ? "change_password" : "add_user";
    const char *input = arena_printf(&in->ctl->mem, "%s\n", p->at.password);
    enum status s = ST_OK;

    if (p->has_user && !p->is_new) {
        init_tell(in, "rabbitmq_user", INIT_THERE, NULL, "%s", p->at.user);
        return ST_OK;
    }
    /* With -q that of RabbitMQ 4.0 on Erlang 27 does not come to reading its input, and waits for ever. */
    if (!in->dry_run)
        s = rabbitmqctl_run(&p->tool, WORDS(verb, p->at.user), input, NULL, err);
    if (s != ST_OK)
        return init_fail(in, "rabbitmq_user", by_hand(in, p), err);
    if (p->has_user)
        init_tell(in, "rabbitmq_user", INIT_MADE_OR_WOULD(in), NULL,
                  "%s is there; a new password, since %s is not", p->at.user, p->file);
    else
        init_tell(in, "rabbitmq_user", INIT_MADE_OR_WOULD(in), NULL, "%s", p->at.user);
    return ST_OK;
}

/* What somebody has given it on purpose stays. */
static enum status make_permissions(struct init *in, const struct plan *p, struct error *err)
{
    enum status s = ST_OK;

    if (p->has_permissions) {
        init_tell(in, "permissions", INIT_THERE, NULL, "of %s in %s", p->at.user, p->at.vhost);
        return ST_OK;
    }
    if (!in->dry_run)
        s = rabbitmqctl_run(&p->tool, WORDS("set_permissions", "-q", "-p", p->at.vhost, p->at.user, OURS, OURS, OURS),
                            NULL, NULL, err);
    if (s != ST_OK)
        return init_fail(in, "permissions", by_hand(in, p), err);
    init_tell(in, "permissions", INIT_MADE_OR_WOULD(in), NULL, "configure, write and read of %s", OURS);
    return ST_OK;
}

static enum status make_account(struct init *in, const struct plan *p, struct error *err)
{
    enum status s = make_vhost(in, p, err);

    if (s == ST_OK)
        s = make_user(in, p, err);
    return s == ST_OK ? make_permissions(in, p, err) : s;
}

/* ---- the file ---- */

#define FILE_STEP "rabbitmq_url"

static void tell_file(struct init *in, const struct plan *p)
{
    const struct config *c = &in->ctl->config;
    enum init_state state = p->is_new ? INIT_MADE_OR_WOULD(in) : INIT_THERE;

    if (is_default(c) && c->rabbitmq.url_file[0] == '\0')
        init_tell(in, FILE_STEP, state,
                  arena_printf(&in->ctl->mem, "Put `url_file = %s` into [rabbitmq] of %s, in the place of url, or the"
                                              " programs use %s.", p->file,
                               c->path[0] != '\0' ? c->path : DEFAULT_CONFIG, c->rabbitmq.url),
                  "%s, of which the configuration does not know", p->file);
    else if (p->is_new || c->rabbitmq.url_file[0] != '\0')
        init_tell(in, FILE_STEP, state, NULL, "%s", p->file);
    else
        init_tell(in, FILE_STEP, state, NULL, "url stands in the configuration");
}

/* Beside its place before anything is made, in its place after everything is. */
static enum status make_with_file(struct init *in, const struct plan *p, struct error *err)
{
    struct secret_file file;
    enum status s = secret_file_begin(&file, p->file, arena_printf(&in->ctl->mem, "%s\n", p->url),
                                      in->is_root ? in->gid : (gid_t)-1, &in->ctl->mem, err);

    if (s != ST_OK)
        return init_fail(in, FILE_STEP, "Make the folder, and let it be writable for who runs this.", err);
    s = make_account(in, p, err);
    if (s != ST_OK) {
        secret_file_drop(&file);
        return s;
    }
    failpoint("init.rabbitmq_url.before");
    s = secret_file_commit(&file, err);
    if (s != ST_OK) {
        secret_file_drop(&file);
        return init_fail(in, FILE_STEP, "Make the folder writable, and run this again.", err);
    }
    return ST_OK;
}

/* ---- the step ---- */

static enum status check_login(struct init *in, const struct plan *p, struct error *err)
{
    enum status s = log_in(in, p, err);

    if (s == ST_OK) {
        init_tell(in, "rabbitmq", INIT_THERE, NULL, "takes the login at %s:%d", p->at.host, p->at.port);
        return ST_OK;
    }
    return init_fail(in, "rabbitmq",
                     arena_printf(&in->ctl->mem, "See that RabbitMQ listens on %s:%d. If it refuses the login: %s's"
                                                 " password is another than that in %s; remove the file and run this"
                                                 " again for a new one, or set it with rabbitmqctl change_password.",
                                  p->at.host, p->at.port, p->at.user, p->file), err);
}

static enum status make_here(struct init *in, struct plan *p, struct error *err)
{
    enum status s = look(p, err);

    if (s != ST_OK)
        return init_fail(in, "vhost",
                         arena_printf(&in->ctl->mem, "Install and start RabbitMQ on this machine, and run this again."
                                                     " Or: %s", by_hand(in, p)), err);
    s = p->is_new && !in->dry_run ? make_with_file(in, p, err) : make_account(in, p, err);
    if (s != ST_OK)
        return s;
    tell_file(in, p);
    return in->dry_run ? ST_OK : check_login(in, p, err);
}

enum status init_broker(struct init *in, struct error *err)
{
    struct error why;
    struct plan p;
    enum status s = make_plan(in, &p, err);

    if (s != ST_OK)
        return init_fail(in, FILE_STEP, "See [rabbitmq] url, or the file that url_file names.", err);
    if (!p.is_new && log_in(in, &p, &why) == ST_OK) {
        tell_there(in, &p);
        tell_file(in, &p);
        return ST_OK;
    }
    if (init_is_local(p.at.host))
        return make_here(in, &p, err);
    init_tell(in, "rabbitmq", INIT_LOOK, by_hand(in, &p), "on %s, not of this machine: %s", p.at.host, why.text);
    return ST_OK;
}
