#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/*
 * fuzz - what every fuzz target is: one function that takes any bytes, and aborts where a promise
 * is broken.  libFuzzer calls it with bytes it makes up (--enable-fuzzers); replay.c with the files
 * of tests/fuzz/corpus/.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a C string of exactly their length, so that a sanitizer sees each byte too many. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* The next line, without its end, off a text that is written on; "" past the last one. */
static inline char *fuzz_line(char **rest)
{
    char *line = *rest, *end = strchr(line, '\n');

    *rest = end == NULL ? line + strlen(line) : end + 1;
    if (end != NULL)
        *end = '\0';
    return line;
}

#define FUZZ_EXPECT(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)
#endif
