/* What the file and the environment say before it is understood, and the faults found in it. */
#include "common/config/draft.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far above any real need: the table is searched from end to end. */
#define MOST_PROVIDERS 100
#define MOST_TIERS 100
#define NAME_BYTES 40

bool list_has(const char *list, char divider, const char *word, size_t len)
{
    while (list != NULL) {
        const char *end = strchrnul(list, divider);

        if ((size_t)(end - list) == len && memcmp(list, word, len) == 0)
            return true;
        list = *end == '\0' ? NULL : end + 1;
    }
    return false;
}

bool name_is_kind(const char *name)
{
    const struct option *kind = options_find("provider.*", "kind");

    return name[0] != '\0' && list_has(kind->choices, '|', name, strlen(name));
}

char *env_name(struct arena *mem, const char *name)
{
    char *out = arena_strdup(mem, name);

    for (char *c = out; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return out;
}

/* Two names that the environment can't tell apart. */
static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        bool mark_a = !isalnum((unsigned char)*a), mark_b = !isalnum((unsigned char)*b);

        if (mark_a != mark_b)
            return false;
        if (!mark_a && toupper((unsigned char)*a) != toupper((unsigned char)*b))
            return false;
    }
    return *a == *b;
}

static struct section *add_section(struct draft *d, const char *name, const char *pattern,
                                   struct place at)
{
    struct section *s = ARENA_NEW(&d->mem, struct section);

    s->name = arena_strdup(&d->mem, name);
    s->pattern = pattern;
    s->stem = arena_printf(&d->mem, "%s_", env_name(&d->mem, name));
    s->at = at;
    s->tail = &s->settings;
    *d->tail = s;
    d->tail = &s->next;
    return s;
}

static void add_sections_of(struct draft *d, const char *pattern)
{
    struct place nowhere = { 0 };

    if (strcmp(pattern, "platform.*") == 0) {
        for (int p = 0; p < PF_COUNT; p++)
            add_section(d, arena_printf(&d->mem, "platform.%s", platform_name((enum platform)p)),
                        pattern, nowhere);
    } else if (strcmp(pattern, "provider.*") != 0) {
        add_section(d, pattern, pattern, nowhere);
    }
}

void draft_init(struct draft *d, const char *file)
{
    *d = (struct draft){ .mem = ARENA_INIT, .file = file };
    d->tail = &d->sections;
    for (size_t i = 0; i < n_options; i++)
        if (i == 0 || strcmp(options[i].section, options[i - 1].section) != 0)
            add_sections_of(d, options[i].section);
}

void draft_done(struct draft *d)
{
    free(d->faults);
    arena_done(&d->mem);
}

struct section *draft_find_section(const struct draft *d, const char *name)
{
    for (struct section *s = d->sections; s != NULL; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static bool provider_name_fits(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= NAME_BYTES && isalnum((unsigned char)name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == len;
}

struct section *draft_add_provider(struct draft *d, const char *name, struct place at)
{
    const char *full = arena_printf(&d->mem, "provider.%s", name);
    size_t n = 0;

    if (!provider_name_fits(name)) {
        draft_fault(d, at, NULL, NULL,
                    "a provider's name is 1 to %d letters, digits, _, - or ., and begins with a "
                    "letter or a digit",
                    NAME_BYTES);
        return NULL;
    }
    for (struct section *s = d->sections; s != NULL; s = s->next) {
        if (same_name(s->name, full)) {
            draft_fault(d, at, NULL, NULL,
                        "[%s] can't be told from [%s] in the environment; choose another name",
                        full, s->name);
            return NULL;
        }
        n += strcmp(s->pattern, "provider.*") == 0;
    }
    if (n >= MOST_PROVIDERS) {
        draft_fault(d, at, NULL, NULL, "[%s] is one too many; at most %d providers are kept", full,
                    MOST_PROVIDERS);
        return NULL;
    }
    return add_section(d, full, "provider.*", at);
}

static bool tier_name_fits(const char *key, size_t len)
{
    return len >= 1 && len <= NAME_BYTES &&
           strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_-") >= len;
}

const struct option *draft_option(const char *pattern, const char *key, size_t *base_len)
{
    size_t len = strlen(key);
    char base[NAME_BYTES + 1];
    const struct option *found = options_find(pattern, key);

    if (len > 5 && strcmp(key + len - 5, "_file") == 0 && found == NULL)
        len -= 5;
    if (len > NAME_BYTES)
        return NULL;
    memcpy(base, key, len);
    base[len] = '\0';
    if (found == NULL)
        found = options_find(pattern, base);
    if (found == NULL && strcmp(pattern, "rate_limit") == 0 && tier_name_fits(base, len))
        found = &option_tier;
    if (found != NULL)
        *base_len = len;
    return found;
}

struct setting *section_setting(const struct section *s, const char *key)
{
    for (struct setting *v = s->settings; v != NULL; v = v->next)
        if (same_name(v->key, key))
            return v;
    return NULL;
}

void *section_member(const struct section *s, const char *key)
{
    return (char *)s->target + options_find(s->pattern, key)->offset;
}

/* "threads, max_body_bytes and so on", for the fault that finds an unknown one. */
static const char *keys_of(struct draft *d, const char *pattern)
{
    const char *text = NULL;

    for (size_t i = 0; i < n_options; i++)
        if (strcmp(options[i].section, pattern) == 0)
            text = text == NULL ? options[i].key
                                : arena_printf(&d->mem, "%s, %s", text, options[i].key);
    return text;
}

/* The key stands there already: in the same source that is a fault, across them the later wins. */
static void set_again(struct draft *d, struct section *s, struct setting *old,
                      const struct setting *fresh)
{
    bool same_source = (old->at.variable == NULL) == (fresh->at.variable == NULL);
    const char *there = old->at.variable != NULL
                            ? old->at.variable
                            : arena_printf(&d->mem, "line %d", old->at.order);

    if (!same_source) {
        old->given = fresh->given;
        old->in_file = fresh->in_file;
        old->at = fresh->at;
    } else if (old->in_file != fresh->in_file) {
        old->faulty = true;
        draft_fault(d, fresh->at, s, fresh->key,
                    "is given both by itself and as %s_file (see %s); give one of the two",
                    fresh->key, there);
    } else if (fresh->at.variable == NULL) {
        draft_fault(d, fresh->at, s, fresh->key, "is given again; it stands in %s already", there);
    } /* of a variable that is there twice the first counts, as for getenv(3) */
}

static size_t count_tiers(const struct section *s)
{
    size_t n = 0;

    for (const struct setting *v = s->settings; v != NULL; v = v->next)
        n += v->option == &option_tier;
    return n;
}

void draft_set(struct draft *d, struct section *s, const char *key, const char *value,
               struct place at)
{
    struct setting *v = ARENA_NEW(&d->mem, struct setting), *old;
    size_t base_len;

    v->option = draft_option(s->pattern, key, &base_len);
    if (v->option == NULL) {
        draft_fault(d, at, s, key, "is not a key of this section; its keys are %s%s",
                    keys_of(d, s->pattern),
                    strcmp(s->pattern, "rate_limit") == 0 ? " and names of further tiers" : "");
        return;
    }
    v->key = arena_strndup(&d->mem, key, base_len);
    v->given = arena_strdup(&d->mem, value);
    v->in_file = key[base_len] != '\0';
    v->at = at;
    old = section_setting(s, v->key);
    if (old != NULL) {
        set_again(d, s, old, v);
    } else if (v->option == &option_tier && count_tiers(s) >= MOST_TIERS) {
        draft_fault(d, at, s, v->key, "is one too many; at most %d further tiers are kept",
                    MOST_TIERS);
    } else {
        *s->tail = v;
        s->tail = &v->next;
    }
}

static const char *place_text(struct draft *d, struct place at)
{
    if (at.variable != NULL)
        return at.variable;
    return at.order == 0 ? d->file : arena_printf(&d->mem, "%s:%d", d->file, at.order);
}

void draft_fault(struct draft *d, struct place at, const struct section *s, const char *key,
                 const char *fmt, ...)
{
    char words[1536];
    struct fault *f;
    va_list args;

    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    if (d->n_faults == d->cap_faults) {
        d->cap_faults = d->cap_faults == 0 ? 16 : 2 * d->cap_faults;
        d->faults = realloc(d->faults, d->cap_faults * sizeof *d->faults);
        if (d->faults == NULL)
            abort();
    }
    f = &d->faults[d->n_faults];
    *f = (struct fault){ .at = at, .number = d->n_faults++ };
    f->text = arena_printf(&d->mem, "%s: %s%s%s%.64s%s%s", place_text(d, at), s ? "[" : "",
                           s ? s->name : "", s ? "] " : "", key ? key : "", key ? ": " : "", words);
}

static int by_place(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;
    bool env_x = x->at.variable != NULL, env_y = y->at.variable != NULL;

    if (env_x != env_y)
        return env_x ? 1 : -1;
    if (x->at.order != y->at.order)
        return x->at.order < y->at.order ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

void draft_give_faults(struct draft *d, struct config_faults *out)
{
    if (d->n_faults == 0)
        return;
    qsort(d->faults, d->n_faults, sizeof *d->faults, by_place);
    out->lines = ARENA_ARRAY(&out->mem, const char *, d->n_faults);
    out->cap = d->n_faults;
    for (size_t i = 0; i < d->n_faults; i++)
        out->lines[out->count++] = arena_strdup(&out->mem, d->faults[i].text);
}
