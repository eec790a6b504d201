#ifndef COMMON_CONFIG_DRAFT_H
#define COMMON_CONFIG_DRAFT_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/config/config.h"
#include "common/config/options.h"
/*
 * draft - what the file and the environment say, each setting with its place, and the faults found.
 *
 * Only for the files of this folder: config.c and environment.c fill a draft, values.c and
 * check.c make a struct config of it.  Everything in it lives in its arena.
 */
struct place {
    const char *variable; /* the environment's variable; NULL: the file */
    int order;            /* the line of the file (0: all of it), or the variable's number */
};

struct setting {
    struct setting *next;
    const char *key;             /* X, also where it was given as X_file */
    const struct option *option; /* &option_tier: a further tier */
    const char *given;           /* the value as it stands there */
    bool in_file;                /* `given` names a file that holds the value */
    bool faulty;                 /* a fault says so; nothing more is said of it */
    struct place at;
};

struct section {
    struct section *next;
    const char *name;    /* "provider.twilio" */
    const char *pattern; /* "provider.*": as in the table of options */
    const char *stem;    /* "PROVIDER_TWILIO_": what its variables begin with, after NOTIFY_ */
    struct place at;     /* where it was first named */
    struct setting *settings, **tail;
    void *target; /* the struct that its options' offsets count from */
};

struct fault {
    struct place at;
    size_t number;
    const char *text;
};

struct draft {
    struct arena mem;
    const char *file; /* as faults name it */
    bool is_early;    /* see config_load_early() */
    struct section *sections, **tail;
    struct fault *faults;
    size_t n_faults, cap_faults;
};

/* Starts with the sections that always exist; draft_done() gives everything back. */
void draft_init(struct draft *d, const char *file);
void draft_done(struct draft *d);

struct section *draft_find_section(const struct draft *d, const char *name);
/* NULL, with a fault: a name that is none, or one section too many. */
struct section *draft_add_provider(struct draft *d, const char *name, struct place at);
/* key may be X_file.  An unknown, a repeated or a doubly given key becomes a fault. */
void draft_set(struct draft *d, struct section *s, const char *key, const char *value,
               struct place at);
/* What key stands for in sections of this pattern, or NULL; *base_len: of X where it is X_file. */
const struct option *draft_option(const char *pattern, const char *key, size_t *base_len);
struct setting *section_setting(const struct section *s, const char *key);
/* The member of s->target where a key of its table is stored. */
void *section_member(const struct section *s, const char *key);

/* "FILE:LINE: [section] key: words", or the variable first; section and key may be NULL. */
void draft_fault(struct draft *d, struct place at, const struct section *s, const char *key,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Hands over all faults, those of the file first, by line. */
void draft_give_faults(struct draft *d, struct config_faults *out);

/* Does `list`, of words divided by `divider`, hold the word? */
bool list_has(const char *list, char divider, const char *word, size_t len);
bool name_is_kind(const char *name);
/* Capitals and digits, `_` for the rest: how the environment writes a name. */
char *env_name(struct arena *mem, const char *name);
#endif
