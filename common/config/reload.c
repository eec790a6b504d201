/* reload - what of a changed configuration a running program takes up. */
#include "common/config/reload.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/options.h"

/* One that was read while running.  Its texts are the fresh one's, or those of the ones before it. */
struct generation {
    struct config config; /* its arena holds the list of providers and tiers */
    struct config fresh;
    struct generation *before;
};

struct live_config {
    _Atomic(const struct config *) now;
    const struct config *at_start;
    struct generation *generations;
};

/* A comparison of two structs by the options of one section. */
struct merge {
    const char *pattern, *name; /* "provider.*", "provider.twilio" */
    void *kept;                 /* struct config, config_platform or provider_config */
    const void *fresh;
    int taken; /* values that took effect */
};

struct live_config *live_config_new(const struct config *at_start)
{
    struct live_config *l = calloc(1, sizeof *l);

    if (l == NULL)
        abort();
    l->at_start = at_start;
    atomic_init(&l->now, at_start);
    return l;
}

static void free_generation(struct generation *g)
{
    config_free(&g->fresh);
    config_free(&g->config);
    free(g);
}

void live_config_free(struct live_config *l)
{
    if (l == NULL)
        return;
    for (struct generation *g = l->generations, *before; g != NULL; g = before) {
        before = g->before;
        free_generation(g);
    }
    free(l);
}

const struct config *live_config(const struct live_config *l)
{
    return atomic_load(&l->now);
}

/* ---- values ---- */

static bool same_list(const void *kept, const void *fresh)
{
    const struct config_platform *a = kept, *b = fresh;
    bool same = a->n_providers == b->n_providers;

    for (size_t i = 0; same && i < a->n_providers; i++)
        same = strcmp(a->providers[i], b->providers[i]) == 0;
    return same;
}

static size_t size_of(enum option_type type)
{
    return type == OPT_INT64 ? sizeof(int64_t) : type == OPT_BOOL ? sizeof(bool) : sizeof(int);
}

static bool is_text(enum option_type type)
{
    return type == OPT_TEXT || type == OPT_SECRET || type == OPT_CHOICE;
}

static bool is_same(const struct option *o, const char *kept, const char *fresh)
{
    if (o->type == OPT_LIST) /* the one list there is: a platform's providers */
        return same_list(kept, fresh);
    if (is_text(o->type))
        return strcmp(*(char *const *)(const void *)(kept + o->offset),
                      *(char *const *)(const void *)(fresh + o->offset)) == 0;
    return memcmp(kept + o->offset, fresh + o->offset, size_of(o->type)) == 0;
}

static void tell_restart(const char *section, const char *key)
{
    log_warn("config.needs_restart", STR("section", section), STR("key", key));
}

static void merge_section(struct merge *m)
{
    for (size_t i = 0; i < n_options; i++) {
        const struct option *o = &options[i];
        size_t size = is_text(o->type) ? sizeof(char *) : size_of(o->type);

        if (strcmp(o->section, m->pattern) != 0 || o->offset == OPTION_TIER ||
            is_same(o, m->kept, m->fresh))
            continue;
        if (!o->reloads) {
            tell_restart(m->name, o->key);
            continue;
        }
        memcpy((char *)m->kept + o->offset, (const char *)m->fresh + o->offset, size);
        m->taken++;
    }
}

/* ---- sections ---- */

static int merge_fixed(struct config *kept, const struct config *fresh)
{
    struct merge m = { .kept = kept, .fresh = fresh };

    for (size_t i = 0; i < n_options; i++) {
        if (strchr(options[i].section, '*') != NULL ||
            (i > 0 && strcmp(options[i].section, options[i - 1].section) == 0))
            continue;
        m.pattern = m.name = options[i].section;
        merge_section(&m);
    }
    return m.taken;
}

static int merge_platforms(struct config *kept, const struct config *fresh, struct arena *mem)
{
    struct merge m = { .pattern = "platform.*" };

    for (int p = 0; p < PF_COUNT; p++) {
        m.name = arena_printf(mem, "platform.%s", platform_name((enum platform)p));
        m.kept = &kept->platform[p];
        m.fresh = &fresh->platform[p];
        merge_section(&m);
    }
    return m.taken;
}

static int merge_providers(struct config *kept, const struct config *fresh)
{
    struct merge m = { .pattern = "provider.*" };

    for (size_t i = 0; i < kept->n_providers; i++) {
        const struct provider_config *p = config_find_provider(fresh, kept->providers[i].name);

        m.name = arena_printf(&kept->mem, "provider.%s", kept->providers[i].name);
        m.kept = &kept->providers[i];
        m.fresh = p;
        if (p == NULL || strcmp(p->kind, kept->providers[i].kind) != 0)
            tell_restart(m.name, "kind");
        else
            merge_section(&m);
    }
    for (size_t i = 0; i < fresh->n_providers; i++) {
        const char *name = fresh->providers[i].name;

        if (config_find_provider(kept, name) == NULL)
            tell_restart(arena_printf(&kept->mem, "provider.%s", name), "kind");
    }
    return m.taken;
}

static const struct config_tier *find_tier(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->rate_limit.n_tiers; i++)
        if (strcmp(c->rate_limit.tiers[i].name, name) == 0)
            return &c->rate_limit.tiers[i];
    return NULL;
}

static int merge_tiers(struct config *kept, const struct config *fresh)
{
    int taken = 0;

    for (size_t i = 0; i < kept->rate_limit.n_tiers; i++) {
        struct config_tier *tier = &kept->rate_limit.tiers[i];
        const struct config_tier *now = find_tier(fresh, tier->name);

        if (now == NULL)
            tell_restart("rate_limit", tier->name);
        else if (now->per_minute != tier->per_minute) {
            tier->per_minute = now->per_minute;
            taken++;
        }
    }
    for (size_t i = 0; i < fresh->rate_limit.n_tiers; i++)
        if (find_tier(kept, fresh->rate_limit.tiers[i].name) == NULL)
            tell_restart("rate_limit", fresh->rate_limit.tiers[i].name);
    return taken;
}

/* ---- the whole ---- */

/* A copy with lists of its own; its texts stay those of `from`, which stays too. */
static void copy_config(const struct config *from, struct config *out)
{
    size_t providers = from->n_providers * sizeof *from->providers;
    size_t tiers = from->rate_limit.n_tiers * sizeof *from->rate_limit.tiers;

    *out = *from;
    out->mem = (struct arena)ARENA_INIT;
    out->providers = arena_alloc(&out->mem, providers + 1);
    out->rate_limit.tiers = arena_alloc(&out->mem, tiers + 1);
    memcpy(out->providers, from->providers, providers);
    memcpy(out->rate_limit.tiers, from->rate_limit.tiers, tiers);
}

static enum status refuse(struct generation *g, struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        log_error("config.not_reloaded", STR("error", faults->lines[i]));
    config_faults_free(faults);
    config_free(&g->fresh);
    free(g);
    return ST_INVALID;
}

enum status live_config_reload(struct live_config *l, char *const env[])
{
    struct generation *g = calloc(1, sizeof *g);
    struct config_faults faults;
    int taken;

    if (g == NULL)
        abort();
    if (config_load(l->at_start->path, env, &g->fresh, &faults) != ST_OK)
        return refuse(g, &faults);
    config_faults_free(&faults);
    copy_config(live_config(l), &g->config);
    taken = merge_fixed(&g->config, &g->fresh);
    taken += merge_platforms(&g->config, &g->fresh, &g->config.mem);
    taken += merge_providers(&g->config, &g->fresh);
    taken += merge_tiers(&g->config, &g->fresh);
    log_info("config.reloaded", NUM("changed", taken));
    log_set_level(g->config.log_level);
    if (taken == 0) {
        free_generation(g);
        return ST_OK;
    }
    g->before = l->generations;
    l->generations = g;
    atomic_store(&l->now, &g->config);
    return ST_OK;
}
