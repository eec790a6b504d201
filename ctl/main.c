/* main - wires notifyctl, and turns what became of it into an exit status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "ctl/call.h"
#include "ctl/ctl.h"
#include "ctl/help.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Several faults are a line each for people; for programs one document, with them in its message. */
static void tell_lines(const struct ctl *ctl, const char *code, const char *lines)
{
    char *all = strdup(lines), *rest = all, *line;

    if (all == NULL)
        abort(); /* out of memory */
    if (ctl->json)
        ctl_complain(true, code, lines);
    while (!ctl->json && (line = strsep(&rest, "\n")) != NULL)
        ctl_complain(false, NULL, line);
    free(all);
}

static int wrong_usage(const struct ctl *ctl, const struct call *call, const struct error *err)
{
    struct buf usage = BUF_INIT(8192);

    tell_lines(ctl, "usage", ctl->faults.len > 0 ? buf_str(&ctl->faults) : err->text);
    if (!ctl->json) {
        help_usage(&usage, call);
        fputs(buf_str(&usage), stderr);
    }
    buf_free(&usage);
    return EXIT_USAGE;
}

static int wrong_configuration(const struct ctl *ctl, const struct config_faults *faults)
{
    struct buf all = BUF_INIT(1u << 20);

    for (size_t i = 0; i < faults->count; i++)
        buf_addf(&all, "%s%s", i == 0 ? "" : "\n", faults->lines[i]);
    tell_lines(ctl, "configuration", buf_str(&all));
    buf_free(&all);
    return EXIT_USAGE;
}

/* A table that is missing is the one mistake of ours that its reader can put right. */
static int failed(const struct ctl *ctl, struct error *err)
{
    if (strstr(err->text, "(42P01)") != NULL)
        error_set(err, err->kind, "the tables are missing: `notifyctl migrate up` makes them");
    ctl_complain(ctl->json, status_name(err->kind), err->text);
    return EXIT_FAILED;
}

/* What has been put out so far is shown after a failure too: steps that were taken stay taken. */
static int work(struct ctl *ctl, const struct call *call)
{
    struct error err;
    enum status s;

    if (call->command->check != NULL && call->command->check(ctl, call, &err) != ST_OK)
        return wrong_usage(ctl, call, &err);
    s = call->command->run(ctl, call, &err);
    if (ctl->faults.len > 0)
        return wrong_usage(ctl, call, &err);
    if (ctl_flush(ctl, s == ST_OK ? &err : NULL) != ST_OK && s == ST_OK)
        return failed(ctl, &err);
    return s == ST_OK ? EXIT_DONE : failed(ctl, &err);
}

static int with_configuration(struct ctl *ctl, const struct call *call)
{
    const char *path = call_option(call, "--config");
    bool only_checks = call_option(call, "--check-config") != NULL;
    bool is_early = call->command != NULL && call->command->is_early && !only_checks;
    struct config_faults faults;
    enum status s;
    int status;

    if (path == NULL)
        path = DEFAULT_CONFIG;
    s = (is_early ? config_load_early : config_load)(path, NULL, &ctl->config, &faults);
    if (s != ST_OK) {
        status = wrong_configuration(ctl, &faults);
    } else if (only_checks) {
        printf("%s: ok\n", path[0] != '\0' ? path : "environment");
        status = EXIT_DONE;
    } else {
        status = work(ctl, call);
    }
    config_faults_free(&faults);
    return status;
}

static int show_help(struct ctl *ctl, const struct call *call)
{
    struct error err;

    help_write(&ctl->out, call);
    return ctl_flush(ctl, &err) == ST_OK ? EXIT_DONE : failed(ctl, &err);
}

static int act(struct ctl *ctl, const struct call *call)
{
    if (call_option(call, "--help") != NULL)
        return show_help(ctl, call);
    if (call_option(call, "--version") != NULL) {
        puts("notifyctl " PACKAGE_VERSION);
        return EXIT_DONE;
    }
    if (call->command != NULL && call->command->is_bare && call_option(call, "--check-config") == NULL)
        return work(ctl, call);
    return with_configuration(ctl, call);
}

int main(int argc, char *argv[])
{
    struct ctl ctl = CTL_INIT;
    struct call call;
    struct error err;
    enum status usage;
    int status;

    /* Failures are told by their command; warnings of the inside would only say them twice. */
    log_open("notifyctl", LEVEL_ERROR, LOG_TEXT);
    usage = call_read(argc, argv, &ctl.mem, &call, &err);
    ctl.json = call_option(&call, "--json") != NULL;
    status = usage == ST_OK ? act(&ctl, &call) : wrong_usage(&ctl, &call, &err);
    ctl_done(&ctl);
    return status;
}
