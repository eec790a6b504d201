#ifndef CTL_LETTERS_H
#define CTL_LETTERS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/dead.h"
#include "ctl/call.h"
/*
 * letters - which dead letters a line of notifyctl means.  Pure.
 *
 * A letter's id is MESSAGE.n for a failed recipient, and for an event of the queue its name, twelve
 * hexadecimal digits; `dead show` also takes its position in the list of all, the oldest being 1.
 */
#define LETTERS_NAME_LENGTH 12

struct letters {
    struct dead_filter filter; /* all but the user, who is known by an address so far */
    const char *user_email;    /* NULL: any */
    bool failed, queue;        /* the kinds that can be meant */
    int limit;                 /* 0: not given */
    struct recipient_ref *refs; /* named ones, each once; message ids in small letters */
    size_t n_refs;
    const char **names; /* of events, each once */
    size_t n_names;
};

/*
 * Reads options and words.  now_ms: what "2h" counts back from.  changes: a line that changes
 * something must say what, by ids, a filter or --all.  ST_INVALID: wrong usage.
 */
enum status letters_read(const struct call *call, bool changes, int64_t now_ms, struct arena *mem,
                         struct letters *out, struct error *err);

enum letter_kind { LETTER_RECIPIENT, LETTER_EVENT, LETTER_POSITION, LETTER_NONE };
/* What one word names: *ref, *name or *position is filled as the kind says. */
enum letter_kind letter_of(const char *word, struct arena *mem, struct recipient_ref *ref,
                           const char **name, int *position);
#endif
