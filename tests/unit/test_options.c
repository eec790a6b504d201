/* Tests of the table of options, and of the examples and the manual that show it. */
#include "common/config/options.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/config/config.h"
#include "tests/unit/suite.h"

static char *no_env[] = { NULL };

/* ---- helpers ---- */

static const char *read_source(struct arena *mem, const char *name)
{
    const char *top = getenv("top_srcdir");
    const char *path = arena_printf(mem, "%s/%s", top != NULL ? top : ".", name);
    FILE *f = fopen(path, "r");
    char *text = arena_zero(mem, 200001);
    size_t n;

    ck_assert_msg(f != NULL, "%s can't be opened", path);
    n = fread(text, 1, 200000, f);
    fclose(f);
    ck_assert_msg(n > 0 && n < 200000, "%s is empty or too long", path);
    return text;
}

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, " |");

        if (n == len && strncmp(list, word, n) == 0)
            return true;
        list += n + strspn(list + n, " |");
    }
    return false;
}

static const char *with_commas(struct arena *mem, const char *choices, const char *quote)
{
    struct buf b = BUF_INIT(1000);
    const char *copy;

    buf_adds(&b, quote);
    for (; *choices != '\0'; choices++) {
        if (*choices == '|')
            buf_addf(&b, "%s, %s", quote, quote);
        else
            buf_addc(&b, *choices);
    }
    buf_adds(&b, quote);
    copy = arena_strdup(mem, buf_str(&b));
    buf_free(&b);
    return copy;
}

/* The comment as the examples show it: the sentence, then what the value may be. */
static const char *example_comment(struct arena *mem, const struct option *o)
{
    switch (o->type) {
    case OPT_INT:
    case OPT_INT64:
        return arena_printf(mem, "# %s %" PRId64 " to %" PRId64 ".", o->comment, o->min, o->max);
    case OPT_BOOL:
        return arena_printf(mem, "# %s true or false.", o->comment);
    case OPT_CHOICE:
    case OPT_CHOICE_INDEX:
        return arena_printf(mem, "# %s One of %s.", o->comment, with_commas(mem, o->choices, ""));
    case OPT_TEXT:
    case OPT_SECRET:
    case OPT_LIST:
        break;
    }
    return arena_printf(mem, "# %s", o->comment);
}

static const char *manual_values(struct arena *mem, const struct option *o)
{
    switch (o->type) {
    case OPT_INT:
    case OPT_INT64:
        return arena_printf(mem, "%" PRId64 " to %" PRId64, o->min, o->max);
    case OPT_BOOL:
        return "`true`, `false`";
    case OPT_CHOICE:
    case OPT_CHOICE_INDEX:
        return with_commas(mem, o->choices, "`");
    case OPT_SECRET:
        return "text (secret)";
    case OPT_LIST:
        return "names, comma-separated";
    case OPT_TEXT:
        break;
    }
    return "text";
}

/*
 * Calls visit for each section that shows the option: itself; the four platforms; [provider.NAME]
 * for what all kinds have, [provider.KIND] for each kind that uses it.  Returns their number.
 */
struct visitor {
    struct arena mem;
    const char *text; /* of the file that is looked at */
    void (*visit)(struct visitor *v, const struct option *o, const char *section, bool first);
};

static int visit_sections(struct visitor *v, const struct option *o)
{
    const char *kinds = options_find("provider.*", "kind")->choices;
    int n = 0;

    if (strcmp(o->section, "platform.*") == 0) {
        for (n = 0; n < PF_COUNT; n++)
            v->visit(v, o, arena_printf(&v->mem, "platform.%s", platform_name((enum platform)n)),
                     n == 0);
    } else if (o->kinds == NULL) {
        bool provider = strcmp(o->section, "provider.*") == 0;

        v->visit(v, o, provider ? "provider.NAME" : o->section, true);
        n = 1;
    } else {
        while (*kinds != '\0') {
            size_t len = strcspn(kinds, "|");
            const char *kind = arena_strndup(&v->mem, kinds, len);

            if (has_word(o->kinds, kind)) {
                v->visit(v, o, arena_printf(&v->mem, "provider.%s", kind), true);
                n++;
            }
            kinds += len + (kinds[len] != '\0');
        }
    }
    return n;
}

static int visit_all(struct visitor *v)
{
    int n = 0;

    for (size_t i = 0; i < n_options; i++)
        n += visit_sections(v, &options[i]);
    return n;
}

static int count(const char *text, const char *part)
{
    int n = 0;

    for (text = strstr(text, part); text != NULL; text = strstr(text + strlen(part), part))
        n++;
    return n;
}

/* Lines of the form [#]KEY... = VALUE or [#]NAME=VALUE; "# words" is a comment. */
static int count_settings(const char *text)
{
    int n = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        const char *at = text + (*text == '#');

        if (isalpha((unsigned char)*at) && memchr(at, '=', len) != NULL)
            n++;
        text += len + (text[len] == '\n');
    }
    return n;
}

static bool same_line(const char *at, const char *line)
{
    size_t len = strlen(line);

    return strncmp(at, line, len) == 0 && at[len] == '\n';
}

/* ---- the table ---- */

START_TEST(every_key_stands_once)
{
    for (size_t i = 0; i < n_options; i++)
        ck_assert_msg(options_find(options[i].section, options[i].key) == &options[i],
                      "[%s] %s", options[i].section, options[i].key);
    ck_assert_ptr_null(options_find("server", "prefetch"));
    ck_assert_ptr_null(options_find("provider.twilio", "kind"));
}
END_TEST

START_TEST(the_keys_of_a_section_stand_together)
{
    for (size_t i = 1; i < n_options; i++)
        for (size_t k = 0; k + 1 < i; k++)
            ck_assert_msg(strcmp(options[k].section, options[i].section) != 0 ||
                              strcmp(options[i - 1].section, options[i].section) == 0,
                          "[%s] %s", options[i].section, options[i].key);
}
END_TEST

START_TEST(every_key_has_its_own_variable)
{
    for (size_t i = 0; i < n_options; i++) {
        const char *key = options[i].key;
        size_t len = strlen(key);

        ck_assert_uint_eq(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_"), len);
        ck_assert_uint_le(len, 40);
        ck_assert_msg(len < 5 || strcmp(key + len - 5, "_file") != 0, "%s", key);
    }
}
END_TEST

START_TEST(every_comment_is_one_sentence)
{
    for (size_t i = 0; i < n_options; i++) {
        const char *comment = options[i].comment;

        ck_assert_ptr_nonnull(comment);
        ck_assert_msg(strlen(comment) > 10 && strlen(comment) <= 100, "%s", comment);
        ck_assert_msg(comment[strlen(comment) - 1] == '.', "%s", comment);
        ck_assert_msg(strstr(comment, ". ") == NULL && strchr(comment, '\n') == NULL, "%s",
                      comment);
    }
}
END_TEST

START_TEST(numbers_have_bounds_that_fit_their_members)
{
    for (size_t i = 0; i < n_options; i++) {
        const struct option *o = &options[i];
        int64_t number = strtoll(o->fallback, NULL, 10);

        if (o->type != OPT_INT && o->type != OPT_INT64)
            continue;
        ck_assert_msg(o->min < o->max && o->min <= number && number <= o->max, "%s", o->key);
        ck_assert_msg(o->type == OPT_INT64 || o->max <= INT_MAX, "%s", o->key);
    }
}
END_TEST

START_TEST(only_choices_have_choices_and_their_default_is_one)
{
    for (size_t i = 0; i < n_options; i++) {
        const struct option *o = &options[i];
        bool choice = o->type == OPT_CHOICE || o->type == OPT_CHOICE_INDEX;

        ck_assert_msg(choice == (o->choices != NULL), "%s", o->key);
        if (choice && strcmp(o->key, "kind") != 0)
            ck_assert_msg(has_word(o->choices, o->fallback), "%s", o->key);
    }
}
END_TEST

START_TEST(kinds_that_use_a_key_exist)
{
    const char *all = options_find("provider.*", "kind")->choices;

    for (size_t i = 0; i < n_options; i++) {
        const char *kinds = options[i].kinds;

        ck_assert(kinds == NULL || strcmp(options[i].section, "provider.*") == 0);
        while (kinds != NULL && *kinds != '\0') {
            char kind[50] = "";
            size_t len = strcspn(kinds, " ");

            memcpy(kind, kinds, len);
            ck_assert_msg(has_word(all, kind), "%s", kind);
            kinds += len + strspn(kinds + len, " ");
        }
    }
}
END_TEST

/* The member as it would be written. */
static const char *written(struct arena *mem, const struct option *o, const void *member)
{
    const char *at = o->choices;

    switch (o->type) {
    case OPT_TEXT:
    case OPT_SECRET:
    case OPT_CHOICE:
        return *(const char *const *)member;
    case OPT_INT:
        return arena_printf(mem, "%d", *(const int *)member);
    case OPT_INT64:
        return arena_printf(mem, "%" PRId64, *(const int64_t *)member);
    case OPT_BOOL:
        return *(const bool *)member ? "true" : "false";
    case OPT_CHOICE_INDEX:
        for (int i = *(const int *)member; i > 0; i--)
            at += strcspn(at, "|") + 1;
        return arena_strndup(mem, at, strcspn(at, "|"));
    case OPT_LIST:
        return "";
    }
    return NULL;
}

START_TEST(without_any_setting_every_member_holds_its_default)
{
    static const char text[] = "[provider.mock]\n";
    struct config c;
    struct config_faults f;
    struct arena mem = ARENA_INIT;

    ck_assert_int_eq(config_load_text("t", text, strlen(text), no_env, &c, &f), ST_OK);
    for (size_t i = 0; i < n_options; i++) {
        const struct option *o = &options[i];
        const char *base = strcmp(o->section, "platform.*") == 0   ? (char *)&c.platform[PF_SMS]
                           : strcmp(o->section, "provider.*") == 0 ? (char *)c.providers
                                                                   : (char *)&c;

        if (o->offset == OPTION_TIER)
            ck_assert_int_eq(config_tier_limit(&c, o->key), atoi(o->fallback));
        else if (strcmp(o->key, "kind") == 0)
            ck_assert_str_eq(c.providers[0].kind, "mock");
        else if (strcmp(o->section, "platform.*") != 0 || strcmp(o->key, "enabled") != 0)
            ck_assert_str_eq(written(&mem, o, base + o->offset), o->fallback);
    }
    arena_done(&mem);
    config_free(&c);
    config_faults_free(&f);
}
END_TEST

/* ---- notification-system.conf.example ---- */

/* From the section's line to the line of the next one, commented out or not. */
static const char *example_section(struct visitor *v, const char *section)
{
    const char *head = arena_printf(&v->mem, "[%s]\n", section), *at = strstr(v->text, head), *end;

    ck_assert_msg(at != NULL, "the example has no [%s]", section);
    for (end = at + strlen(head); *end != '\0'; end++)
        if (end[-1] == '\n' && (end[0] == '[' || (end[0] == '#' && end[1] == '[')))
            break;
    return arena_strndup(&v->mem, at, (size_t)(end - at));
}

static void in_example(struct visitor *v, const struct option *o, const char *section, bool first)
{
    const char *own = example_section(v, section), *blank = o->fallback[0] == '\0' ? "" : " ";
    bool provider = strcmp(o->section, "provider.*") == 0;
    const char *line = arena_printf(&v->mem, "%s%s =%s%s\n", provider ? "#" : "", o->key, blank,
                                    o->fallback);
    const char *with_comment =
        arena_printf(&v->mem, "\n%s\n%s", example_comment(&v->mem, o), line);

    ck_assert_msg(strstr(own, arena_printf(&v->mem, "\n%s", line)) != NULL,
                  "[%s] of the example lacks: %s", section, line);
    if (first)
        ck_assert_msg(strstr(own, with_comment) != NULL, "[%s] of the example lacks:%s", section,
                      with_comment);
}

START_TEST(the_example_shows_every_key_with_its_default_and_comment_and_no_other)
{
    struct visitor v = { .visit = in_example };

    v.text = read_source(&v.mem, "notification-system.conf.example");
    ck_assert_int_eq(visit_all(&v), count_settings(v.text));
    arena_done(&v.mem);
}
END_TEST

START_TEST(the_example_can_be_used_as_it_stands)
{
    struct arena mem = ARENA_INIT;
    const char *text = read_source(&mem, "notification-system.conf.example");
    struct config c;
    struct config_faults f;

    config_load_text("example", text, strlen(text), no_env, &c, &f);
    ck_assert_msg(f.count == 0, "%s", f.count ? f.lines[0] : "");
    ck_assert_uint_eq(c.n_providers, 0);
    config_free(&c);
    config_faults_free(&f);
    arena_done(&mem);
}
END_TEST

/* ---- what a running program takes up ---- */

START_TEST(the_manual_names_every_key_that_a_reload_takes_up_and_no_other)
{
    struct arena mem = ARENA_INIT;
    const char *text = strstr(read_source(&mem, "docs/configuration.md"), "\n## While a program runs\n");
    const char *row = strstr(text, "\n| --- |"), *end = strstr(row, "\n\n");
    const char *table = arena_strndup(&mem, row, (size_t)(end - row));
    int named = 0;

    for (size_t i = 0; i < n_options; i++) {
        const char *own = strstr(table, arena_printf(&mem, "\n| `[%s]` |", options[i].section));
        const char *key = arena_printf(&mem, " `%s`", options[i].key);
        bool is_named = own != NULL &&
                        strstr(arena_strndup(&mem, own, strcspn(own + 1, "\n") + 1), key) != NULL;

        ck_assert_msg(is_named == options[i].reloads, "[%s] %s", options[i].section, options[i].key);
        named += is_named;
    }
    ck_assert_int_eq(count(table, " `") - count(table, "\n| `["), named);
    arena_done(&mem);
}
END_TEST

/* ---- .env.example ---- */

static const char *variable_line(struct visitor *v, const struct option *o, const char *section)
{
    char *name = arena_printf(&v->mem, "%s_%s", section, o->key);

    for (char *c = name; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return arena_printf(&v->mem, "#NOTIFY_%s=%s\n", name, o->fallback);
}

static void in_env_example(struct visitor *v, const struct option *o, const char *section,
                           bool first)
{
    const char *line = variable_line(v, o, section);
    const char *with_comment =
        arena_printf(&v->mem, "\n%s\n%s", example_comment(&v->mem, o), line);

    ck_assert_msg(count(v->text, arena_printf(&v->mem, "\n%s", line)) == 1,
                  ".env.example must have once: %s", line);
    if (first)
        ck_assert_msg(strstr(v->text, with_comment) != NULL, ".env.example lacks:%s",
                      with_comment);
}

START_TEST(the_env_example_shows_every_key_with_its_default_and_comment_and_no_other)
{
    struct visitor v = { .visit = in_env_example };

    v.text = read_source(&v.mem, ".env.example");
    ck_assert_int_eq(visit_all(&v), count_settings(v.text));
    arena_done(&v.mem);
}
END_TEST

/* ---- docs/configuration.md ---- */

/* The text under a heading, up to the next one of any depth. */
static const char *manual_part(struct visitor *v, const char *heading)
{
    const char *at = v->text;

    while (at != NULL && !same_line(at, heading)) {
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    ck_assert_msg(at != NULL, "the manual has no heading: %s", heading);
    at += strlen(heading);
    return arena_strndup(&v->mem, at, (size_t)(strstr(at, "\n#") ? strstr(at, "\n#") - at
                                                                  : (ptrdiff_t)strlen(at)));
}

static void in_manual(struct visitor *v, const struct option *o, const char *section, bool first)
{
    const char *heading = arena_printf(&v->mem, "## `[%s]`", o->section), *row, *shown = "empty";

    if (!first) /* the manual has one part for all platforms */
        return;
    if (o->kinds != NULL)
        heading = arena_printf(&v->mem, "### `kind = %s`", section + strlen("provider."));
    if (o->fallback[0] != '\0')
        shown = arena_printf(&v->mem, "`%s`", o->fallback);
    row = arena_printf(&v->mem, "\n| `%s` | %s | %s | %s |\n", o->key, shown,
                       manual_values(&v->mem, o), o->comment);
    ck_assert_msg(strstr(arena_printf(&v->mem, "%s\n", manual_part(v, heading)), row) != NULL,
                  "under \"%s\" the manual lacks:%s", heading, row);
}

START_TEST(the_manual_shows_every_key_with_its_default_and_comment_and_no_other)
{
    struct visitor v = { .visit = in_manual };
    int shown = 0;
    const char *first_table;

    v.text = read_source(&v.mem, "docs/configuration.md");
    for (size_t i = 0; i < n_options; i++) {
        int n = visit_sections(&v, &options[i]);

        shown += strcmp(options[i].section, "platform.*") == 0 ? 1 : n;
    }
    first_table = strstr(v.text, "\n## `[");
    ck_assert_int_eq(count(first_table, "\n| `"), shown);
    arena_done(&v.mem);
}
END_TEST

SUITE("options", the_manual_names_every_key_that_a_reload_takes_up_and_no_other,
      every_key_stands_once, the_keys_of_a_section_stand_together,
      every_key_has_its_own_variable, every_comment_is_one_sentence,
      numbers_have_bounds_that_fit_their_members,
      only_choices_have_choices_and_their_default_is_one, kinds_that_use_a_key_exist,
      without_any_setting_every_member_holds_its_default,
      the_example_shows_every_key_with_its_default_and_comment_and_no_other,
      the_example_can_be_used_as_it_stands,
      the_env_example_shows_every_key_with_its_default_and_comment_and_no_other,
      the_manual_shows_every_key_with_its_default_and_comment_and_no_other)
