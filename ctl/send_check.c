/* send_check - which options of a line of `notifyctl send` go together, and their forms. */
#include <string.h>

#include "common/model/recipient.h"
#include "common/service/accepting.h"
#include "ctl/commands.h"
#include "ctl/send_run.h"

#define WAIT_MOST 86400
#define SKIP_MOST 999999999
#define PREFIX_MOST 240 /* of a key: the number of a line is put behind it */

static bool is(const struct given_option *g, const char *name)
{
    return strcmp(g->option->name, name) == 0;
}

static size_t count_of(const struct call *call, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < call->n_given; i++)
        n += is(&call->given[i], name);
    return n;
}

/* ---- which options go together ---- */

static enum status check_content(const struct call *call, struct error *err)
{
    const char *content = call_option(call, "--content"), *file = call_option(call, "--to-file");
    bool reads = call->n_args > 0 || (content != NULL && strcmp(content, "-") == 0);

    if (call->n_args > 0 && strcmp(call->args[0], "-") != 0)
        return error_set(err, ST_INVALID, "unexpected word %s", call->args[0]);
    if (content == NULL && call->n_args == 0)
        return error_set(err, ST_INVALID, "--content is missing: give the text, or - to read it from the"
                                          " standard input");
    if (content != NULL && call->n_args > 0)
        return error_set(err, ST_INVALID, "give one of --content and -");
    if (reads && file != NULL && strcmp(file, "-") == 0)
        return error_set(err, ST_INVALID, "the standard input can only be one of the content and --to-file");
    return ST_OK;
}

/* Of several platforms, each holds for the --to that follow it. */
static enum status check_platforms(const struct call *call, struct error *err)
{
    size_t n = count_of(call, "--platform");
    const char *open = NULL; /* a platform without a --to so far */

    if (n == 0)
        return error_set(err, ST_INVALID, "--platform is missing");
    for (size_t i = 0; i < call->n_given && n > 1; i++) {
        const struct given_option *g = &call->given[i];

        if (is(g, "--to") && count_of(&(struct call){ .given = call->given, .n_given = i }, "--platform") == 0)
            return error_set(err, ST_INVALID, "--to stands before the first of several --platform");
        if (is(g, "--platform") && open != NULL)
            break;
        open = is(g, "--platform") ? g->value : is(g, "--to") ? NULL : open;
    }
    if (open != NULL)
        return error_set(err, ST_INVALID, "--platform %s has no --to behind it", open);
    return ST_OK;
}

static enum status check_recipients(const struct call *call, struct error *err)
{
    static const char *const of_files[] = { "--all-or-nothing", "--skip-lines" };
    bool file = call_option(call, "--to-file") != NULL, to = call_option(call, "--to") != NULL;

    if (!file && !to)
        return error_set(err, ST_INVALID, "--to is missing, or --to-file");
    if (file && to)
        return error_set(err, ST_INVALID, "give one of --to and --to-file");
    if (file && count_of(call, "--platform") > 1)
        return error_set(err, ST_INVALID, "--platform is given twice: one holds for every line of --to-file");
    if (file && call_option(call, "--wait") != NULL)
        return error_set(err, ST_INVALID, "--wait does not go with --to-file");
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files && !file; i++) {
        if (call_option(call, of_files[i]) != NULL)
            return error_set(err, ST_INVALID, "%s goes with --to-file only", of_files[i]);
    }
    return file ? ST_OK : check_platforms(call, err);
}

static enum status check_values(const struct call *call, struct error *err)
{
    const char *as = call_option(call, "--as"), *key = call_option(call, "--idempotency-key");
    const char *wait = call_option(call, "--wait"), *skip = call_option(call, "--skip-lines");
    bool file = call_option(call, "--to-file") != NULL;
    int n;

    if (as != NULL && recipient_fault(PF_EMAIL, as) != NULL)
        return error_set(err, ST_INVALID, "--as: %s", recipient_fault(PF_EMAIL, as));
    if (key != NULL && !idempotency_key_is_valid(key))
        return error_set(err, ST_INVALID, "--idempotency-key takes 1 to 255 printable ASCII characters");
    if (key != NULL && file && strlen(key) > PREFIX_MOST)
        return error_set(err, ST_INVALID, "--idempotency-key takes at most %d characters with --to-file",
                         PREFIX_MOST);
    if (wait != NULL && !ctl_read_number(wait, 1, WAIT_MOST, &n))
        return error_set(err, ST_INVALID, "--wait takes a number of seconds, 1 to %d", WAIT_MOST);
    if (skip != NULL && !ctl_read_number(skip, 0, SKIP_MOST, &n))
        return error_set(err, ST_INVALID, "--skip-lines takes a number of lines, 0 to %d", SKIP_MOST);
    if (skip != NULL && key != NULL && n % LINES_EACH != 0) /* part of a message has no key of before */
        return error_set(err, ST_INVALID, "--skip-lines takes a multiple of %d with --idempotency-key",
                         LINES_EACH);
    return ST_OK;
}

enum status send_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    enum status s = check_content(call, err);

    if (s == ST_OK)
        s = check_recipients(call, err);
    return s == ST_OK ? check_values(call, err) : s;
}
