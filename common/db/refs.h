#ifndef COMMON_DB_REFS_H
#define COMMON_DB_REFS_H
#include <stddef.h>

#include "common/db/array.h"
#include "common/db/recipients.h"
#include "common/db/sql.h"
/*
 * refs - recipients' references as three arrays, sorted by (message id, n), so that every batch
 * locks rows in the same order.
 */
#define REFS_UNNEST LIST("unnest($1::uuid[], $2::int[], $3::int[])")
#define REF_COLUMNS 3

struct ref_arrays {
    struct array col[REF_COLUMNS];
};
void refs_begin(struct ref_arrays *a, const struct recipient_ref refs[], size_t n);
void refs_free(struct ref_arrays *a);
int refs_compare(const struct recipient_ref *a, const struct recipient_ref *b);
#endif
