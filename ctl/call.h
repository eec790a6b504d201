#ifndef CTL_CALL_H
#define CTL_CALL_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "ctl/commands.h"
/*
 * call - the command line, read by the table of commands.  Pure.
 *
 * Options may stand before, between and after the words: `--opt VALUE`, `--opt=VALUE`, `-c VALUE`,
 * `-cVALUE`; "--" ends them, and "-" alone is a word.  Those of a command come after its name.
 */
struct given_option {
    const struct command_option *option;
    const char *value; /* "" for one that takes none */
};
struct call {
    const char *group;             /* NULL: no command was named */
    const struct command *command; /* NULL: none, or a group without its verb */
    const char **args;
    size_t n_args;
    struct given_option *given;
    size_t n_given;
};

/*
 * ST_INVALID: wrong usage; the words say what is wrong.  *out is filled as far as the line could be
 * understood even then, so that the caller knows about --json and whose usage line to show.  Lines
 * with --help, --version or --check-config need no command.  Words are borrowed from argv.
 */
enum status call_read(int argc, char *const argv[], struct arena *mem, struct call *out,
                      struct error *err);

/*
 * The value of an option, "" for one that takes none; NULL: not given.  Of one that repeats this is the
 * first: `given` has them all, in the order of the line.
 */
const char *call_option(const struct call *call, const char *name);
#endif
