/* providers - opening what [provider.NAME] describes. */
#include "workerd/providers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct providers {
    const struct config *config;
    struct open_provider *all; /* in the order of config->providers */
    size_t count;
};

/* PEM, of OpenSSL's TRUSTED form too. */
static bool has_certificate(FILE *f)
{
    char line[256];

    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "CERTIFICATE-----") != NULL)
            return true;
    }
    return false;
}

/* Said at the start: left to the first call, it would look like a provider that is down. */
static enum status check_ca_bundle(const struct provider_config *pc, struct error *err)
{
    FILE *f;
    bool has;

    if (pc->ca_bundle[0] == '\0')
        return ST_OK;
    if ((f = fopen(pc->ca_bundle, "re")) == NULL)
        return error_set(err, ST_INVALID, "[provider.%s] ca_bundle: cannot read %s: %s", pc->name,
                         pc->ca_bundle, strerror(errno));
    has = has_certificate(f);
    fclose(f);
    return has ? ST_OK
               : error_set(err, ST_INVALID, "[provider.%s] ca_bundle: %s holds no PEM certificate",
                           pc->name, pc->ca_bundle);
}

static enum status open_one(struct open_provider *p, const struct provider_config *pc,
                            const struct config *config, struct error *err)
{
    p->config = pc;
    p->index = (size_t)(pc - config->providers);
    p->adapter = adapter_find(pc->kind);
    p->retry = (struct retry_policy){ .max_attempts = config->worker.max_attempts,
                                      .base_ms = config->worker.retry_base_ms,
                                      .max_ms = config->worker.retry_max_ms,
                                      .on_unclear = pc->on_unclear };
    p->limits = (struct transfer_limits){ .connect_ms = pc->connect_timeout_ms,
                                          .low_speed_bytes = pc->low_speed_bytes,
                                          .low_speed_seconds = pc->low_speed_seconds,
                                          .ca_bundle = pc->ca_bundle,
                                          .connections = pc->connections };
    if (p->adapter == NULL)
        return error_set(err, ST_INVALID, "[provider.%s] kind %s cannot send yet", pc->name, pc->kind);
    if (check_ca_bundle(pc, err) != ST_OK)
        return err->kind;
    if (p->adapter->open(&p->handle, pc, config->server.public_url, err) != ST_OK)
        return error_prefix(err, "[provider.%s]", pc->name);
    return ST_OK;
}

enum status providers_open(struct providers **out, const struct config *config, struct error *err)
{
    struct providers *p = calloc(1, sizeof *p);
    enum status s = ST_OK;

    if (p == NULL || (p->all = calloc(config->n_providers + 1, sizeof *p->all)) == NULL)
        abort();
    p->config = config;
    p->count = config->n_providers;
    for (size_t i = 0; i < config->n_providers && s == ST_OK; i++) {
        /* One that no platform uses may be of any kind: it is not opened. */
        if (config_uses_provider(config, config->providers[i].name))
            s = open_one(&p->all[i], &config->providers[i], config, err);
    }
    if (s != ST_OK) {
        providers_close(p);
        return s;
    }
    *out = p;
    return ST_OK;
}

void providers_close(struct providers *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++) {
        if (p->all[i].handle != NULL)
            p->all[i].adapter->close(p->all[i].handle);
    }
    free(p->all);
    free(p);
}

size_t providers_count(const struct providers *p, enum platform platform)
{
    const struct config_platform *c = &p->config->platform[platform];

    return c->enabled ? c->n_providers : 0;
}

const struct open_provider *providers_at(const struct providers *p, enum platform platform,
                                         size_t place)
{
    const struct config_platform *c = &p->config->platform[platform];

    if (!c->enabled || place >= c->n_providers)
        return NULL;
    for (size_t i = 0; i < p->count; i++) {
        if (p->all[i].handle != NULL && strcmp(p->all[i].config->name, c->providers[place]) == 0)
            return &p->all[i];
    }
    return NULL;
}
