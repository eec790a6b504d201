/* Fuzz target of masking: whatever the words, nothing that reads like an address is left. */
#include "common/base/arena.h"
#include "common/base/mask.h"
#include "tests/fuzz/fuzz.h"

/* Of digits in a row. */
static size_t longest_run(const char *text)
{
    size_t longest = 0, run = 0;

    for (; *text != '\0'; text++) {
        run = *text >= '0' && *text <= '9' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena mem = ARENA_INIT;
    const char *masked = mask_addresses(&mem, text);

    FUZZ_EXPECT(longest_run(masked) < 7);
    for (const char *at = masked; (at = strchr(at, '@')) != NULL; at++)
        FUZZ_EXPECT(at == masked || strchr("<>()[]\",;:\x7F", at[-1]) != NULL ||
                    (unsigned char)at[-1] <= ' ');
    arena_done(&mem);
    free(text);
    return 0;
}
