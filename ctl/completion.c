/* completion - scripts by which shells complete a line of notifyctl, made from the table of commands. */
#include "ctl/completion.h"

#include <stdio.h>
#include <string.h>

#include "common/model/delivery.h"
#include "common/model/platform.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"

/* ---- what can stand for a value ---- */

#define A_FILE "FILE" /* completed by the shell itself */

static void add_platforms(struct buf *out)
{
    for (int pf = 0; pf < PF_COUNT; pf++)
        buf_addf(out, "%s%s", pf > 0 ? " " : "", platform_name((enum platform)pf));
}

static void add_states(struct buf *out)
{
    for (int s = DS_NONE + 1; s < DS_COUNT; s++)
        buf_addf(out, "%s%s", s > DS_NONE + 1 ? " " : "", delivery_name((enum delivery_state)s));
}

/* The words for a value that is named so in a usage line; "user|admin" names them itself. */
static const struct {
    const char *value;
    void (*add)(struct buf *out);
} values[] = { { "PLATFORM", add_platforms }, { "STATE", add_states } };

static bool names_its_words(const char *value)
{
    return strchr(value, '|') != NULL && strpbrk(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL;
}

/* Nothing where anything may stand. */
static void add_values(struct buf *out, const char *value)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strcmp(values[i].value, value) == 0)
            values[i].add(out);
    }
    for (const char *c = names_its_words(value) ? value : ""; *c != '\0'; c++)
        buf_addc(out, *c == '|' ? ' ' : *c);
}

/* ---- walking the table ---- */

static bool begins_group(size_t i)
{
    return i == 0 || strcmp(commands[i].group, commands[i - 1].group) != 0;
}

static void add_name(struct buf *out, const struct command *c)
{
    buf_addf(out, "%s%s%s", c->group, c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb);
}

static void add_option_names(struct buf *out, const struct command_option *list)
{
    for (const struct command_option *o = list; o != NULL && o->name != NULL; o++) {
        buf_addf(out, " %s", o->name);
        if (o->letter != 0)
            buf_addf(out, " -%c", o->letter);
    }
}

/* Names stand between bars, so that none is found within another. */
static bool has_taker(const struct buf *takers, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = buf_str(takers); (at = strstr(at, name)) != NULL; at += len) {
        if ((at == takers->data || at[-1] == '|') && strchr("|", at[len]) != NULL)
            return true;
    }
    return false;
}

static void add_takers(struct buf *out, const struct command_option *list)
{
    for (const struct command_option *o = list; o != NULL && o->name != NULL; o++) {
        if (o->value == NULL || has_taker(out, o->name))
            continue;
        buf_addf(out, "%s%s", out->len > 0 ? "|" : "", o->name);
        if (o->letter != 0)
            buf_addf(out, "|-%c", o->letter);
    }
}

/* "--config|-c|--wait": a pattern of all options that take a value. */
static void add_all_takers(struct buf *out)
{
    struct buf takers = BUF_INIT(1u << 16);

    add_takers(&takers, global_options);
    for (size_t i = 0; i < n_commands; i++)
        add_takers(&takers, commands[i].options);
    buf_adds(out, buf_str(&takers));
    buf_free(&takers);
}

/* ---- the parts that both shells share ---- */

/*
 * Which command the words before the cursor name.  `words_at` is how the shell writes the i-th of
 * them; its first word is notifyctl itself.
 */
static void add_scan(struct buf *out, const char *words_at, const char *first, const char *cursor)
{
    buf_addf(out, "    for (( i = %s; i < %s; i++ )); do\n        word=%s\n        case $word in\n            ", first,
             cursor, words_at);
    add_all_takers(out);
    buf_addf(out, ")\n"
                  "                (( i++ ))\n"
                  "                word=%s\n"
                  "                if [[ $word == '=' ]]; then (( i++ )); fi\n"
                  "                continue ;;\n"
                  "            -*) continue ;;\n"
                  "        esac\n"
                  "        if [[ -z $group ]]; then group=$word\n"
                  "        elif [[ -z $verb ]]; then verb=$word\n"
                  "        fi\n"
                  "    done\n", words_at);
}

static void add_value_case(struct buf *out, const char *command, const struct command_option *list)
{
    for (const struct command_option *o = list; o != NULL && o->name != NULL; o++) {
        struct buf words = BUF_INIT(4096);
        char letter[8] = "";

        if (o->letter != 0)
            snprintf(letter, sizeof letter, "|*-%c", o->letter);
        if (o->value != NULL)
            add_values(&words, o->value);
        if (o->value != NULL && strcmp(o->value, A_FILE) == 0)
            buf_addf(out, "        '%s'*%s%s) files=1; return 0 ;;\n", command, o->name, letter);
        else if (words.len > 0)
            buf_addf(out, "        '%s'*%s%s) choices='%s'; return 0 ;;\n", command, o->name, letter,
                     buf_str(&words));
        buf_free(&words);
    }
}

/* Sets choices or files to what may follow the option $1; false: it takes no value. */
static void add_value_function(struct buf *out)
{
    buf_adds(out, "_notifyctl_value() {\n    case \"$group $verb $1\" in\n");
    for (size_t i = 0; i < n_commands; i++) {
        struct buf name = BUF_INIT(256);

        add_name(&name, &commands[i]);
        buf_addc(&name, ' ');
        add_value_case(out, buf_str(&name), commands[i].options);
        buf_free(&name);
    }
    add_value_case(out, "", global_options);
    buf_adds(out, "    esac\n    case \"$1\" in\n        ");
    add_all_takers(out);
    buf_adds(out, ") return 0 ;;\n    esac\n    return 1\n}\n\n");
}

/* Sets choices to the words that may stand at the cursor: a group, a verb, or a word of the command. */
static void add_word_function(struct buf *out)
{
    buf_adds(out, "_notifyctl_word() {\n    case \"$group\" in\n        '') choices='");
    for (size_t i = 0; i < n_commands; i++) {
        if (begins_group(i))
            buf_addf(out, "%s%s", i == 0 ? "" : " ", commands[i].group);
    }
    buf_adds(out, "' ;;\n");
    for (size_t i = 0; i < n_commands; i++) {
        if (!begins_group(i))
            continue;
        buf_addf(out, "        %s) [[ -n $verb ]] || choices='", commands[i].group);
        if (commands[i].verb == NULL)
            add_values(out, commands[i].args);
        for (size_t k = i; k < n_commands && strcmp(commands[k].group, commands[i].group) == 0; k++) {
            if (commands[k].verb != NULL)
                buf_addf(out, "%s%s", k == i ? "" : " ", commands[k].verb);
        }
        buf_adds(out, "' ;;\n");
    }
    buf_adds(out, "    esac\n}\n\n");
}

static void add_option_function(struct buf *out)
{
    buf_adds(out, "_notifyctl_options() {\n    choices='");
    add_option_names(out, global_options);
    buf_adds(out, "'\n    case \"$group $verb\" in\n");
    for (size_t i = 0; i < n_commands; i++) {
        const struct command *c = &commands[i];

        if (c->options == NULL)
            continue;
        buf_addf(out, c->verb == NULL ? "        '%s '*%s" : "        '%s %s'", c->group,
                 c->verb == NULL ? "" : c->verb);
        buf_adds(out, ") choices+='");
        add_option_names(out, c->options);
        buf_adds(out, "' ;;\n");
    }
    buf_adds(out, "    esac\n}\n\n");
}

static void add_functions(struct buf *out)
{
    add_value_function(out);
    add_word_function(out);
    add_option_function(out);
}

/* ---- the shells ---- */

static void write_bash(struct buf *out)
{
    buf_adds(out, "# bash completion of notifyctl, made by `notifyctl completion bash` from its table of"
                  " commands.\n\n");
    add_functions(out);
    buf_adds(out, "_notifyctl() {\n"
                  "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                  "    local group='' verb='' word='' choices='' files='' i\n"
                  "    # bash takes --option=value apart at the sign.\n"
                  "    if [[ $cur == '=' ]]; then cur=''\n"
                  "    elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                  "    fi\n");
    add_scan(out, "${COMP_WORDS[i]}", "1", "COMP_CWORD");
    buf_adds(out, "    COMPREPLY=()\n"
                  "    if _notifyctl_value \"$prev\"; then :\n"
                  "    elif [[ $cur == -* ]]; then _notifyctl_options\n"
                  "    else _notifyctl_word\n"
                  "    fi\n"
                  "    if [[ -n $files ]]; then\n"
                  "        compopt -o filenames 2>/dev/null\n"
                  "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                  "    else\n"
                  "        mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$cur\")\n"
                  "    fi\n"
                  "}\n"
                  "complete -F _notifyctl notifyctl\n");
}

static void write_zsh(struct buf *out)
{
    buf_adds(out, "#compdef notifyctl\n"
                  "# zsh completion of notifyctl, made by `notifyctl completion zsh` from its table of"
                  " commands.\n\n");
    add_functions(out);
    buf_adds(out, "_notifyctl() {\n"
                  "    local cur=$words[CURRENT] prev=$words[CURRENT-1]\n"
                  "    local group='' verb='' word='' choices='' files='' i\n");
    add_scan(out, "$words[i]", "2", "CURRENT");
    buf_adds(out, "    if [[ $cur == --*=* ]]; then\n"
                  "        prev=${cur%%=*}\n"
                  "        compset -P '*='\n"
                  "    fi\n"
                  "    if _notifyctl_value \"$prev\"; then :\n"
                  "    elif [[ $cur == -* ]]; then _notifyctl_options\n"
                  "    else _notifyctl_word\n"
                  "    fi\n"
                  "    if [[ -n $files ]]; then _files\n"
                  "    else compadd -- ${=choices}\n"
                  "    fi\n"
                  "}\n\n"
                  "_notifyctl \"$@\"\n");
}

static const struct {
    const char *shell;
    void (*write)(struct buf *out);
} shells[] = { { "bash", write_bash }, { "zsh", write_zsh } };

bool completion_write(const char *shell, struct buf *out)
{
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].shell, shell) == 0) {
            shells[i].write(out);
            return true;
        }
    }
    return false;
}

enum status completion_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct buf out = BUF_INIT(1u << 20);
    bool known = completion_write(call->args[0], &out);

    buf_free(&out);
    return known ? ST_OK : error_set(err, ST_INVALID, "there is no completion for %s, only for bash and zsh",
                                     call->args[0]);
}

enum status completion_run(struct ctl *ctl, const struct call *call, struct error *err)
{
    completion_write(call->args[0], &ctl->out);
    return ST_OK;
}
