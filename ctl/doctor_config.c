/* doctor_config - checks that ask nobody: the configuration, and this machine's clock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include "common/config/gateway_callback.h"
#include "common/config/options.h"
#include "ctl/doctor.h"

/* ---- the file ---- */

static bool is_secret_key(const char *key, size_t len)
{
    for (size_t i = 0; i < n_options; i++) {
        if (options[i].type == OPT_SECRET && strlen(options[i].key) == len &&
            strncmp(options[i].key, key, len) == 0)
            return true;
    }
    return false;
}

/* "password = x": a secret with a value; one in another file (password_file) is none. */
static bool is_secret_line(const char *line)
{
    const char *key = line + strspn(line, " \t");
    size_t len = strcspn(key, " \t=:");
    const char *value = key + len + strspn(key + len, " \t");

    if (*value != '=' && *value != ':')
        return false;
    value++;
    value += strspn(value, " \t\r\n");
    return is_secret_key(key, len) && *value != '\0' && *value != ';';
}

static bool holds_secrets(FILE *f)
{
    char line[4096];
    bool found = false;

    while (!found && fgets(line, sizeof line, f) != NULL)
        found = is_secret_line(line);
    return found;
}

void check_config_file(struct doctor *d)
{
    const char *path = d->config->path;
    struct stat st;
    FILE *f;
    bool secret;

    if (path == NULL || path[0] == '\0') {
        doctor_ok(d, "valid; from the environment alone");
        return;
    }
    if (stat(path, &st) != 0 || (f = fopen(path, "re")) == NULL) {
        doctor_warn(d, "Let this user read it.", "%s: %s", path, strerror(errno));
        return;
    }
    secret = holds_secrets(f);
    fclose(f);
    if (secret && (st.st_mode & S_IROTH))
        doctor_warn(d, "chmod o-rwx; it should belong to root and the group of the programs.",
                    "%s is valid and holds secrets, and everybody on this machine may read it", path);
    else
        doctor_ok(d, "%s is valid", path);
}

/* ---- platforms ---- */

void check_config_platforms(struct doctor *d)
{
    size_t on = 0;

    for (int pf = 0; pf < PF_COUNT; pf++) {
        const struct config_platform *p = &d->config->platform[pf];

        on += p->enabled && p->n_providers > 0;
        d->subject = platform_name((enum platform)pf);
        for (size_t i = 0; p->enabled && i < p->n_providers; i++) {
            const struct provider_config *pc = config_find_provider(d->config, p->providers[i]);

            if (pc != NULL && strcmp(pc->kind, "mock") == 0)
                doctor_warn(d, "Name a real provider, unless this is a test.",
                            "provider %s is a mock: its messages go nowhere", pc->name);
        }
    }
    d->subject = NULL;
    if (on == 0)
        doctor_warn(d, "Name a [provider.NAME] in providers of a [platform.NAME].",
                    "no platform has a provider: nothing can be sent");
    else
        doctor_ok(d, "%zu of %d have providers", on, PF_COUNT);
}

/* ---- callbacks ---- */

/* What proves the callbacks of a kind; NULL: it has none. */
static const char *proof_of(const struct provider_config *pc, const char **key)
{
    static const char none[] = "";
    static const struct {
        const char *kind, *key;
        size_t offset;
    } proofs[] = {
        { "twilio", "auth_token", offsetof(struct provider_config, auth_token) },
        { "sendgrid", "webhook_public_key", offsetof(struct provider_config, webhook_public_key) },
        { "whatsapp_cloud", "app_secret", offsetof(struct provider_config, app_secret) },
        { "telegram", "secret_token", offsetof(struct provider_config, secret_token) },
        { "http", "callback_secret", offsetof(struct provider_config, callback_secret) },
    };

    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        if (strcmp(proofs[i].kind, pc->kind) == 0) {
            const char *const *value = (const void *)((const char *)pc + proofs[i].offset);

            *key = proofs[i].key;
            return *value == NULL ? none : *value;
        }
    }
    return NULL;
}

static void check_callbacks_of(struct doctor *d, const struct provider_config *pc)
{
    const char *key, *proof = proof_of(pc, &key);

    d->subject = pc->name;
    if (proof == NULL ||
        (strcmp(pc->kind, "http") == 0 && pc->callback_status_path[0] == '\0'))
        return; /* the kind, or this gateway, reports nothing */
    if (pc->verify_callbacks == VERIFY_OFF)
        doctor_warn(d, "Remove verify = off, and set what proves who called.",
                    "anybody who knows the URL can forge a report");
    else if (proof[0] == '\0')
        doctor_warn(d, "docs/webhooks.md says where the provider shows it.",
                    "[provider.%s] %s is not set: its reports are refused", pc->name, key);
    else
        doctor_ok(d, "are proved by %s", key);
}

void check_config_callbacks(struct doctor *d)
{
    for (size_t i = 0; i < d->config->n_providers; i++) {
        if (config_uses_provider(d->config, d->config->providers[i].name))
            check_callbacks_of(d, &d->config->providers[i]);
    }
}

/* ---- the machine ---- */

void check_machine_clock(struct doctor *d)
{
    static const char remedy[] = "Start systemd-timesyncd, chrony or ntpd; in a container, on its host.";
    struct timex t = { .modes = 0 };
    int state = adjtimex(&t);

    if (state < 0)
        doctor_warn(d, remedy, "nobody can tell whether it is kept right: %s", strerror(errno));
    else if (state == TIME_ERROR || (t.status & STA_UNSYNC))
        doctor_warn(d, remedy, "no time server keeps it right: schedules and signed callbacks go by it");
    else
        doctor_ok(d, "is kept by a time server, to within %ld ms", t.maxerror / 1000);
}
