#ifndef COMMON_BASE_UUID_H
#define COMMON_BASE_UUID_H
#include <stdbool.h>
#include <stdint.h>
/*
 * uuid - UUID version 7 (RFC 9562 section 5.7): 48 bits of wall milliseconds, then chance.
 * Within a thread, ids of one millisecond grow (section 6.2, method 1: a 12-bit counter in rand_a).
 */
#define UUID_TEXT_BYTES 37
#define UUID_BYTES 16
void uuid_v7(int64_t wall_ms, char out[UUID_TEXT_BYTES]);
/* The lowest id that carries this time. */
void uuid_first_of(int64_t wall_ms, char out[UUID_TEXT_BYTES]);
/* The canonical form: 8-4-4-4-12 hexadecimal digits in either case; any version. */
bool uuid_is_valid(const char *text);
/* False, and out is undefined, where it is not valid. */
bool uuid_parse(const char *text, uint8_t out[UUID_BYTES]);
#endif
