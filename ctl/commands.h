#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H
#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
/*
 * commands - the table of everything notifyctl does.  The help, the usage lines and the reading of
 * the command line all go by it; the manual page is checked against it.
 *
 * A new command is a row here and two functions in its group's file: `check` judges the words
 * before anything is opened (its failure is wrong usage), `run` does the work.
 */
struct ctl;
struct call;

struct command_option {
    const char *name;    /* "--role"; NULL ends a list */
    const char *value;   /* "user|admin" as the usage line shows it; NULL: takes none */
    const char *summary;
    char letter;         /* 'c' for -c, or 0 */
    bool repeats;        /* may be given several times; each counts */
};

struct command {
    const char *group;    /* "user" */
    const char *verb;     /* "add"; NULL: the group is one command */
    const char *args;     /* "EMAIL" as the usage line shows it; "" for none */
    size_t min_args, max_args;
    const struct command_option *options; /* NULL for none */
    const char *summary;
    const char *example;  /* a line that works as pasted */
    /* NULL: every line that could be read is right */
    enum status (*check)(const struct ctl *ctl, const struct call *call, struct error *err);
    enum status (*run)(struct ctl *ctl, const struct call *call, struct error *err);
    bool is_bare; /* it needs no configuration */
    bool is_early; /* it makes what the configuration names: see config_load_early() */
};
extern const struct command commands[]; /* rows of a group stand together */
extern const size_t n_commands;
extern const struct command_option global_options[]; /* taken by every command */

/* ctl/migrate.c */
enum status migrate_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status migrate_up(struct ctl *ctl, const struct call *call, struct error *err);
enum status migrate_down(struct ctl *ctl, const struct call *call, struct error *err);
enum status migrate_status(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/init.c */
enum status init_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status init_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/seed.c */
enum status seed_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/user.c */
enum status user_add_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status user_add(struct ctl *ctl, const struct call *call, struct error *err);
enum status user_list(struct ctl *ctl, const struct call *call, struct error *err);
enum status user_disable(struct ctl *ctl, const struct call *call, struct error *err);
enum status user_enable(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/erase.c */
enum status user_erase_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status user_erase(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/key.c */
enum status key_create(struct ctl *ctl, const struct call *call, struct error *err);
enum status key_list(struct ctl *ctl, const struct call *call, struct error *err);
enum status key_revoke_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status key_revoke(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/queue.c */
enum status queue_status_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status queue_status(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/doctor.c */
enum status doctor_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/tail.c */
enum status tail_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status tail_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/completion.c */
enum status completion_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status completion_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/dead_list.c */
enum status dead_list_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status dead_list(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/dead_show.c */
enum status dead_show_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status dead_show(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/dead_run.c */
enum status dead_replay_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status dead_replay_run(struct ctl *ctl, const struct call *call, struct error *err);
enum status dead_purge_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status dead_purge_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/send_check.c, ctl/send.c */
enum status send_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status send_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/message_show.c */
enum status message_id_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status message_show(struct ctl *ctl, const struct call *call, struct error *err);
enum status message_cancel(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/message_list.c */
enum status message_list_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status message_list(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/audit.c */
enum status audit_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status audit_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/prune.c */
enum status prune_check(const struct ctl *ctl, const struct call *call, struct error *err);
enum status prune_run(struct ctl *ctl, const struct call *call, struct error *err);
/* ctl/ctl.c: the first word, where there is one, is an address of mail. */
enum status email_check(const struct ctl *ctl, const struct call *call, struct error *err);
#endif
