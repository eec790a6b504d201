#ifndef COMMON_BASE_MASK_H
#define COMMON_BASE_MASK_H
#include "common/base/arena.h"
/*
 * mask - people's addresses cut out of what others wrote, which likes to repeat them.  Pure.
 *
 * What reads like a mail address or an @name becomes "[address]"; what reads like a telephone
 * number or a chat's id becomes "[number]": seven digits or more in a row, or behind a '+' with
 * blanks, hyphens, dots and brackets among them.  Rather too much goes than too little.
 */
const char *mask_addresses(struct arena *mem, const char *text);
#endif
