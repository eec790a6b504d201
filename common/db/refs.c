/* refs - recipients' references as parameters of a statement. */
#include "common/db/refs.h"

#include <stdlib.h>
#include <string.h>

int refs_compare(const struct recipient_ref *a, const struct recipient_ref *b)
{
    int by_message = strcmp(a->message_id, b->message_id);

    return by_message != 0 ? by_message : (a->n > b->n) - (a->n < b->n);
}

static int compare_pointers(const void *a, const void *b)
{
    return refs_compare(*(const struct recipient_ref *const *)a,
                        *(const struct recipient_ref *const *)b);
}

void refs_begin(struct ref_arrays *a, const struct recipient_ref refs[], size_t n)
{
    static const enum array_type types[REF_COLUMNS] = { ARRAY_UUID, ARRAY_INT4, ARRAY_INT4 };
    const struct recipient_ref **order = malloc((n + 1) * sizeof *order);

    if (order == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        order[i] = &refs[i];
    qsort(order, n, sizeof *order, compare_pointers);
    arrays_begin(a->col, types, REF_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        array_add_text(&a->col[0], order[i]->message_id);
        array_add_int(&a->col[1], order[i]->n);
        array_add_int(&a->col[2], order[i]->fence);
    }
    free(order);
}

void refs_free(struct ref_arrays *a)
{
    arrays_free(a->col, REF_COLUMNS);
}
