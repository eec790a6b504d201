#ifndef COMMON_BASE_ITEMS_H
#define COMMON_BASE_ITEMS_H
#include <stdbool.h>
#include <stddef.h>
/*
 * items - the items of a comma-separated text, one by one.  Pure.
 *
 *     while (items_next(&rest, &item, &len))
 *
 * Blanks around an item do not count, nor does an empty one.  Items are borrowed from the text.
 */
bool items_next(const char **rest, const char **item, size_t *len);
#endif
