/* items - a cursor that is the rest of the text. */
#include "common/base/items.h"

#include <string.h>

bool items_next(const char **rest, const char **item, size_t *len)
{
    const char *at = *rest + strspn(*rest, ", \t");
    size_t room = strcspn(at, ","), n = room;

    while (n > 0 && strchr(" \t", at[n - 1]) != NULL)
        n--;
    *rest = at + room;
    *item = at;
    *len = n;
    return n > 0;
}
