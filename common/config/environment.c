/* The variables NOTIFY_SECTION_KEY, which override the file. */
#include "common/config/environment.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* One variable, cut into its parts. */
struct variable {
    const char *name;  /* NOTIFY_SERVER_THREADS */
    const char *rest;  /* SERVER_THREADS */
    const char *value;
    struct place at;
};

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool variable_read(struct draft *d, char *const env[], int i, struct variable *out)
{
    const char *equals = strchr(env[i], '=');

    if (!starts(env[i], "NOTIFY_") || equals == NULL)
        return false;
    out->name = arena_strndup(&d->mem, env[i], (size_t)(equals - env[i]));
    out->rest = out->name + strlen("NOTIFY_");
    out->value = equals + 1;
    out->at = (struct place){ .variable = out->name, .order = i };
    return true;
}

static const char *key_of(struct draft *d, const struct variable *v, const char *stem)
{
    char *key = arena_strdup(&d->mem, v->rest + strlen(stem));

    for (char *c = key; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return key;
}

static bool is_key(const char *pattern, const char *key)
{
    size_t unused;

    return draft_option(pattern, key, &unused) != NULL;
}

/*
 * The section whose stem the variable begins with.  Of several ([provider.a] and [provider.a_b])
 * one that knows the key comes first, then the one with the longest name.
 */
static struct section *section_of(struct draft *d, const struct variable *v, bool *knows_key)
{
    struct section *best = NULL;

    *knows_key = false;
    for (struct section *s = d->sections; s != NULL; s = s->next) {
        bool knows;

        if (!starts(v->rest, s->stem))
            continue;
        knows = is_key(s->pattern, key_of(d, v, s->stem));
        if (best == NULL || (knows && !*knows_key) ||
            (knows == *knows_key && strlen(s->stem) > strlen(best->stem))) {
            best = s;
            *knows_key = knows;
        }
    }
    return best;
}

void environment_read_fixed(struct draft *d, char *const env[])
{
    struct variable v;
    bool knows_key;

    for (int i = 0; env[i] != NULL; i++) {
        struct section *s;

        if (!variable_read(d, env, i, &v) || starts(v.rest, "PROVIDER_"))
            continue;
        s = section_of(d, &v, &knows_key);
        if (s != NULL)
            draft_set(d, s, key_of(d, &v, s->stem), v.value, v.at);
        else if (starts(v.rest, "PLATFORM_"))
            draft_fault(d, v.at, NULL, NULL,
                        "names no platform; they are SMS, EMAIL, WHATSAPP and TELEGRAM");
    }
}

void environment_add_listed(struct draft *d, char *const env[], const char *name, struct place at)
{
    const char *stem = arena_printf(&d->mem, "PROVIDER_%s_", env_name(&d->mem, name));
    bool meant = name_is_kind(name);
    struct variable v;

    if (draft_find_section(d, arena_printf(&d->mem, "provider.%s", name)) != NULL)
        return;
    for (int i = 0; env[i] != NULL && !meant; i++)
        meant = variable_read(d, env, i, &v) && starts(v.rest, stem);
    if (meant)
        draft_add_provider(d, name, at);
}

/* Where the variable names a kind and a key, that kind's own section comes to be. */
static struct section *add_named_kind(struct draft *d, const struct variable *v)
{
    const char *kinds = options_find("provider.*", "kind")->choices;

    while (*kinds != '\0') {
        size_t len = strcspn(kinds, "|");
        const char *name = arena_strndup(&d->mem, kinds, len);
        const char *stem = arena_printf(&d->mem, "PROVIDER_%s_", env_name(&d->mem, name));
        const char *full = arena_printf(&d->mem, "provider.%s", name);

        if (starts(v->rest, stem) && draft_find_section(d, full) == NULL &&
            is_key("provider.*", key_of(d, v, stem)))
            return draft_add_provider(d, name, v->at);
        kinds += len + (kinds[len] != '\0');
    }
    return NULL;
}

void environment_read_providers(struct draft *d, char *const env[])
{
    struct variable v;
    bool knows_key;

    for (int i = 0; env[i] != NULL; i++) {
        struct section *s, *fresh = NULL;

        if (!variable_read(d, env, i, &v) || !starts(v.rest, "PROVIDER_"))
            continue;
        s = section_of(d, &v, &knows_key);
        if (!knows_key)
            fresh = add_named_kind(d, &v);
        if (fresh != NULL)
            s = fresh;
        if (s != NULL)
            draft_set(d, s, key_of(d, &v, s->stem), v.value, v.at);
        else
            draft_fault(d, v.at, NULL, NULL,
                        "names no provider's key; NOTIFY_PROVIDER_NAME_KEY needs a NAME that is a "
                        "kind, or stands in a [platform.*] providers, or has its [provider.NAME]");
    }
}
