#ifndef COMMON_DB_ERASE_H
#define COMMON_DB_ERASE_H
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/db/db.h"
#include "common/db/span.h"
/*
 * erase - a person's address, removed from wherever it stands.
 *
 * What the person was to get and has not left is cancelled, a recipient in the midst of a call stays
 * and is counted; every other recipient with this address loses it, with all that tells of the person:
 * metadata, the provider's ids, the words of errors.  States, times, counters and the timeline stay.
 * A message all of whose recipients are erased loses its content.  Where other messages mention the
 * address in a text, it can be cut out there.  Doing it again changes nothing more.
 */
#define ERASED "[erased]" /* stands where an address stood */

struct erase_person {
    const char *address;  /* compared without case */
    const char *platform; /* NULL: on any */
    /* Regular expressions of Postgres that find it; NULL: they are not searched. */
    const char *in_texts, *in_keys;
};
/*
 * Fills both, for an address that is valid; a chat's id reads like any number, and is sought in neither.
 * In a text another's address may end with this one; in a key ("welcome-ada@example.com") what stands
 * before it is a word of the key.
 */
void erase_find(struct erase_person *who, struct arena *mem);

enum erase_count {
    ERASE_CANCELLED, ERASE_ERASED,
    ERASE_CONTENTS,  /* messages that lost their content */
    ERASE_MENTIONS,  /* messages that mention it: cut out, or left alone */
    ERASE_LIVE,      /* of live messages that mention it: never cut */
    ERASE_KEYS, ERASE_CALLBACKS,
    ERASE_IN_FLIGHT, /* recipients that stay */
    ERASE_COUNTS
};
struct erase_tally {
    int64_t looked; /* messages */
    int64_t counts[ERASE_COUNTS];
};

/* What erase_step() would do in a step of the way; without ERASE_KEYS and ERASE_CALLBACKS. */
enum status erase_look(struct db *db, const struct erase_person *who, const struct span *step,
                       struct arena *mem, struct erase_tally *io, struct error *err);
/* cut: out of what is mentioned in texts, too.  Each statement is a short transaction of its own. */
enum status erase_step(struct db *db, const struct erase_person *who, const struct span *step, bool cut,
                       struct arena *mem, struct erase_tally *io, struct error *err);
/* Idempotency keys and callbacks that hold it. */
enum status erase_elsewhere(struct db *db, const struct erase_person *who, struct arena *mem,
                            struct erase_tally *io, struct error *err);
#endif
