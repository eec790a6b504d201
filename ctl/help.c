/* help - the texts of --help and the usage lines. */
#include "ctl/help.h"

#include <stdbool.h>
#include <string.h>

#define NAME_WIDTH 24

static const char about[] =
    "notifyctl looks after a notification system: its database, its users and their keys, messages,\n"
    "queues and dead letters, and says what is wrong with it or lost.\n"
    "\n"
    "usage: notifyctl [OPTIONS] COMMAND [ARGUMENTS]\n";

static const char first_steps[] =
    "\nThe first steps on a new system:\n"
    "  notifyctl --check-config              is the configuration right?\n"
    "  notifyctl init                        all of it, as root, with Postgres and RabbitMQ on this machine\n"
    "  notifyctl migrate up --wait 30        or step by step: make the tables\n"
    "  notifyctl user add ada@example.com    an account\n"
    "  notifyctl key create ada@example.com  a key to call with; it is shown this once\n"
    "\n"
    "When messages do not arrive:\n"
    "  notifyctl doctor                      what is wrong, and what to do about it?\n"
    "  notifyctl tail --errors --since 10m   what fails just now?\n"
    "  notifyctl message list --since 1h     what was accepted, and what became of it?\n"
    "  notifyctl queue status                where do they wait, and for whom?\n"
    "  notifyctl dead list --since 1h        what has failed, and why?\n"
    "  notifyctl dead replay --since 1h --dry-run  what would leave again?\n"
    "  notifyctl audit                       has everything its end, or a reason to wait?\n"
    "\n"
    "Exit status:\n"
    "  0  done; of doctor, nothing has failed, though there may be something to look at\n"
    "  1  the operation failed, or a part of it: a letter was refused, a check of doctor failed,\n"
    "     an audit found something\n"
    "  2  wrong usage or configuration; nothing was done\n"
    "\n"
    "`notifyctl COMMAND --help` tells more about a command, notifyctl(1) about all of them.\n";

static bool is_asked(const struct call *call, const struct command *c)
{
    if (call->command != NULL)
        return c == call->command;
    return call->group == NULL || strcmp(c->group, call->group) == 0;
}

static void add_name(struct buf *out, const struct command *c)
{
    buf_addf(out, "%s%s%s", c->group, c->verb ? " " : "", c->verb ? c->verb : "");
}

static void add_usage(struct buf *out, const struct command *c)
{
    add_name(out, c);
    if (c->args[0] != '\0')
        buf_addf(out, " %s", c->args);
    for (const struct command_option *o = c->options; o != NULL && o->name != NULL; o++)
        buf_addf(out, o->value ? " [%s %s]%s" : " [%s]", o->name, o->value, o->repeats ? "..." : "");
}

void help_usage(struct buf *out, const struct call *call)
{
    if (call->group == NULL) {
        buf_adds(out, "usage: notifyctl [OPTIONS] COMMAND [ARGUMENTS]; `notifyctl --help` lists"
                      " the commands\n");
        return;
    }
    for (size_t i = 0; i < n_commands; i++) {
        if (!is_asked(call, &commands[i]))
            continue;
        buf_adds(out, "usage: notifyctl ");
        add_usage(out, &commands[i]);
        buf_addc(out, '\n');
    }
}

/* A name and its meaning, the meaning in a column of its own. */
static void add_entry(struct buf *out, const char *name, const char *summary)
{
    if (strlen(name) > NAME_WIDTH)
        buf_addf(out, "  %s\n  %*s  %s\n", name, NAME_WIDTH, "", summary);
    else
        buf_addf(out, "  %-*s  %s\n", NAME_WIDTH, name, summary);
}

static void add_options(struct buf *out, const struct command_option *list)
{
    for (const struct command_option *o = list; o != NULL && o->name != NULL; o++) {
        struct buf name = BUF_INIT(256);

        if (o->letter != 0)
            buf_addf(&name, "-%c, ", o->letter);
        buf_adds(&name, o->name);
        if (o->value != NULL)
            buf_addf(&name, " %s", o->value);
        add_entry(out, buf_str(&name), o->summary);
        buf_free(&name);
    }
}

static void write_all(struct buf *out)
{
    buf_adds(out, about);
    buf_adds(out, "\nCommands:\n");
    for (size_t i = 0; i < n_commands; i++) {
        struct buf name = BUF_INIT(256);

        add_name(&name, &commands[i]);
        if (commands[i].args[0] != '\0')
            buf_addf(&name, " %s", commands[i].args);
        add_entry(out, buf_str(&name), commands[i].summary);
        buf_free(&name);
    }
    buf_adds(out, "\nOptions, before or after the command:\n");
    add_options(out, global_options);
    buf_adds(out, first_steps);
}

void help_write(struct buf *out, const struct call *call)
{
    if (call->group == NULL) {
        write_all(out);
        return;
    }
    for (size_t i = 0; i < n_commands; i++) {
        const struct command *c = &commands[i];

        if (!is_asked(call, c))
            continue;
        buf_adds(out, "notifyctl ");
        add_usage(out, c);
        buf_addf(out, "\n  %s.\n", c->summary);
        add_options(out, c->options);
        buf_addf(out, "  Example: %s\n\n", c->example);
    }
    buf_adds(out, "Options of every command:\n");
    add_options(out, global_options);
}
