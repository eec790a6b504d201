/* call - the command line, read by the table of commands. */
#include "ctl/call.h"

#include <string.h>

#include "common/base/buf.h"

struct reader {
    int argc, at;
    char *const *argv;
    struct call *out;
    enum status first; /* reading goes on after the first fault, for --json */
    struct error *err;
};

/* Only the first fault is told: the ones after it may follow from it. */
#define FAULT(r, ...)                                              \
    do {                                                           \
        if ((r)->first == ST_OK)                                   \
            (r)->first = error_set((r)->err, ST_INVALID, __VA_ARGS__); \
    } while (0)

const char *call_option(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->n_given; i++) {
        if (strcmp(call->given[i].option->name, name) == 0)
            return call->given[i].value;
    }
    return NULL;
}

/* ---- options ---- */

/* `name` is "--opt", "--opt=value", "-c" or "-cvalue"; *value is what it carries, or NULL. */
static bool option_fits(const struct command_option *o, const char *name, const char **value)
{
    size_t len = strcspn(name, "=");

    if (name[1] != '-') {
        *value = name[2] != '\0' ? name + 2 : NULL;
        return o->letter != 0 && o->letter == name[1];
    }
    *value = name[len] == '=' ? name + len + 1 : NULL;
    return strlen(o->name) == len && strncmp(o->name, name, len) == 0;
}

static const struct command_option *find_option(const struct command_option *list,
                                                const char *name, const char **value)
{
    for (const struct command_option *o = list; o != NULL && o->name != NULL; o++) {
        if (option_fits(o, name, value))
            return o;
    }
    return NULL;
}

static void take_option(struct reader *r, const char *name)
{
    struct call *call = r->out;
    const char *value = NULL;
    const struct command_option *o = find_option(global_options, name, &value);

    if (o == NULL && call->command != NULL)
        o = find_option(call->command->options, name, &value);
    if (o == NULL) {
        FAULT(r, "unknown option %.*s", (int)strcspn(name, "="), name);
        return;
    }
    if (o->value == NULL && value != NULL) {
        FAULT(r, "%s takes no value", o->name);
        return;
    }
    if (o->value != NULL && value == NULL) {
        if (r->at == r->argc) {
            FAULT(r, "%s needs a value: %s", o->name, o->value);
            return;
        }
        value = r->argv[r->at++];
    }
    if (o->value != NULL && !o->repeats && call_option(call, o->name) != NULL)
        FAULT(r, "%s is given twice", o->name);
    call->given[call->n_given++] = (struct given_option){ o, value == NULL ? "" : value };
}

/* ---- words ---- */

static void take_group(struct reader *r, const char *word)
{
    for (size_t i = 0; i < n_commands; i++) {
        if (strcmp(commands[i].group, word) != 0)
            continue;
        r->out->group = commands[i].group;
        if (commands[i].verb == NULL)
            r->out->command = &commands[i];
        return;
    }
    FAULT(r, "there is no command %s", word);
}

/* "add, list, disable or enable": reads on in the table from the group's first row. */
static void add_verbs(struct buf *out, const char *group)
{
    for (size_t i = 0; i < n_commands; i++) {
        bool last = i + 1 == n_commands || strcmp(commands[i + 1].group, group) != 0;

        if (strcmp(commands[i].group, group) == 0)
            buf_addf(out, "%s%s", out->len == 0 ? "" : last ? " or " : ", ", commands[i].verb);
    }
}

static void verb_fault(struct reader *r, const char *word)
{
    struct buf verbs = BUF_INIT(256);

    add_verbs(&verbs, r->out->group);
    if (word == NULL)
        FAULT(r, "%s needs one of %s", r->out->group, buf_str(&verbs));
    else
        FAULT(r, "%s knows no %s, only %s", r->out->group, word, buf_str(&verbs));
    buf_free(&verbs);
}

static void take_verb(struct reader *r, const char *word)
{
    for (size_t i = 0; i < n_commands; i++) {
        if (strcmp(commands[i].group, r->out->group) == 0 && strcmp(commands[i].verb, word) == 0) {
            r->out->command = &commands[i];
            return;
        }
    }
    verb_fault(r, word);
}

static void take_word(struct reader *r, const char *word)
{
    struct call *call = r->out;

    if (call->group == NULL)
        take_group(r, word);
    else if (call->command == NULL)
        take_verb(r, word);
    else if (call->n_args == call->command->max_args)
        FAULT(r, "unexpected word %s", word);
    else
        call->args[call->n_args++] = word;
}

/* ---- the whole line ---- */

static void check_whole(struct reader *r)
{
    const struct call *call = r->out;

    if (call_option(call, "--help") || call_option(call, "--version") ||
        call_option(call, "--check-config"))
        return;
    if (call->group == NULL)
        FAULT(r, "a command is needed");
    else if (call->command == NULL)
        verb_fault(r, NULL);
    else if (call->n_args < call->command->min_args)
        FAULT(r, "%s is missing", call->command->args);
}

enum status call_read(int argc, char *const argv[], struct arena *mem, struct call *out,
                      struct error *err)
{
    struct reader r = { .argc = argc, .at = 1, .argv = argv, .out = out, .err = err };
    bool only_words = false;

    memset(out, 0, sizeof *out);
    out->args = ARENA_ARRAY(mem, const char *, (size_t)argc + 1);
    out->given = ARENA_ARRAY(mem, struct given_option, (size_t)argc + 1);
    while (r.at < argc) {
        const char *word = argv[r.at++];

        if (!only_words && strcmp(word, "--") == 0)
            only_words = true;
        else if (!only_words && word[0] == '-' && word[1] != '\0')
            take_option(&r, word);
        else
            take_word(&r, word);
    }
    check_whole(&r);
    return r.first;
}
