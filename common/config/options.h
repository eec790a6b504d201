#ifndef COMMON_CONFIG_OPTIONS_H
#define COMMON_CONFIG_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/*
 * options - the table of every configuration key: where it stands, what it holds, what it is for.
 *
 * config.c reads by this table; the example file, .env.example and the manual are checked against
 * it.  Sections that come in kinds are rows of their own: "platform.*" stands for the four
 * platforms, "provider.*" for every [provider.NAME].
 */
enum option_type {
    OPT_TEXT,
    OPT_SECRET, /* text that is never shown */
    OPT_INT,    /* min .. max */
    OPT_INT64,
    OPT_BOOL,   /* true, false, yes, no, on, off, 1, 0 */
    OPT_CHOICE, /* one of `choices` ("quorum|classic"); stored as the text, or as the index where
                   the struct member is an enum (OPT_CHOICE_INDEX) */
    OPT_CHOICE_INDEX,
    OPT_LIST    /* comma-separated names */
};
struct option {
    const char *section, *key;
    enum option_type type;
    size_t offset;          /* in struct config, config_platform or provider_config */
    const char *fallback;   /* the default, as it would be written; NAME: the section's own */
    int64_t min, max;
    const char *choices;
    const char *kinds;      /* for provider.*: the kinds that use it ("smtp http"), NULL for all */
    bool reloads;           /* a running program takes up another value (reload.h) */
    const char *comment;    /* one sentence for the example file and the manual */
};
extern const struct option options[];
extern const size_t n_options;

/* The offset of a [rate_limit] tier: it goes into config.rate_limit.tiers by its name. */
#define OPTION_TIER SIZE_MAX
extern const struct option option_tier; /* any further tier; not a row, its name is free */

/* NULL: the section (a row's, so "provider.*" and not "provider.twilio") has no such key. */
const struct option *options_find(const char *section, const char *key);
#endif
