/* Turns the texts of a draft into the members of a struct config, by the table of options. */
#include "common/config/values.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define VALUE_FILE_BYTES 65536
#define MOST_NAMES 100 /* of a list; as many as there can be providers */

/* One value on its way: its option, the text, and where it goes. */
struct target {
    struct draft *d;
    const struct section *section;
    struct setting *setting; /* NULL: the default is stored */
    const struct option *option;
    const char *text;
    struct arena *mem; /* of the configuration */
    void *member;
};

/*
 * The text for a fault.  What came from a file is not shown whatever its key is: the file may be
 * another one than meant, and hold a secret.  (Options that are secret have no types that fail.)
 */
static const char *shown(const struct target *t)
{
    if (t->setting->in_file)
        return "what that file holds";
    return arena_printf(&t->d->mem, "\"%.60s\"", t->text);
}

static void refuse(const struct target *t, const char *wanted)
{
    t->setting->faulty = true;
    draft_fault(t->d, t->setting->at, t->section, t->setting->key, "%s is not %s", shown(t),
                wanted);
}

static bool read_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    long long number;

    if (!isdigit((unsigned char)text[0]) && text[0] != '-')
        return false;
    errno = 0;
    number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < min || number > max)
        return false;
    *out = number;
    return true;
}

static bool store_text(const struct target *t)
{
    *(const char **)t->member = arena_strdup(t->mem, t->text);
    return true;
}

static bool number_of(const struct target *t, int64_t *out)
{
    if (read_number(t->text, t->option->min, t->option->max, out))
        return true;
    refuse(t, arena_printf(&t->d->mem, "a whole number from %lld to %lld%s",
                           (long long)t->option->min, (long long)t->option->max,
                           t->option == &option_tier ? ", which every further tier needs" : ""));
    return false;
}

static bool store_int(const struct target *t)
{
    int64_t number;

    if (!number_of(t, &number))
        return false;
    *(int *)t->member = (int)number;
    return true;
}

static bool store_int64(const struct target *t)
{
    return number_of(t, t->member);
}

static bool store_bool(const struct target *t)
{
    static const char *const words[][2] = {
        { "false", "true" }, { "no", "yes" }, { "off", "on" }, { "0", "1" }
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        for (int value = 0; value < 2; value++) {
            if (strcasecmp(t->text, words[i][value]) == 0) {
                *(bool *)t->member = value;
                return true;
            }
        }
    }
    refuse(t, "true (yes, on, 1) or false (no, off, 0)");
    return false;
}

/* The number of the text among the choices, or -1 with a fault. */
static int choice_of(const struct target *t)
{
    const char *at = t->option->choices;
    size_t len = strlen(t->text);

    for (int i = 0;; i++) {
        size_t n = strcspn(at, "|");

        if (n == len && memcmp(at, t->text, n) == 0)
            return i;
        if (at[n] == '\0')
            break;
        at += n + 1;
    }
    refuse(t, arena_printf(&t->d->mem, "one of %s", t->option->choices));
    return -1;
}

static bool store_choice(const struct target *t)
{
    return choice_of(t) >= 0 && store_text(t);
}

static bool store_choice_index(const struct target *t)
{
    int index = choice_of(t);

    static_assert(sizeof(enum on_unclear) == sizeof(int) && sizeof(enum starttls) == sizeof(int) &&
                  sizeof(enum verify) == sizeof(int) &&
                  sizeof(enum log_level) == sizeof(int) && sizeof(enum log_format) == sizeof(int),
                  "an enum is stored as an int");
    if (index < 0)
        return false;
    *(int *)t->member = index;
    return true;
}

/* The next name of a list, blanks around it cut; *at moves past its comma, or becomes NULL. */
static const char *next_name(const char **at, size_t *len)
{
    const char *name = *at + strspn(*at, " \t\r\n");
    const char *comma = strchrnul(name, ','), *end = comma;

    while (end > name && isspace((unsigned char)end[-1]))
        end--;
    *len = (size_t)(end - name);
    *at = *comma == '\0' ? NULL : comma + 1;
    return name;
}

/* Into two members that stand together: the names and their number. */
static bool store_list(const struct target *t)
{
    static_assert(offsetof(struct config_platform, n_providers) ==
                  offsetof(struct config_platform, providers) + sizeof(const char **),
                  "a list is stored as a pointer and the number after it");
    const char **names = ARENA_ARRAY(t->mem, const char *, MOST_NAMES);
    const char *at = t->text;
    size_t n = 0;

    if (strspn(at, " \t\r\n") == strlen(at))
        at = NULL;
    while (at != NULL) {
        size_t len;
        const char *name = next_name(&at, &len);

        if (len == 0 || n == MOST_NAMES) {
            refuse(t, "a list of names, at most 100, with a comma between two of them");
            return false;
        }
        names[n++] = arena_strndup(t->mem, name, len);
    }
    *(const char ***)t->member = names;
    *(size_t *)((char *)t->member + sizeof names) = n;
    return true;
}

static bool (*const stores[])(const struct target *t) = {
    [OPT_TEXT] = store_text,
    [OPT_SECRET] = store_text,
    [OPT_INT] = store_int,
    [OPT_INT64] = store_int64,
    [OPT_BOOL] = store_bool,
    [OPT_CHOICE] = store_choice,
    [OPT_CHOICE_INDEX] = store_choice_index,
    [OPT_LIST] = store_list,
};

/*
 * All of a small regular file; NULL with *why.  Not from pipes and devices: opening one may wait
 * for ever.
 */
static char *read_value_file(struct arena *mem, const char *path, const char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *text = arena_alloc(mem, VALUE_FILE_BYTES + 2);
    struct stat st;
    size_t len = 0;
    ssize_t n = 1;

    *why = NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        *why = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        *why = "not a regular file";
    while (*why == NULL && n > 0 && len <= VALUE_FILE_BYTES) {
        n = read(fd, text + len, VALUE_FILE_BYTES + 1 - len);
        if (n > 0)
            len += (size_t)n;
        else if (n < 0)
            *why = strerror(errno);
    }
    if (fd >= 0)
        close(fd);
    if (*why == NULL && len > VALUE_FILE_BYTES)
        *why = "longer than 64 KiB";
    if (*why == NULL && memchr(text, '\0', len) != NULL)
        *why = "a NUL byte in it";
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    text[len] = '\0';
    return *why == NULL ? text : NULL;
}

/* Is it the file that may be missing before there is a broker's account, and is it? */
static bool may_come_later(const struct draft *d, const struct section *s, const struct setting *v)
{
    return d->is_early && strcmp(s->name, "rabbitmq") == 0 && strcmp(v->key, "url") == 0 &&
           v->given[0] != '\0' && access(v->given, F_OK) != 0 && errno == ENOENT;
}

/* The value that counts, or NULL: there is none to be had, and where that is wrong a fault says so. */
static const char *setting_text(struct draft *d, const struct section *s, struct setting *v)
{
    const char *why, *text;

    if (v->faulty)
        return NULL;
    if (!v->in_file)
        return v->given;
    if (may_come_later(d, s, v))
        return NULL;
    text = read_value_file(&d->mem, v->given, &why);
    if (text == NULL) {
        /* The path is not shown: it may be the secret itself, put at the wrong key. */
        v->faulty = true;
        draft_fault(d, v->at, s, arena_printf(&d->mem, "%s_file", v->key),
                    "the file it names can't be used: %s", why);
    }
    return text;
}

/* The setting's value, or where there is none, or none that can be used, the default. */
static void store(struct draft *d, const struct section *s, const struct option *o,
                  struct setting *v, void *member, struct arena *mem)
{
    struct target t = { d, s, v, o, NULL, mem, member };

    if (v != NULL)
        t.text = setting_text(d, s, v);
    if (t.text != NULL && stores[o->type](&t))
        return;
    if (strcmp(o->fallback, "NAME") == 0) { /* whether it is a kind is for check.c to say */
        t.text = s->name + strlen("provider.");
        store_text(&t);
    } else {
        t.text = o->fallback;
        stores[o->type](&t);
    }
}

static void store_section(struct draft *d, struct section *s, void *target, struct arena *mem)
{
    s->target = target;
    for (size_t i = 0; i < n_options; i++) {
        const struct option *o = &options[i];

        if (strcmp(o->section, s->pattern) == 0 && o->offset != OPTION_TIER)
            store(d, s, o, section_setting(s, o->key), (char *)target + o->offset, mem);
    }
}

static void store_tier(struct draft *d, const struct section *s, const struct option *o,
                       const char *name, struct setting *v, struct config *out)
{
    struct config_tier *tier = &out->rate_limit.tiers[out->rate_limit.n_tiers++];

    tier->name = arena_strdup(&out->mem, name);
    store(d, s, o, v, &tier->per_minute, &out->mem);
}

/* The tiers of the table first, in its order, then the further ones. */
static void store_tiers(struct draft *d, const struct section *s, struct config *out)
{
    size_t most = n_options;

    for (const struct setting *v = s->settings; v != NULL; v = v->next)
        most++;
    out->rate_limit.tiers = ARENA_ARRAY(&out->mem, struct config_tier, most);
    for (size_t i = 0; i < n_options; i++)
        if (options[i].offset == OPTION_TIER)
            store_tier(d, s, &options[i], options[i].key, section_setting(s, options[i].key), out);
    for (struct setting *v = s->settings; v != NULL; v = v->next)
        if (v->option == &option_tier)
            store_tier(d, s, &option_tier, v->key, v, out);
}

static void store_url_file(const struct section *rabbitmq, struct config *out)
{
    const struct setting *url = section_setting(rabbitmq, "url");

    out->rabbitmq.url_file = arena_strdup(&out->mem, url != NULL && url->in_file ? url->given : "");
}

void values_store_fixed(struct draft *d, struct config *out)
{
    enum platform p;

    for (struct section *s = d->sections; s != NULL; s = s->next) {
        if (strcmp(s->pattern, "provider.*") == 0)
            continue;
        if (strcmp(s->pattern, "platform.*") == 0 &&
            platform_parse(s->name + strlen("platform."), &p))
            store_section(d, s, &out->platform[p], &out->mem);
        else
            store_section(d, s, out, &out->mem);
        if (strcmp(s->pattern, "rate_limit") == 0)
            store_tiers(d, s, out);
        if (strcmp(s->pattern, "rabbitmq") == 0)
            store_url_file(s, out);
    }
}

void values_store_providers(struct draft *d, struct config *out)
{
    size_t n = 0;

    for (const struct section *s = d->sections; s != NULL; s = s->next)
        n += strcmp(s->pattern, "provider.*") == 0;
    out->providers = ARENA_ARRAY(&out->mem, struct provider_config, n);
    for (struct section *s = d->sections; s != NULL; s = s->next) {
        if (strcmp(s->pattern, "provider.*") != 0)
            continue;
        out->providers[out->n_providers].name =
            arena_strdup(&out->mem, s->name + strlen("provider."));
        store_section(d, s, &out->providers[out->n_providers++], &out->mem);
    }
}
