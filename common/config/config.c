/* Reads the configuration: the file line by line through inih, then the environment. */
#include "common/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "common/base/buf.h"
#include "common/config/check.h"
#include "common/config/draft.h"
#include "common/config/environment.h"
#include "common/config/values.h"

#define FILE_BYTES (1024 * 1024)

/*
 * inih cuts long lines in silence, takes an indented line for more of the value above, reports one
 * bad line of many and does not say in which line a value stands.  So it is handed the file line
 * by line: what it would get wrong is a fault here, and it is given an empty line instead.
 */
struct source {
    struct draft *draft;
    const char *at, *end;
    int line;
    struct section *section; /* that the next keys belong to */
    bool skipping;           /* the section's name is a fault, so its keys say nothing more */
    bool unanswered;         /* the line now with inih has not come back as a key and a value */
};

static struct place here(const struct source *src)
{
    return (struct place){ .order = src->line };
}

static void line_fault(struct source *src, const char *words)
{
    draft_fault(src->draft, here(src), NULL, NULL, "%s", words);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n\v\f")] == '\0';
}

/* Sections [provider.NAME] come to be by their line; the others are there from the start. */
static void enter_section(struct source *src, const char *name)
{
    struct draft *d = src->draft;

    src->section = draft_find_section(d, name);
    if (src->section == NULL && strncmp(name, "provider.", strlen("provider.")) == 0)
        src->section = draft_add_provider(d, name + strlen("provider."), here(src));
    else if (src->section == NULL)
        draft_fault(d, here(src), NULL, NULL,
                    "there is no section [%.60s]; there are [server], [database], [redis], "
                    "[rabbitmq], [rate_limit], [worker], [scheduler], [platform.sms], .email, "
                    ".whatsapp, .telegram, [provider.NAME] and [log]",
                    name);
    src->skipping = src->section == NULL;
}

static void read_section_line(struct source *src, const char *line)
{
    const char *close = strchr(line, ']'), *rest = close != NULL ? close + 1 : "";
    size_t blanks = strspn(rest, " \t\r");

    src->section = NULL;
    src->skipping = true;
    if (close == NULL)
        line_fault(src, "a section's line is [NAME]; the ] is missing");
    else if (!is_blank(rest) && (blanks == 0 || rest[blanks] != ';'))
        line_fault(src, "there is more behind the ]; a key needs a line of its own, and a comment "
                        "there begins with a blank and a ;");
    else
        enter_section(src, arena_strndup(&src->draft->mem, line + 1, (size_t)(close - line - 1)));
}

static bool has_control_byte(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];

        if ((c < ' ' && c != '\t' && !(c == '\r' && i + 1 == len)) || c == 0x7f)
            return true;
    }
    return false;
}

/* May inih read this line?  Section lines are read here on the way. */
static bool admit_line(struct source *src, const char *line, size_t len)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";

    if (has_control_byte(line, len)) {
        line_fault(src, "a control byte stands in the line; only tabs may");
        return false;
    }
    if (src->line == 1 && strncmp(line, byte_order_mark, 3) == 0)
        line += 3;
    if (is_blank(line) || strchr(";#", line[strspn(line, " \t")]) != NULL)
        return true;
    if (line[0] == ' ' || line[0] == '\t') {
        line_fault(src, "the line is indented, and values can't go on in a further line; let it "
                        "begin in the first column");
        return false;
    }
    if (line[0] == '[')
        read_section_line(src, line);
    else
        src->unanswered = true;
    return true;
}

static void settle_last_line(struct source *src)
{
    if (src->unanswered && !src->skipping)
        line_fault(src, "the line is neither [SECTION] nor KEY = VALUE");
    src->unanswered = false;
}

/* The ini_reader: as fgets(3), but whole lines only. */
static char *next_line(char *out, int room, void *user)
{
    struct source *src = user;
    const char *newline;
    size_t len;

    settle_last_line(src);
    if (src->at == src->end)
        return NULL;
    newline = memchr(src->at, '\n', (size_t)(src->end - src->at));
    len = (size_t)((newline != NULL ? newline : src->end) - src->at);
    src->line++;
    if (len < (size_t)room - 1) {
        memcpy(out, src->at, len);
        out[len] = '\0';
        if (!admit_line(src, out, len))
            out[0] = '\0';
    } else {
        draft_fault(src->draft, here(src), NULL, NULL,
                    "the line has %zu bytes, and at most %d are read; a long value can stand in a "
                    "file of its own, named by KEY_file",
                    len, room - 2);
        out[0] = '\0';
    }
    src->at = newline != NULL ? newline + 1 : src->end;
    return out;
}

/* The ini_handler.  The section's name comes from the line itself: inih cuts long ones. */
static int take_pair(void *user, const char *section, const char *key, const char *value)
{
    struct source *src = user;

    src->unanswered = false;
    if (src->skipping)
        return 1;
    if (src->section == NULL)
        draft_fault(src->draft, here(src), NULL, key, "stands before the first [SECTION]");
    else if (key[0] == '\0')
        line_fault(src, "there is no key before the =");
    else
        draft_set(src->draft, src->section, key, value, here(src));
    return 1;
}

static void read_text(struct draft *d, const char *text, size_t len)
{
    struct source src = { .draft = d, .at = text, .end = text + len };

    if (len > FILE_BYTES) {
        draft_fault(d, here(&src), NULL, NULL, "the file is longer than 1 MiB");
        return;
    }
    /* Its own verdict tells nothing new: each line it refuses has stayed unanswered. */
    ini_parse_stream(next_line, &src, take_pair, &src);
    settle_last_line(&src);
}

/* A platform's list may name providers that the environment alone describes. */
static void add_listed_providers(struct draft *d, char *const env[], const struct config *c)
{
    for (int p = 0; p < PF_COUNT; p++) {
        const char *full = arena_printf(&d->mem, "platform.%s", platform_name((enum platform)p));
        const struct setting *list = section_setting(draft_find_section(d, full), "providers");

        for (size_t i = 0; i < c->platform[p].n_providers; i++)
            environment_add_listed(d, env, c->platform[p].providers[i], list->at);
    }
}

static enum status finish(struct draft *d, char *const env[], struct config *out,
                          struct config_faults *faults)
{
    bool faulty;

    environment_read_fixed(d, env);
    values_store_fixed(d, out);
    add_listed_providers(d, env, out);
    environment_read_providers(d, env);
    values_store_providers(d, out);
    check_config(d, out);
    draft_give_faults(d, faults);
    faulty = d->n_faults > 0;
    draft_done(d);
    return faulty ? ST_INVALID : ST_OK;
}

static void begin(struct draft *d, const char *name, struct config *out,
                  struct config_faults *faults)
{
    *out = (struct config){ .mem = ARENA_INIT };
    *faults = (struct config_faults){ .mem = ARENA_INIT };
    out->path = arena_strdup(&out->mem, name);
    draft_init(d, out->path);
}

static char *const *or_own(char *const env[])
{
    return env != NULL ? env : environ;
}

enum status config_load_text(const char *name, const char *text, size_t len, char *const env[],
                             struct config *out, struct config_faults *faults)
{
    struct draft d;

    begin(&d, name, out, faults);
    read_text(&d, text, len);
    return finish(&d, or_own(env), out, faults);
}

/* The first byte past the ceiling is read too, so that read_text() sees it. */
static int read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), failure = fd < 0 ? errno : 0;
    char chunk[4096];
    ssize_t n = 1;

    while (failure == 0 && n > 0 && !buf_overflowed(out)) {
        n = read(fd, chunk, sizeof chunk);
        if (n > 0)
            buf_add(out, chunk, (size_t)n);
        else if (n < 0)
            failure = errno;
    }
    if (fd >= 0)
        close(fd);
    return failure;
}

static enum status load(const char *path, bool is_early, char *const env[], struct config *out,
                        struct config_faults *faults)
{
    struct buf text = BUF_INIT(FILE_BYTES);
    bool has_file = path != NULL && path[0] != '\0';
    struct draft d;
    int failure = 0;

    begin(&d, has_file ? path : "", out, faults);
    d.is_early = is_early;
    if (has_file)
        failure = read_file(path, &text);
    if (failure != 0)
        draft_fault(&d, (struct place){ 0 }, NULL, NULL, "cannot be read: %s", strerror(failure));
    else
        read_text(&d, buf_str(&text), buf_overflowed(&text) ? FILE_BYTES + 1 : text.len);
    buf_free(&text);
    return finish(&d, or_own(env), out, faults);
}

enum status config_load(const char *path, char *const env[], struct config *out,
                        struct config_faults *faults)
{
    return load(path, false, env, out, faults);
}

enum status config_load_early(const char *path, char *const env[], struct config *out,
                              struct config_faults *faults)
{
    return load(path, true, env, out, faults);
}

void config_free(struct config *c)
{
    if (c != NULL)
        arena_done(&c->mem);
}

void config_faults_free(struct config_faults *f)
{
    if (f != NULL)
        arena_done(&f->mem);
}

const struct provider_config *config_find_provider(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_providers; i++)
        if (strcmp(c->providers[i].name, name) == 0)
            return &c->providers[i];
    return NULL;
}

bool config_uses_provider(const struct config *c, const char *name)
{
    for (int pf = 0; pf < PF_COUNT; pf++) {
        const struct config_platform *p = &c->platform[pf];

        for (size_t i = 0; p->enabled && i < p->n_providers; i++) {
            if (strcmp(p->providers[i], name) == 0)
                return true;
        }
    }
    return false;
}

int64_t config_lease_ms(const struct config *c)
{
    return (int64_t)c->worker.lease_seconds * 1000;
}

int config_rate_of(const struct config *c, enum platform pf)
{
    const struct config_platform *p = &c->platform[pf];
    const struct provider_config *first = p->n_providers > 0 ? config_find_provider(c, p->providers[0]) : NULL;

    if (first == NULL || first->rate_limit == 0)
        return p->rate_limit;
    return p->rate_limit == 0 || first->rate_limit < p->rate_limit ? first->rate_limit : p->rate_limit;
}

static const struct config_tier *tier_of(const struct config *c, const char *name)
{
    const struct config_tier *tiers = c->rate_limit.tiers;

    for (size_t i = 0; i < c->rate_limit.n_tiers; i++)
        if (strcmp(tiers[i].name, name) == 0)
            return &tiers[i];
    return tiers; /* free: the table has it first */
}

int config_tier_limit(const struct config *c, const char *tier)
{
    return tier_of(c, tier)->per_minute;
}

const char *config_tier_name(const struct config *c, const char *tier)
{
    return tier_of(c, tier)->name;
}
